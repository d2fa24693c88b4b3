"""A clock that a test turns."""


class TurnedClock:
    """Stands still until it is told to go on; seconds."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
