"""How fast previews may go where several answers share a limit. No I/O."""

import math
from collections import deque
from dataclasses import dataclass, field

from aion_bot.ports.rate_limits import Budget
from aion_bot.ratelimit.sliding_window import SlidingWindow

_YOUTH = 1 / 6
"""Of a window's length: how long an answer counts as young."""

_SPREAD = 1.73
"""Youths over which what is free is spread while an answer is young. Less makes short answers fresher and long ones
staler: `benchmarks/relay` measures both."""


@dataclass(slots=True)
class ActiveAnswers:
    """The answers that share a limit for their previews, by when they began."""

    old: int = 0
    young: deque[float] = field(default_factory=deque)

    def __len__(self) -> int:
        return self.old + len(self.young)

    def age(self, now: float, youth: float) -> None:
        """Count those as old that are no longer young."""
        while self.young and now - self.young[0] >= youth:
            self.young.popleft()
            self.old += 1

    def leave(self, began: float) -> None:
        """Count one less of those that began then."""
        if began in self.young:
            self.young.remove(began)
        else:
            self.old -= 1


class SharedLimit:
    """A window, the answers that share it, and when the last preview went."""

    def __init__(self, budget: Budget, now: float) -> None:
        self.window = SlidingWindow(budget, now)
        self.crowd = ActiveAnswers()
        self.awaited = 0
        """Answers that wait for a promise of this limit."""
        self._previewed = -math.inf

    @property
    def kept(self) -> int:
        """Calls that previews leave alone."""
        return self.window.reserved + self.awaited + self.window.budget.headroom

    @property
    def pledged(self) -> int:
        """Calls that new promises leave alone: those promised, and a little of what is spare."""
        return self.window.reserved + self.window.budget.headroom // 4

    def idle(self, now: float) -> bool:
        """Tell whether nobody uses the limit and nothing is known of it but what is documented."""
        return not (self.crowd or self.awaited or self.window.reserved) and self.window.untouched(now)

    def preview_at(self, now: float, gap: float) -> float:
        """Return when the next preview may go."""
        kept = self.kept
        enough = len(self.crowd) / gap if gap > 0 else math.inf
        pace = self._pace(now, kept, enough)
        self.window.pressed(now, pressed=pace < enough)
        room = self.window.room_at(now, kept)
        if room > now:
            return room
        return max(now, self._previewed + 1 / pace) if pace > 0 else now

    def preview_gap(self, now: float) -> float:
        """Return how long each answer would wait between two previews if there were one more."""
        horizon = self.window.budget.seconds * _YOUTH * _SPREAD
        pace = self.window.rate(now, horizon, self.kept + 1, math.inf)
        return (len(self.crowd) + self.awaited + 1) / pace if pace > 0 else math.inf

    def previewed(self, now: float) -> None:
        """Note that a preview goes."""
        self._previewed = now

    def _pace(self, now: float, kept: int, enough: float) -> float:
        """Return previews a second: of what is free, each answer's share at the pace of its age."""
        seconds = self.window.budget.seconds
        youth = seconds * _YOUTH
        self.crowd.age(now, youth)
        total, young = len(self.crowd), self.crowd.young
        if not total:
            return enough
        pace = self.window.rate(now, seconds, kept, enough) * self.crowd.old / total
        if young:
            horizon = max((_SPREAD - 1) * youth, _SPREAD * youth - (now - sum(young) / len(young)))
            pace += self.window.rate(now, horizon, kept, enough) * len(young) / total
        return pace
