"""What serves one scope: built, served until a stop, and closed in order. `app` composes one of it, or many."""
