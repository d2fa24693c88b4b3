"""How several answers share a limit: reservations for their ends, and how fast their previews may go. No I/O."""

import math
from collections import deque
from dataclasses import dataclass, field

from aion_bot.ports.rate_limits import Charge
from aion_bot.ratelimit.sliding_window import SlidingWindow
from aion_bot.ratelimit.tuning import YOUNG_FRACTION, YOUNG_SPREAD


@dataclass(eq=False, slots=True)
class SharedLimit:
    """The window of one budget in one scope, and the answers that share it."""

    charge: Charge
    window: SlidingWindow
    answers: int = 0
    """Answers that share the limit for their previews."""
    young: deque[float] = field(default_factory=deque)
    """When each of those answers began that is not old yet, in order."""
    reserved: int = 0
    """Requests that somebody will certainly send: previews leave them free."""
    awaiting_reservation: int = 0
    """Answers whose first message waits until their end can be reserved in this limit."""
    previewed_at: float = -math.inf
    """When the last preview was issued."""

    @property
    def preview_headroom(self) -> int:
        """Requests that previews leave free: those reserved, those about to be, and the budget's headroom."""
        return self.reserved + self.awaiting_reservation + self.window.budget.headroom

    def best_effort_at(self, now: float, spare: int = 0, *, probed: bool = True) -> float:
        """Return when a best-effort operation may run that leaves `spare` others; `inf` while only an answer can tell.

        Not `probed`: when the limit has a place for it (`SlidingWindow.capacity_at`).
        """
        # As previews do, but never all: a limit of one call would otherwise take none at all, however idle it is.
        headroom = min(self.preview_headroom + spare, self.window.budget.calls - 1)
        return self.window.room_at(now, headroom) if probed else self.window.capacity_at(now, headroom)

    def is_idle(self, now: float) -> bool:
        """Tell whether nobody uses the limit and nothing is known of it but what is documented."""
        used = self.answers or self.awaiting_reservation or self.reserved
        return not used and self.window.is_fresh(now)

    def reserve(self, change: int) -> None:
        """Reserve so many requests more, or fewer; nothing where the budget keeps no reservations."""
        if self.window.budget.reserved:
            self.reserved += change

    def reservable_at(self, now: float, others: int = 0) -> float:
        """Return when one more request can be reserved, and `others` besides; `inf` while that is not known.

        A new reservation leaves those that there are free, and a quarter of the budget's headroom.
        """
        # A quarter: the headroom is kept for answers that begin, and this reservation is for one of them.
        headroom = self.reserved + self.window.budget.headroom // 4
        return self.window.capacity_at(now, headroom + others)

    def preview_at(self, now: float, gap: float) -> float:
        """Return when the next preview may be issued, where each message is edited every `gap` seconds at most."""
        headroom = self.preview_headroom
        wanted = self.answers / gap if gap > 0 else math.inf
        rate = self._preview_rate(now, headroom, wanted)
        # The window tries more than the documented limit only after permits always waited for it.
        self.window.note_saturated(now, saturated=rate < wanted)
        # Called for every look, also while there is no room: it raises a limit that was lowered.
        room = self.window.room_at(now, headroom)
        if room > now:
            return room
        # Evenly spaced: previews that go out together would leave a long time without any.
        return max(now, self.previewed_at + 1 / rate) if rate > 0 else now

    def preview_gap(self, now: float) -> float:
        """Return how many seconds each answer would wait between two previews if there were one answer more."""
        horizon = self.window.budget.seconds * YOUNG_FRACTION * YOUNG_SPREAD
        rate = self.window.rate(now, horizon, self.preview_headroom + 1, math.inf)
        return (self.answers + self.awaiting_reservation + 1) / rate if rate > 0 else math.inf

    def _preview_rate(self, now: float, headroom: int, wanted: float) -> float:
        """Return previews a second: of the free requests, each answer's share at the pace of its age."""
        seconds = self.window.budget.seconds
        youth = seconds * YOUNG_FRACTION
        young = self.young
        while young and now - young[0] >= youth:
            young.popleft()
        if not self.answers:
            return wanted
        old = self.answers - len(young)
        rate = self.window.rate(now, seconds, headroom, wanted) * old / self.answers
        if young:
            # What is left of the time over which the free requests are spread, by the young ones' mean age.
            horizon = max((YOUNG_SPREAD - 1) * youth, YOUNG_SPREAD * youth - (now - sum(young) / len(young)))
            rate += self.window.rate(now, horizon, headroom, wanted) * len(young) / self.answers
        return rate


SharedLimits = tuple[SharedLimit, ...]
"""The limits that an operation counts against, the most specific first."""


@dataclass(slots=True)
class AnswerShare:
    """What one answer holds of the limits: a reservation for its end, and a share of the previews.

    `began`: the scheduler's time at which the answer began.
    """

    began: float
    reserved: SharedLimits = ()
    previews: SharedLimits = ()

    def hold(self, reserved: SharedLimits, previews: SharedLimits) -> None:
        """Reserve a request in the first limits, share the others, and give back what is held besides."""
        # Give back first, then reserve: holding the same again changes nothing, and no limit is counted twice.
        for limit in self.reserved:
            limit.reserve(-1)
        for limit in reserved:
            limit.reserve(1)
        if previews != self.previews:
            for limit in self.previews:
                limit.answers -= 1
                # An answer that is not among the young ones has become old, and only counts.
                if self.began in limit.young:
                    limit.young.remove(self.began)
            for limit in previews:
                limit.answers += 1
                limit.young.append(self.began)
        self.reserved, self.previews = reserved, previews
