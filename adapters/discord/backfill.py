"""What was said in the bot's threads while no session told of it, fetched by REST once a new one began."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from time import time

import discord

from adapters.discord import ids
from adapters.discord.errors import FAILURES, translate
from aion_bot.ports.errors import Forbidden, MessageGone, RateLimited
from aion_bot.ports.messages import ThreadKey

TOGETHER = 20.0
"""Seconds for all threads."""
EACH = 5.0
"""Seconds for one attempt at a thread."""
ATTEMPTS = 3
REST = 1.0
"""Seconds between two attempts at a thread, where Discord names none."""
AGAIN = (5.0, 20.0, 60.0)
"""Seconds after which the threads that could not be read are tried again; after that the next session begins there."""
SIDE_BY_SIDE = 4
THREADS = 200
MESSAGES = 100
"""Messages of one thread, the oldest ones: as many as one request returns."""
SKEW = 5.0
"""Seconds that this machine's clock may be ahead of Discord's."""

_log = logging.getLogger(__name__)

Take = Callable[[discord.Message], Awaitable[None]]


class Missed:
    """Knows until when nothing can have been missed in this process, and fetches what came later.

    A session that is resumed tells everything by itself. While fetching has not succeeded the moment stays, so that
    the next session begins there.
    """

    def __init__(self) -> None:
        self._until: float | None = None
        self._sessions = 0
        self._complete = False

    def heard(self, event: str) -> None:
        """Note that the gateway told of something: until now nothing is missing, unless a session just began."""
        if event == "READY":
            self._sessions += 1
            self._complete = False
        elif self._complete:
            self._until = time()

    async def fetch(
        self, client: discord.Client, away: float | None, threads: Sequence[ThreadKey], take: Take
    ) -> None:
        """Hand over what was said since; `away` is the moment that an earlier process left, if one did."""
        session, since = self._sessions, self._until if self._until is not None else away
        left: Sequence[ThreadKey] = ()
        if since is not None:
            self._until = since
            left = threads[:THREADS]
            for pause in (0.0, *AGAIN):
                if left:
                    await asyncio.sleep(pause)
                    left = await _read_all(client, since - SKEW, left, take)
        if not left and session == self._sessions:
            self._until, self._complete = time(), True


async def _read_all(
    client: discord.Client, since: float, threads: Sequence[ThreadKey], take: Take
) -> Sequence[ThreadKey]:
    """Hand over what was said in these threads; returns those that could not be read."""
    slots = asyncio.Semaphore(SIDE_BY_SIDE)
    reading = (_read(client, ids.channel_of(thread), since, slots, take) for thread in threads)
    try:
        async with asyncio.timeout(TOGETHER):
            outcomes = await asyncio.gather(*reading, return_exceptions=True)
    except TimeoutError:
        _log.warning("looking for what was missed took too long, in %d threads", len(threads))
        return threads
    left = []
    for thread, outcome in zip(threads, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            left.append(thread)
            _log.warning("a thread could not be searched for what was missed (%s)", type(outcome).__name__)
    _log.info("%d threads were searched for what was missed", len(threads) - len(left))
    return left


async def _read(
    client: discord.Client, channel: int, since: float, slots: asyncio.Semaphore, take: Take
) -> None:
    async with slots:
        for message in await _patiently(client, channel, since):
            await take(message)


async def _patiently(client: discord.Client, channel: int, since: float) -> list[discord.Message]:
    """Ask again where Discord may answer later, and read nothing where the bot has no access any more."""
    for left in reversed(range(ATTEMPTS)):
        try:
            async with asyncio.timeout(EACH):
                return await _messages(client, channel, since)
        except FAILURES as error:
            told = translate(error)
            if isinstance(told, MessageGone | Forbidden):
                return []
            if not left:
                raise told from error
            await asyncio.sleep(told.retry_after if isinstance(told, RateLimited) else REST)
    return []


async def _messages(client: discord.Client, channel: int, since: float) -> list[discord.Message]:
    """Read a channel, oldest first. Archived threads and direct conversations are in no session's description."""
    found = client.get_channel(channel) or await client.fetch_channel(channel)
    if not isinstance(found, discord.abc.Messageable):
        return []
    after = datetime.fromtimestamp(since, UTC)
    return [message async for message in found.history(limit=MESSAGES, after=after, oldest_first=True)]
