"""What the platform shows while a question waits and while it is answered, and that none of it stays.

Two indicators: a mark on the question, such as a reaction, while it waits in the queue, and the platform's own sign of
activity, such as "is typing". Showing one is best effort; removing it is repeated, because one that stays would lie.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from weakref import WeakValueDictionary

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError, RateLimited
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_REMOVE_MARK = Backoff(0.5, factor=4.0, cap=30.0, attempts=4)
_END_ACTIVITY = Backoff(0.2, factor=4.0, cap=8.0, attempts=4)

_UNNOTICED = 0.2
"""Seconds without any sign of life that nobody notices."""

_LONGEST_HOLD_UP = 1.0
"""Seconds for which a question whose turn it is waits for its mark to be removed."""


class Indicators:
    """Shows and removes the indicators. The turn's row says whether one may be left when a process ends."""

    def __init__(self, store: Store, tasks: BackgroundTasks) -> None:
        self._store = store
        self._tasks = tasks
        self._marks = _QueuedMarks()
        self._working: Counter[ThreadKey] = Counter()
        self._active: dict[ThreadKey, SharedLimits] = {}
        """The reservation for ending each activity that may be shown; empty for one of an earlier process."""
        self._locks: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()
        # One lock a thread, so that nobody starts an activity while another task ends it: Slack may take the two
        # requests in any order.

    def queued(self, thread: Thread, turn: Turn) -> None:
        """Show on a question that it waits in the queue; once, also if it waits for several reasons."""
        if not self._marks.may_stand(turn) and self._marks.expect(thread, turn):
            self._tasks.spawn(self._mark(thread, turn))

    async def _mark(self, thread: Thread, turn: Turn) -> None:
        await self._marks.show(thread, turn)

    def adopt(self, turn: Turn) -> None:
        """Assume that an earlier process left both indicators of a turn."""
        self._marks.adopt(turn)
        self._active.setdefault(turn.thread, ())

    async def dequeued(self, thread: Thread, turn: Turn) -> None:
        """Remove the mark of a question whose turn it is; a platform that is slow holds it up for a second at most."""
        if self._marks.may_stand(turn):
            removal = self._tasks.spawn(self._marks.remove(thread, turn))
            await asyncio.wait({removal}, timeout=_LONGEST_HOLD_UP)

    @asynccontextmanager
    async def working(
        self, thread: Thread, turn: Turn, started: asyncio.Event, shown: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Show that the bot works on a turn, and afterwards nothing of that turn any more.

        `started` is set when the answer's first message stands, `shown` is called when people see an indicator.
        """
        # Counted by thread: activity is the thread's, and ends with the last turn that runs there.
        self._working[turn.thread] += 1
        showing = self._tasks.spawn(self._show(thread, turn, started, shown))
        try:
            yield
        finally:
            self._working -= Counter([turn.thread])
            self._tasks.spawn(self.clear(thread, turn, after=showing))

    async def clear(self, thread: Thread, turn: Turn, *, after: "asyncio.Task[None] | None" = None) -> None:
        """Remove every indicator of a turn; what cannot be removed now is left to the next process.

        `after` is the task that shows them, which has to end first.
        """
        if after is not None:
            await asyncio.wait({after})
        ended = await self._end_activity(thread, turn)
        await self._marks.remove(thread, turn)
        if ended and not self._marks.may_stand(turn):
            try:
                await self._store.turns.note_cleared(turn.key)
            except sqlite3.Error as error:
                _log.error("database write failed", turn=turn.key, reason=str(error))

    async def _show(
        self, thread: Thread, turn: Turn, started: asyncio.Event, shown: Callable[[], None]
    ) -> None:
        """Start the platform's activity; where there is none and the first message has to wait, mark the question."""
        async with self._locks.setdefault(turn.thread, asyncio.Lock()):
            active = await self._start_activity(thread, turn)
        if active:
            shown()
            return
        with suppress(TimeoutError):
            # A mark would only flicker where the first message comes at once.
            await asyncio.wait_for(started.wait(), _UNNOTICED)
            return
        if not self._marks.expect(thread, turn):
            return
        if await self._marks.show(thread, turn):
            shown()
        await started.wait()
        await self._marks.remove(thread, turn)

    async def _start_activity(self, thread: Thread, turn: Turn) -> bool:
        """Show that the bot works, if ending that again can be afforded, too."""
        if self._active.get(turn.thread):
            return True  # another turn's, which the last of them ends
        limiter = thread.limiter
        if thread.activity is None or not limiter.has_room(Operation.SHOW_ACTIVITY, turn.thread):
            return False
        adopted = turn.thread in self._active
        self._active[turn.thread] = limiter.reserve(Operation.SHOW_ACTIVITY, turn.thread)
        try:
            async with limiter.permit(Operation.SHOW_ACTIVITY, turn.thread, Priority.BEST_EFFORT) as allowed:
                if allowed:
                    return await thread.show_activity(turn.asker, active=True)
                limiter.release(self._active.pop(turn.thread))
                if adopted:
                    self._active[turn.thread] = ()
                return False
        except RateLimited:
            return False

    async def _end_activity(self, thread: Thread, turn: Turn) -> bool:
        """Show no more that the bot works; returns whether that is so."""

        async def end() -> None:
            async with self._locks.setdefault(turn.thread, asyncio.Lock()):
                if turn.thread not in self._active or self._working[turn.thread]:
                    return  # nothing is shown, or it is another turn's
                async with thread.limiter.permit(Operation.SHOW_ACTIVITY, turn.thread, Priority.FINAL):
                    ended = await thread.show_activity(turn.asker, active=False)
                if not ended:
                    raise _StillShownError
                thread.limiter.release(self._active.pop(turn.thread, ()))

        try:
            await retry(end, backoff=_END_ACTIVITY, on=_pause_after)
        except (_StillShownError, RateLimited):
            return False
        return True


class _StillShownError(Exception):
    """The platform did not take the activity away."""


def _pause_after(error: Exception) -> bool | float:
    # After a refusal the limiter knows for how long to wait.
    return 0.0 if isinstance(error, RateLimited) else isinstance(error, _StillShownError)


class _QueuedMarks:
    """The marks on people's messages. One is removed after it was shown, however long that took."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        """A lock for each turn whose mark may stand, by the turn's key."""
        self._removals: dict[str, SharedLimits] = {}
        """The reservation for removing each mark."""

    def expect(self, thread: Thread, turn: Turn) -> bool:
        """Take it that a mark may stand from now on; False where none can be shown."""
        if thread.queued_marker is None or _message(turn) is None:
            return False
        self.adopt(turn)
        return True

    def adopt(self, turn: Turn) -> None:
        self._locks.setdefault(turn.key, asyncio.Lock())

    def may_stand(self, turn: Turn) -> bool:
        return turn.key in self._locks

    async def show(self, thread: Thread, turn: Turn) -> bool:
        """Show a mark, and return whether that could be done; one attempt, best effort."""
        message, limiter = _message(turn), thread.limiter
        # A removal that comes while the mark is being shown waits for it, or it would find nothing to remove.
        async with self._locks[turn.key]:
            operations = (Operation.MARK_QUEUED, Operation.UNMARK_QUEUED)
            if message is None or not all(limiter.has_room(one, turn.thread) for one in operations):
                del self._locks[turn.key]
                return False
            self._removals[turn.key] = limiter.reserve(Operation.UNMARK_QUEUED, turn.thread)
            try:
                async with limiter.permit(
                    Operation.MARK_QUEUED, turn.thread, Priority.BEST_EFFORT
                ) as allowed:
                    if allowed:
                        await thread.mark_queued(message, queued=True)
                        return True
                    del self._locks[turn.key]
                    self._release(thread, turn)
            except PlatformError as error:
                _log.info("queued mark not shown", platform=thread.platform, reason=repr(error))
        return False

    async def remove(self, thread: Thread, turn: Turn) -> None:
        """Remove a mark if it may be there."""
        lock = self._locks.get(turn.key)
        if lock is None:
            return
        async with lock:
            # Another removal may have been first while this one waited for the lock.
            if self.may_stand(turn) and await self._removed(thread, turn):
                del self._locks[turn.key]
            self._release(thread, turn)

    async def _removed(self, thread: Thread, turn: Turn) -> bool:
        """Remove a mark, after a while if need be; returns whether it is gone."""
        message = _message(turn)
        if message is None or thread.queued_marker is None:
            return True

        async def remove() -> None:
            async with thread.limiter.permit(Operation.UNMARK_QUEUED, turn.thread, Priority.FINAL):
                await thread.mark_queued(message, queued=False)

        try:
            await retry(remove, backoff=_REMOVE_MARK, on=_worth_removing_again)
        except (Forbidden, MessageGone):
            return True  # nothing that a later attempt would change
        except PlatformError as error:
            _log.info("queued mark not removed", platform=thread.platform, reason=repr(error))
            return False
        return True

    def _release(self, thread: Thread, turn: Turn) -> None:
        thread.limiter.release(self._removals.pop(turn.key, ()))


def _worth_removing_again(error: Exception) -> bool:
    return isinstance(error, PlatformError) and not isinstance(error, Forbidden | MessageGone)


def _message(turn: Turn) -> MessageRef | None:
    """The person's own message, where the question is one."""
    return None if turn.origin is None else turn.origin.source
