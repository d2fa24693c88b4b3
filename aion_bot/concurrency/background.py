"""Running tasks, waiting for them, and ending them."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

_log = structlog.get_logger(__name__)


class BackgroundTasks:
    """Work that nobody awaits, kept in sight until it ends; what fails is logged."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin some work."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return task

    async def wait(self, seconds: float) -> None:
        """Wait for the end of everything, also of what is begun meanwhile, for so long at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._running:
                    await asyncio.wait(self._running)

    async def cancel(self) -> None:
        """End everything where it is, also what is begun meanwhile."""
        while self._running:
            await cancel(set(self._running))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task failed", exc_info=error)


async def until_set(stop: asyncio.Event, listening: set[asyncio.Task[None]]) -> bool:
    """Wait for `stop`, or until nothing listens any more; tell which."""
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
    """End every task where it is, and wait for that."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
