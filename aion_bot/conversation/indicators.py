"""What the platform shows while a question waits and while it is answered, and that none of it stays."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError, RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.permit import Charges, Priority
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_AGAIN = (0.5, 2.0, 8.0, 30.0)
"""Seconds between the attempts to take a sign of waiting away: one that stays would lie."""

_PAUSES = (0.2, 1.0, 2.0, 8.0)
"""Seconds between the attempts to show no more that the bot works."""

_UNNOTICED = 0.2
"""Seconds without a sign of life that nobody notices."""

_LONGEST = 1.0
"""Seconds for which an answer that had to wait waits once more, for its sign to be taken away."""


class Indicators:
    """Shows and removes the signs. The journal knows which question may still have one when a process ends."""

    def __init__(self, store: Store, tasks: BackgroundTasks) -> None:
        self._store = store
        self._tasks = tasks
        self._waiting = _QueuedMarks()
        self._working: Counter[ThreadKey] = Counter()
        self._lit: dict[ThreadKey, Charges] = {}
        """What is kept for taking each sign away that may stand; nothing for one of an earlier process."""
        self._switches: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()

    def waits(self, thread: Thread, turn: Turn) -> None:
        """Show on a question that it waits for its turn."""
        self._waiting.marked(turn)
        self._tasks.spawn(self._wait(thread, turn))

    async def _wait(self, thread: Thread, turn: Turn) -> None:
        await self._waiting.show(thread, turn)

    def inherit(self, turn: Turn) -> None:
        """Take it that an earlier process showed that a question waits, and that the bot works."""
        self._waiting.marked(turn)
        self._lit.setdefault(turn.thread, ())

    async def begins(self, thread: Thread, turn: Turn) -> None:
        """Show no more that a question waits; one that the platform does not remove holds up nobody for long."""
        if self._waiting.stands(turn):
            await asyncio.wait({self._tasks.spawn(self._waiting.remove(thread, turn))}, timeout=_LONGEST)

    @asynccontextmanager
    async def at_work(
        self, thread: Thread, turn: Turn, begun: asyncio.Event, seen: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Show that the bot is at work, and afterwards nothing of that question any more.

        `begun` is set when the answer's first message stands, `seen` called when people see another sign of life.
        """
        self._working[turn.thread] += 1
        showing = self._tasks.spawn(self._show(thread, turn, begun, seen))
        try:
            yield
        finally:
            self._working -= Counter([turn.thread])
            self._tasks.spawn(self._tidy_after(showing, thread, turn))

    async def _show(self, thread: Thread, turn: Turn, begun: asyncio.Event, seen: Callable[[], None]) -> None:
        """Light the platform's own sign; where there is none and the first message has to wait, mark the question."""
        async with self._switch(turn.thread):
            lit = await self._light(thread, turn)
        if lit:
            seen()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(begun.wait(), _UNNOTICED)
            return
        self._waiting.marked(turn)
        if await self._waiting.show(thread, turn):
            seen()
        await begun.wait()
        await self._waiting.remove(thread, turn)

    async def _light(self, thread: Thread, turn: Turn) -> bool:
        """Show that the bot works, if the platform can be made to show it no more, too."""
        limiter = thread.limiter
        if self._lit.get(turn.thread):
            return True  # another answer's, and taken away with the last of them
        if thread.activity is None or not limiter.possible(Operation.SHOW_ACTIVITY, turn.thread):
            return False
        inherited = turn.thread in self._lit
        self._lit[turn.thread] = limiter.promise(Operation.SHOW_ACTIVITY, turn.thread)
        try:
            async with limiter.best_effort(Operation.SHOW_ACTIVITY, turn.thread) as allowed:
                if allowed:
                    return await thread.show_activity(turn.asker, active=True)
                limiter.release(self._lit.pop(turn.thread))
                if inherited:
                    self._lit[turn.thread] = ()
                return False
        except RateLimited:
            return False

    async def _darken(self, thread: Thread, turn: Turn) -> bool:
        """Show no more that the bot works; tells whether that is so."""
        for pause in _PAUSES:
            try:
                async with self._switch(turn.thread):
                    if await self._is_dark(thread, turn):
                        return True
            except RateLimited:
                continue  # the gate knows for how long
            await asyncio.sleep(pause)
        return False

    async def _is_dark(self, thread: Thread, turn: Turn) -> bool:
        if turn.thread not in self._lit or self._working[turn.thread]:
            return True  # nothing is there, or the sign is another answer's
        limiter = thread.limiter
        async with thread.permit(Operation.SHOW_ACTIVITY, Priority.FINAL):
            gone = await thread.show_activity(turn.asker, active=False)
        if gone:
            limiter.release(self._lit.pop(turn.thread, ()))
        return gone

    def _switch(self, thread: ThreadKey) -> asyncio.Lock:
        """Let nobody light what somebody else is about to take away: Slack may take the two in any order."""
        return self._switches.setdefault(thread, asyncio.Lock())

    async def _tidy_after(self, showing: "asyncio.Task[None]", thread: Thread, turn: Turn) -> None:
        await asyncio.wait({showing})
        await self.tidy(thread, turn)

    async def tidy(self, thread: Thread, turn: Turn) -> None:
        """Take away every sign of a question; where one cannot be removed now, the next process tries again."""
        dark = await self._darken(thread, turn)
        await self._waiting.remove(thread, turn)
        if dark and not self._waiting.stands(turn):
            try:
                await self._store.note_tidy(turn.key)
            except sqlite3.Error as error:
                _log.error("journal could not be written", turn=turn.key, reason=str(error))


class _QueuedMarks:
    """The signs on people's messages. One is removed after it was shown, however long that took."""

    def __init__(self) -> None:
        self._standing: dict[str, asyncio.Lock] = {}
        self._removals: dict[str, Charges] = {}

    def marked(self, turn: Turn) -> None:
        self._standing.setdefault(turn.key, asyncio.Lock())

    def stands(self, turn: Turn) -> bool:
        return turn.key in self._standing

    async def show(self, thread: Thread, turn: Turn) -> bool:
        """Show a sign, and tell whether that could be done; one attempt, as it is a courtesy."""
        async with self._standing[turn.key]:
            limiter = thread.limiter
            if not all(
                limiter.possible(call, turn.thread)
                for call in (Operation.MARK_QUEUED, Operation.UNMARK_QUEUED)
            ):
                del self._standing[turn.key]
                return False
            self._removals[turn.key] = limiter.promise(Operation.UNMARK_QUEUED, turn.thread)
            try:
                async with limiter.best_effort(Operation.MARK_QUEUED, turn.thread) as allowed:
                    if allowed:
                        return await _mark(thread, turn, waiting=True)
                    del self._standing[turn.key]
                    self._give_back(thread, turn)
            except PlatformError as error:
                _log.info("waiting could not be shown", platform=thread.platform, reason=repr(error))
        return False

    async def remove(self, thread: Thread, turn: Turn) -> None:
        """Remove a sign if it may be there."""
        lock = self._standing.get(turn.key)
        if lock is None:
            return
        async with lock:
            if self.stands(turn) and await self._unmarked(thread, turn):
                del self._standing[turn.key]
            self._give_back(thread, turn)

    def _give_back(self, thread: Thread, turn: Turn) -> None:
        thread.limiter.release(self._removals.pop(turn.key, ()))

    async def _unmarked(self, thread: Thread, turn: Turn) -> bool:
        """Tell whether the sign is gone, after a while if need be."""
        for pause in _AGAIN:
            try:
                async with thread.permit(Operation.UNMARK_QUEUED, Priority.FINAL):
                    await _mark(thread, turn, waiting=False)
            except RateLimited:
                await asyncio.sleep(pause)  # and the gate knows for how long
            except (Forbidden, MessageGone):
                return True  # nothing that a later attempt would change
            except PlatformError as error:
                _log.info("waiting is still shown", platform=thread.platform, reason=repr(error))
                await asyncio.sleep(pause)
            else:
                return True
        return False


async def _mark(thread: Thread, turn: Turn, *, waiting: bool) -> bool:
    if turn.origin is None or turn.origin.source is None:
        return False
    await thread.mark_queued(turn.origin.source, queued=waiting)
    return True
