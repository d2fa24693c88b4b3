"""What the platform shows while a question waits and while it is answered, and that none of it stays.

Two indicators: a mark on the question, such as a reaction, while it waits in the queue, and the platform's own sign of
activity, such as "is typing". Showing one is best effort; removing it is repeated, because one that stays would lie.
"""

import asyncio
import math
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.place_activity import CROWD, RENEW_AFTER, PlaceActivity
from aion_bot.conversation.queued_marks import Marked, QueuedMarks, place_of
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_END_ACTIVITY = Backoff(0.2, factor=4.0, cap=8.0, attempts=4)

_UNNOTICED = 0.2
"""Seconds without any sign of life that nobody notices."""

_OPENING = 0.5
"""Seconds in which a thread is opened as a rule: it is a sign by itself."""

_BURST = 30
"""Questions without any sign, from which on marks come too late: 25 statuses and the first 25 marks are shown at once."""

_ACTIVITY_PATIENCE = 0.5
"""Seconds for which the activity waits for room."""

_UNSEEN = 1.2
"""Seconds without a mark or an activity after which a person is told: with the steps before, within two seconds."""

_TELL_EVERY = 60.0
"""Seconds in which a person is told once in a place that their question arrived, where nothing else can show it."""

_LONGEST_HOLD_UP = 1.0
"""Seconds for which a question whose turn it is waits for its mark to be removed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a turn is, for its indicators.

    `opened` is set once its thread exists, `started` when the first message of the answer stands, `ended` when nothing more
    will be shown; `silent` tells whether Aion has said nothing for so many seconds although it works.
    """

    started: asyncio.Event
    opened: asyncio.Event | None = None
    ended: asyncio.Event | None = None
    silent: Callable[[float], bool] = lambda _: False


class Indicators:
    """Shows and removes the indicators. The turn's row says whether one may be left when a process ends."""

    def __init__(
        self, store: Store, tasks: BackgroundTasks, seen: Callable[[Turn], None] = lambda _: None
    ) -> None:
        """`seen` is called when the mark of a question that waits is shown."""
        self._store, self._seen = store, seen
        self._tasks = tasks
        self._marks = QueuedMarks()
        self._places = PlaceActivity(tasks)
        self._working: Counter[ThreadKey] = Counter()
        self._unsigned: set[str] = set()
        """Keys of turns that people see no indicator of yet, nor a message."""
        self._opening: Counter[ThreadKey] = Counter()
        """Questions whose threads are being opened, by the place where they were asked."""
        self._told: dict[tuple[str, str, str], float] = {}
        """When each person was told last, by platform, channel and person."""
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
        if await self._marks.show(thread, turn) is Marked.SHOWN:
            self._seen(turn)

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
        self, thread: Thread, turn: Turn, progress: "Progress | asyncio.Event", shown: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Show that the bot works on a turn, and afterwards nothing of that turn any more.

        An event as `progress` is the one that is set when the answer's first message stands. `shown` is called when people
        see an indicator.
        """
        progress = Progress(progress) if isinstance(progress, asyncio.Event) else progress
        # Counted by thread: activity is the thread's, and ends with the last turn that runs there.
        self._working[turn.thread] += 1
        showing = self._tasks.spawn(self._show(thread, turn, progress, shown))
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

    async def _show(self, thread: Thread, turn: Turn, progress: Progress, shown: Callable[[], None]) -> None:
        """Start the platform's activity, and renew it; where there is none and the first message has to wait, mark the question."""

        def signed() -> None:
            self._unsigned.discard(turn.key)
            shown()

        self._unsigned.add(turn.key)
        try:
            if progress.opened is not None:
                # Activity is shown in the thread, which does not exist yet.
                await self._await_opening(progress.opened, thread, turn, signed)
            async with self._locks.setdefault(turn.thread, asyncio.Lock()):
                active = await self._start_activity(thread, turn)
            if active:
                signed()
                if progress.ended is not None:
                    await self._renew(thread, turn, progress, progress.ended)
                return
            if len(self._unsigned) > _BURST:
                self._tell(thread, turn)
            await self._mark_until(progress.started, thread, turn, signed)
        finally:
            self._unsigned.discard(turn.key)

    async def _await_opening(
        self, opened: asyncio.Event, thread: Thread, turn: Turn, shown: Callable[[], None]
    ) -> None:
        """Show a sign until the thread exists, where it does not come at once."""
        opening = [place_of(turn)] if turn.origin is not None and turn.origin.opening is not None else []
        self._opening.update(opening)
        try:
            await self._mark_until(opened, thread, turn, shown, opening=True)
        finally:
            self._opening -= Counter(opening)

    async def _mark_until(
        self,
        over: asyncio.Event,
        thread: Thread,
        turn: Turn,
        shown: Callable[[], None],
        *,
        opening: bool = False,
    ) -> None:
        """Mark a question until something has happened; not at all where that happens at once.

        `opening`: it waits for its thread, so that the activity can be shown only where the question is.
        """
        began = time.monotonic()
        # A mark would only flicker where the first message comes at once.
        usual = _UNNOTICED
        if opening:
            usual = 0.0 if self._opening[place_of(turn)] > CROWD else _OPENING
        if await _happens(over, usual):
            return
        if opening:
            self._tasks.spawn(self._show_in_place(over, thread, turn, shown))
        if self._marks.expect(thread, turn):
            marked = await self._marked(over, thread, turn)
            if marked is Marked.SHOWN:
                shown()
            elif marked is Marked.NO_ROOM and not (
                opening or await _happens(over, max(began + _UNSEEN - time.monotonic(), 0.0))
            ):
                self._tell(thread, turn)
            await over.wait()
            await self._marks.remove(thread, turn)
        await over.wait()

    async def _marked(self, over: asyncio.Event, thread: Thread, turn: Turn) -> Marked:
        """Show the mark of a question, unless something happens before."""
        marking = asyncio.create_task(self._marks.show(thread, turn))
        waiting = asyncio.create_task(over.wait())
        try:
            await asyncio.wait({marking, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            # Where it waits for its permit, others need the room now.
            marking.cancel()
        await asyncio.wait({marking})
        return Marked.REFUSED if marking.cancelled() else marking.result()

    def _tell(self, thread: Thread, turn: Turn) -> None:
        """Tell a person that their question arrived, once for all of theirs in a place: limits leave no other sign.

        Slack takes 50 marks and 25 statuses a minute in a workspace, and one message a second in a channel, but a hundred
        private remarks a minute.
        """
        if turn.origin is None or turn.origin.person.apps:
            return
        now, one = time.monotonic(), (thread.platform, turn.origin.place.channel, turn.asker.id)
        if now >= self._told.get(one, -math.inf) + _TELL_EVERY:
            self._told = {who: at for who, at in self._told.items() if now < at + _TELL_EVERY}
            self._told[one] = now
            self._tasks.spawn(self._say_arrived(thread, turn.origin))

    async def _say_arrived(self, thread: Thread, prompt: Prompt) -> None:
        """Say it now or not at all: later it would be no sign any more."""
        permit = thread.limiter.permit(
            Operation.REPLY_PRIVATELY, thread.key, Priority.BEST_EFFORT, patience=_UNSEEN
        )
        try:
            async with permit as allowed:
                if allowed:
                    # Without its message: no mark on it would say this.
                    told = replace(prompt, source=None)
                    await thread.adapter.reply_privately(told, (strings.ARRIVED,), hidden=True)
        except PlatformError as error:
            _log.info("private reply failed", platform=thread.platform, reason=repr(error))

    def arriving(self, thread: Thread, prompt: Prompt) -> None:
        """Note a question that is about to be written, which takes a while in a crowd."""
        self._places.arriving(thread, prompt)

    async def _show_in_place(
        self, over: asyncio.Event, thread: Thread, turn: Turn, shown: Callable[[], None]
    ) -> None:
        """Show the activity where the question is, while the thread for its answer does not exist yet."""
        place = place_of(turn)
        if place == turn.thread or thread.activity is None:
            return
        lasts = thread.adapter.limits.activity_lasts * RENEW_AFTER
        while not over.is_set():
            await self._places.show(place, thread, turn.asker)
            shown()
            await _happens(over, lasts)
        self._places.forget(place)

    async def _renew(self, thread: Thread, turn: Turn, progress: Progress, ended: asyncio.Event) -> None:
        """Show the activity again before the platform ends it by itself, while nothing else moves."""
        lasts = thread.adapter.limits.activity_lasts * RENEW_AFTER
        while not ended.is_set():
            if await _happens(ended, lasts):
                return
            if not progress.silent(lasts):
                continue
            operation = Operation.SHOW_ACTIVITY
            with suppress(RateLimited):
                async with thread.limiter.permit(operation, turn.thread, Priority.BEST_EFFORT) as allowed:
                    if allowed:
                        await thread.show_activity(turn.asker, active=True)

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
            async with limiter.permit(
                Operation.SHOW_ACTIVITY, turn.thread, Priority.BEST_EFFORT, patience=_ACTIVITY_PATIENCE
            ) as allowed:
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


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, for so many seconds at most; return whether it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), None if seconds == math.inf else seconds)
    return event.is_set()
