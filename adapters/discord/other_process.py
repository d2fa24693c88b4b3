"""Which questions another process with the same token answers, so that one of the two does. No requests.

In a channel the process that opens the thread answers. Elsewhere Discord decides nothing, so each process waits for a
moment of its own.
"""

import asyncio
import math
import random
import time
from collections import OrderedDict
from contextlib import suppress
from weakref import WeakValueDictionary

from adapters.discord.events import ChannelInfo
from aion_bot.ports.events import Prompt
from aion_bot.ports.host import Host

_CHANNELS = 1_000
"""Channels whose newest message of another process is remembered."""
REMEMBERED = 3_600.0
"""Seconds for which another process is taken to be there after it was seen."""
YIELD = 3.0
"""Seconds in which another process posts the first message of an answer, as a rule."""


class OtherProcess:
    """Knows when another process was seen, and waits for its messages."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._seen_at = -math.inf
        self._posts: OrderedDict[int, int] = OrderedDict()
        """The newest message that the bot's account posted in a channel, and not this process."""
        self._waiting: WeakValueDictionary[int, asyncio.Event] = WeakValueDictionary()
        """What is set at such a message, by the channel."""

    def note_seen(self) -> None:
        """Note a sign of another process."""
        self._seen_at = time.monotonic()

    def note_post(self, channel: int, message: int) -> None:
        """Note a message of the bot's account that this process did not post."""
        self.note_seen()
        self._posts[channel] = message
        self._posts.move_to_end(channel)
        if len(self._posts) > _CHANNELS:
            self._posts.popitem(last=False)
        posted = self._waiting.get(channel)
        if posted is not None:
            posted.set()

    async def answers(self, channel: ChannelInfo, message: int, prompt: Prompt, bot: int) -> bool:
        """Tell whether another process answers a question, the `message`, which may take `YIELD` seconds.

        A thread that the bot opened and that is not recorded here is the other process's. While no other process was
        seen, the thread may be of a lost database: then the question is left to others only if an answer comes. In a
        direct message, or a thread that a person opened, whichever process posts first answers: each waits for a moment
        of its own, once another one was seen.
        """
        # The process that opens the thread answers, and Discord lets only one open it.
        if prompt.opening is not None:
            return False
        seen = time.monotonic() - self._seen_at < REMEMBERED
        if channel.opened_by == bot:
            if await self._host.takes_part(prompt.thread):
                return False
            return seen or await self._posts_within(YIELD, channel.id, message)
        # A random moment, so that two processes do not post at the same time.
        return seen and await self._posts_within(random.uniform(0, YIELD), channel.id, message)  # no secret

    async def _posts_within(self, seconds: float, channel: int, message: int) -> bool:
        posted = self._waiting.setdefault(channel, asyncio.Event())
        if self._posts.get(channel, 0) < message:  # an answer may have come before its question was read
            with suppress(TimeoutError):
                await asyncio.wait_for(posted.wait(), seconds)
        return self._posts.get(channel, 0) > message
