"""One connection to Discord's gateway: what it receives becomes events of the core."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket

from adapters.discord import channels, events, ids, strings
from adapters.discord.backfill import OVERLAP, Backfill, snowflake_at
from adapters.discord.channels import ChannelInfo, ChannelKind
from adapters.discord.client import NO_MENTIONS, RestClient
from adapters.discord.commands import Commands, register
from adapters.discord.files import note_event
from adapters.discord.handlers import UNREADABLE, EventDelivery, parse, receive
from adapters.discord.interactions import Interactions
from adapters.discord.invitations import invited, recent
from adapters.discord.membership import in_order_joined, told_members
from adapters.discord.reactions import deliver, is_shortcut
from adapters.discord.writers import asking_app
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.host import Host, Presence

DELIVERY_GRACE = 0.4
"""Seconds that events under way may take when the connection is closed."""
CLOSE_TIMEOUT = 0.5
"""Seconds for the closing handshake."""
GUILD_READY_TIMEOUT = 0.3
"""Seconds without another GUILD_CREATE after which the description of the servers counts as complete."""
HEARTBEAT_TIMEOUT = 60.0
"""Seconds in which nothing arrives, not even a heartbeat's answer, after which a connection counts as dead."""
SESSION_TIMEOUT = 90.0
"""Seconds without a session after which a new client begins one: discord.py's own delays grow to a quarter of an hour."""
MAX_RATELIMIT_TIMEOUT = 30.0
"""Seconds that discord.py may wait for a rate limit when it registers the commands; it accepts no less."""
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    read_message_history=True,
    add_reactions=True,
    attach_files=True,
)
"""What the invitation link asks for."""
NEWEST_EVENT = "newest event"
"""The name under which the core remembers the newest event that nothing is missed before."""
REMEMBER_EVERY = 15.0  # seconds; after a kill `OVERLAP` covers what was not written yet
OPTIONS: Mapping[str, Any] = {
    "allowed_mentions": NO_MENTIONS,
    # No caches: the raw events and REST hold what is needed.
    "max_messages": None,
    "member_cache_flags": discord.MemberCacheFlags.none(),
    # Asking for all members would need a privileged intent.
    "chunk_guilds_at_startup": False,
    "guild_ready_timeout": GUILD_READY_TIMEOUT,
    "max_ratelimit_timeout": MAX_RATELIMIT_TIMEOUT,
    # Reports every frame, such as the answer to a heartbeat: on a quiet gateway no event shows that it is alive.
    "enable_debug_events": True,
}
"""What discord.py's client is given, whatever the settings say."""
_SESSION_EVENTS = {"READY", "RESUMED"}
"""Events without which there is no session: a failure of these ends it."""
_TWICE = {"INTERACTION_CREATE", "MESSAGE_CREATE"}
"""Events that two sessions get, and that do not say whether one of them got it before, as an edit does by its time."""
SCOPES = ("bot", "applications.commands")

_log = logging.getLogger(__name__)


class Gateway(discord.Client):
    """Listens until it is closed; a new one is made for each connection that cannot be resumed."""

    def __init__(
        self,
        host: Host,
        delivery: EventDelivery,
        interactions: Interactions,
        backfill: Backfill,
        rest: RestClient,
        *,
        http_trace: aiohttp.TraceConfig,
        message_content: bool,
        reactions: bool = False,
        proxy: str | None = None,
        heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    ) -> None:
        intents = discord.Intents(
            guilds=True, messages=True, message_content=message_content, reactions=reactions
        )
        super().__init__(
            intents=intents,
            heartbeat_timeout=heartbeat_timeout,
            proxy=proxy,
            http_trace=http_trace,
            **OPTIONS,
        )
        parsers = self._connection.parsers
        for name in parsers.keys() - _SESSION_EVENTS:
            parser = partial(self._parse_first, parsers[name]) if name in _TWICE else parsers[name]
            parsers[name] = partial(parse, name, parser)
        self._host, self._rest, self._delivery = host, rest, delivery
        self._interactions, self._backfill = interactions, backfill
        self._present: dict[str, str] = {}
        self._session = object()
        self.began = asyncio.Event()
        """Set once events arrive, and the core knows it."""
        self._commands = Commands(self, interactions)
        self._registration, self._remembered_at, self._closing = "", -math.inf, False
        self._away_since: int | None = None
        self._session_timeout = asyncio.timeout(None)
        self._connecting: asyncio.Task[None] | None = None
        self._backfilling: asyncio.Task[None] | None = None

    async def serve(self, token: str, address: str) -> None:
        """Log in, register the commands, connect, and stay. Raises what discord.py raises, and `PlatformDown`."""
        # `connect` takes no address; discord.py reads this one for every session that it does not resume.
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(address)
        await self.login(token)
        self._connecting = asyncio.create_task(self.connect())
        try:
            # Not awaited directly: Python 3.11's wait_for, in which discord.py connects, can swallow a cancellation.
            async with self._session_timeout:
                await asyncio.wait({self._connecting})
            await self._connecting
        except UNREADABLE as error:
            # discord.py raises these for an event that lacks a field which it expects, and for a session that it
            # wants to resume but never had: Rapptz/discord.py#10520
            if self.ws is not None:
                _log.exception("discord.py failed")
            raise PlatformDown(f"Discord's gateway cannot be followed ({type(error).__name__})") from error

    async def shut(self) -> None:
        """Stop taking events, deliver those that are under way, close the connection and free everything."""
        self._closing = True
        await _end(self._backfilling)
        with suppress(Exception):  # the clock's time is remembered as well
            await self._remember_newest()
        with suppress(TimeoutError):
            async with asyncio.timeout(DELIVERY_GRACE):
                await self._delivery.idle.wait()
        with suppress(TimeoutError, aiohttp.ClientError):
            # A peer that answers no close frame would hold `close` for half a minute.
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.close()
        # `close` may have been cancelled before it reached this step.
        await self.http.close()
        await _end(self._connecting)

    def _parse_first(self, parser: Callable[[Any], None], data: Any) -> None:
        """Read an event, unless the gateway that this one takes over from, or that takes over from it, got it first."""
        if not self._closing and self._delivery.firsts.is_first(self._session, data):
            parser(data)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Start the handlers of an event; none while closing, because a closed client has no event loop."""
        if self._closing or self.is_closed() or event == "socket_raw_send":
            return
        if event == "socket_raw_receive":
            # Frames also arrive without a session, such as the one that refuses it.
            if self._session_timeout.when() is None:
                self._host.heard()
            return
        if event == "socket_event_type" and args[0] == "READY":
            self._backfill.note_session()
            self._rest.thread_files.forget()  # nobody has told what happened before
        elif event in {"message", "interaction"}:
            self._backfill.note_seen(args[0].id)
        # discord.py sends "disconnect" for each failed attempt: only the first one starts the clock.
        elif event == "disconnect" and self._session_timeout.when() is None:
            self._session_timeout.reschedule(self.loop.time() + SESSION_TIMEOUT)
        elif event in {"connect", "resumed"}:
            self._session_timeout.reschedule(None)
            self._host.heard()
            # Each session, new or resumed, has a socket of its own.
            self.ws.received_message = partial(receive, self.ws.received_message)  # type: ignore[method-assign]  # no public way
        # Read here, not in the handler: before the handler runs, a server that READY did not name may join.
        if event == "connect":
            self._delivery.membership.servers = self._servers
            self._delivery.membership.members_of = partial(told_members, self)
            self._present = {str(guild.id): guild.name for guild in self.guilds}
        super().dispatch(event, *args, **kwargs)

    async def setup_hook(self) -> None:
        """Prepare; discord.py calls this between login and gateway.

        Commands are registered here, so that nobody meets an unknown one, and not in `on_ready`, which comes again
        with every new session.
        """
        away = await self._host.missed_since()
        if away is not None:
            newest = await self._host.recall(NEWEST_EVENT)
            self._away_since = int(newest) - OVERLAP if newest else snowflake_at(away)
        self._registration = await self._register()

    async def _register(self) -> str:
        return await register(self._commands, self._host, self.application_id)

    async def on_connect(self) -> None:
        """Tell the core where the bot is. READY names all servers, so those that come later have invited it just now."""
        await self._host.present(dict(self._present))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell the core of a server that has invited the bot."""
        if str(guild.id) not in self._present:
            self._present[str(guild.id)] = guild.name
            await self._host.joined(str(guild.id), guild.name)
            if (event := invited(guild)) is not None:
                await self._delivery.deliver(event)

    # What discord.py takes for the end of an outage may be an invitation, too.
    on_guild_available = on_guild_join

    async def on_ready(self) -> None:
        """Tell the core that events can arrive, and read the missed ones.

        discord.py does not call this for a resumed session.
        """
        link = discord.utils.oauth_url(self.application_id or 0, permissions=PERMISSIONS, scopes=SCOPES)
        servers = tuple(guild.name or str(guild.id) for guild in self.guilds)
        name = self.user.name if self.user is not None else ""
        notices = (self._registration, f"invite the bot: {link}")
        public = self.application is not None and self.application.bot_public
        await self._host.connected(Presence(servers, name, notices, (strings.PUBLIC_BOT,) if public else ()))
        # The new task begins where the old one began, so nothing stays unread.
        if self._backfilling is not None:
            self._backfilling.cancel()
        threads = await self._host.known_threads()
        self._backfilling = asyncio.create_task(
            self._backfill.run(self, self._away_since, threads, self.on_message)
        )
        self.began.set()
        # Last: one that the core cannot take ends this, and the next start finds it again.
        for event in recent(self.guilds):
            await self._delivery.deliver(event)

    async def on_message(self, message: discord.Message) -> None:
        """Deliver a question, if the message is one."""
        bot = self._connection.self_id or 0
        note_event(self._rest.thread_files, message, bot)
        # The bot's own answers arrive here as well, and their channels need no lookup.
        if message.author.id == bot:
            own = str(message.nonce) in self._rest.own_nonces
            await self._delivery.other.note_message(message, own=own)
            return
        apps = asking_app(message, bot)
        if (message.author.bot or apps) and not self._host.may_ask(apps):
            return
        # Nothing is awaited before the lock: the channel's next message would overtake this one.
        async with self._delivery.in_order(message.channel.id):
            channel = await self._delivery.channel_info(message.channel, message.guild, message.author.id)
            try:
                prompt = await self._delivery.names.read(
                    lambda find: events.prompt_from_message(message, channel, bot, find, apps)
                )
            except UNREADABLE as error:
                # discord.py reads some parts of a message only when they are looked at.
                _log.warning("message skipped, not readable", extra={"reason": type(error).__name__})
                return
            if prompt is not None:
                if not await self._delivery.other.answers(channel, message.id, prompt, bot):
                    await self._delivery.deliver(prompt)
            elif not self.intents.message_content:
                unread = events.unread_reply(message, channel, bot)
                if unread is not None:
                    await self._host.unread(unread)
        await self._remember_newest(every=REMEMBER_EVERY)

    async def _remember_newest(self, *, every: float = 0.0) -> None:
        """Keep the newest event beyond the process, by Discord's own clock, at most `every` so many seconds."""
        # Not discord.py's own loop, which a closed client has no more: an event may end after it.
        newest, now = self._backfill.newest, asyncio.get_running_loop().time()
        if newest is None and self._away_since is None:
            newest = self._backfill.first or None  # nothing was missed before it
        if newest is not None and now - self._remembered_at >= every:
            self._remembered_at = now
            await self._host.remember(NEWEST_EVENT, str(newest))

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """Deliver an edit. The raw event holds the whole message, so no message has to be kept for it."""
        message = event.message
        # The bot's own edits arrive here as well, several a second while answers grow.
        if message.author.id == self._connection.self_id:
            self._delivery.other.note_edit(event.channel_id)
        if message.author.bot or not self._delivery.edits.is_new(message.id, message.edited_at):
            return
        note_event(self._rest.thread_files, message, self._connection.self_id or 0)
        async with self._delivery.in_order(event.channel_id):
            channel = await self._delivery.channel_info(message.channel, message.guild, message.author.id)
            bot = self._connection.self_id or 0
            change = await self._delivery.names.read(
                lambda find: events.change_from_edit(message, channel, bot, find),
                wanted=lambda one: one is not None and one.question is not None,
            )
            asked, other = None if change is None else change.question, self._delivery.other
            if asked and await other.answers(channel, message.id, asked, bot, began=self._backfill.first):
                return
            if change is not None:
                await self._delivery.deliver(change)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Deliver a deletion, whatever it was: Discord names neither author nor text."""
        await self._deliver_deletions(event.channel_id, event.guild_id, [event.message_id])

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Deliver deletions that moderators and bots make together."""
        await self._deliver_deletions(event.channel_id, event.guild_id, sorted(event.message_ids))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Deliver a reaction that is a shortcut; those that are taken away mean nothing."""
        if is_shortcut(event, self._connection.self_id or 0):
            await deliver(event, self, self._delivery)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle the press of a button or a submitted form; discord.py itself passes commands to the command tree."""
        if interaction.type in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            await self._interactions.handle_button(interaction)

    def _servers(self) -> list[int]:
        return in_order_joined(self.guilds)

    async def _deliver_deletions(self, channel: int, guild: int | None, messages: Iterable[int]) -> None:
        # Not looked up by REST, unlike a message's channel: most deletions are of messages that the bot never answered.
        unknown = ChannelInfo(ChannelKind.DIRECT if guild is None else ChannelKind.OTHER, channel, guild)
        info = channels.channel_info(self.get_channel(channel), guild) or unknown
        info = await self._delivery.with_home(info, None)
        async with self._delivery.in_order(channel):
            for message in messages:
                self._rest.thread_files.discard(ids.thread_key(channel), message)
                await self._delivery.deliver(events.change_from_deletion(message, info))


async def _end(task: asyncio.Task[None] | None) -> None:
    """Cancel a task until it has ended, and take its exception, so that asyncio does not report it as lost.

    Once is not enough: Python 3.11's `wait_for` may swallow a cancellation.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
    if task is not None and not task.cancelled():
        task.exception()
