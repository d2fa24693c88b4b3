"""The use of a platform's limit. No I/O."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from aion_bot.simulators.workspace import Logged

REFUSED = 429


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` of the request `name` in any `seconds`, in the whole workspace or, if `by_channel`, in a channel."""

    name: str
    calls: int
    seconds: float
    by_channel: bool
    words: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The requests within the window, all requests, and how many were refused with 429."""

    limit: Limit
    used: int
    calls: int
    refused: int


def read(limit: Limit, log: Collection[Logged], now: float) -> Reading:
    """Count the requests in a simulator's log; for a limit by channel the fullest channel counts."""
    recent = [call for call in log if call.name == limit.name and now - call.at < limit.seconds]
    channels = Counter(call.channel if limit.by_channel else "" for call in recent if call.status != REFUSED)
    refused = sum(call.status == REFUSED for call in log)
    return Reading(limit, max(channels.values(), default=0), len(log), refused)
