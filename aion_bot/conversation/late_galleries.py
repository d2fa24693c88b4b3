"""Pictures that could not be posted because their platform was down: tried again while the bot runs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import Backoff

_log = structlog.get_logger(__name__)

AGAIN = Backoff(5.0, cap=300.0, total=3_600.0, jitter=0.5)
"""Delays before further attempts: after about an hour only the next start tries again. Jitter: an outage concerns many answers."""


@dataclass(frozen=True, slots=True)
class LateGalleries:
    """The galleries that wait for their platform, by their names, each with one task. One for the process.

    Cancelling a task loses nothing: the gallery's row stays due, and the next start looks into the thread.
    """

    tasks: BackgroundTasks = field(default_factory=BackgroundTasks)
    waiting: set[str] = field(default_factory=set)

    def begin(self, name: str, show: Callable[[], Awaitable[bool]]) -> None:
        """Call `show` until it returns True, which says that nothing is left to do; nothing where that goes on already."""
        if name not in self.waiting:
            self.waiting.add(name)
            task = self.tasks.spawn(_until_shown(name, show))
            task.add_done_callback(lambda _: self.waiting.discard(name))


async def _until_shown(name: str, show: Callable[[], Awaitable[bool]]) -> None:
    for delay in AGAIN:
        await asyncio.sleep(delay)
        if await show():
            return
    _log.warning("pictures left to the next start", name=name)
