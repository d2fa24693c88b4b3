"""What a runner of a turn does: ask, or finish what an earlier process left."""

from enum import Enum, auto


class Mode(Enum):
    """What a runner does."""

    ASK = auto()
    """Ask Aion."""
    RESUME = auto()
    """Finish in place what an earlier process left; nothing is asked again by itself."""
    COMPLETE = auto()
    """Show a stored answer in the place of its interruption."""
    WORDS = auto()
    """Show a stored answer above the card of its plan, at which its turn has ended."""
