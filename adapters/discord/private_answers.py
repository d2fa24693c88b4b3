"""Answers to one person: to an interaction so that its author alone sees them, otherwise as direct messages."""

from collections.abc import Sequence
from typing import Any

import discord

from adapters.discord import ids, rendering, strings
from adapters.discord.channels import ADD_REACTIONS
from adapters.discord.client import NO_MENTIONS, RestClient, view_of
from adapters.discord.errors import is_refusal, missing
from adapters.discord.files import as_upload
from adapters.discord.handlers import NoteDirect, not_noted
from adapters.discord.interaction_tokens import InteractionToken, InteractionTokens
from adapters.discord.rendering import Body
from aion_bot.ports.errors import CannotDraw, PlatformError, TooLong, UploadRefused
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, MessageChange, Prompt
from aion_bot.ports.messages import Document, Line, Picture, PrivateAnswer

Files = Sequence[Document | Picture]


class PrivateAnswers:
    """Shows one person something; `tokens` are those of the interactions that this process knows."""

    def __init__(self, rest: RestClient, tokens: InteractionTokens) -> None:
        self._rest = rest
        self._tokens = tokens
        self.note_direct: NoteDirect = not_noted

    async def reply(self, event: InboundEvent, line: Line, *, hidden: bool) -> None:
        """Show a sentence, as the port's `reply_privately`."""
        text = rendering.sentence(line)
        body = Body(content=text, components=[])
        if isinstance(event, ManageCommand):
            return await self._answer(event, body, ())
        token = None if isinstance(event, MessageChange) else self._tokens.find(event.reply_token)
        if isinstance(event, Prompt) and event.echo is not None:
            # Of an earlier process's command the acknowledgement goes by this token, too.
            self._tokens.note_answer(event.reply_token, ids.address_of(event.echo)[1])
        if token is not None:
            try:
                return await self._rest.follow_up(token.application, token.token, text)
            except PlatformError as error:
                if not is_refusal(error):
                    raise  # otherwise the token expired: a direct message takes its place
        # Another process with this token may say the same about the same message: once is enough.
        nonce = ids.reply_nonce(event.key, text) if isinstance(event, Prompt) else None
        try:
            await self._rest.send_directly(int(event.person.id), body, nonce)
        except PlatformError as error:
            if not is_refusal(error):
                raise
            if hidden:
                await self._mark_unanswerable(event)
                raise
            await self._reply_publicly(event, body, nonce)

    async def answer(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Show words with buttons and files, as the port's `answer_privately`."""
        files = [one for one in (answer.document, *answer.pictures) if one is not None]
        body = rendering.body(answer.content)
        try:
            await self._answer(event, body, files)
        except TooLong as error:
            if not files:
                raise
            await self._answer(event, body, ())
            raise UploadRefused("" if isinstance(error, CannotDraw) else strings.FILE_TOO_LARGE) from error

    async def _answer(self, event: Click | ManageCommand, body: Body, files: Files) -> None:
        token = self._tokens.find(event.reply_token)
        if token is not None:
            try:
                # Discord shows that the bot thinks until the first answer to a command takes that place.
                await self._respond(token, body, files, deferred=isinstance(event, ManageCommand))
            except PlatformError as error:
                if not is_refusal(error) or isinstance(error, TooLong):
                    raise  # otherwise the token expired: a direct message takes its place
            else:
                return
        channel = await self._rest.direct_channel(int(event.person.id))
        await self._rest.send(channel, body, files=[as_upload(one) for one in files])
        await self.note_direct(channel)

    async def _respond(self, token: InteractionToken, body: Body, files: Files, *, deferred: bool) -> None:
        # discord.py's types accept no None, so unused arguments are left out.
        options: dict[str, Any] = {"content": body["content"], "allowed_mentions": NO_MENTIONS}
        if body["components"]:
            options["view"] = view_of(body["components"])
        uploads = [as_upload(one) for one in files]
        async with self._rest.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(token.application, token.token, client=client)
            # discord.py lets only an application's webhook send ephemeral messages, and buttons.
            webhook.type = discord.WebhookType.application
            if deferred:
                original: Any = "@original"  # Discord's name for it
                await webhook.edit_message(original, attachments=uploads, **options)
            else:
                await webhook.send(ephemeral=True, suppress_embeds=True, wait=True, files=uploads, **options)

    async def _reply_publicly(self, event: InboundEvent, body: Body, nonce: str | None) -> None:
        """Post where the person wrote: as a reply to the question where its thread may not exist yet."""
        try:
            if isinstance(event, Prompt) and event.opening is not None:
                channel, question = int(event.place.channel), ids.channel_of(event.thread)
                await self._rest.send(channel, body, nonce=nonce, answering=question)
            else:
                await self._rest.send(ids.channel_of(event.thread), body, nonce=nonce)
        except PlatformError as error:
            if not is_refusal(error) or not await self._mark_unanswerable(event):
                raise

    async def _mark_unanswerable(self, event: InboundEvent) -> bool:
        """Put a reaction on the message of a person to whom nothing can be said; False where there is no message."""
        if not isinstance(event, Prompt) or event.source is None:
            return False
        channel, question = ids.address_of(event.source)
        # The bot can write to this person nowhere: a reaction on their message still tells them.
        with missing(ADD_REACTIONS):
            async with self._rest.call() as client:
                message = client.get_partial_messageable(channel).get_partial_message(question)
                await message.add_reaction(strings.UNANSWERABLE_EMOJI)
        return True
