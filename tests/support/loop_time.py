"""A bound in seconds that a machine with too much to do does not use up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_STEP = 0.05
"""Seconds as which any stretch counts at most in which the loop did not run."""


@asynccontextmanager
async def loop_seconds(seconds: float) -> AsyncIterator[None]:
    """Bound a block by the time in which its loop could run: raises TimeoutError after `seconds` of it.

    Where the machine has nothing else to do these are seconds by the clock. What the product waits for with a timer
    takes as much of them as of those; that the process was not given the processor takes hardly any.
    """
    async with asyncio.timeout(None) as bound:

        async def count() -> None:
            for _ in range(round(seconds / _STEP)):
                await asyncio.sleep(_STEP)
            bound.reschedule(asyncio.get_running_loop().time())

        counting = asyncio.create_task(count())
        try:
            yield
        finally:
            counting.cancel()
