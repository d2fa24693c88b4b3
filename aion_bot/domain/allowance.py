"""How many questions an hour a person and a channel may ask. No I/O."""

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from aion_bot.domain.turn import EndReason

WINDOW = 3600
"""Seconds of the rolling window in which questions are counted."""

UNCOUNTED = frozenset(
    {EndReason.FAILED, EndReason.INTERRUPTED, EndReason.REFUSED, EndReason.WITHDRAWN, EndReason.HELD}
)
"""Ends of a question that does not count: Aion or the bot failed it, or its writer took it back before it was asked.

One that cannot be delivered counts: Aion answered it, and whoever deletes the thread meanwhile would ask for free.
"""

MOST_OF_APP = 30
"""Questions that one app may ask in an hour in a workspace, under all its names, whatever is allowed to people."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Questions in a rolling hour: of one person in a workspace, and of everybody in a channel; 0: no limit."""

    per_person: int = 0
    per_channel: int = 0

    @property
    def of_app(self) -> "Allowance":
        """The allowance of an app, which is never without a limit: it may ask by a fault, again and again."""
        return replace(self, per_person=min(self.per_person or MOST_OF_APP, MOST_OF_APP))


class Whose(Enum):
    """Who has used up an allowance."""

    PERSON = auto()
    CHANNEL = auto()
    SHARE = auto()
    """A channel its part of this day, of the month's allowance that runs short."""
    MONTH = auto()
    """Everybody who has the key the month's."""


@dataclass(frozen=True, slots=True)
class UsedUp:
    """An allowance that leaves no room for another question before `wait` seconds have passed."""

    whose: Whose
    limit: int
    wait: float

    @property
    def minutes(self) -> int:
        """Minutes until the next question, rounded up, so that a person who waits for so long is not refused again."""
        return max(1, math.ceil(self.wait / 60))
