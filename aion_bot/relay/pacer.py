"""A platform's budget, shared by everything in its scope. Clock-driven; no I/O."""

from collections import deque

from aion_bot.port.adapter import Budget

RESERVE = 0.2
"""Share of the budget that only urgent calls may use, so that final texts and cards never wait for previews."""


class Pacer:
    """Tells when the next call of a scope may be made, by what was made in the window before."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._made: deque[float] = deque()
        self._closed_until = float("-inf")

    def ready_at(self, now: float, *, urgent: bool) -> float:
        """Return the time from which a call may be made; `now` or earlier means at once."""
        while self._made and self._made[0] <= now - self._budget.seconds:
            self._made.popleft()
        calls = self._budget.calls if urgent else max(1, int(self._budget.calls * (1 - RESERVE)))
        free = now if len(self._made) < calls else self._made[-calls] + self._budget.seconds
        return max(free, self._closed_until)

    def made(self, now: float) -> None:
        """Record a call."""
        self._made.append(now)

    def refused(self, now: float, retry_after: float) -> None:
        """Record that the platform wants a pause."""
        self._closed_until = max(self._closed_until, now + retry_after)
