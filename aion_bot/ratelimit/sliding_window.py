"""One limit of a platform: how much of it is used, what it really is, and how fast the rest may be spent. No I/O."""

import math
from bisect import bisect_left, bisect_right, insort

from aion_bot.ports.rate_limits import UNLIMITED_CALLS, Budget
from aion_bot.ratelimit.bursts import Bursts
from aion_bot.ratelimit.caution import Caution
from aion_bot.ratelimit.tuning import (
    LONGEST_QUIET,
    QUIET_BEFORE_EXCEEDING,
    QUIET_BEFORE_RAISE,
    RAISE_FACTOR,
    RECENT_REFUSAL,
)

_SHORT = 1e-3
"""Seconds: no answer is expected to end sooner."""


class SlidingWindow:
    """At most so many requests in any stretch of `seconds`.

    A request counts from the moment it begins until `seconds` after its answer: the platform counted it somewhere in
    between, so that no clock of its own can see more requests in a window than this one. Every `begin` is followed by
    one of `end`, `refused` or `give_back`. All times are seconds of one monotonic clock. `taken`: how many requests an earlier
    process saw it take at once, which is believed from `believed_from` on. `bursts` says whether it takes the budget's bursts,
    `caution` whether other limits of its scope took less than is documented.
    """

    def __init__(
        self,
        budget: Budget,
        now: float,
        taken: int = 0,
        believed_from: float = -math.inf,
        bursts: Bursts | None = None,
        *,
        caution: Caution | None = None,
    ) -> None:
        self.budget = budget
        self._bursts = bursts if budget.burst > 1 else None
        self._caution = caution or Caution()
        self._documented = budget.calls
        """The limit before anything was learned; that of a burst while those are taken."""
        self.calls = float(budget.calls)
        """What the limit is taken to be."""
        self.refusals = 0
        self._probe_threshold = self._probed_from = (
            math.ceil(budget.calls / 2) if budget.probe_threshold is None else budget.probe_threshold
        )
        self._taken_before, self._believed_from = taken, believed_from
        self._under_way = 0
        self._until: list[float] = []
        """When each answered request stops counting, in order."""
        self._closed_until = self._refused_at = -math.inf
        self._seconds = budget.seconds
        self._last_end = -math.inf
        self._quiet_since = now
        self._refused_raises = 0
        self._raised = self._read = False
        self._saturated_since: float | None = None
        if self._bursts is not None:
            self._follow(self._bursts, now)

    def used(self, now: float) -> int:
        """Return how many requests count now."""
        if self._bursts is not None:
            self._follow(self._bursts, now)
        if self._until and self._until[0] <= now:
            del self._until[: bisect_right(self._until, now)]
        return len(self._until) + self._under_way

    def recently_refused(self, now: float) -> bool:
        """Tell whether the platform refused a request in the last `RECENT_REFUSAL` seconds."""
        return now - self._refused_at < RECENT_REFUSAL

    def is_fresh(self, now: float) -> bool:
        """Tell whether no request counts, and nothing was learned but what each answer tells anew."""
        used = self.used(now)
        learned = self.refusals or (self.calls != self._documented and not self._read)
        return not used and not learned

    @property
    def taken(self) -> int | None:
        """How many requests the limit takes at once, as far as is known; None where this process has not learned of it."""
        if self._probe_threshold > self._probed_from:
            return max(self._probe_threshold, self._taken_before)
        return 0 if self.refusals else None

    def begin(self) -> None:
        """Count a request that begins."""
        self._under_way += 1
        if self._bursts is not None and len(self._until) + self._under_way > self.budget.calls:
            self._bursts.begin(self.budget, self)

    def end(self, now: float, *, taken: bool = True) -> None:
        """Count the answer of a request; `taken`: the platform answered, so that it has room for as many as count now."""
        self._under_way -= 1
        self._last_end = now
        if self._bursts is not None:
            self._bursts.end(self.budget, self, taken=True)
        # What belongs to a burst leaves one by one, as the platform lets a channel gain one request after the other.
        bursting = self._documented > self.budget.calls and self._until
        # Not appended: the window's length may have changed, and `apply_reading` adds later times.
        insort(self._until, (max(now, self._until[-1]) if bursting else now) + self._seconds)
        if taken:
            # The platform took so many in one window, so as many may be sent at the same time.
            self._probe_threshold = max(self._probe_threshold, self.used(now) - self._under_way)

    def give_back(self) -> None:
        """Take back a `begin` that led to no request."""
        self._under_way -= 1
        if self._bursts is not None:
            self._bursts.end(self.budget, self, taken=False)

    def refused(self, now: float, retry_after: float) -> None:
        """Take back a `begin`, as the platform did not count the request, and believe what it says.

        What was sent in the window before is what the platform allows at present, be it that the limit is lower or
        that somebody else uses a part. Where that was not even one request, the window is longer than documented.
        """
        self._under_way -= 1
        self.refusals += 1
        self._closed_until = max(self._closed_until, now + retry_after)
        if self.budget.calls >= UNLIMITED_CALLS:
            return  # nobody has documented a limit that could be lower
        self._refused_at = now
        if self._bursts is not None and self._refuses_bursts(self._bursts, now):
            return
        # Those under way count: if they are refused too, each lowers it by one.
        counted = self.used(now)
        if counted < self._documented:
            self._caution.refused(now)
        if counted < 1 and now - self._last_end < 2 * self._seconds:
            self._seconds = max(self._seconds, now + retry_after - self._last_end)
        # Never below one: without any request nothing could show that the limit is higher again.
        self.calls = max(1.0, min(self.calls, float(counted)))
        self._probe_threshold = self._probed_from = math.ceil(self.calls / 2)
        self._taken_before = 0
        # A refusal after a raise means that the raise was too high.
        self._refused_raises += self._raised
        self._raised = False
        self._quiet_since, self._saturated_since = now, None

    def apply_reading(self, now: float, calls: int, remaining: int, reset_after: float) -> None:
        """Take over an answer's headers: the limit, and how much of it another process has used."""
        # An answer counts its own request as used, and here that still is under way, so that nothing counts twice.
        self.calls, self._read = float(calls), True
        # What is missing was sent by another process, and counts until the platform's own window ends.
        for _ in range(calls - remaining - self.used(now)):
            insort(self._until, now + reset_after)

    def room_at(self, now: float, headroom: int, *, ends: bool = False) -> float:
        """Return when a request may begin that leaves `headroom` others; `inf` while only an answer can tell.

        `ends`: it ends an answer. Above the probe threshold those go one more at a time than were taken there, up to
        `Budget.ends_together`: where the limit is half of what is documented, one is refused.

        A limit that permits wait for is tried a little higher after a quiet time; higher than is documented only where
        they waited for all of it.
        """
        if self._saturated_since is not None:
            calls, seconds = float(self._documented), self.budget.seconds
            beyond = self.calls >= calls and self._seconds <= seconds
            quiet = QUIET_BEFORE_EXCEEDING if self.calls == calls else QUIET_BEFORE_RAISE
            # Each attempt that was refused doubles the wait, so that a firm limit costs ever fewer refusals.
            quiet = min(quiet * 2**self._refused_raises, LONGEST_QUIET)
            since = max(self._quiet_since, self._saturated_since) if beyond else self._quiet_since
            if now - since >= quiet:
                if self._raised:  # the last raise was taken
                    self._refused_raises = 0
                self._quiet_since, self._raised = now, True
                higher = max(self.calls + 1, float(math.floor(self.calls * RAISE_FACTOR)))
                # A window that was found longer than documented is shortened first, then more requests are tried.
                if self._seconds > seconds:
                    self._seconds = max(seconds, self._seconds / RAISE_FACTOR)
                else:
                    self.calls = higher if beyond else min(higher, calls)
        # Above the threshold one at a time: only the answer tells whether there is room for another one.
        width = self.budget.probe_width
        if ends and self._caution.allows_several(now):
            grown = self._probe_threshold - self._probed_from
            width = max(width, min(width + grown, self.budget.ends_together))
        used = self.used(now)
        if self._under_way >= width and used >= self._together(now):
            return math.inf
        if self._bursts is not None and used >= self.budget.calls and not self._bursts.may_begin(self.budget):
            # Another limit tries whether bursts are taken: this one goes on without.
            return max(self.alone_at(now), self._place_at(now, used + headroom))
        return self._place_at(now, used + headroom)

    def alone_at(self, now: float) -> float:
        """Return when a request may begin that belongs to no burst; `inf` while only an answer can tell."""
        if self._documented == self.budget.calls:
            return now
        return math.inf if self._under_way else max(now, self._last_end + self._seconds)

    def _follow(self, bursts: Bursts, now: float) -> None:
        """Use the limit in bursts, or no more, as they are taken now; what was learned otherwise stays."""
        documented = self.budget.calls * (self.budget.burst if bursts.are_taken(self.budget, now) else 1)
        if documented != self._documented and self.calls == self._documented:
            self._documented, self.calls = documented, float(documented)
            # In a burst they were spaced (`end`), so that the last ones would count for longer than a window.
            self._until = [min(until, now + self._seconds) for until in self._until]

    def _refuses_bursts(self, bursts: Bursts, now: float) -> bool:
        """Learn from a refusal that no bursts are taken; returns whether it says nothing else."""
        if self._documented == self.budget.calls:
            return False
        bursts.refuse(self.budget, now)
        self._follow(bursts, now)
        self._quiet_since, self._saturated_since = now, None
        return self._under_way > 0 or now < self._last_end + self._seconds

    def takes_now(self, now: float, others: int) -> bool:
        """Tell whether a request may begin now together with so many others, none of which is probed."""
        counted = self.used(now) + others
        if now < self._closed_until or counted >= int(self.calls):
            return False
        return counted < self._together(now)

    def _together(self, now: float) -> int:
        """Return how many requests may count before they go one at a time: what was taken once, or half of the limit."""
        if self._taken_before > self._probe_threshold and now >= self._believed_from:
            return self._taken_before
        return self._probe_threshold

    def capacity_at(self, now: float, headroom: int) -> float:
        """Return when the limit has a place for a request that leaves `headroom` others, whether or not it is probed.

        `inf` while that is not known.
        """
        return self._place_at(now, self.used(now) + headroom)

    def _place_at(self, now: float, taken: int) -> float:
        """Return when the limit has a place, where so many are taken now."""
        if now < self._closed_until:
            return self._closed_until  # the platform named this time itself
        # So many of those that were answered have to leave the window first.
        missing = taken + 1 - int(self.calls)
        if missing <= 0:
            return now
        return self._until[missing - 1] if missing <= len(self._until) else math.inf

    def rate(self, now: float, headroom: int, wanted: float, ahead: list[float]) -> float:
        """Return how many requests a second can be sent now, while `headroom` stay free; `wanted` at most.

        `ahead` is an outlook of this window (`outlook.Outlook.ahead`): the same pace is kept for as long as it says that
        answers go on. Requests come back `seconds` after they were sent: the pace is the fastest for which what is sent
        until each moment is never more than what has come back by then.
        """
        # Negative where the limit turned out lower than what was sent.
        left = int(self.calls) - self.used(now) - headroom
        if left >= wanted * ahead[-1]:
            return wanted
        returns, step = self._until, self._seconds / (len(ahead) - 1)
        place, last = bisect_right(returns, now), bisect_left(returns, now + self._seconds)
        rate = min(wanted, (left + last) / max(ahead[-1], _SHORT))
        left += place
        # Before each request comes back what was sent has to stay below what is left. From one point of the outlook to the next,
        # and nothing is called for a request: there are some forty of them, and most stretches hold no pace up.
        for number in range(1, len(ahead)):
            begins, before, after = now + (number - 1) * step, ahead[number - 1], ahead[number]
            there = bisect_left(returns, begins + step, place, last) if number < len(ahead) - 1 else last
            if left < rate * after:
                slope = (after - before) / step
                for until in returns[place:there]:
                    grown = before + slope * (until - begins)
                    if left < rate * grown:
                        rate = left / grown if grown > _SHORT else left / _SHORT
                    left += 1
            else:
                left += there - place
            place = there
        return max(0.0, rate)

    def note_saturated(self, now: float, *, saturated: bool) -> None:
        """Record whether permits wait for this limit."""
        if not saturated:
            self._saturated_since = None
        elif self._saturated_since is None:
            self._saturated_since = now
