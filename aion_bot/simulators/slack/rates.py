"""Slack's rate limits: by method and workspace in any minute, and posts by channel. No I/O.

https://docs.slack.dev/apis/web-api/rate-limits names the tiers (20+, 50+, 100+ calls a minute) and for
chat.postMessage one message a second and channel, with short bursts, and several hundred a minute and workspace.
"""

import math
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from aion_bot.simulators.workspace import Logged

POST = "chat.postMessage"
TIER_1, TIER_2, TIER_3, TIER_4 = 1, 20, 50, 100
REFUSED = 429
_ROUNDING = 1e-6
"""The tolerance for sums of floats, in seconds."""

DOCUMENTED: Mapping[str, int] = {
    "agents.sessions.setStatus": TIER_3,
    "apps.connections.open": TIER_3,
    "auth.revoke": TIER_3,
    "auth.test": 600,
    "chat.appendStream": TIER_4,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    POST: 600,
    "chat.startStream": TIER_2,
    "chat.stopStream": TIER_2,
    "chat.update": TIER_3,
    "apps.manifest.create": TIER_1,
    "apps.manifest.export": TIER_3,
    "apps.manifest.validate": TIER_2,
    "assistant.search.context": TIER_2,
    "bots.info": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.replies": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.delete": TIER_3,
    "files.info": TIER_4,
    "reactions.add": TIER_3,
    "reactions.remove": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.conversations": TIER_3,
    "users.info": TIER_4,
    "users.list": TIER_2,
    "views.open": TIER_4,
    "views.publish": TIER_4,
}
"""Calls a minute. Where no number is published ("several hundred", "special") this is a generous one."""


@dataclass(frozen=True, slots=True)
class SlackLimits:
    """The limits: `calls` by method in any `window` seconds, in the whole workspace; other methods have none.

    A channel takes `posts_a_second`, and up to `burst` at once after a pause: three, as people report of the documented "short
    bursts"; 1 is the strictest reading, which allows none.
    """

    calls: Mapping[str, int] = field(default_factory=lambda: DOCUMENTED)
    window: float = 60.0
    posts_a_second: float = 1.0
    burst: int = 3

    def scaled(self, factor: float) -> Self:
        """Multiply the calls, each rounded down, at least one."""
        return replace(
            self,
            calls={method: max(1, int(calls * factor)) for method, calls in self.calls.items()},
            posts_a_second=self.posts_a_second * factor,
            burst=max(1, int(self.burst * factor)),
        )


class Rates:
    """Counts calls against `limits`; without limits it takes everything and counts nothing.

    `refused` are the refused calls, which count against no limit; `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits: SlackLimits | None = None
        self.refused: list[Logged] = []
        self._clock = clock
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)
        self._channels: dict[str, tuple[float, float]] = {}

    @property
    def refusals(self) -> Counter[str]:
        """The number of refused calls, by method."""
        return Counter(call.name for call in self.refused)

    def take(self, method: str, channel: str) -> int:
        """Count a call: 0, or the whole seconds after which it may be repeated (`Retry-After`, at least 1)."""
        pause = self._take(method, channel)
        if pause > 0:
            self.refused.append(Logged(self._clock(), method, channel, REFUSED))
        return math.ceil(pause)

    def use(self, method: str, calls: int = 1, *, channel: str = "") -> int:
        """Count calls of another process of the same app; returns how many were taken."""
        return sum(self._take(method, channel) <= 0 for _ in range(calls))

    def _take(self, method: str, channel: str) -> float:
        if self.limits is None:
            return 0.0
        now = self._clock()
        posts = self._posts_left(self.limits, channel, now) if method == POST and channel else 1.0
        pause = max((1.0 - posts) / self.limits.posts_a_second, self._pause(self.limits, method, now))
        if pause > _ROUNDING:
            return pause
        self._taken[method].append(now)
        if method == POST and channel:
            self._channels[channel] = (posts - 1.0, now)
        return 0.0

    def _pause(self, limits: SlackLimits, method: str, now: float) -> float:
        """The seconds until the window has room for a call of `method`."""
        taken = self._taken[method]
        while taken and now - taken[0] >= limits.window:
            taken.popleft()
        over = len(taken) - limits.calls.get(method, len(taken) + 1)
        return taken[over] + limits.window - now if over >= 0 else 0.0

    def _posts_left(self, limits: SlackLimits, channel: str, now: float) -> float:
        left, at = self._channels.get(channel, (float(limits.burst), now))
        return min(float(limits.burst), left + (now - at) * limits.posts_a_second)
