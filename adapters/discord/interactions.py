"""Commands and buttons: acknowledged within Discord's three seconds, then handed to the core."""

import asyncio
import logging
from typing import Any

import discord

from adapters.discord import inbound, seen, wording
from adapters.discord.errors import FAILURES, translate
from adapters.discord.inbound import Asked, Kind, Room
from adapters.discord.intake import Intake
from adapters.discord.render import Body
from adapters.discord.replies import PrivateReplies
from adapters.discord.rest import Rest
from adapters.discord.session import NOBODY
from adapters.discord.words import readable

ACKNOWLEDGEMENT = 5.0
"""Seconds after which an acknowledgement is not waited for; Discord takes none after three."""

_log = logging.getLogger(__name__)


class Interactions:
    """Takes what people do beside writing."""

    def __init__(self, intake: Intake, rest: Rest, replies: PrivateReplies) -> None:
        self._intake = intake
        self._rest = rest
        self._replies = replies

    async def pressed(self, interaction: discord.Interaction) -> None:
        """Take a press of a button. No view is kept for it, so buttons of an earlier process work."""
        where = seen.room(interaction.channel, interaction.guild_id) or Room(Kind.PLAIN, 0)
        click = inbound.from_press(seen.pressed(interaction, where))
        if click is None:
            await answer_privately(interaction, wording.UNKNOWN_BUTTON)
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
        late = wording.asked_by(str(interaction.user.id), prompt)
        with self._intake.working():
            answer = await self._acknowledge(interaction, wording.asked(prompt), late)
            where = await self._intake.room(interaction.channel, interaction.guild)
            text = readable(prompt.strip(), seen.names_in(interaction.guild, prompt))
            asked = Asked(interaction.id, where, seen.person(interaction.user), text, answer)
            await self._intake.hand_over(inbound.from_command(asked))

    async def asked_about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Take `Ask Aion` on a message."""
        quote, author, link = seen.text(message), message.author.display_name, message.jump_url
        late = wording.asked_about_by(str(interaction.user.id), author, link, quote)
        with self._intake.working():
            answer = await self._acknowledge(interaction, wording.asked_about(author, link, quote), late)
            where = await self._intake.room(interaction.channel, interaction.guild)
            asker = seen.person(interaction.user)
            about = Asked(interaction.id, where, asker, "", answer, quote, len(message.attachments))
            await self._intake.hand_over(inbound.from_command(about))

    async def _acknowledge(self, interaction: discord.Interaction, text: str, late: str) -> int:
        """Answer a command at once, and return the message's id.

        Where Discord takes no answer any more, or did not say what became of it, the bot's token posts it.
        """
        self._keep(interaction)
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

    def _keep(self, interaction: discord.Interaction) -> None:
        self._replies.keep(interaction.id, interaction.application_id, interaction.token)


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer an interaction that nobody else takes."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT):
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)
    except FAILURES as error:
        _log.warning("an interaction was answered too late: %s", translate(error))
