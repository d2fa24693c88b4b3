"""Commands and buttons: acknowledged within Discord's three seconds, then delivered to the core."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import discord

from adapters.discord import events, sdk_objects, strings
from adapters.discord.client import RestClient
from adapters.discord.errors import FAILURES, translate
from adapters.discord.events import ChannelInfo, ChannelKind, CommandUse
from adapters.discord.handlers import EventDelivery
from adapters.discord.interaction_tokens import InteractionTokens
from adapters.discord.mentions import readable
from adapters.discord.rendering import Body
from adapters.discord.rest_session import NO_MENTIONS
from aion_bot.ports.errors import MessageGone, PlatformDown, RateLimited

ACKNOWLEDGEMENT_TIMEOUT = 5.0
"""Seconds for an acknowledgement; Discord takes none after three (its documentation, *Receiving and Responding*)."""
RETRY_DELAYS = (0.5, 1.0, 2.0, 4.0)
"""Seconds after each attempt to post a message in place of an acknowledgement."""

_log = logging.getLogger(__name__)


class Interactions:
    """Handles what people do beside writing messages."""

    def __init__(self, delivery: EventDelivery, rest: RestClient, tokens: InteractionTokens) -> None:
        self._delivery = delivery
        self._rest = rest
        self._tokens = tokens

    async def handle_button(self, interaction: discord.Interaction) -> None:
        """Handle the press of a button. No View is kept for it, so that buttons of an earlier process work."""
        channel = sdk_objects.channel_info(interaction.channel, interaction.guild_id)
        press = sdk_objects.button_press(interaction, channel or ChannelInfo(ChannelKind.OTHER, 0))
        click = events.click_from_press(press)
        if click is None:
            await answer_privately(interaction, strings.UNKNOWN_BUTTON)
            return
        self._keep_token(interaction)
        with self._delivery.tracked():
            try:
                async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
                    # Shows nothing (type 6 of a component): the answer is an edit of the message.
                    await interaction.response.defer()
            except FAILURES as error:
                # The person sees "This interaction failed", but the press is meant: it counts all the same.
                _log.warning("button press was not acknowledged: %s", translate(error))
            # Looked up after the acknowledgement, which has its three seconds.
            home = await self._delivery.with_home(press.channel, interaction.user.id)
            await self._delivery.deliver(replace(click, place=home.place))

    async def handle_ask(self, interaction: discord.Interaction, prompt: str) -> None:
        """Handle `/ask`."""
        late = strings.question_by(str(interaction.user.id), prompt)
        text = readable(prompt.strip(), sdk_objects.names_in(interaction.guild, prompt))
        await self._handle_command(interaction, strings.question(prompt), late, text=text)

    async def handle_ask_about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Handle `Ask Aion` on a message."""
        quote, author, link = sdk_objects.text(message), message.author.display_name, message.jump_url
        await self._handle_command(
            interaction,
            strings.question_about(author, link, quote),
            strings.question_about_by(str(interaction.user.id), author, link, quote),
            quote=quote,
            attachments=len(message.attachments),
        )

    async def _handle_command(
        self,
        interaction: discord.Interaction,
        acknowledgement: str,
        late: str,
        *,
        text: str = "",
        quote: str = "",
        attachments: int = 0,
    ) -> None:
        """Acknowledge a command, then deliver it; `late` is posted where an acknowledgement comes too late.

        The acknowledgement repeats the question for everybody, and would be posted in the name of whoever is refused:
        so the core is asked first, and a refusal is the acknowledgement, seen by its author alone.
        """
        # Tracked from the acknowledgement on: closing the connection must not lose an acknowledged command.
        with self._delivery.tracked():
            channel = await self._delivery.channel_info(interaction.channel, interaction.guild)
            channel = await self._delivery.with_home(channel, interaction.user.id)
            use = CommandUse(
                id=interaction.id,
                channel=sdk_objects.with_permissions(channel, interaction),
                person=sdk_objects.person(interaction.user),
                text=text,
                answer=0,
                quote=quote,
                attachments=attachments,
            )
            objection = await self._delivery.objection(events.prompt_from_command(use))
            if objection is not None:
                await answer_privately(interaction, objection)
                return
            answer = await self._acknowledge(interaction, acknowledgement, late)
            await self._delivery.deliver(events.prompt_from_command(replace(use, answer=answer)))

    async def _acknowledge(self, interaction: discord.Interaction, text: str, late: str) -> int:
        """Answer a command with a message, and return the message's id: the thread is opened from it.

        Where it is not known whether the answer arrived, Discord is asked for it. Where there is none, and Discord
        takes none any more, the bot's token posts `late`.
        """
        # Before the first await: the core may answer privately as soon as it has the event.
        self._keep_token(interaction)
        try:
            async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
                answer = await interaction.response.send_message(
                    text, allowed_mentions=NO_MENTIONS, suppress_embeds=True
                )
            if answer.message_id is not None:
                return answer.message_id
        except FAILURES as error:
            reason = translate(error)
            _log.warning("command was not acknowledged: %s", reason)
            # 10062, Unknown Interaction: there is no answer that could be asked for.
            if not isinstance(reason, MessageGone):
                arrived = await _original_response(interaction)
                if arrived is not None:
                    return arrived
        return await self._post_late(interaction, Body(content=late, components=[]))

    async def _post_late(self, interaction: discord.Interaction, body: Body) -> int:
        """Post in place of an answer, several times if need be: Discord sends a command once.

        The interaction's id is the nonce, so that the message appears once however often it is tried.
        """
        channel, nonce = interaction.channel_id or 0, str(interaction.id)
        for delay in RETRY_DELAYS:
            try:
                return await self._rest.send(channel, body, nonce=nonce)
            except RateLimited as error:
                await asyncio.sleep(error.retry_after)
            except PlatformDown:
                # Whether it arrived is not known; the nonce makes another attempt harmless.
                await asyncio.sleep(delay)
        return await self._rest.send(channel, body, nonce=nonce)

    def _keep_token(self, interaction: discord.Interaction) -> None:
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)


async def _original_response(interaction: discord.Interaction) -> int | None:
    """Return the id of the answer to a command, if one arrived; None if there is none or Discord does not say."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
            return (await interaction.original_response()).id
    except FAILURES as error:
        _log.info("command has no answer yet: %s", translate(error))
    return None


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> None:
    """Answer an interaction that is not delivered, so that only its author sees the answer."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS)
    except FAILURES as error:
        _log.warning("interaction was not answered: %s", translate(error))
