"""What a thread should show, computed from events. Pure: it measures through a function and performs no I/O."""
