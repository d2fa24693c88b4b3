"""Rate limits: sliding windows, the scheduler that orders operations, and the limiter that waits."""
