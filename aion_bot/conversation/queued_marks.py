"""The mark on a question that waits, such as a reaction: shown once at best, removed until it is gone."""

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from functools import partial
from weakref import WeakValueDictionary

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.removal import until_gone
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError, RateLimited
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store, recorded

_log = structlog.get_logger(__name__)

_PATIENCE = 1.0
"""Seconds for which a mark waits for room: a sign that comes later is none."""

_AT_ONCE = 0.03
"""Seconds for which it waits in a burst, where another sign may have room."""


class Marked(Enum):
    """What came of showing a mark."""

    SHOWN = auto()
    NO_ROOM = auto()
    """The platform's limits leave none in time."""
    REFUSED = auto()
    """The platform shows none here, or the message is gone."""


class QueuedMarks:
    """The marks on people's messages. One is removed after it was shown, however long that took."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By the turn's key. One lives as long as somebody waits for it: a mark and its removal never overtake each other."""
        self._expected: set[str] = set()
        """Keys of turns whose mark may be asked for."""
        self._standing: set[str] = set()
        """Keys of turns whose mark was asked for, by this process or an earlier one, and may stand."""
        self._removals: dict[str, SharedLimits] = {}
        """The reservation for removing each mark."""
        self._in_flight: set[str] = set()
        """Keys of turns whose mark the platform is asked for now."""
        self._refused: set[str] = set()
        """Keys of turns whose mark the platform has refused."""

    def expect(self, thread: Thread, turn: Turn) -> bool:
        """Take it that a mark may stand from now on; False where none can be shown."""
        # Everybody would see on a message that it waits for a private answer.
        shown = thread.queued_marker is not None and not turn.place.private
        if not shown or _message(turn) is None or turn.key in self._refused:
            return False
        self._expected.add(turn.key)
        return True

    def adopt(self, turn: Turn) -> None:
        """Take it that an earlier process left a mark."""
        self._standing.add(turn.key)

    def may_stand(self, turn: Turn) -> bool:
        """Tell whether a mark may stand, or be about to."""
        return turn.key in self._expected or turn.key in self._standing

    def in_flight(self, turn: Turn) -> bool:
        """Tell whether the platform is asked for a mark now: cancelled, it could arrive after its removal."""
        return turn.key in self._in_flight

    async def show_unless(
        self,
        over: asyncio.Event,
        thread: Thread,
        turn: Turn,
        shown: Callable[[], None],
        *,
        in_burst: bool = False,
    ) -> Marked:
        """Mark a question, unless something happens before; `shown` is called when people see the mark.

        `in_burst`: other signs may have room where this one has none.
        """
        if not self.expect(thread, turn):
            return Marked.REFUSED
        show = partial(self.show, patience=_AT_ONCE) if in_burst else self.show
        marking = asyncio.create_task(show(thread, turn))
        waiting = asyncio.create_task(over.wait())
        try:
            await asyncio.wait({marking, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if not self.in_flight(turn):
                # Where it waits for its permit, others need the room now.
                marking.cancel()
            await asyncio.wait({marking})
        finally:
            waiting.cancel()
            marking.cancel()
        marked = Marked.REFUSED if marking.cancelled() else marking.result()
        if marked is Marked.SHOWN:
            shown()
        return marked

    async def show(self, thread: Thread, turn: Turn, *, patience: float | None = None) -> Marked:
        """Show a mark, and return what came of it; one attempt, best effort."""
        message, limiter = _message(turn), thread.limiter
        patience = _PATIENCE if patience is None else patience
        # A removal that comes while the mark is being shown waits for it, or it would find nothing to remove.
        async with self._lock(turn):
            if message is None:
                self._expected.discard(turn.key)
                return Marked.REFUSED
            self._release(thread, turn)  # that of an earlier mark
            # In a burst the removal may have to wait: no sign at all would be worse than one that stays a little longer.
            self._removals[turn.key] = limiter.reserve(Operation.UNMARK_QUEUED, place_of(turn))
            try:
                async with limiter.permit(
                    Operation.MARK_QUEUED, place_of(turn), Priority.BEST_EFFORT, patience=patience
                ) as allowed:
                    if allowed:
                        self._in_flight.add(turn.key)
                        self._standing.add(turn.key)
                        await thread.mark_queued(message, queued=True)
                        return Marked.SHOWN
                    self._forget(thread, turn)
                    return Marked.NO_ROOM
            except asyncio.CancelledError:
                if not self.in_flight(turn):
                    self._forget(thread, turn)
                raise
            except PlatformError as error:
                _log.info("queued mark not shown", platform=thread.platform, reason=repr(error))
                if isinstance(error, RateLimited):
                    return Marked.NO_ROOM
                self._refused.add(turn.key)
                return Marked.REFUSED
            finally:
                self._in_flight.discard(turn.key)

    async def remove(self, thread: Thread, turn: Turn) -> None:
        """Remove a mark if it may be there."""
        self._refused.discard(turn.key)
        if not self.may_stand(turn):
            return
        async with self._lock(turn):
            # Another removal may have been first while this one waited for the lock.
            if turn.key not in self._standing or await self._removed(thread, turn):
                self._standing.discard(turn.key)
                self._expected.discard(turn.key)
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
            await until_gone(remove)
        except (Forbidden, MessageGone):
            return True  # nothing that a later attempt would change
        except PlatformError as error:
            _log.info("queued mark not removed", platform=thread.platform, reason=repr(error))
            return False
        return True

    def _lock(self, turn: Turn) -> asyncio.Lock:
        return self._locks.setdefault(turn.key, asyncio.Lock())

    def _forget(self, thread: Thread, turn: Turn) -> None:
        """Note that a mark is not asked for; an earlier one may stand all the same."""
        self._expected.discard(turn.key)
        self._release(thread, turn)

    def _release(self, thread: Thread, turn: Turn) -> None:
        thread.limiter.release(self._removals.pop(turn.key, ()))


def note_sign(store: Store, tasks: BackgroundTasks, seen: Callable[[Turn], None] | None, turn: Turn) -> None:
    """Record that people see a sign of a question that waits, and tell `seen`."""
    if seen is not None:
        seen(turn)

    async def record() -> None:
        await recorded(_log, store.timeline.note_sign(turn.key), "first sign")

    tasks.spawn(record())


def place_of(turn: Turn) -> ThreadKey:
    """Where the person's own message is: in the channel where a thread is opened from it. Its limits count."""
    place = None if turn.origin is None else turn.origin.in_place
    return place or turn.thread


def _message(turn: Turn) -> MessageRef | None:
    """The person's own message, where the question is one."""
    return None if turn.origin is None else turn.origin.source
