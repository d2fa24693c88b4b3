"""One limit of a platform: how much of it is used, what it really is, and how fast the rest may be spent. No I/O."""

import math
from bisect import bisect_right, insort

from aion_bot.ports.rate_limits import UNLIMITED_CALLS, Budget

_QUIET = 60.0
"""Seconds without a refusal after which a limit that was found lower than documented is tried a little higher."""

_QUIET_BEYOND = 180.0
"""Seconds without a refusal, and with calls always waiting, after which more than is documented is tried."""

_LONGEST_QUIET = 3600.0
_STEP = 1.25
"""How much higher."""


class SlidingWindow:
    """At most so many calls in any stretch of `seconds`.

    A call counts from the moment it begins until `seconds` after its answer: the platform counted it somewhere in
    between, so that no clock of its own can see more calls in a window than this one.
    """

    def __init__(self, budget: Budget, now: float) -> None:
        self.budget = budget
        self.calls = float(budget.calls)
        """What the limit is taken to be."""
        self.reserved = 0
        """Calls that somebody will certainly make: they are kept."""
        self.refusals = 0
        self._probe_threshold = (
            math.ceil(budget.calls / 2) if budget.probe_threshold is None else budget.probe_threshold
        )
        self._under_way = 0
        self._until: list[float] = []
        self._closed_until = self._refused_at = -math.inf
        self._seconds = budget.seconds
        self._last = -math.inf
        self._quiet_since = now
        self._failed = 0
        self._raised = self._told = False
        self._pressed_since: float | None = None

    def used(self, now: float) -> int:
        """Calls that count now."""
        gone = bisect_right(self._until, now)
        if gone:
            del self._until[:gone]
        return len(self._until) + self._under_way

    def left(self, now: float) -> int:
        """Calls that the window has room for; negative where the limit turned out lower than what was made."""
        return int(self.calls) - self.used(now)

    def contested(self, now: float) -> bool:
        """Tell whether the platform has refused a call in the last minute."""
        return now - self._refused_at < _QUIET

    def untouched(self, now: float) -> bool:
        """Tell whether no call counts, and nothing was learned but what each answer tells anew."""
        learned = self.refusals or (self.calls != self.budget.calls and not self._told)
        return not self.used(now) and not learned

    def begin(self) -> None:
        """Count a call that begins."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """Count the answer of a call."""
        self._under_way -= 1
        self._last = now
        insort(self._until, now + self._seconds)
        self._probe_threshold = max(
            self._probe_threshold, self.used(now) - self._under_way
        )  # so many were taken in one window

    def unused(self) -> None:
        """Take back a `begin` that led to no call."""
        self._under_way -= 1

    def refused(self, now: float, retry_after: float) -> None:
        """Take back a `begin`, as the platform did not count the call, and believe what it says.

        What was made in the window before is what the platform allows at present, be it that the limit is lower or
        that somebody else uses a part. Where that was not even one call, the window is longer than documented.
        """
        self._under_way -= 1
        self.refusals += 1
        self._closed_until = max(self._closed_until, now + retry_after)
        if self.budget.calls >= UNLIMITED_CALLS:
            return
        self._refused_at = now
        counted = self.used(now)  # if those under way are refused too, they correct it
        if counted < 1 and now - self._last < 2 * self._seconds:
            self._seconds = max(self._seconds, now + retry_after - self._last)
        self.calls = max(1.0, min(self.calls, float(counted)))
        self._probe_threshold = math.ceil(self.calls / 2)
        self._failed += self._raised
        self._raised = False
        self._quiet_since, self._pressed_since = now, None

    def told(self, now: float, calls: int, remaining: int, reset_after: float) -> None:
        """Believe an answer's headers: what the limit is, and how much of it somebody else has used."""
        self.calls, self._told = float(calls), True
        foreign = calls - remaining - self.used(now)
        for _ in range(foreign):
            insort(self._until, now + reset_after)

    def room_at(self, now: float, keep: int) -> float:
        """Return when a call may begin that leaves `keep` others; `inf` while only an answer can tell."""
        self._raise(now)
        if self._under_way and self.used(now) >= self._probe_threshold:
            return math.inf
        return self.free_at(now, keep)

    def free_at(self, now: float, keep: int) -> float:
        """Return when there is a place for a call that leaves `keep` others; `inf` while that is not known."""
        if now < self._closed_until:
            return self._closed_until
        missing = self.used(now) + keep + 1 - int(self.calls)
        if missing <= 0:
            return now
        return self._until[missing - 1] if missing <= len(self._until) else math.inf

    def rate(self, now: float, horizon: float, keep: int, enough: float) -> float:
        """Return how many calls a second can be made evenly for `horizon` seconds, while `keep` stay unused.

        Calls come back `seconds` after they were made: the even pace is the fastest straight line that never
        crosses the steps by which they do. A pace of `enough` is not looked at more closely.
        """
        left = self.left(now) - keep
        if left / horizon >= enough:
            return enough
        pace = math.inf
        for until in self._until:
            if until - now >= horizon:
                break
            if until > now:
                pace = min(pace, left / (until - now))
            left += 1
        return max(0.0, min(pace, left / horizon))

    def pressed(self, now: float, *, pressed: bool) -> None:
        """Note whether calls wait for this limit."""
        if not pressed:
            self._pressed_since = None
        elif self._pressed_since is None:
            self._pressed_since = now

    def _raise(self, now: float) -> None:
        """Try a little more after a quiet time; more than is documented only where more was always wanted."""
        beyond = self.calls >= self.budget.calls and self._seconds <= self.budget.seconds
        quiet = _QUIET_BEYOND if self.calls == self.budget.calls else _QUIET
        quiet = min(quiet * 2**self._failed, _LONGEST_QUIET)
        if now - self._quiet_since < quiet:
            return
        if self._pressed_since is None or (beyond and now - self._pressed_since < quiet):
            return
        self._failed = 0 if self._raised else self._failed
        self._quiet_since, self._raised = now, True
        if self._seconds > self.budget.seconds:
            self._seconds = max(self.budget.seconds, self._seconds / _STEP)
            return
        higher = max(self.calls + 1, float(math.floor(self.calls * _STEP)))
        self.calls = higher if beyond else min(higher, float(self.budget.calls))
