"""What was written in the bot's threads while no session delivered it, read by REST once a new session began."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from time import time

import discord

from adapters.discord import ids
from adapters.discord.errors import FAILURES, translate
from aion_bot.ports.backoff import Backoff
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, RateLimited
from aion_bot.ports.messages import ThreadKey

TOTAL_TIMEOUT = 30.0
"""Seconds for all threads."""
ATTEMPT_TIMEOUT = 5.0
"""Seconds for one attempt at a thread."""
ATTEMPTS = 3
ATTEMPT_DELAY = 1.0
"""Seconds between two attempts at a thread, where Discord names none."""
RETRY_DELAYS: Iterable[float] = Backoff(5.0, factor=4.0, cap=60.0, attempts=4)
"""Seconds before the threads that could not be read are read again; after the last, the next session begins there."""
CONCURRENT_THREADS = 4
REQUEST_INTERVAL = 0.05
"""Seconds between two requests: less than half of a bot's fifty a second, so that the others are left to answers."""
MAX_THREADS = 200
MAX_CHANNELS = 50
MESSAGES = 100
"""Messages of one thread: as many as Discord lists at once (Discord's documentation, *Get Channel Messages*)."""
CLOCK_SKEW = 5.0
"""Seconds by which two events may come out of order, and this machine's clock may be ahead where there is no event yet."""

OVERLAP = 180_000 << 22
"""The ids of three minutes: what a process had received and not written when it ended is read again."""

_log = logging.getLogger(__name__)

Deliver = Callable[[discord.Message], Awaitable[None]]
"""Takes the messages of a thread one after the other, oldest first."""


def snowflake_at(moment: float) -> int:
    """Return the smallest id of that moment, in seconds since the epoch."""
    return discord.utils.time_snowflake(datetime.fromtimestamp(moment, UTC))


async def read_messages(
    client: discord.Client,
    channel: discord.abc.Messageable,
    *,
    limit: int,
    after: int | None = None,
    before: int | None = None,
) -> list[discord.Message]:
    """Read messages of a channel, oldest first: the newest ones, those up to the id `before`, or those behind `after`.

    One that discord.py cannot read is left out; discord.py's own `history` would end there and hide the messages that
    follow.
    """
    where = await channel._get_channel()  # noqa: SLF001  # there is no public way
    listed = await client.http.logs_from(where.id, limit, after=after, before=before)
    if not isinstance(listed, list):
        raise PlatformDown("Discord's answer is no list of messages")
    messages = []
    for data in listed:
        try:
            messages.append(client._connection.create_message(channel=where, data=data))  # noqa: SLF001  # likewise
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one message, the others are read
            _log.warning("message skipped, not readable", extra={"reason": type(error).__name__})
    # Not in the order of the answer, which depends on the parameters: ids hold the time.
    return sorted(messages, key=lambda one: one.id)


class Backfill:
    """Knows the newest event before which nothing was missed in this process, and reads what was written later.

    It counts by the ids of events, which hold Discord's time: this machine's clock may be ahead. A resumed session
    delivers by itself what was missed, so only a new one needs this. Until everything is read the event stays the same,
    so that the next session begins there again; the core recognises what it has already.
    """

    def __init__(self, slower: int = 1) -> None:
        """`slower`: how many `REQUEST_INTERVAL`s are between two requests, and `TOTAL_TIMEOUT`s for all, where others read as well."""
        self._slower = slower
        self.newest: int | None = None
        """The id of that event; None before the first session has caught up."""
        self.first = 0
        """The id of the first event of this process; 0 before there is one."""
        self._seen = 0
        self._sessions = 0
        self._complete = False
        self._by_clock = False
        """Whether `newest` is a guess by this machine's clock, as nothing has been heard yet."""

    def note_session(self) -> None:
        """Note that the gateway began a session, before which something may be missed."""
        self._sessions += 1
        self._complete = False

    def note_seen(self, event: int) -> None:
        """Note the id of a message or interaction that the gateway delivered."""
        self.first = self.first or event
        self._seen = max(self._seen, event)
        if self._complete and self.newest is not None:
            self.newest = event if self._by_clock else max(self.newest, event)
            self._by_clock = False

    async def run(
        self, client: discord.Client, away: int | None, threads: Sequence[ThreadKey], deliver: Deliver
    ) -> None:
        """Deliver what was written since; `away`: the id behind which an earlier process may have missed something."""
        session, since = self._sessions, self.newest if self.newest is not None else away
        if since is None and session > 1 and self.first:
            since = self.first  # the first session was lost before discord.py called it ready
        left: Sequence[ThreadKey] = ()
        if since is not None:
            self.newest = since
            # Above its lowest 22 bits an id holds milliseconds (Discord's documentation, *Snowflakes*).
            reader = _Reader(client, since - (int(CLOCK_SKEW * 1000) << 22), deliver, self._slower)
            # Conversations go on before others begin.
            for places in (threads[:MAX_THREADS], _channels_of(client, threads)):
                left = (*left, *await _read_patiently(reader, places))
        # Another session may have begun meanwhile: its own task reads what was missed before it.
        if not left and session == self._sessions:
            # Nothing can be missed before the very first session. The clock counts only while no event is known.
            heard = max(self._seen, since or 0)
            self.newest, self._by_clock = heard or snowflake_at(time()) - OVERLAP, not heard
            self._complete = True


def _channels_of(client: discord.Client, threads: Sequence[ThreadKey]) -> Sequence[ThreadKey]:
    """Return the channels in which one of these threads is open: whoever mentions the bot there begins another one."""
    found: dict[int, None] = {}
    for thread in threads:
        # A thread that was archived is in no session's description, and not worth a request.
        channel = client.get_channel(ids.channel_of(thread))
        if isinstance(channel, discord.Thread) and len(found) < MAX_CHANNELS:
            found[channel.parent_id] = None
    return tuple(map(ids.thread_key, found))


async def _read_patiently(reader: "_Reader", left: Sequence[ThreadKey]) -> Sequence[ThreadKey]:
    """Read these threads or channels, again after a while; returns those that could not be read."""
    for delay in (0.0, *RETRY_DELAYS):
        if left:
            await asyncio.sleep(delay)
            left = await reader.read_all(left)
    return left


class _Reader:
    """Reads threads behind the id `after`, a few at a time. `slower` as for `Backfill`."""

    def __init__(self, client: discord.Client, after: int, deliver: Deliver, slower: int) -> None:
        self._client = client
        self._after = max(after, 0)
        self._deliver = deliver
        self._slower = slower
        self._slots = asyncio.Semaphore(CONCURRENT_THREADS)
        self._next_request_at = 0.0

    async def read_all(self, threads: Sequence[ThreadKey]) -> Sequence[ThreadKey]:
        """Deliver what was written in these threads; returns those that could not be read to their end."""
        read: set[int] = set()

        async def read_one(index: int, channel: int) -> None:
            async with self._slots:
                for message in await self._read(channel):
                    await self._deliver(message)
            read.add(index)

        reading = (read_one(index, ids.channel_of(thread)) for index, thread in enumerate(threads))
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT * self._slower):
                outcomes = await asyncio.gather(*reading, return_exceptions=True)
        except TimeoutError:
            _log.warning("backfill timed out", extra={"read": len(read), "threads": len(threads)})
        else:
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    _log.warning("backfill of a thread failed", extra={"reason": type(outcome).__name__})
            _log.info("backfill done", extra={"read": len(read), "threads": len(threads)})
        return [thread for index, thread in enumerate(threads) if index not in read]

    async def _read(self, channel: int) -> list[discord.Message]:
        """Read a channel, again where Discord may answer later; nothing where the bot has no access any more."""
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                async with asyncio.timeout(ATTEMPT_TIMEOUT):
                    return await self._messages(channel)
            except FAILURES as error:
                reason = translate(error)
                if isinstance(reason, MessageGone | Forbidden):
                    return []
                if not attempts_left:
                    raise reason from error
                await asyncio.sleep(reason.retry_after if isinstance(reason, RateLimited) else ATTEMPT_DELAY)
        return []

    async def _messages(self, channel: int) -> list[discord.Message]:
        """Read a channel, oldest message first."""
        found: object = self._client.get_channel(channel)
        if found is None:
            # Archived threads and direct conversations are in no session's description.
            await self._pace()
            found = await self._client.fetch_channel(channel)
        if not isinstance(found, discord.abc.Messageable):
            return []
        await self._pace()
        return await read_messages(self._client, found, limit=MESSAGES, after=self._after)

    async def _pace(self) -> None:
        """Wait for the next free moment for a request.

        It is reserved before the first await, so that no two tasks share one.
        """
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_request_at)
        self._next_request_at = at + REQUEST_INTERVAL * self._slower
        await asyncio.sleep(at - now)
