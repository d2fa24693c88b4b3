"""Activity where questions were asked, while the threads for their answers do not exist yet."""

import math
import time
from collections import deque
from contextlib import suppress

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.delivery.thread import Thread
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.rate_limits import Operation
from aion_bot.ratelimit.permit import Priority

CROWD = 5
"""Questions of one place, from which on the next one takes longer: its sign comes at once."""

_COMES = 1.0
"""Seconds within which so many have to come to be a crowd."""

_PLACES = 1_000
"""Places whose latest questions are remembered."""

RENEW_AFTER = 0.8
"""Fraction of an activity's life after which it is shown again."""


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
        self._shown[place] = now
        # Before the posts of other answers: these people see nothing at all yet.
        with suppress(RateLimited):
            async with thread.limiter.permit(Operation.SHOW_ACTIVITY, place, Priority.FINAL):
                await thread.activity.show_activity(place, person, active=True)

    def forget(self, place: ThreadKey) -> None:
        """Note that a post has ended the activity of a place, or will soon."""
        self._shown.pop(place, None)
