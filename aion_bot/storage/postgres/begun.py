"""Statements that are carried out although their callers are cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Begun:
    """Statements that were begun, as tasks of their own: a caller that is cancelled takes none back, nor waits for it."""

    def __init__(self) -> None:
        self._running = set[asyncio.Task[Any]]()

    async def carried_out(self, work: Coroutine[Any, Any, T]) -> T:
        """Begin a statement and return its result."""
        task = asyncio.create_task(work)
        # The loop itself keeps no strong reference to a task (asyncio, create_task).
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_retrieve)
            raise

    async def ended(self, seconds: float | None = None) -> None:
        """Wait until all have ended, for so many seconds at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Take the error of a statement whose caller was cancelled: nobody else will."""
    if not task.cancelled():
        task.exception()
