"""discord.py's own account of Discord's limits, kept so that no call pays for the next one.

discord.py lets the call that takes the last place of a bucket sleep until the bucket is empty again, although
Discord has answered it. The core decides when calls are made; here they only wait where Discord said that it would
refuse them.
"""

import asyncio
from types import TracebackType

import discord
from discord.http import Ratelimit

LONGEST_WAIT = 10.0
"""Seconds that a call waits for a limit; where it would be more, the core is told."""
_KEPT = 256


class Bucket(Ratelimit):
    """One limit. A call that would be refused waits; one that was answered returns."""

    def __init__(self) -> None:
        super().__init__(None)

    async def acquire(self) -> None:
        """Wait until Discord takes another call. Raises `discord.RateLimited` where that is long."""
        clock = asyncio.get_running_loop().time
        while self.remaining <= 0 and self.expires is not None:
            wait = self.expires - clock()
            if wait > LONGEST_WAIT:
                raise discord.RateLimited(wait)
            if wait < 0:
                self.reset()  # type: ignore[no-untyped-call]
            else:
                await asyncio.sleep(wait)
        self._last_request = clock()
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let go of the place of a call."""
        self.outgoing -= 1


class Buckets(dict[str, Ratelimit]):
    """What discord.py looks its limits up in."""

    def __missing__(self, key: str) -> Ratelimit:
        """Begin an account; those that nobody needed for minutes are forgotten."""
        if len(self) >= _KEPT:
            for old in [name for name, bucket in self.items() if bucket.is_inactive()]:
                del self[old]
        bucket = self[key] = Bucket()
        return bucket
