"""Background tasks: started, awaited and cancelled together."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class BackgroundTasks:
    """Tasks that nobody awaits. Each is referenced until it ends, and an error is logged."""

    def __init__(self) -> None:
        self.running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task."""
        task = asyncio.create_task(work)
        # The event loop keeps weak references only: a task that nobody holds can be collected while it runs.
        self.running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def wait(self, seconds: float) -> None:
        """Wait until every task has ended, also those started meanwhile, for so many seconds at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.running:
                    # `wait`, not `gather`: when the time is over, `gather` would cancel the tasks.
                    await asyncio.wait(self.running)

    async def cancel(self) -> None:
        """Cancel every task, also those started meanwhile."""
        # Again, because a task that is cancelled may start another while it cleans up.
        while self.running:
            await cancel(set(self.running))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background task failed", exc_info=error)


async def until_set(stop: asyncio.Event, listening: set[asyncio.Task[None]]) -> bool:
    """Wait for `stop`, or until every listening task has ended; returns whether it was `stop`."""
    stopping = asyncio.create_task(stop.wait())
    try:
        pending = set(listening)
        while pending and not stop.is_set():
            done, _ = await asyncio.wait({stopping, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
        return stop.is_set()
    finally:
        stopping.cancel()


async def cancel(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel every task, and wait until all have ended."""
    for task in tasks:
        task.cancel()
    # With `return_exceptions` all are waited for: the first error would end the wait while others still clean up.
    await asyncio.gather(*tasks, return_exceptions=True)
