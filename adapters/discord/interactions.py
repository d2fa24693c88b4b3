"""Commands and buttons: acknowledged within Discord's three seconds, then delivered to the core."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import discord
from discord import app_commands

from adapters.discord import channels, content, events, forms, ids, strings
from adapters.discord.channels import ChannelInfo, ChannelKind
from adapters.discord.client import NO_MENTIONS, RestClient
from adapters.discord.errors import FAILURES, is_refusal, pause_before_retry, translate
from adapters.discord.handlers import EventDelivery, not_taken
from adapters.discord.interaction_tokens import InteractionTokens
from adapters.discord.rendering import Body
from adapters.discord.subcommands import manage_command
from aion_bot.ports.backoff import Backoff, retry
from aion_bot.ports.errors import MessageGone, PlatformError, TakenElsewhere
from aion_bot.ports.events import Prompt
from aion_bot.ports.files import Attachment, attachment
from aion_bot.ports.names import Find, no_name

ACKNOWLEDGEMENT_TIMEOUT = 5.0
"""Seconds for an acknowledgement; Discord takes none after three (its documentation, *Receiving and Responding*)."""
RETRY_DELAYS: Iterable[float] = Backoff(0.5, attempts=5)
"""Seconds after each attempt to post a message in place of an acknowledgement."""
YIELD = 1.0
"""Seconds for which a press waits whose key this process does not know; Discord takes an acknowledgement for three."""
OPTION_LENGTH = 6_000
"""Characters in an option of a command (Discord's documentation, *Application Command Option*)."""
T = TypeVar("T")

_log = logging.getLogger(__name__)


class Interactions:
    """Handles what people do beside writing messages."""

    def __init__(self, delivery: EventDelivery, rest: RestClient, tokens: InteractionTokens) -> None:
        self._delivery = delivery
        self._rest = rest
        self._tokens = tokens

    async def handle_button(self, interaction: discord.Interaction) -> None:
        """Handle the press of a button, or the form that one opened. No View is kept, so that those of an earlier process work."""
        if isinstance(interaction.channel, discord.Thread) and interaction.channel.is_private():
            self._rest.note_private(interaction.channel.id)
        channel = channels.channel_info(interaction.channel, interaction.guild_id) or ChannelInfo(
            ChannelKind.OTHER, interaction.channel_id or 0, interaction.guild_id
        )
        click = events.click_from_press(interaction, channel)
        if click is None:
            await answer_privately(interaction, strings.UNKNOWN_BUTTON)
            return
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)
        words = forms.words(interaction)
        with self._delivery.tracked():
            # Two processes may use this token: the one that has recorded the key answers.
            if not await self._knows(click.key):
                await asyncio.sleep(YIELD)
            form = None if words else await self._delivery.host.form(click)
            try:
                async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
                    if form is not None:
                        await interaction.response.send_modal(forms.modal(click, form))
                        return
                    # Shows nothing (type 6 of a component): the answer is an edit of the message.
                    await interaction.response.defer()
            except FAILURES as error:
                if await self._taken_elsewhere(interaction, translate(error)):
                    return
                # The person sees "This interaction failed", but the press is meant: it counts all the same.
                _log.warning("button press was not acknowledged", extra={"reason": str(translate(error))})
            # After the acknowledgement, which has to arrive within three seconds.
            home = await self._delivery.with_home(channel, interaction.user.id)
            home = channels.with_permissions(home, interaction)
            await self._delivery.deliver(replace(click, place=home.place_of(interaction.user), words=words))

    async def _knows(self, key: str) -> bool:
        """Tell whether this process has recorded a key. A press whose key cannot be looked up now counts, and is tried again."""
        try:
            return await self._delivery.host.knows(key)
        except Exception as error:  # noqa: BLE001  # whatever keeps the core from reading may pass, as in `deliver`
            _log.warning("key not looked up", extra={"reason": type(error).__name__})
            return True

    @app_commands.describe(
        prompt=strings.ASK_PROMPT,
        file=strings.ASK_FILE,
        private=strings.ASK_PRIVATE,
        detail=strings.ASK_DETAIL,
    )
    async def handle_ask(
        self,
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, OPTION_LENGTH],
        file: discord.Attachment | None = None,
        private: bool = False,
        detail: bool = False,
    ) -> None:
        """Handle `/ask`. Its file is in no message: this is the only time that Discord tells its address."""

        def read(channel: ChannelInfo, answer: int, find: Find) -> Prompt:
            asked = events.prompt_from_command(interaction, channel, answer, find, words=prompt, files=files)
            return replace(asked, detailed=detail, private=private)

        files: tuple[Attachment, ...] = ()
        if file is not None:
            self._rest.file_addresses.learn(file.id, file.url, file.size)
            files = (attachment(ids.file_id(0, 0, file.id), file.filename, file.size, file.content_type),)
        late = partial(strings.question_by, str(interaction.user.id), prompt)
        await self._handle_command(interaction, read, strings.question(prompt), late)

    async def handle_ask_about(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Handle `Ask Aion` on a message. It arrives with its content, whatever the bot's intents."""
        # The bot may not see the channel, and then could not read the message again.
        for one in content.attached(message):
            self._rest.file_addresses.learn(one.id, one.url, one.size)
        read = partial(events.prompt_from_command, interaction, about=message)
        author, link = message.author.display_name, message.jump_url
        quote = "\n".join(one.text for one in events.asked_about(message))
        late = partial(strings.question_about_by, str(interaction.user.id), author, link, quote)
        await self._handle_command(interaction, read, strings.question_about(author, link, quote), late)

    async def handle_manage(
        self, interaction: discord.Interaction, name: str, words: str, private: bool
    ) -> None:
        """Handle a subcommand of `/aion`: deferred where its author alone sees it, then answered by the core."""
        # Before the first await: the core may answer as soon as it has the event.
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)
        with self._delivery.tracked():
            try:
                async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
                    await interaction.response.defer(ephemeral=True, thinking=True)
            except FAILURES as error:
                if await self._taken_elsewhere(interaction, translate(error)):
                    return
                _log.warning("command was not acknowledged", extra={"reason": str(translate(error))})
            where, guild = interaction.channel, interaction.guild
            channel = await self._delivery.channel_info(where, guild, interaction.user.id)
            channel = channels.with_permissions(channel, interaction)
            command = manage_command(interaction, channel, name, words, private=private)
            await self._delivery.deliver(command)

    async def _handle_command(
        self,
        interaction: discord.Interaction,
        read: Callable[[ChannelInfo, int, Find], Prompt],
        acknowledgement: str,
        late: Callable[[], str],
    ) -> None:
        """Acknowledge a command, then deliver it; `late` is posted where an acknowledgement comes too late.

        `read` is `events.prompt_from_command` with the words. Names are looked up after the acknowledgement.
        The acknowledgement repeats the question for everybody, and would be posted in the name of whoever is refused:
        so the core is asked first, and a refusal is the acknowledgement, seen by its author alone.
        """
        # Tracked from the acknowledgement on: closing the connection must not lose an acknowledged command.
        with self._delivery.tracked():
            channel = await self._delivery.channel_info(
                interaction.channel, interaction.guild, interaction.user.id
            )
            channel = channels.with_permissions(channel, interaction)
            # There is no acknowledgement yet that an answer could follow.
            asked, muted = read(channel, 0, no_name), not channel.person_may_write
            # A direct conversation is private by itself.
            private = asked.private and not asked.place.direct
            if private or self._delivery.host.answers_privately(asked.place):
                await self._ask_privately(interaction, channel, read)
                return
            asked = replace(asked, private=False)
            asked = events.answered_directly(asked, 0) if muted else asked
            objection = await self._delivery.host.objection(asked)
            if objection is not None:
                await answer_privately(interaction, objection)
            elif muted:
                await self._answer_directly(interaction, asked, acknowledgement)
            else:
                answer = await self._acknowledge(interaction, acknowledgement, late)
                if answer is not None:
                    prompt = await self._delivery.names.read(lambda find: read(channel, answer, find))
                    await self._delivery.deliver(replace(prompt, private=False))

    async def _ask_privately(
        self,
        interaction: discord.Interaction,
        channel: ChannelInfo,
        read: Callable[[ChannelInfo, int, Find], Prompt],
    ) -> None:
        """Acknowledge a private question to its author alone, and deliver it: the core opens the thread for the answer."""
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)
        objection = await self._delivery.host.objection(
            events.asked_privately(read(channel, 0, no_name), channel)
        )
        refused = await answer_privately(interaction, objection or strings.ANSWERED_PRIVATELY)
        if objection is None and (refused is None or not await self._taken_elsewhere(interaction, refused)):
            # Also where Discord took no acknowledgement: the question is meant, and is answered by direct messages.
            prompt = await self._delivery.names.read(lambda find: read(channel, 0, find))
            await self._delivery.deliver(events.asked_privately(prompt, channel))

    async def _answer_directly(self, interaction: discord.Interaction, asked: Prompt, question: str) -> None:
        """Deliver the question of somebody who may not write in the channel, to be answered by direct messages.

        The first of them repeats the question: where Discord refuses it, Aion is not asked.
        """
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)
        refused = await answer_privately(interaction, strings.ANSWERED_DIRECTLY)
        if refused is not None and await self._taken_elsewhere(interaction, refused):
            return
        try:
            direct = await self._retried(lambda: self._rest.direct_channel(interaction.user.id))
            await self._post(direct, Body(content=question, components=[]), str(interaction.id))
            await self._delivery.note_direct(direct)
        except PlatformError as error:
            told = strings.DIRECT_CLOSED if is_refusal(error) else not_taken(asked.key, error)
            application, token = interaction.application_id, interaction.token
            await self._retried(lambda: self._rest.follow_up(application, token, told))
        else:
            await self._delivery.deliver(events.answered_directly(asked, direct))

    async def _taken_elsewhere(self, interaction: discord.Interaction, reason: PlatformError) -> bool:
        """Tell whether another process has acknowledged an interaction. If so, log it; this process does not answer."""
        if not isinstance(reason, TakenElsewhere) or not self._rest.was_acknowledged_elsewhere(
            interaction.id
        ):
            return False
        _log.info("left to another process", extra={"kind": "interaction"})
        await self._delivery.other.noticed(strings.ACKNOWLEDGED_ELSEWHERE)
        return True

    async def _acknowledge(
        self, interaction: discord.Interaction, text: str, late: Callable[[], str]
    ) -> int | None:
        """Answer a command with a message, and return the message's id: the thread is opened from it.

        None where another process with this token has answered it: that one has the question.

        Where it is not known whether the answer arrived, Discord is asked for it until it says. Where there is none, and
        Discord takes none any more, the bot's token posts `late`.
        """
        # Before the first await: the core may answer privately as soon as it has the event.
        self._tokens.keep(interaction.id, interaction.application_id, interaction.token)
        try:
            async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
                answer = await interaction.response.send_message(
                    text, allowed_mentions=NO_MENTIONS, suppress_embeds=True
                )
            if answer.message_id is not None:
                self._tokens.note_answer(str(interaction.id), answer.message_id)
                return answer.message_id
        except FAILURES as error:
            reason = translate(error)
            if await self._taken_elsewhere(interaction, reason):
                return None
            _log.warning("command was not acknowledged", extra={"reason": str(reason)})
            # 10062, Unknown Interaction: there is no answer that could be asked for.
            if not isinstance(reason, MessageGone):
                arrived = await self._arrived(interaction)
                if arrived is not None:
                    self._tokens.note_answer(str(interaction.id), arrived)
                    return arrived
        # Several times if need be: Discord sends a command once.
        body = Body(content=late(), components=[])
        return await self._post(interaction.channel_id or 0, body, str(interaction.id))

    async def _arrived(self, interaction: discord.Interaction) -> int | None:
        """Return the id of the answer to a command, if one arrived; None if there is none or Discord never says.

        Asked with a session of its own: that of the gateway ends with its connection, in the middle of an acknowledgement.
        """
        application, token = interaction.application_id, interaction.token
        try:
            return await self._retried(lambda: self._rest.answer_to(application, token))
        except PlatformError as error:
            _log.info("command has no answer yet", extra={"reason": str(error)})
        return None

    async def _post(self, channel: int, body: Body, nonce: str) -> int:
        # Whether it arrived is not known after an error; the nonce, the interaction's id, makes another attempt harmless.
        return await self._retried(lambda: self._rest.send(channel, body, nonce=nonce))

    @staticmethod
    async def _retried(call: Callable[[], Awaitable[T]]) -> T:
        return await retry(call, backoff=RETRY_DELAYS, on=pause_before_retry)


async def answer_privately(interaction: discord.Interaction[Any], text: str) -> PlatformError | None:
    """Answer an interaction so that only its author sees the answer; returns why Discord did not take it."""
    try:
        async with asyncio.timeout(ACKNOWLEDGEMENT_TIMEOUT):
            await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NO_MENTIONS)
    except FAILURES as error:
        refused = translate(error)
        _log.warning("interaction was not answered", extra={"reason": str(refused)})
        return refused
    return None
