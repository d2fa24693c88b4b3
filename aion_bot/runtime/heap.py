"""Gives memory that is free back to the system.

The heap of a bot in use grew by half a megabyte in a thousand answers, all of it free: the allocator of glibc keeps what lies
between what stays. What makes those holes is not known. `malloc_trim` gives their pages back
(https://man7.org/linux/man-pages/man3/malloc_trim.3.html). Other allocators have no such function, and need none.
"""

import asyncio
import ctypes
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aion_bot.concurrency.background import BackgroundTasks

EVERY = 60.0
"""Seconds between two times: a call takes a millisecond or two, in a thread of its own."""


def trimming() -> Callable[[int], object] | None:
    """Return the function of the allocator; None where it has none."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # no C library of which functions are found by name
        return None


@asynccontextmanager
async def trimmed(every: float = EVERY, trim: Callable[[int], object] | None = None) -> AsyncIterator[None]:
    """Give back what is free every so many seconds while this lasts."""
    tasks, found = BackgroundTasks(), trim or trimming()
    if found is not None:
        tasks.spawn(_run(found, every))
    try:
        yield
    finally:
        await tasks.cancel()


async def _run(trim: Callable[[int], object], every: float) -> None:
    while True:
        await asyncio.sleep(every)
        await asyncio.to_thread(trim, 0)
