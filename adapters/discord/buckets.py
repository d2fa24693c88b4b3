"""discord.py's rate-limit buckets, changed so that no call waits on behalf of the next one.

A bucket is what Discord counts the requests of a route and a channel in (its documentation, *Rate Limits*). In
discord.py the call that uses a bucket up sleeps until the bucket is full again, although Discord has answered it. The
core decides when calls are made. Here a call waits only where Discord said that it would refuse it.
"""

import asyncio
from types import TracebackType

import discord
from discord.http import Ratelimit

LONGEST_WAIT = 10.0
"""Seconds that a call waits for a bucket; where it would be more, it raises."""
_MAX_BUCKETS = 256
"""Buckets from which on idle ones are forgotten; discord.py's own number."""


class Bucket(Ratelimit):
    """One bucket. A call that would be refused waits; one that was answered returns."""

    def __init__(self) -> None:
        super().__init__(None)

    async def acquire(self) -> None:
        """Wait until Discord takes another call. Raises `discord.RateLimited` where that is long."""
        clock = asyncio.get_running_loop().time
        # A loop: while this call waited, others may have used up the next window.
        while self.remaining <= 0 and self.expires is not None:
            wait = self.expires - clock()
            # The core schedules better than a sleep here: it may have a newer text by then.
            if wait > LONGEST_WAIT:
                raise discord.RateLimited(wait)
            if wait < 0:
                self.reset()  # type: ignore[no-untyped-call]  # discord.py left this one untyped
            else:
                await asyncio.sleep(wait)
        # discord.py forgets a bucket by this moment, and by `outgoing` how many answers are still to come.
        self._last_request = clock()
        self.remaining -= 1
        self.outgoing += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End a call. discord.py waits here for the bucket to be full again."""
        self.outgoing -= 1


class Buckets(dict[str, Ratelimit]):
    """What discord.py looks its buckets up in."""

    def __missing__(self, key: str) -> Ratelimit:
        """Make a bucket, and forget those that nobody used for minutes."""
        if len(self) >= _MAX_BUCKETS:
            for old in [name for name, bucket in self.items() if bucket.is_inactive()]:
                del self[old]
        bucket = self[key] = Bucket()
        return bucket
