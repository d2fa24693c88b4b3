"""How fast previews may go where several answers share a limit. No I/O."""

import math
from collections import deque
from dataclasses import dataclass, field

from aion_bot.ports.rate_limits import Budget
from aion_bot.ratelimit.sliding_window import SlidingWindow
from aion_bot.ratelimit.tuning import YOUNG_FRACTION, YOUNG_SPREAD


@dataclass(slots=True)
class ActiveAnswers:
    """The answers that share a limit for their previews: how many are old, and when each young one began."""

    old: int = 0
    young: deque[float] = field(default_factory=deque)

    def __len__(self) -> int:
        return self.old + len(self.young)

    def age(self, now: float, youth: float) -> None:
        """Count those as old that began `youth` seconds ago or earlier."""
        while self.young and now - self.young[0] >= youth:
            self.young.popleft()
            self.old += 1

    def leave(self, began: float) -> None:
        """Count one answer less, of those that began at `began`."""
        if began in self.young:
            self.young.remove(began)
        else:
            self.old -= 1


class SharedLimit:
    """A window, the answers that share it, and when the last preview was issued."""

    def __init__(self, budget: Budget, now: float) -> None:
        self.window = SlidingWindow(budget, now)
        self.answers = ActiveAnswers()
        self.awaiting_reservation = 0
        """Answers whose first message waits until their end can be reserved in this limit."""
        self._previewed_at = -math.inf

    @property
    def preview_headroom(self) -> int:
        """Requests that previews leave free: those reserved, those about to be, and the budget's headroom."""
        return self.window.reserved + self.awaiting_reservation + self.window.budget.headroom

    @property
    def reservation_headroom(self) -> int:
        """Requests that new reservations leave free: those reserved, and a quarter of the budget's headroom."""
        return self.window.reserved + self.window.budget.headroom // 4

    def is_idle(self, now: float) -> bool:
        """Tell whether nobody uses the limit and nothing is known of it but what is documented."""
        used = self.answers or self.awaiting_reservation or self.window.reserved
        return not used and self.window.is_fresh(now)

    def preview_at(self, now: float, gap: float) -> float:
        """Return when the next preview may be issued, where each message is edited every `gap` seconds at most."""
        headroom = self.preview_headroom
        wanted = len(self.answers) / gap if gap > 0 else math.inf
        rate = self._preview_rate(now, headroom, wanted)
        self.window.note_saturated(now, saturated=rate < wanted)
        # Called for every look, also while there is no room: it raises a limit that was lowered.
        room = self.window.room_at(now, headroom)
        if room > now:
            return room
        return max(now, self._previewed_at + 1 / rate) if rate > 0 else now

    def preview_gap(self, now: float) -> float:
        """Return how many seconds each answer would wait between two previews if there were one answer more."""
        horizon = self.window.budget.seconds * YOUNG_FRACTION * YOUNG_SPREAD
        rate = self.window.rate(now, horizon, self.preview_headroom + 1, math.inf)
        return (len(self.answers) + self.awaiting_reservation + 1) / rate if rate > 0 else math.inf

    def note_preview(self, now: float) -> None:
        """Record that a preview is issued."""
        self._previewed_at = now

    def _preview_rate(self, now: float, headroom: int, wanted: float) -> float:
        """Return previews a second: of the free requests, each answer's share at the pace of its age."""
        seconds = self.window.budget.seconds
        youth = seconds * YOUNG_FRACTION
        self.answers.age(now, youth)
        total, young = len(self.answers), self.answers.young
        if not total:
            return wanted
        rate = self.window.rate(now, seconds, headroom, wanted) * self.answers.old / total
        if young:
            # What is left of the time over which the free requests are spread, by the young ones' mean age.
            horizon = max((YOUNG_SPREAD - 1) * youth, YOUNG_SPREAD * youth - (now - sum(young) / len(young)))
            rate += self.window.rate(now, horizon, headroom, wanted) * len(young) / total
        return rate
