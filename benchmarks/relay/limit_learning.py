"""How long it takes until a limit that is twice as high as documented is used: the scheduler alone, with simulated time.

Ten answers always have previews to show; each lasts a minute, so that every six seconds one ends and another begins. The
platform takes `FACTOR` times the documented limit in any minute.
"""

from bisect import bisect_right
from collections import deque

from adapters.slack.rate_limits import LIMITS
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.rate_limits import Budget, Operation
from aion_bot.ratelimit.accounting import RequestAccounting
from aion_bot.ratelimit.fair_share import AnswerShare
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler

ANSWERS, GAP, TAKES = 10, 1.0, 0.05
ENDS_EVERY = 60.0 / ANSWERS
MINUTES, FACTOR = 20, 2.0


class _Platform:
    """A sliding window."""

    def __init__(self, calls: int, seconds: float) -> None:
        self._calls = calls
        self._seconds = seconds
        self._taken: deque[float] = deque()

    def takes(self, now: float) -> float:
        """Take a request: 0, or the seconds after which it may be repeated."""
        while self._taken and now - self._taken[0] >= self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self._calls:
            return self._taken[0] + self._seconds - now
        self._taken.append(now)
        return 0.0


def simulated(budget: Budget, minutes: int = MINUTES, factor: float = FACTOR) -> tuple[list[int], int]:
    """The requests of each minute, and how many were refused."""
    platform = _Platform(int(budget.calls * factor), budget.seconds)
    scheduler = Scheduler(GAP)
    accounting = RequestAccounting(scheduler)
    limits = (scheduler.limit((budget, "team"), 0.0),)
    for _ in range(ANSWERS):
        AnswerShare(0.0).hold(limits, limits)
        scheduler.request(Permit(limits, Priority.PREVIEW, 0.0), 0.0)
    now, made, refused = 0.0, list[float](), 0
    answers: deque[tuple[float, Permit]] = deque()
    while now < 60.0 * minutes:
        refused += _answer(scheduler, accounting, platform, answers, made=made, now=now)
        issued, again = scheduler.issue(now)
        answers.extend((now + TAKES, permit) for permit in issued)
        now = max(now + 1e-6, min(again, answers[0][0] if answers else again))
    return [
        bisect_right(made, 60.0 * (n + 1)) - bisect_right(made, 60.0 * n) for n in range(minutes)
    ], refused


def _answer(
    scheduler: Scheduler,
    accounting: RequestAccounting,
    platform: _Platform,
    answers: deque[tuple[float, Permit]],
    *,
    made: list[float],
    now: float,
) -> int:
    """Answer the requests that are due; each answer has something new to show a moment later."""
    refused = 0
    while answers and answers[0][0] <= now:
        _, permit = answers.popleft()
        accounting.start(permit)
        if pause := platform.takes(now):
            refused += 1
            accounting.finish(permit, now, RateLimited(pause))
        else:
            made.append(now)
            accounting.finish(permit, now)
        if now // ENDS_EVERY > (now - GAP) // ENDS_EVERY and permit.priority is Priority.PREVIEW:
            scheduler.request(Permit(permit.limits, Priority.FINAL, now), now)
        else:
            scheduler.request(Permit(permit.limits, Priority.PREVIEW, now, earliest=now + GAP), now)
    return refused


def edits() -> Budget:
    """The simulated budget: Slack's edits, as the adapter declares them."""
    return LIMITS.budgets[Operation.EDIT][0]
