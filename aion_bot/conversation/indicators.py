"""What the platform shows while a question waits and while it is answered, and that none of it stays.

Two indicators: a mark on the question, such as a reaction, while it waits in the queue, and the platform's own sign of
activity, such as "is typing". Showing one is best effort; removing it is repeated, because one that stays would lie.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from weakref import WeakValueDictionary

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import retry
from aion_bot.conversation.activity_end import END_ACTIVITY, StillShownError, pause_after
from aion_bot.conversation.bursts import CROWD, RENEW_AFTER, PlaceActivity, Unsigned, takes_no_post
from aion_bot.conversation.crowd_status import CrowdStatus
from aion_bot.conversation.first_signs import FirstSigns
from aion_bot.conversation.progress import Progress
from aion_bot.conversation.queued_marks import Marked, QueuedMarks, note_sign, place_of
from aion_bot.conversation.shared_lines import SharedLines
from aion_bot.conversation.silence import happens
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ports.text import visible_line
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.permit import Priority
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

_UNNOTICED = 0.2
"""Seconds without any sign of life that nobody notices."""

_OPENING = 0.5
"""Seconds in which a thread is opened as a rule: it is a sign by itself."""

_BURST = 30
"""Questions without any sign, from which on nobody waits for another sign: people are told, and marked, at once."""

_UNMARKED = 0.4
"""Seconds without a mark or an activity after which the first message does not wait for words, and a person is told where that
leaves the limits of posts alone: within half a second there is a sign."""

_UNSEEN = 1.2
"""Seconds without any sign after which a person is told all the same: with the steps before, within two seconds."""

_LASTING = 60.0
"""Seconds: an activity that lasts so long is shown again whatever happens, any other one while nothing else moves."""

_LONGEST_HOLD_UP = 1.0
"""Seconds for which a question whose turn it is waits for its mark to be removed."""


class Indicators:
    """Shows and removes the indicators. The turn's row says whether one may be left when a process ends."""

    def __init__(
        self, store: Store, tasks: BackgroundTasks, seen: Callable[[Turn], None] | None = None
    ) -> None:
        """`seen` is called when people see the mark of a question that waits, or any sign that it is answered."""
        self._store, self._seen, self._tasks = store, seen, tasks
        self._marks = QueuedMarks()
        self.first_signs = FirstSigns()
        self.places = PlaceActivity(tasks)
        self.lines = SharedLines(store, tasks)
        self.crowds = CrowdStatus(tasks)
        self._working: Counter[ThreadKey] = Counter()
        # The keys of turns that have not ended, and of whose work nothing is shown any more.
        self._idle: set[str] = set()
        self._unsigned = Unsigned()
        self._waits: dict[str, asyncio.Event] = {}
        """What is set once a question does not wait any more, by the turn's key."""
        self._opening: Counter[ThreadKey] = Counter()
        """Questions whose threads are being opened, by the place where they were asked."""
        self._active: dict[ThreadKey, SharedLimits] = {}
        """The reservation for ending each activity that may be shown; empty for one of an earlier process."""
        self._locks: WeakValueDictionary[ThreadKey, asyncio.Lock] = WeakValueDictionary()
        # So that nobody starts an activity while another task ends it: Slack may take the two in any order.

    def queued(self, thread: Thread, turn: Turn) -> None:
        """Show on a question that it waits in the queue; once, also if it waits for several reasons."""
        waits = turn.key in self._waits or self._marks.may_stand(turn)
        if not waits and self._marks.expect(thread, turn):
            over = self._waits[turn.key] = asyncio.Event()
            self._tasks.spawn(self._show_waiting(thread, turn, over))
        else:
            self.first_signs.end(turn.key)

    async def _show_waiting(self, thread: Thread, turn: Turn, over: asyncio.Event) -> None:
        """Mark a question that waits, or tell the person; where the limits leave no room, as soon as they do."""
        # Not the turn's own key: this may end after the turn has begun, and is unsigned anew.
        key, seen = f"{turn.key} waits", partial(note_sign, self._store, self._tasks, self._seen, turn)
        self._unsigned.add(key)
        try:
            while not over.is_set():
                burst = self._unsigned.in_burst(_BURST)
                if burst and await self.crowds.join(thread, over):
                    seen()
                    return
                marked = await self._marks.show_unless(over, thread, turn, seen, in_burst=burst)
                if marked is not Marked.NO_ROOM or await self._tell_unmarked(thread, turn, seen):
                    return
                if burst and await self.lines.join(thread, turn, over):
                    seen()
                    return
                self.first_signs.end(turn.key)
                await self._unsigned.next_look(key, over)
        finally:
            self.first_signs.end(turn.key)
            self._unsigned.discard(key)

    def _comes(self, operation: Operation, thread: Thread, place: ThreadKey) -> bool:
        """Tell whether there will be room for an indicator before people have waited for long."""
        return thread.limiter.has_room(operation, place, within=_UNSEEN)

    def adopt(self, turn: Turn) -> None:
        """Assume that an earlier process left both indicators of a turn."""
        self._marks.adopt(turn)
        self._active.setdefault(turn.thread, ())

    async def dequeued(self, thread: Thread, turn: Turn) -> None:
        """Remove the mark of a question whose turn it is; a platform that is slow holds it up for a second at most."""
        self._waits.pop(turn.key, asyncio.Event()).set()
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
            # Counted down already where nothing was to be shown any more before the last text (`end_activity`).
            self._working -= Counter([] if turn.key in self._idle else [turn.thread])
            self._idle.discard(turn.key)
            # In the background: it is repeated while the platform does not take it, and nothing waits for that.
            self._tasks.spawn(self.clear(thread, turn, after=showing))

    async def end_activity(self, thread: Thread, turn: Turn) -> None:
        """Show no more that the bot works on a turn, before people see its last text."""
        if turn.key not in self._idle:
            self._idle.add(turn.key)
            self._working -= Counter([turn.thread])
            # What lasts for seconds is left to the platform. A slow one holds the text up for a moment; `clear` tries again.
            if thread.adapter.limits.activity_lasts >= _LASTING and thread.runs_now(Operation.SHOW_ACTIVITY):
                with suppress(TimeoutError, StillShownError, RateLimited):
                    async with asyncio.timeout(_UNNOTICED):
                        await self._end_activity(thread, turn)

    async def clear(self, thread: Thread, turn: Turn, *, after: "asyncio.Task[None] | None" = None) -> None:
        """Remove every indicator of a turn; what cannot be removed now is left to the next process.

        `after` is the task that shows them, which has to end first.
        """
        if after is not None:
            await asyncio.wait({after})
        ended = False
        with suppress(StillShownError, RateLimited):
            await retry(lambda: self._end_activity(thread, turn), backoff=END_ACTIVITY, on=pause_after)
            ended = True
        if self._marks.may_stand(turn):
            await self._marks.remove(thread, turn)
        if ended and not self._marks.may_stand(turn):
            try:
                await self._store.turns.note_cleared(turn.key)
            except sqlite3.Error as error:
                _log.error("database write failed", turn=turn.key, reason=str(error))

    async def _show(self, thread: Thread, turn: Turn, progress: Progress, shown: Callable[[], None]) -> None:
        """Start the platform's activity, and renew it; where there is none and the first message has to wait, another sign."""

        def signed() -> None:
            self._unsigned.discard(turn.key)
            self.first_signs.end(turn.key)
            if self._seen:
                self._seen(turn)
            shown()

        self._unsigned.add(turn.key)
        try:
            if progress.opened is not None:
                # Activity is shown in the thread, which does not exist yet.
                await self._await_opening(progress.opened, thread, turn, signed)
            if not await self._until_active_or_over(thread, turn, progress, signed):
                return
            signed()
            # Shown again before the platform ends it by itself.
            pause = lasts = thread.adapter.limits.activity_lasts * RENEW_AFTER
            while progress.ended is not None and not await happens(progress.ended, pause):
                pause = lasts
                if turn.key not in self._idle and progress.silent(0.0 if lasts >= _LASTING else lasts):
                    permit = thread.limiter.permit(Operation.SHOW_ACTIVITY, turn.thread, Priority.BEST_EFFORT)
                    pause = lasts / 8  # where there is no room now, once more before it ends
                    with suppress(RateLimited):
                        async with self._locks.setdefault(turn.thread, asyncio.Lock()), permit as allowed:
                            # Looked at again: the turn may have ended while this waited for the lock and for room.
                            if allowed and turn.key not in self._idle:
                                await thread.show_activity(turn.asker, active=True)
                                pause = lasts
        finally:
            self.first_signs.end(turn.key)
            self._unsigned.discard(turn.key)

    async def _until_active_or_over(
        self, thread: Thread, turn: Turn, progress: Progress, shown: Callable[[], None]
    ) -> bool:
        """Show the activity, or another sign until the first message stands; returns whether it is the activity."""
        asked, over = False, progress.started
        while True:
            if not asked:
                async with self._locks.setdefault(turn.thread, asyncio.Lock()):
                    if await self._start_activity(thread, turn):
                        return True
                # A request that failed is not repeated: the platform may show it.
                asked = bool(self._active.get(turn.thread))
            settled = await self._signed_or_over(over, thread, turn, shown, progress.unseen)
            if turn.key in self._unsigned and not over.is_set():
                progress.unseen()
            if settled:
                await over.wait()
                await self._marks.remove(thread, turn)
                return False
            self.first_signs.end(turn.key)
            await self._unsigned.next_look(turn.key, over)

    async def _signed_or_over(
        self, over: asyncio.Event, thread: Thread, turn: Turn, shown: Callable[[], None], unseen: Callable[[], None]
    ) -> bool:  # fmt: skip
        """Tell a person, mark their question or count it in a line, unless something happens before; False to look for room again."""
        began = time.monotonic()
        comes = thread.activity is not None and self._comes(Operation.SHOW_ACTIVITY, thread, turn.thread)
        burst = turn.key in self._unsigned and self._unsigned.in_burst(_BURST)
        crowd = burst and not comes
        # The bot's status first: it costs no request.
        if (burst and await self.crowds.join(thread, over)) or (
            crowd and await self._unsigned.tell(thread, turn.origin)
        ):
            shown()
            return True
        # A mark would only flicker where the first message comes at once.
        if not crowd and await happens(over, _UNNOTICED):
            return True
        marked = await self._marks.show_unless(over, thread, turn, shown, in_burst=crowd)
        settled = over.is_set() or marked is Marked.SHOWN or turn.key not in self._unsigned
        if settled or (marked is Marked.REFUSED and not crowd):
            return True
        if crowd:
            if joined := await self.lines.join(thread, turn, over):
                shown()
            return joined
        for patience, tells in ((_UNMARKED, takes_no_post(thread, turn.origin)), (_UNSEEN, True)):
            happened = await happens(over, max(began + patience - time.monotonic(), 0.0))
            if not happened:
                unseen()
            if happened or (tells and await self._tell_unmarked(thread, turn, shown)):
                return True
        return False

    async def _tell_unmarked(self, thread: Thread, turn: Turn, shown: Callable[[], None]) -> bool:
        """Tell a person, unless the mark of their question comes soon; returns whether they were told."""
        if self._comes(Operation.MARK_QUEUED, thread, place_of(turn)):
            return False
        if told := await self._unsigned.tell(thread, turn.origin):
            shown()
        return told

    async def _await_opening(
        self, opened: asyncio.Event, thread: Thread, turn: Turn, shown: Callable[[], None]
    ) -> None:
        """Show a sign until the thread exists, where it does not come at once."""
        opening = [place_of(turn)] if turn.origin is not None and turn.origin.opening is not None else []
        self._opening.update(opening)
        try:
            if not await happens(opened, 0.0 if self._opening[place_of(turn)] > CROWD else _OPENING):
                self._tasks.spawn(self._show_in_place(opened, thread, turn, shown))
                await self._marks.show_unless(opened, thread, turn, shown)
                await opened.wait()
                await self._marks.remove(thread, turn)
        finally:
            self._opening -= Counter(opening)

    async def _show_in_place(
        self, over: asyncio.Event, thread: Thread, turn: Turn, shown: Callable[[], None]
    ) -> None:
        """Show the activity where the question is, while the thread for its answer does not exist yet."""
        place = place_of(turn)
        if place == turn.thread or thread.activity is None:
            return
        while not over.is_set():
            await self.places.show(place, thread, turn.asker)
            shown()
            await happens(over, thread.adapter.limits.activity_lasts * RENEW_AFTER)
        self.places.forget(place)

    async def _start_activity(self, thread: Thread, turn: Turn) -> bool:
        """Show that the bot works, if ending that again can be afforded, too."""
        if self._active.get(turn.thread):
            return True  # another turn's, which the last of them ends
        limiter, show = thread.limiter, Operation.SHOW_ACTIVITY
        if thread.activity is None:
            return False
        try:
            if (permit := limiter.take(show, turn.thread, leaving=1)) is not None:
                async with limiter.using(permit):
                    return await self._show_activity(thread, turn)
            if thread.adapter.limits.activity_lasts >= _LASTING:
                return False
            # What ends by itself is worth a moment's wait: a mark in its place would be two requests, and flicker.
            async with limiter.permit(show, turn.thread, Priority.BEST_EFFORT) as allowed:
                return allowed and await self._show_activity(thread, turn)
        except RateLimited:  # the caller asks again later
            return False

    async def _show_activity(self, thread: Thread, turn: Turn) -> bool:
        self._active[turn.thread] = thread.limiter.reserve(Operation.SHOW_ACTIVITY, turn.thread)
        title = ""
        with suppress(sqlite3.Error):  # a full disk costs the title alone
            title = visible_line(turn.text) if await self._store.turns.is_first(turn) else ""
        return await thread.show_activity(turn.asker, active=True, title=title)

    async def _end_activity(self, thread: Thread, turn: Turn) -> None:
        """Show no more that the bot works. Raises `StillShownError`, or `RateLimited`, where that is not so."""
        async with self._locks.setdefault(turn.thread, asyncio.Lock()):
            if turn.thread not in self._active or self._working[turn.thread]:
                return  # nothing is shown, or it is another turn's
            async with thread.limiter.permit(Operation.SHOW_ACTIVITY, turn.thread, Priority.FINAL):
                ended = await thread.show_activity(turn.asker, active=False)
            if not ended:
                raise StillShownError
            thread.limiter.release(self._active.pop(turn.thread, ()))
