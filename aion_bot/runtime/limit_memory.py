"""Keeps in the database what the platforms' limits took, so that the next process need not find it out again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.delivery.registry import Registry
from aion_bot.storage import Store
from aion_bot.storage.statements import recorded

_log = structlog.get_logger(__name__)

EVERY = 60.0
"""Seconds between two looks at what was learned: what a kill loses."""

_AGAIN = 86_400.0
"""Seconds after which the same is written again: it is believed for a month only."""


@asynccontextmanager
async def remembering(store: Store, registry: Registry, *, every: float = EVERY) -> AsyncIterator[None]:
    """Note what limits took while this lasts, and at its end; nothing is written where nothing was learned."""
    memory, tasks = _Memory(store, registry), BackgroundTasks()
    tasks.spawn(memory.run(every))
    try:
        yield
    finally:
        await tasks.cancel()
        await memory.note()


class _Memory:
    def __init__(self, store: Store, registry: Registry) -> None:
        self._store, self._registry = store, registry
        self._noted: dict[tuple[str, tuple[str, str]], tuple[int, float]] = {}
        """What was written of each limit, and when by `time.monotonic`."""

    async def run(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self.note()

    async def note(self) -> None:
        now = time.monotonic()
        # A list, because requests go on while a row is written, and may bring limits that were not known.
        for platform, limit, taken, seconds in list(self._registry.taken()):
            before, at = self._noted.get((platform, limit), (-1, now))
            if taken == before and now < at + _AGAIN:
                continue
            # What a full disk did not take is written at the next look.
            if await recorded(_log, self._store.taken.note(platform, limit, taken, seconds), what="limit"):
                self._noted[platform, limit] = (taken, now)
