"""What the platform shows while a question waits and while it is answered, and that none of it stays."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.errors import Forbidden, MessageGone, PlatformError, RateLimited
from aion_bot.port.messages import ThreadKey
from aion_bot.records import Turn
from aion_bot.store import Store
from aion_bot.tasks import Tasks

_log = structlog.get_logger(__name__)

_AGAIN = (0.5, 2.0, 8.0, 30.0)
"""Seconds between the attempts to take a sign of waiting away: one that stays would lie."""

_LONGEST = 1.0
"""Seconds for which an answer that had to wait waits once more, for its sign to be taken away."""


class Signs:
    """Shows and removes the signs. The journal knows which question may still have one when a process ends."""

    def __init__(self, store: Store, tasks: Tasks) -> None:
        self._store = store
        self._tasks = tasks
        self._waiting = _Waiting()
        self._working: Counter[ThreadKey] = Counter()

    def waits(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Show on a question that it waits for its turn."""
        self._waiting.marked(turn)
        self._tasks.spawn(self._waiting.show(adapter, turn))

    def inherit(self, turn: Turn) -> None:
        """Take it that an earlier process showed that a question waits."""
        self._waiting.marked(turn)

    async def begins(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Show no more that a question waits; one that the platform does not remove holds up nobody for long."""
        if self._waiting.stands(turn):
            await asyncio.wait({self._tasks.spawn(self._waiting.remove(adapter, turn))}, timeout=_LONGEST)

    @asynccontextmanager
    async def at_work(self, adapter: PlatformAdapter, turn: Turn) -> AsyncIterator[None]:
        """Show that the bot is at work, and afterwards nothing of that question any more."""
        self._working[turn.thread] += 1
        showing = self._tasks.spawn(adapter.show_activity(turn.thread, turn.asker, active=True))
        try:
            yield
        finally:
            self._working -= Counter([turn.thread])
            self._tasks.spawn(self._tidy_after(showing, adapter, turn))

    async def _tidy_after(self, showing: "asyncio.Task[None]", adapter: PlatformAdapter, turn: Turn) -> None:
        await asyncio.wait({showing})
        await self.tidy(adapter, turn)

    async def tidy(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Take away every sign of a question; where one cannot be removed now, the next process tries again."""
        if not self._working[turn.thread]:  # otherwise the sign is another answer's
            await adapter.show_activity(turn.thread, turn.asker, active=False)
        await self._waiting.remove(adapter, turn)
        if not self._waiting.stands(turn):
            try:
                await self._store.note_tidy(turn.key)
            except sqlite3.Error as error:
                _log.error("journal could not be written", turn=turn.key, reason=str(error))


class _Waiting:
    """The signs on people's messages. One is removed after it was shown, however long that took."""

    def __init__(self) -> None:
        self._standing: dict[str, asyncio.Lock] = {}

    def marked(self, turn: Turn) -> None:
        self._standing.setdefault(turn.key, asyncio.Lock())

    def stands(self, turn: Turn) -> bool:
        return turn.key in self._standing

    async def show(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Show a sign; one attempt, as it is a courtesy."""
        async with self._standing[turn.key]:
            try:
                await _mark(adapter, turn, waiting=True)
            except PlatformError as error:
                _log.info("waiting could not be shown", platform=adapter.platform, reason=repr(error))

    async def remove(self, adapter: PlatformAdapter, turn: Turn) -> None:
        """Remove a sign if it may be there."""
        lock = self._standing.get(turn.key)
        if lock is None:
            return
        async with lock:
            if self.stands(turn) and await _unmarked(adapter, turn):
                del self._standing[turn.key]


async def _unmarked(adapter: PlatformAdapter, turn: Turn) -> bool:
    """Tell whether the sign is gone, after a while if need be."""
    for pause in _AGAIN:
        try:
            await _mark(adapter, turn, waiting=False)
        except RateLimited as error:
            await asyncio.sleep(max(pause, error.retry_after))
        except (Forbidden, MessageGone):
            return True  # nothing that a later attempt would change
        except PlatformError as error:
            _log.info("waiting is still shown", platform=adapter.platform, reason=repr(error))
            await asyncio.sleep(pause)
        else:
            return True
    return False


async def _mark(adapter: PlatformAdapter, turn: Turn, *, waiting: bool) -> None:
    if turn.origin is not None and turn.origin.source is not None:
        await adapter.mark_waiting(turn.origin.source, waiting=waiting)
