"""A permit: the right to run one operation, and what it costs. No I/O."""

import math
from dataclasses import dataclass
from enum import IntEnum

from aion_bot.ratelimit.fair_share import SharedLimits

Needs = tuple[SharedLimits, SharedLimits]
"""The limits that an operation counts against, and those in which a request has to be reserved before it."""


class Priority(IntEnum):
    """Who goes first among those that wait for the same limit."""

    FINAL = 0
    """The end of an answer, a plan's card, a private reply."""
    FIRST_SIGN = 1
    """The first message of an answer whose question has no other sign yet."""
    FIRST_MESSAGE = 2
    """The first message of another answer."""
    PREVIEW = 3
    """An edit of a message that still grows."""
    BEST_EFFORT = 4
    """An indicator that nobody misses."""


@dataclass(eq=False, slots=True)
class Permit:
    """The right to run one operation once, as soon as it is issued.

    `limits` are those that the operation counts against, the most specific first. Times are in seconds of the
    scheduler's clock. `since` is the moment from which what the operation shows has been unseen; it is not issued
    before `earliest`. `reserve` is where the answer must be able to reserve a request before it is issued; from
    `insists_until` on it is issued without. `began`: when that answer did.
    """

    limits: SharedLimits
    priority: Priority
    since: float
    earliest: float = -math.inf
    reserve: SharedLimits = ()
    insists_until: float = math.inf
    began: float = -math.inf
    cancelled: bool = False

    @property
    def needs(self) -> Needs:
        """What it needs of the limits: what holds it up holds up every other one of its priority that needs the same."""
        return self.limits, self.reserve
