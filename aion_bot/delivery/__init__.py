"""Events → what a thread shows. Everything but `pump` is pure and does no I/O."""
