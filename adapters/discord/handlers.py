"""From Discord's events to the core: where something happened, in which order, and what if it cannot be taken."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakValueDictionary

import discord

from adapters.discord import sdk_objects, strings
from adapters.discord.client import RestClient
from adapters.discord.events import Kind, Room
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import InboundEvent, MessageChange
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Line

_log = logging.getLogger(__name__)

AGAIN = (0.2, 1.0, 5.0)
"""Seconds before something that the core could not take is handed to it anew: Discord tells of it once."""

Whisper = Callable[[InboundEvent, Line], Awaitable[None]]


class Intake:
    """Hands over to `host`."""

    def __init__(self, host: Host, rest: RestClient, reply_privately: Whisper) -> None:
        self._host = host
        self._rest = rest
        self._whisper = reply_privately
        self._lanes: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Mark that something is being taken; `idle` waits for its end."""
        self._working += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    @asynccontextmanager
    async def lane(self, channel: int) -> AsyncIterator[None]:
        """Take what is said in a channel one after the other: discord.py starts a task for each event."""
        with self.working():
            lock = self._lanes.setdefault(channel, asyncio.Lock())
            async with lock:
                yield

    async def idle(self) -> None:
        """Wait until everything that was begun is handed over."""
        await self._idle.wait()

    async def room(self, channel: object, guild: discord.Guild | None) -> Room:
        """Describe a channel, asking Discord about one that it has not described yet, such as an archived thread."""
        guild_id = guild.id if guild is not None else None
        known = sdk_objects.room(channel, guild_id)
        if known is not None:
            return known
        channel_id = getattr(channel, "id", 0)
        try:
            found = sdk_objects.room(await self._rest.channel(channel_id), guild_id)
        except PlatformError as error:
            _log.warning("a channel could not be looked up: %s", error)
            found = None
        return found or Room(Kind.PLAIN, channel_id, guild_id)

    async def hand_over(self, said: InboundEvent) -> None:
        """Give something to the core, several times if need be; whoever is behind it learns if it could not be taken."""
        for pause in AGAIN:
            try:
                return await self._host.accept(said)
            except Exception as error:  # noqa: BLE001  whatever keeps the core from writing may pass
                _log.warning("something was not taken over, trying again: %s", type(error).__name__)
            await asyncio.sleep(pause)
        try:
            await self._host.accept(said)
        except Exception:
            if not isinstance(said, MessageChange):
                await self._tell(said)
            raise

    async def _tell(self, said: InboundEvent) -> None:
        for pause in AGAIN:
            try:
                await self._whisper(said, (strings.NOT_TAKEN,))
            except RateLimited as error:
                await asyncio.sleep(error.retry_after)
            except PlatformDown:
                await asyncio.sleep(pause)
            else:
                return
        await self._whisper(said, (strings.NOT_TAKEN,))
