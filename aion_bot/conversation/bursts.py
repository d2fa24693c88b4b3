"""Many questions at once: activity is shown once for a place, and each person is told once that theirs arrived.

A question of which people see nothing yet is unsigned. Such questions look for room in turns.
"""

import asyncio
import math
import time
from collections import deque
from contextlib import suppress
from dataclasses import replace

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.delivery.thread import Thread, private_reply
from aion_bot.domain import strings
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.permit import Priority

_log = structlog.get_logger(__name__)

CROWD = 5
"""Questions of one place, from which on the next one takes longer: its sign comes at once."""

_COMES = 1.0
"""Seconds within which so many have to come to be a crowd."""

_PLACES = 1_000
"""Places whose latest questions are remembered."""

RENEW_AFTER = 0.8
"""Fraction of an activity's life after which it is shown again."""

LOOK_EVERY = 1.0
"""Seconds between two looks at whether the limits leave room for a sign."""

LATELY = 10.0
"""Seconds in which a burst uses up what room the minute has for signs: who comes behind it is one of it, also when others have theirs."""

_MOST_LATELY = 256
"""Questions of that time that are remembered; a burst is fewer."""

_TELL_EVERY = 60.0
"""Seconds in which a person is told once in a place that their question arrived, where nothing else can show it."""


class PlaceActivity:
    """Shows activity once for all questions that wait in a place."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._shown: dict[ThreadKey, float] = {}
        """When activity was shown last in each place."""
        self._arrivals: dict[ThreadKey, deque[float]] = {}
        """When the latest questions came, by the place where they were asked."""

    def arriving(self, thread: Thread, prompt: Prompt) -> None:
        """Note a question that is about to be written, which takes a while in a crowd: a place where many come shows activity."""
        place = prompt.in_place
        if place is None or prompt.opening is None or thread.activity is None:
            return
        if len(self._arrivals) > _PLACES:
            # What is forgotten costs a crowd its early sign once: its next questions are counted anew.
            self._arrivals.clear()
        latest, now = self._arrivals.setdefault(place, deque(maxlen=CROWD)), time.monotonic()
        if len(latest) == CROWD and now - latest[0] < _COMES:
            self._tasks.spawn(self.show(place, thread, prompt.person))
        latest.append(now)

    async def show(self, place: ThreadKey, thread: Thread, person: Person) -> None:
        """Show the activity at a place, unless it is shown; one request shows it for all questions that wait there."""
        now, lasts = time.monotonic(), thread.adapter.limits.activity_lasts * RENEW_AFTER
        if thread.activity is None or now < self._shown.get(place, -math.inf) + lasts:
            return
        # Before it is awaited: neither the questions that come meanwhile nor those after a refusal ask for another.
        self._shown[place] = now
        # Before the posts of other answers: these people see nothing at all yet.
        with suppress(RateLimited):
            async with thread.limiter.permit(Operation.SHOW_ACTIVITY, place, Priority.FINAL):
                await thread.activity.show_activity(place, person, active=True)

    def forget(self, place: ThreadKey) -> None:
        """Note that a post has ended the activity of a place, or will soon."""
        self._shown.pop(place, None)


class Unsigned:
    """The questions without any sign, oldest first, and who was told that theirs arrived."""

    def __init__(self) -> None:
        self._looks: dict[str, asyncio.Future[None] | None] = {}
        """What ends the wait for the next look, by the key of a turn; None for one that does not wait."""
        self._timer: asyncio.TimerHandle | None = None
        self._came: deque[float] = deque(maxlen=_MOST_LATELY)
        """When the latest questions were noted."""
        self._told: dict[tuple[str, str, str], tuple[float, bool]] = {}
        """When each person was told last, and whether that was taken, by platform, channel and person."""

    def __len__(self) -> int:
        return len(self._looks)

    def __contains__(self, turn: str) -> bool:
        return turn in self._looks

    def add(self, turn: str) -> None:
        """Note a question without a sign; the first one that is noted is the first to look."""
        if turn not in self._looks:
            self._looks[turn] = None
            self._came.append(time.monotonic())

    def in_burst(self, of: int) -> bool:
        """Tell whether more than `of` questions have no sign, or came within the last `LATELY` seconds."""
        since = time.monotonic() - LATELY
        while self._came and self._came[0] < since:
            self._came.popleft()
        return max(len(self._looks), len(self._came)) > of

    def discard(self, turn: str) -> None:
        """Note that a question has its sign, or needs none any more."""
        look = self._looks.pop(turn, None)
        if look is not None and not look.done():
            look.set_result(None)

    async def next_look(self, turn: str, over: asyncio.Event) -> None:
        """Wait until it is the turn of a question to look for room again, or until that is `over`; it may have its sign."""
        if turn not in self._looks:
            await over.wait()
            return
        loop = asyncio.get_running_loop()
        look = self._looks[turn] = loop.create_future()
        if self._timer is None:
            self._timer = loop.call_later(LOOK_EVERY, self._look)
        waiting = asyncio.create_task(over.wait())
        try:
            await asyncio.wait({look, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            if turn in self._looks:
                self._looks[turn] = None

    def _look(self) -> None:
        """Let all look, the oldest first: a timer for each would let chance decide who takes what has become free."""
        self._timer = None
        for look in self._looks.values():
            if look is not None and not look.done():
                look.set_result(None)

    async def tell(self, thread: Thread, prompt: Prompt | None) -> bool:
        """Tell a person that their question arrived, once for all of theirs in a place; False where there is no room now.

        Slack takes 50 marks and 25 statuses a minute in a workspace, and one message a second in a channel, but a hundred
        private remarks a minute; in a direct message they count as messages of their own channel.
        """
        if prompt is None or prompt.person.apps:
            return False
        now, one = time.monotonic(), (thread.platform, prompt.place.channel, prompt.person.id)
        told_at, taken = self._told.get(one, (-math.inf, False))
        if now < told_at + _TELL_EVERY:
            return taken
        permit = thread.limiter.take(private_reply(prompt), thread.key)
        if permit is None:
            return False
        self._told = {who: told for who, told in self._told.items() if now < told[0] + _TELL_EVERY}
        # Before it is awaited: a second question of theirs that comes meanwhile takes no second remark.
        self._told[one] = (now, True)
        try:
            async with thread.limiter.using(permit):
                # Without its message: no mark on it would say this.
                told = replace(prompt, source=None)
                await thread.adapter.reply_privately(told, (strings.ARRIVED,), hidden=True)
        except PlatformError as error:
            _log.info("private reply failed", platform=thread.platform, reason=repr(error))
            self._told[one] = (now, False)
            return False
        return True


def takes_no_post(thread: Thread, prompt: Prompt | None) -> bool:
    """Tell whether a private remark counts against no limit that the first message of an answer does."""
    if prompt is None:
        return False
    remarks = thread.limits(private_reply(prompt))
    return set(remarks).isdisjoint(thread.limits(Operation.POST))
