"""Commands and buttons: acknowledged within Discord's three seconds, then handed to the core."""

import asyncio
import logging
from typing import Any

import discord

from adapters.discord import events, sdk_objects, strings
from adapters.discord.client import RestClient
from adapters.discord.errors import FAILURES, translate
from adapters.discord.events import Asked, Kind, Room
from adapters.discord.handlers import Intake
from adapters.discord.interaction_tokens import PrivateReplies
from adapters.discord.mentions import readable
from adapters.discord.rendering import Body
from adapters.discord.rest_session import NO_MENTIONS
from aion_bot.ports.errors import MessageGone, PlatformDown, RateLimited

ACKNOWLEDGEMENT = 5.0
"""Seconds after which an acknowledgement is not waited for; Discord takes none after three."""
AGAIN = (0.5, 1.0, 2.0, 4.0)
"""Seconds after each attempt to post what stands for an acknowledgement."""

_log = logging.getLogger(__name__)


class Interactions:
    """Takes what people do beside writing."""

    def __init__(self, intake: Intake, rest: RestClient, replies: PrivateReplies) -> None:
        self._intake = intake
        self._rest = rest
        self._replies = replies

    async def pressed(self, interaction: discord.Interaction) -> None:
        """Take a press of a button. No view is kept for it, so buttons of an earlier process work."""
        where = sdk_objects.room(interaction.channel, interaction.guild_id) or Room(Kind.PLAIN, 0)
        click = events.from_press(sdk_objects.pressed(interaction, where))
        if click is None:
            await answer_privately(interaction, strings.UNKNOWN_BUTTON)
            return
        self._keep(interaction)
        with self._intake.working():
            try:
                async with asyncio.timeout(ACKNOWLEDGEMENT):
                    await interaction.response.defer()
            except FAILURES as error:
                _log.warning("a press was acknowledged too late: %s", translate(error))
            await self._intake.hand_over(click)

    async def asked(self, interaction: discord.Interaction, prompt: str) -> None:
        """Take `/ask`."""
        late = strings.asked_by(str(interaction.user.id), prompt)
        with self._intake.working():
            answer = await self._acknowledge(interaction, strings.asked(prompt), late)
            where = await self._intake.room(interaction.channel, interaction.guild)
            text = readable(prompt.strip(), sdk_objects.names_in(interaction.guild, prompt))
            asked = Asked(interaction.id, where, sdk_objects.person(interaction.user), text, answer)
            await self._intake.hand_over(events.from_command(asked))

    async def asked_about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Take `Ask Aion` on a message."""
        quote, author, link = sdk_objects.text(message), message.author.display_name, message.jump_url
        late = strings.asked_about_by(str(interaction.user.id), author, link, quote)
        with self._intake.working():
            answer = await self._acknowledge(interaction, strings.asked_about(author, link, quote), late)
            where = await self._intake.room(interaction.channel, interaction.guild)
            asker = sdk_objects.person(interaction.user)
            about = Asked(interaction.id, where, asker, "", answer, quote, len(message.attachments))
            await self._intake.hand_over(events.from_command(about))

    async def _acknowledge(self, interaction: discord.Interaction, text: str, late: str) -> int:
        """Answer a command at once, and return the message's id.

        Where Discord did not say what became of it, it is asked. Where there is no answer, and Discord takes none any
        more, the bot's token posts it.
        """
        self._keep(interaction)
        try:
            async with asyncio.timeout(ACKNOWLEDGEMENT):
                answer = await interaction.response.send_message(
                    text, allowed_mentions=NO_MENTIONS, suppress_embeds=True
                )
            if answer.message_id is not None:
                return answer.message_id
        except FAILURES as error:
            told = translate(error)
            _log.warning("a command was acknowledged too late: %s", told)
            if not isinstance(told, MessageGone) and (answer_id := await _answered(interaction)) is not None:
                return answer_id
        return await self._insist(interaction, Body(content=late, components=[]))

    async def _insist(self, interaction: discord.Interaction, body: Body) -> int:
        """Post in place of an answer, several times if need be: Discord tells of a command once."""
        channel, nonce = interaction.channel_id or 0, str(interaction.id)
        for pause in AGAIN:
            try:
                return await self._rest.send(channel, body, nonce=nonce)
            except RateLimited as error:
                await asyncio.sleep(error.retry_after)
            except PlatformDown:
                await asyncio.sleep(pause)
        return await self._rest.send(channel, body, nonce=nonce)

    def _keep(self, interaction: discord.Interaction) -> None:
        self._replies.keep(interaction.id, interaction.application_id, interaction.token)


async def _answered(interaction: discord.Interaction) -> int | None:
    """Look for the answer to a command that may have arrived; None where there is none, or Discord does not say."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT):
            return (await interaction.original_response()).id
    except FAILURES as error:
        _log.info("a command has no answer yet: %s", translate(error))
    return None


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer an interaction that nobody else takes."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT):
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS)
    except FAILURES as error:
        _log.warning("an interaction was answered too late: %s", translate(error))
