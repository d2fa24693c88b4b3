"""Bursts that a platform takes without saying how large they may be. No I/O.

A limit of one request a second that takes a burst of three is a bucket that holds three and gains one a second. Bursts are left
to the first signs of questions and to the ends of answers. A platform that takes none shows it by one refusal: until one
burst was taken, one channel at a time tries it, and what was refused in one channel is believed of all.
"""

import math

from aion_bot.ports.rate_limits import Budget
from aion_bot.ratelimit.tuning import LONGEST_QUIET


class Bursts:
    """Which budgets of one platform take bursts. Times are seconds of the scheduler's clock; a `limit` is a window of a budget."""

    def __init__(self) -> None:
        self._refused_until: dict[str, float] = {}
        self._proven: set[str] = set()
        self._trying: dict[str, object] = {}
        """By budget, the limit in which the first burst is under way."""

    def are_taken(self, budget: Budget, now: float) -> bool:
        """Tell whether the limits of a budget may be used in bursts."""
        return budget.burst > 1 and now >= self._refused_until.get(budget.name, -math.inf)

    def may_begin(self, budget: Budget) -> bool:
        """Tell whether a request of a burst may begin: no other limit is about to show whether bursts are taken."""
        return budget.name in self._proven or budget.name not in self._trying

    def begin(self, budget: Budget, limit: object) -> None:
        """Note that a request of a burst begins."""
        if budget.name not in self._proven:
            # Kept where another limit tries by now: a request that nobody scheduled may begin here as well.
            self._trying.setdefault(budget.name, limit)

    def end(self, budget: Budget, limit: object, *, taken: bool) -> None:
        """Note that a request of a limit ended: that it was `taken`, or never sent."""
        if self._trying.get(budget.name) is limit:
            del self._trying[budget.name]
            if taken:
                self._proven.add(budget.name)

    def refuse(self, budget: Budget, now: float) -> None:
        """Use no limit of a budget in bursts for `LONGEST_QUIET` seconds."""
        self._refused_until[budget.name] = now + LONGEST_QUIET
        # Its request is over: no `end` will follow that could let another limit try when the time is over.
        self._trying.pop(budget.name, None)
        self._proven.discard(budget.name)
