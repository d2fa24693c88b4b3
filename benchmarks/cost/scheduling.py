"""The scheduler's own time for each permit, while a thousand answers wait for theirs. In this process, in virtual time, with no network.

Each answer waits for a preview, and for the next one as soon as one is issued; twenty of them hold a place for their end. The
figure is CPU time: of each look at what may be issued, of what an answer counts, and of the permit that is requested anew.
"""

import time
from collections.abc import Mapping

from adapters.discord import rate_limits as discord
from adapters.slack import rate_limits as slack
from aion_bot.ports.rate_limits import Limits, Operation, Scope
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimits
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler

WAITING = 1_000
PERMITS = 200
"""Permits of a run: on Slack four minutes of them. After five, more than is documented would be tried."""
_ENDS = 20
_TOOK = 0.05
_RUNS = 7
PLATFORMS: Mapping[str, Limits] = {"slack": slack.LIMITS, "discord": discord.LIMITS}


class _Crowd:
    """A scheduler, and a thousand answers, each in a channel of its own; `now` in seconds."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.now = limits, 1_000.0
        budgets = {one.name: one for of in limits.budgets.values() for one in of}
        self.scheduler = Scheduler(limits.edit_gap, budgets)
        for number in range(WAITING):
            edits = self._edits(str(number))
            AnswerShare(self.now).hold(edits if number < _ENDS else (), edits)
            self.scheduler.request(Permit(edits, Priority.PREVIEW, self.now + number / WAITING), self.now)

    def _edits(self, channel: str) -> SharedLimits:
        return tuple(
            self.scheduler.limit((budget, channel if budget.scope is Scope.CHANNEL else ""), self.now)
            for budget in self.limits.budgets[Operation.EDIT]
        )

    def issue(self, permits: int) -> None:
        """Go on until so many permits were issued and their operations have ended."""
        while permits > 0:
            issued, again = self.scheduler.issue(self.now)
            for permit in issued:
                for limit in permit.limits:
                    limit.window.end(self.now + _TOOK)
                self.scheduler.request(
                    Permit(permit.limits, Priority.PREVIEW, self.now, self.now + self.limits.edit_gap),
                    self.now,
                )
            permits -= len(issued)
            if not issued:
                self.now = max(again, self.now + 1e-3)


def microseconds(limits: Limits) -> float:
    """Return the microseconds of CPU time for a permit: the least of some runs, as other work on the machine only adds to it."""
    return min(_run(limits) for _ in range(_RUNS)) / PERMITS * 1e6


def _run(limits: Limits) -> float:
    crowd = _Crowd(limits)
    crowd.issue(1)  # the first look sorts all that wait
    began = time.process_time()
    crowd.issue(PERMITS)
    return time.process_time() - began
