"""One connection to Discord's gateway: what arrives is acknowledged, understood, and handed to the core."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket

from adapters.discord import inbound, seen, wording
from adapters.discord.errors import FAILURES, translate
from adapters.discord.inbound import Asked, Kind, Room
from adapters.discord.render import Body
from adapters.discord.replies import PrivateReplies
from adapters.discord.rest import LONGEST_PAUSE, NOBODY, Rest
from adapters.discord.words import readable
from aion_bot.port.adapter import Host, Presence
from aion_bot.port.errors import PlatformDown, PlatformError, TokenRefused
from aion_bot.port.messages import Inbound, Line

LONGEST_QUESTION = 6_000
"""Characters in an option of a command (Discord's documentation, *Application Command Option*)."""
ACKNOWLEDGEMENT = 5.0
"""Seconds after which an acknowledgement is not waited for; Discord takes none after three."""
GOODBYE = 0.5
"""Seconds that closing may take."""
SERVERS = 0.3
"""Seconds of quiet after which the servers' descriptions count as complete."""
COMMANDS = "commands"
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    create_public_threads=True,
    send_messages_in_threads=True,
    read_message_history=True,
)
SCOPES = ("bot", "applications.commands")

_log = logging.getLogger(__name__)

Whisper = Callable[[Inbound, Line], Awaitable[None]]


class Gateway(discord.Client):
    """Listens until it is closed; made anew for each connection that cannot be resumed."""

    def __init__(
        self, host: Host, rest: Rest, replies: PrivateReplies, whisper: Whisper, *, message_content: bool
    ) -> None:
        super().__init__(
            intents=_intents(message_content=message_content),
            allowed_mentions=NOBODY,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=SERVERS,
            max_ratelimit_timeout=LONGEST_PAUSE,
        )
        self._host = host
        self._rest = rest
        self._replies = replies
        self._whisper = whisper
        self._commands = _Commands(self)
        self._registered = ""
        _declare(self._commands, self)

    async def serve(self, token: str, address: str) -> None:
        """Log in, register the commands, connect, and stay. Raises what discord.py does, and PlatformDown."""
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(address)
        try:
            await self.start(token)
        except AttributeError:
            # discord.py wants to resume a session that it never had: Rapptz/discord.py#10520
            if self.ws is not None:
                raise
            raise PlatformDown("Discord's gateway does not answer") from None

    async def shut(self) -> None:
        """Say goodbye if the gateway listens, and let go."""
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(GOODBYE):
                await self.close()
        await self.http.close()

    async def setup_hook(self) -> None:
        """Register the commands if they changed; discord.py calls this between login and gateway."""
        names = ", ".join(command.name for command in self._commands.get_commands())
        payload = [command.to_dict(self._commands) for command in self._commands.get_commands()]
        stamp = json.dumps([self.application_id, payload], sort_keys=True, default=str)
        digest = hashlib.sha256(stamp.encode()).hexdigest()
        if await self._host.recall(COMMANDS) == digest:
            self._registered = f"commands as before: {names}"
            return
        try:
            await self._commands.sync()
        except (discord.HTTPException, discord.RateLimited) as error:
            self._registered = f"commands could not be registered: {_told(error)}"
        else:
            await self._host.remember(COMMANDS, digest)
            self._registered = f"commands registered: {names}"

    async def on_ready(self) -> None:
        """Tell that events can arrive."""
        link = discord.utils.oauth_url(self.application_id or 0, permissions=PERMISSIONS, scopes=SCOPES)
        servers = tuple(guild.name or str(guild.id) for guild in self.guilds)
        name = self.user.name if self.user is not None else ""
        await self._host.connected(Presence(servers, name, (self._registered, f"invite the bot: {link}")))

    async def on_message(self, message: discord.Message) -> None:
        """Hand a question over, if this is one."""
        if self.user is None:
            return
        where = await self._room(message.channel, message.guild)
        prompt = inbound.from_message(
            seen.said(message, where, self.user.id), seen.me(self.user.id, message.guild)
        )
        if prompt is not None:
            await self._hand_over(prompt)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Take a press of a button. No view is kept for it, so buttons of an earlier process work."""
        if interaction.type is not discord.InteractionType.component:
            return
        where = seen.room(interaction.channel, interaction.guild_id) or Room(Kind.PLAIN, 0)
        click = inbound.from_press(seen.pressed(interaction, where))
        if click is None:
            await answer_privately(interaction, wording.UNKNOWN_BUTTON)
            return
        self._replies.keep(interaction.id, interaction.application_id, interaction.token)
        try:
            async with asyncio.timeout(ACKNOWLEDGEMENT):
                await interaction.response.defer()
        except FAILURES as error:
            _log.warning("a press was acknowledged too late: %s", translate(error))
        await self._hand_over(click)

    async def asked(self, interaction: discord.Interaction, prompt: str) -> None:
        """Take `/ask`."""
        late = wording.asked_by(str(interaction.user.id), prompt)
        answer = await self._acknowledge(interaction, wording.asked(prompt), late)
        where = await self._room(interaction.channel, interaction.guild)
        text = readable(prompt.strip(), seen.names_in(interaction.guild, prompt))
        asked = Asked(interaction.id, where, seen.person(interaction.user), text, answer)
        await self._hand_over(inbound.from_command(asked))

    async def asked_about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Take `Ask Aion` on a message."""
        quote, author, link = seen.text(message), message.author.display_name, message.jump_url
        late = wording.asked_about_by(str(interaction.user.id), author, link, quote)
        answer = await self._acknowledge(interaction, wording.asked_about(author, link, quote), late)
        where = await self._room(interaction.channel, interaction.guild)
        asker = seen.person(interaction.user)
        about = Asked(interaction.id, where, asker, "", answer, quote, len(message.attachments))
        await self._hand_over(inbound.from_command(about))

    async def _acknowledge(self, interaction: discord.Interaction, text: str, late: str) -> int:
        """Answer a command at once, and return the message's id.

        Where Discord takes no answer any more, or did not say what became of it, the bot's token posts it.
        """
        self._replies.keep(interaction.id, interaction.application_id, interaction.token)
        try:
            async with asyncio.timeout(ACKNOWLEDGEMENT):
                answer = await interaction.response.send_message(
                    text, allowed_mentions=NOBODY, suppress_embeds=True
                )
            if answer.message_id is not None:
                return answer.message_id
        except FAILURES as error:
            _log.warning("a command was acknowledged too late: %s", translate(error))
        return await self._rest.send(interaction.channel_id or 0, Body(content=late, components=[]))

    async def _room(self, channel: object, guild: discord.Guild | None) -> Room:
        """Describe a channel, asking Discord about one that it has not described yet, such as an archived thread."""
        guild_id = guild.id if guild is not None else None
        known = seen.room(channel, guild_id)
        if known is not None:
            return known
        channel_id = getattr(channel, "id", 0)
        try:
            found = seen.room(await self._rest.channel(channel_id), guild_id)
        except PlatformError as error:
            _log.warning("a channel could not be looked up: %s", error)
            found = None
        return found or Room(Kind.PLAIN, channel_id, guild_id)

    async def _hand_over(self, said: Inbound) -> None:
        try:
            await self._host.accept(said)
        except Exception:
            await self._whisper(said, (wording.NOT_TAKEN,))
            raise


class _Commands(app_commands.CommandTree[Gateway]):
    """The commands; one that Discord still shows but that is gone gets a sentence."""

    async def on_error(
        self, interaction: discord.Interaction[Gateway], error: app_commands.AppCommandError, /
    ) -> None:
        """Log a failure, or explain an outdated command."""
        outdated = (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)
        if isinstance(error, outdated):
            await answer_privately(interaction, wording.UNKNOWN_COMMAND)
            return
        await super().on_error(interaction, error)


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer an interaction that nobody else takes."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT):
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
    except FAILURES as error:
        _log.warning("an interaction was answered too late: %s", translate(error))


def _declare(commands: _Commands, gateway: Gateway) -> None:
    contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=False)
    installs = app_commands.AppInstallationType(guild=True, user=False)
    commands.allowed_contexts, commands.allowed_installs = contexts, installs

    @commands.command(name="ask", description="Ask Aion about your images and documents")
    @app_commands.describe(prompt="Your question")
    async def ask(
        interaction: discord.Interaction, prompt: app_commands.Range[str, 1, LONGEST_QUESTION]
    ) -> None:
        await gateway.asked(interaction, prompt)

    @commands.context_menu(name="Ask Aion")
    async def ask_aion(interaction: discord.Interaction, message: discord.Message) -> None:
        await gateway.asked_about(interaction, message)


def _intents(*, message_content: bool) -> discord.Intents:
    intents = discord.Intents.none()
    intents.guilds = intents.guild_messages = intents.dm_messages = True
    intents.message_content = message_content
    return intents


def _told(error: discord.HTTPException | discord.RateLimited) -> PlatformError:
    """Go on without commands only if Discord is there and knows the bot: mentions still work."""
    told = translate(error)
    if isinstance(told, PlatformDown | TokenRefused):
        raise told from error
    return told
