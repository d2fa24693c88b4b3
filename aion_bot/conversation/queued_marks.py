"""The mark on a person's message while their question waits in the queue, such as a reaction.

Showing one is best effort; removing it is repeated, because one that stays would lie.
"""

import asyncio

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority

_log = structlog.get_logger(__name__)

_REMOVE_MARK = Backoff(0.5, factor=4.0, cap=30.0, attempts=4)

_MARK_PATIENCE = 2.0
"""Seconds for which a mark waits for room: a sign that comes later is none."""


class QueuedMarks:
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
        """Assume that a mark stands, as one of an earlier process may."""
        self._locks.setdefault(turn.key, asyncio.Lock())

    def may_stand(self, turn: Turn) -> bool:
        """Tell whether a mark may be there."""
        return turn.key in self._locks

    async def show(self, thread: Thread, turn: Turn) -> bool:
        """Show a mark, and return whether that could be done; one attempt, best effort."""
        message, limiter = _message(turn), thread.limiter
        # A removal that comes while the mark is being shown waits for it, or it would find nothing to remove.
        async with self._locks[turn.key]:
            if message is None:
                del self._locks[turn.key]
                return False
            # In a burst the removal may have to wait: no sign at all would be worse than one that stays a little longer.
            self._removals[turn.key] = limiter.reserve(Operation.UNMARK_QUEUED, place_of(turn))
            asked = False
            try:
                async with limiter.permit(
                    Operation.MARK_QUEUED, place_of(turn), Priority.BEST_EFFORT, patience=_MARK_PATIENCE
                ) as allowed:
                    if allowed:
                        asked = True
                        await thread.mark_queued(message, queued=True)
                        return True
                    del self._locks[turn.key]
                    self._release(thread, turn)
            except asyncio.CancelledError:
                if not asked:
                    self._locks.pop(turn.key, None)
                    self._release(thread, turn)
                raise
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
            async with thread.limiter.permit(Operation.UNMARK_QUEUED, place_of(turn), Priority.FINAL):
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


def place_of(turn: Turn) -> ThreadKey:
    """Where the person's own message is: in the channel where a thread is opened from it. Its limits count."""
    place = None if turn.origin is None else turn.origin.in_place
    return place or turn.thread


def _message(turn: Turn) -> MessageRef | None:
    """The person's own message, where the question is one."""
    return None if turn.origin is None else turn.origin.source
