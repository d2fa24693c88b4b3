"""Shards of the simulated gateway: which events one gets, and when a session may begin."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

EVERY = 5.0
"""Seconds between two sessions that begin with the same remainder of `max_concurrency` (Discord's documentation, *Sharding*)."""


class Shard(NamedTuple):
    """The `number` of a shard, from 0, and how many there are."""

    number: int
    of: int


def shard_of(kind: str, data: Mapping[str, Any], shards: int) -> int:
    """Return the shard that gets an event: that of its server, and the first where there is none (Discord's documentation)."""
    server = data.get("guild_id") or (data["id"] if kind.startswith("GUILD_") else None)
    return 0 if server is None else (int(server) >> 22) % shards


class Starts:
    """Counts the sessions that begin, in the `session_start_limit` of `described`, the body of `GET /gateway/bot`.

    `every`: seconds between two of the same remainder. A connection without a shard is not paced: tests begin several.
    `fewest_shards`: as many as Discord requires. `refused` counts those that came too early or had no start left.
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self._described = described
        self.every = EVERY
        self.fewest_shards = 1
        self.refused = 0
        self.taken: list[tuple[int, float]] = []
        """The number of each shard whose session began, and when, oldest first."""
        self._last: dict[int, float] = {}

    def clock(self) -> float:
        """Return the moment that counts for a session which arrives now."""
        return time.monotonic()

    def take(self, shard: Shard | None) -> bool:
        """Count a session that begins; False where it may not begin yet."""
        now, limit = self.clock(), self._described["session_start_limit"]
        key = 0 if shard is None else shard.number % int(limit["max_concurrency"])
        early = shard is not None and now - self._last.get(key, float("-inf")) < self.every
        if early or limit["remaining"] <= 0:
            self.refused += 1
            return False
        limit["remaining"] -= 1
        self._last[key] = now
        self.taken.append((0 if shard is None else shard.number, now))
        return True
