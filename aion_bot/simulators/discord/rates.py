"""Discord's rate limits: buckets by kind of route and channel, and the global limit of the bot. No I/O.

Discord documents no numbers but the fifty requests a second of a bot (*Rate Limits*); those here are what people
observed. A window begins with the first request after the one before has ended.
"""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from aion_bot.simulators.discord.errors import ApiError, rate_limited
from aion_bot.simulators.workspace import Logged

REFUSED = 429
CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji_name}/@me"
_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"

KINDS: Mapping[str, str] = {
    CREATE: "messages",
    EDIT: "messages",
    f"DELETE {_MESSAGE}": "deletes",
    f"POST {_MESSAGE}/threads": "threads",
    f"PUT {_REACTION}": "reactions",
    f"DELETE {_REACTION}": "reactions",
    "POST /channels/{channel_id}/typing": "typing",
    f"POST {_WEBHOOK}": "follow_ups",
    f"GET {_WEBHOOK}/messages/@original": "follow_ups",
    f"PATCH {_WEBHOOK}/messages/@original": "follow_ups",
    f"DELETE {_WEBHOOK}/messages/@original": "follow_ups",
    f"PATCH {_WEBHOOK}/messages/{{message_id}}": "follow_ups",
}
"""The bucket of a route, as a field of `DiscordLimits`; other routes have none."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in a window of `seconds`; `scope` is the scope that Discord names.

    "user" for the bot's own limit, "shared" for one that others use too.
    """

    calls: int
    seconds: float
    scope: str = "user"

    def scaled(self, factor: float) -> Self:
        """So many times the calls, rounded down; what would be less than one takes a longer window."""
        calls = self.calls * factor
        if calls >= 1:
            return replace(self, calls=int(calls))
        return replace(self, calls=1, seconds=self.seconds / calls)


@dataclass(frozen=True, slots=True)
class DiscordLimits:
    """The limits of a channel; `follow_ups` is of an interaction, `everything` of the bot.

    Messages are created and edited out of one bucket. With `edits_apart` they have one each, under the same hash, as was
    observed as well (discord-api-docs#1442).
    """

    messages: Rate = Rate(5, 5.0)
    deletes: Rate = Rate(5, 1.0)
    reactions: Rate = Rate(1, 0.25)
    typing: Rate = Rate(5, 5.0)
    threads: Rate = Rate(50, 300.0)
    follow_ups: Rate = Rate(5, 2.0)
    everything: Rate = Rate(50, 1.0)
    edits_apart: bool = False

    def scaled(self, factor: float) -> Self:
        """The same with so many times the calls."""
        names = ("messages", "deletes", "reactions", "typing", "threads", "follow_ups", "everything")
        return replace(self, **{name: getattr(self, name).scaled(factor) for name in names})


@dataclass(slots=True)
class _Window:
    """The open window of a bucket, and how many requests it took."""

    rate: Rate
    began: float
    used: int = 0

    def left(self, now: float) -> float:
        """Seconds until its end, in whole milliseconds as Discord sends them."""
        return math.ceil((self.began + self.rate.seconds - now) * 1_000) / 1_000

    @property
    def full(self) -> bool:
        """Whether it takes no more requests."""
        return self.used >= self.rate.calls


class Rates:
    """Counts requests against `limits`; without limits it takes everything and returns no headers.

    `refused` are the refused requests, which count against no limit; `clock` returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits: DiscordLimits | None = None
        self.refused: list[Logged] = []
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    @property
    def refusals(self) -> Counter[str]:
        """The number of refused requests, by route."""
        return Counter(call.name for call in self.refused)

    def take(self, route: str, path: Mapping[str, str]) -> Mapping[str, str]:
        """Count a request, and return the headers of its bucket. Raises ApiError, a 429."""
        channel = path.get("channel_id") or path.get("webhook_token", "")
        try:
            return self._take(route, channel)
        except ApiError:
            scope = channel if "channel_id" in path else ""
            self.refused.append(Logged(self._clock(), route, scope, REFUSED))
            raise

    def use(self, channel: str, calls: int = 1, *, route: str = EDIT) -> int:
        """Count requests of another process of the same bot in a channel; returns how many were taken."""
        return sum(self._takes(route, channel) for _ in range(calls))

    def _takes(self, route: str, channel: str) -> bool:
        try:
            self._take(route, channel)
        except ApiError:
            return False
        return True

    def _take(self, route: str, channel: str) -> Mapping[str, str]:
        if self.limits is None:
            return {}
        now, kind = self._clock(), KINDS.get(route)
        whole = self._window("everything", "", self.limits.everything, now) if _counted(route) else None
        if whole is not None and whole.full:
            raise _refused(whole.left(now), "global", {"X-RateLimit-Global": "true"})
        headers = {} if kind is None else self._enter(route, kind, channel, self.limits, now)
        if whole is not None:
            whole.used += 1
        return headers

    def _enter(
        self, route: str, kind: str, channel: str, limits: DiscordLimits, now: float
    ) -> dict[str, str]:
        rate: Rate = getattr(limits, kind)
        counter = "edits" if limits.edits_apart and route == EDIT else kind
        window = self._window(counter, channel, rate, now)
        if window.full:
            raise _refused(window.left(now), rate.scope, _headers(kind, window, now))
        window.used += 1
        return _headers(kind, window, now)

    def _window(self, counter: str, channel: str, rate: Rate, now: float) -> _Window:
        window = self._windows.get((counter, channel))
        if window is None or window.rate != rate or now - window.began >= rate.seconds:
            window = self._windows[counter, channel] = _Window(rate, now)
        return window


def _counted(route: str) -> bool:
    """Whether a request counts against the bot's limit: responses to interactions do not."""
    return not route.split(" ")[1].startswith(("/interactions/", "/webhooks/"))


def _headers(kind: str, window: _Window, now: float) -> dict[str, str]:
    left = window.left(now)
    return {
        "X-RateLimit-Limit": str(window.rate.calls),
        "X-RateLimit-Remaining": str(window.rate.calls - window.used),
        "X-RateLimit-Reset": f"{time.time() + left:.3f}",
        "X-RateLimit-Reset-After": f"{left:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(kind.encode()).hexdigest()[:32],
    }


def _refused(pause: float, scope: str, headers: Mapping[str, str]) -> ApiError:
    return rate_limited(pause, {**headers, "X-RateLimit-Scope": scope})
