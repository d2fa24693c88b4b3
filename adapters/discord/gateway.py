"""One connection to Discord's gateway: what arrives is understood and handed to the core."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket

from adapters.discord import events, sdk_objects
from adapters.discord.backfill import Missed
from adapters.discord.commands import Commands, declare, register
from adapters.discord.edits import Edits
from adapters.discord.events import Kind, Room
from adapters.discord.handlers import Intake
from adapters.discord.interactions import Interactions
from adapters.discord.rest_session import NO_MENTIONS
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.host import Host, Presence

HANDING_OVER = 0.4
"""Seconds that what was begun may take when leaving."""
GOODBYE = 0.5
"""Seconds that closing may take."""
SERVERS = 0.3
"""Seconds of quiet after which the servers' descriptions count as complete."""
SILENCE = 60.0
"""Seconds without a word, not even to a heartbeat, after which a connection counts as dead."""
ABSENCE = 90.0
"""Seconds without a session after which a new client begins one: discord.py waits up to a quarter of an hour."""
LONGEST_PAUSE = 30.0
"""Seconds that discord.py may wait for a rate limit when it registers the commands; it accepts no less."""
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    read_message_history=True,
    add_reactions=True,
)
SCOPES = ("bot", "applications.commands")

_log = logging.getLogger(__name__)


class Gateway(discord.Client):
    """Listens until it is closed; made anew for each connection that cannot be resumed."""

    def __init__(
        self,
        host: Host,
        intake: Intake,
        interactions: Interactions,
        missed: Missed,
        *,
        http_trace: aiohttp.TraceConfig,
        message_content: bool,
        silence: float = SILENCE,
    ) -> None:
        super().__init__(
            intents=_intents(message_content=message_content),
            allowed_mentions=NO_MENTIONS,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=SERVERS,
            heartbeat_timeout=silence,
            max_ratelimit_timeout=LONGEST_PAUSE,
            http_trace=http_trace,
        )
        self._host = host
        self._intake = intake
        self._interactions = interactions
        self._missed = missed
        self._edits = Edits()
        self._commands = Commands(self)
        self._registered = ""
        self._away: float | None = None
        self._patience = asyncio.timeout(None)
        self._connecting: asyncio.Task[None] | None = None
        self._catching_up: asyncio.Task[None] | None = None
        self._leaving = False
        declare(self._commands, interactions)

    async def serve(self, token: str, address: str) -> None:
        """Log in, register the commands, connect, and stay. Raises what discord.py does, and PlatformDown."""
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(address)
        await self.login(token)
        self._connecting = asyncio.create_task(self.connect())
        try:
            # Not awaited by itself: Python 3.11's wait_for, in which discord.py connects, can swallow a cancellation.
            async with self._patience:
                await asyncio.wait({self._connecting})
            await self._connecting
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # discord.py stumbles over an event that is not as it expects, and over a session that it wants to
            # resume but never had: Rapptz/discord.py#10520
            if self.ws is not None:
                _log.exception("discord.py gave up")
            raise PlatformDown(f"Discord's gateway cannot be followed ({type(error).__name__})") from error

    async def shut(self) -> None:
        """Take no more, hand over what was begun, say goodbye if the gateway listens, and let go."""
        self._leaving = True
        await _end(self._catching_up)
        with suppress(TimeoutError):
            async with asyncio.timeout(HANDING_OVER):
                await self._intake.idle()
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(GOODBYE):
                await self.close()
        await self.http.close()
        await _end(self._connecting)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Start the handlers of an event, but none when leaving: a closed client has no loop to run them in."""
        if self._leaving or self.is_closed():
            return
        if event == "socket_event_type":
            self._missed.heard(args[0])
        elif event == "disconnect" and self._patience.when() is None:
            self._patience.reschedule(self.loop.time() + ABSENCE)
        elif event in {"connect", "resumed"}:
            self._patience.reschedule(None)
        super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        """Prepare; discord.py calls this between login and gateway."""
        self._away = await self._host.missed_since()
        self._registered = await register(self._commands, self._host, self.application_id)

    async def on_ready(self) -> None:
        """Tell that events can arrive, and look for those that did not. A resumed session does not come here."""
        link = discord.utils.oauth_url(self.application_id or 0, permissions=PERMISSIONS, scopes=SCOPES)
        servers = tuple(guild.name or str(guild.id) for guild in self.guilds)
        name = self.user.name if self.user is not None else ""
        await self._host.connected(Presence(servers, name, (self._registered, f"invite the bot: {link}")))
        if self._catching_up is not None:
            self._catching_up.cancel()
        fetch = self._missed.fetch(self, self._away, await self._host.known_threads(), self.on_message)
        self._catching_up = asyncio.create_task(fetch)

    async def on_message(self, message: discord.Message) -> None:
        """Hand a question over, if this is one."""
        async with self._intake.lane(message.channel.id):
            said, me = await self._said(message)
            prompt = events.from_message(said, me)
            if prompt is not None:
                await self._intake.hand_over(prompt)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Hand an edit over. The event has the whole message, so nothing needs to be kept for it."""
        message = event.message
        if message.author.bot or not self._edits.is_new(message.id, message.edited_at):
            return
        async with self._intake.lane(event.channel_id):
            amendment = events.from_edit(*await self._said(message))
            if amendment is not None:
                await self._intake.hand_over(amendment)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Hand a deletion over, whatever it was: Discord names neither author nor text."""
        await self._deleted(event.channel_id, event.guild_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Hand over deletions that moderators and bots make together."""
        await self._deleted(event.channel_id, event.guild_id, sorted(event.message_ids))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take a press of a button; commands find their way by themselves."""
        if interaction.type is discord.InteractionType.component:
            await self._interactions.pressed(interaction)

    async def _said(self, message: discord.Message) -> tuple[events.Said, events.Me]:
        where = await self._intake.room(message.channel, message.guild)
        bot = self._connection.self_id or 0
        return sdk_objects.said(message, where, bot), sdk_objects.me(bot, message.guild)

    async def _deleted(self, channel: int, guild: int | None, messages: Iterable[int]) -> None:
        unknown = Room(Kind.DIRECT if guild is None else Kind.PLAIN, channel, guild)
        where = sdk_objects.room(self.get_channel(channel), guild) or unknown
        async with self._intake.lane(channel):
            for message in messages:
                await self._intake.hand_over(events.from_deletion(message, where))


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task until it has ended, whatever came of it."""
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
    if task is not None and not task.cancelled():
        task.exception()


def _intents(*, message_content: bool) -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = True
    intents.message_content = message_content
    return intents
