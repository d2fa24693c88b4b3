"""Answers to one person: ephemeral messages, and direct messages where the bot may not write or a file belongs to them.

Slack shows no file in an ephemeral message, as a file belongs to a conversation:
https://docs.slack.dev/messaging/working-with-files
"""

import secrets
from collections.abc import Mapping
from typing import Any

from adapters.slack import ids, rendering, strings
from adapters.slack.client import WebApi, field
from adapters.slack.events import is_direct
from adapters.slack.galleries import Galleries
from adapters.slack.message_metadata import private_metadata
from adapters.slack.messages import Messages
from adapters.slack.methods import Method
from aion_bot.ports.errors import CannotDraw, Forbidden, MessageGone
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, MessageChange, Prompt
from aion_bot.ports.messages import Gallery, Line, PrivateAnswer

NO_NAMES: dict[str, Any] = {"parse": "none", "link_names": False}
"""Slack shall find no names in our text. Sent with `chat.update` too, which otherwise falls back to its defaults."""

_Shown = dict[str, Any]


class PrivateAnswers:
    """Shows one person something with one workspace's bot token."""

    def __init__(self, web: WebApi, messages: Messages, galleries: Galleries) -> None:
        self._web = web
        self._messages = messages
        self._galleries = galleries

    async def reply(self, event: InboundEvent, line: Line) -> None:
        """Show a sentence. Raises `Forbidden` and `MessageGone` where Slack takes it nowhere."""
        await self._show(event, {**NO_NAMES, **rendering.sentence(line)})

    async def answer(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Show words with buttons. With files all of it comes in a direct message, and an ephemeral one says so."""
        shown = {**NO_NAMES, **rendering.arguments(answer.content)}
        if answer.document is None and not answer.pictures:
            await self._show(event, shown)
            return
        team, person = ids.thread(event.thread).team, event.person.id
        message = {**shown, "metadata": private_metadata(person)}
        # Slack takes a person's id for their direct message; the answer has the channel's own.
        # The nonce is of this attempt alone: the next one of the core posts all of it again.
        method, nonce = Method.CHAT_POST_MESSAGE, secrets.token_hex(8)
        posted = await self._web.call(method, team, channel=person, **message)
        channel = field(posted, "channel", method)
        where = ids.thread_key(team, channel, field(posted, "ts", method))
        if answer.document is not None:
            await self._messages.files.post(where, answer.document, nonce)
        if answer.pictures:
            await self._galleries.post(where, Gallery(answer.pictures), nonce, NO_NAMES)
        if ids.thread(event.thread).channel != channel:
            await self._show(event, {**NO_NAMES, **rendering.sentence((strings.SENT_DIRECTLY,))})

    async def _show(self, event: InboundEvent, shown: _Shown) -> None:
        try:
            await self._tell(event, shown)
        except CannotDraw:
            shown.pop("blocks")  # its text says the same
            await self._tell(event, shown)

    async def _tell(self, event: InboundEvent, shown: Mapping[str, Any]) -> None:
        place, person = ids.thread(event.thread), event.person.id
        message: _Shown = {**shown, "metadata": private_metadata(person)}
        try:
            if isinstance(event, ManageCommand) or (
                isinstance(event, Prompt) and is_address(event.reply_token)
            ):
                # Slack takes it wherever commands can be used, and shows it where the person reads.
                # The other arguments are of methods, and `blocks` are left out once Slack could not draw them.
                said = {name: shown[name] for name in ("text", "blocks") if name in shown}
                how = {"response_type": "ephemeral", "replace_original": False}
                await self._web.respond(event.reply_token, {**how, **said})
            elif is_direct(place.channel) and ids.is_open(event.thread):
                where = {"channel": place.channel, "thread_ts": place.ts}
                await self._web.call(Method.CHAT_POST_MESSAGE, place.team, **where, **message)
            else:
                # A private question is answered elsewhere: its person reads where they asked.
                where = {"channel": event.place.channel if event.place.private else place.channel}
                # The thread in which the person reads, if any; see `events` on `reply_token`.
                if isinstance(event, Click) and event.by_reaction:
                    where["thread_ts"] = place.ts
                elif not isinstance(event, MessageChange) and event.reply_token:
                    where["thread_ts"] = event.reply_token
                await self._web.call(Method.CHAT_POST_EPHEMERAL, place.team, user=person, **where, **shown)
        except (Forbidden, MessageGone):
            # The request counts under the person's id, because the channel's own is known from the answer only.
            await self._web.call(Method.CHAT_POST_MESSAGE, place.team, channel=person, **message)


def is_address(reply_token: str) -> bool:
    """Tell whether a `reply_token` is the address that takes the answers to its event, as of a command."""
    return reply_token.startswith(("https://", "http://"))
