"""What people read while nothing new comes: the first words, that the bot still works, that their question waits."""

import asyncio
import math
import time
from collections.abc import Callable

from aion_bot.conversation.private_reply import reply_privately
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.ports.events import Prompt
from aion_bot.rendering.answer import AnswerView

LONG = 30.0
"""Seconds without anything new after which people read a sentence."""

FIRST_WORDS = 0.3
"""Seconds for which the beginning of an answer waits for a few words."""

_SHORTEST_LOOK = 1.0
"""Seconds between two looks at how long that is at least."""


class Silence:
    """For how long Aion has said nothing that `view` could show, although it works.

    `changed` is called after each change of the view; its argument says whether that is urgent.
    """

    def __init__(self, view: AnswerView, changed: Callable[[bool], None]) -> None:
        self._view, self._changed = view, changed
        self._heard_at, self._progress = time.monotonic(), view.progress
        self._first_words: asyncio.TimerHandle | None = None

    def heard(self, urgent: bool = False) -> None:
        """Note an event of Aion's that is in the view; one that shows nothing new, such as a ping, is silence as well."""
        if self._view.progress != self._progress:
            self._heard_at, self._progress = time.monotonic(), self._view.progress
        # One timer, which runs from the first half word on.
        if self._view.waits_for_words and self._first_words is None:
            loop = asyncio.get_running_loop()
            self._first_words = loop.call_later(FIRST_WORDS, self._begin)
        self._changed(urgent)

    def _begin(self) -> None:
        """Show the beginning of an answer for which no more words came in time."""
        self._first_words = None
        if self._view.waits_for_words:
            self._view.begin()
            self._changed(False)

    def waits_for_aion(self, seconds: float) -> None:
        """Say that the question waits for the requests a minute that Aion allows, and for how long about."""
        self._view.say(strings.waiting_for_aion(seconds))
        self.heard(urgent=True)

    def lasts(self, seconds: float) -> bool:
        """Return whether it has lasted for so long. A plan that waits for a decision is no silence."""
        return not self._view.parked and time.monotonic() - self._heard_at >= seconds

    async def reassure(self, ended: asyncio.Event) -> None:
        """Say under the answer, each time that it has lasted `LONG`, that the bot still works, until `ended` is set."""
        while not ended.is_set():
            if self.lasts(LONG) and not self._view.ended:
                self._view.say(strings.STILL_WORKING)
                self._heard_at, self._progress = time.monotonic(), self._view.progress
                self._changed(False)
            left = LONG - (time.monotonic() - self._heard_at)
            await happens(ended, max(left, _SHORTEST_LOOK))


async def tell_of_wait(thread: Thread, origin: Prompt, over: asyncio.Event) -> None:
    """Tell a person after `LONG` that their question waits for its thread, unless that is `over`."""
    if not await happens(over, LONG):
        await reply_privately(thread, origin, (strings.STILL_WAITING,))


async def happens(event: asyncio.Event, seconds: float) -> bool:
    """Wait until an event is set, for so many seconds at most; return whether it is."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=None if seconds == math.inf else seconds)
    finally:
        waiting.cancel()
    return event.is_set()
