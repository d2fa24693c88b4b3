"""A permit: the right to run one operation, and what it costs. No I/O."""

import math
from dataclasses import dataclass, field
from enum import IntEnum

from aion_bot.ports.rate_limits import Charge

Key = tuple[str, str]
"""A budget's name and the scope key that it is counted in: what names one limit."""

Charges = tuple[Charge, ...]
"""The budgets that an operation counts against, the most specific first."""


def key_of(charge: Charge) -> Key:
    """Name the limit of a charge."""
    budget, scope = charge
    return budget.name, scope


class Priority(IntEnum):
    """Who goes first among those that wait for the same limit."""

    FINAL = 0
    """The end of an answer, a plan's card, a private reply."""
    FIRST_MESSAGE = 1
    """The first message of an answer."""
    PREVIEW = 2
    """An edit of a message that still grows."""
    BEST_EFFORT = 3
    """An indicator that nobody misses."""


@dataclass(eq=False, slots=True)
class Permit:
    """The right to run one operation once, as soon as it is issued.

    Times are in seconds of the scheduler's clock. `since` is the moment from which what the operation shows has been
    unseen; it is not issued before `earliest`. `reserve` is what the answer must be able to reserve before it is issued;
    from `insists_until` on it is issued without.
    """

    charges: Charges
    priority: Priority
    since: float
    earliest: float = -math.inf
    reserve: Charges = ()
    insists_until: float = math.inf
    cancelled: bool = False
    keys: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = tuple(key_of(charge) for charge in self.charges)
