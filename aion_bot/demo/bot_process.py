"""The bot of the demo, a task of this process that is started, stopped, killed and started again."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Self

Serve = Callable[[asyncio.Event], Coroutine[Any, Any, bool]]
"""Runs a new bot until the event is set."""


class BotProcess:
    """One bot at a time."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._stop = asyncio.Event()
        self._task: asyncio.Task[bool] | None = None

    async def __aenter__(self) -> Self:
        """Start the bot."""
        self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop it, or kill it where somebody wants to leave at once. Raises what it failed with."""
        await (self.kill() if kind is asyncio.CancelledError else self.stop())

    def start(self) -> None:
        """Start a new bot."""
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self._serve(self._stop))

    async def stop(self) -> None:
        """Stop the bot as SIGTERM does. Raises what it failed with."""
        if self._task is not None:
            self._stop.set()
            task, self._task = self._task, None
            await task

    async def kill(self) -> None:
        """End the bot at once, without what a stop does for the people in its threads."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait({task})
