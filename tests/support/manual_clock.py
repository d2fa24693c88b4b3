"""A clock that a test sets."""


class ManualClock:
    """A clock in seconds that changes only when a test sets `now`."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
