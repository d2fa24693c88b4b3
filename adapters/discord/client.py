"""Discord's REST API with the bot's token: what the adapter calls, by ids, whether the gateway is connected or not."""

from collections.abc import Sequence
from typing import Any, Final

import discord

from adapters.discord.config import Settings, is_safe_gateway
from adapters.discord.errors import THREAD_EXISTS, UNKNOWN_EMOJI, UNKNOWN_MEMBER
from adapters.discord.rendering import Body
from adapters.discord.request_trace import RequestReporter
from adapters.discord.rest_session import NO_MENTIONS, RestSession
from aion_bot.ports.errors import PlatformDown

ARCHIVED_AFTER: Final = 4_320
"""Minutes without a message after which Discord archives a thread: three days."""
HISTORY_LENGTH = 100
"""Messages that Discord lists at once (Discord's documentation, *Get Channel Messages*)."""
_POSTED = {discord.MessageType.default, discord.MessageType.reply}


class RestClient:
    """The calls that the adapter makes. The first one logs in. All of them raise the port's errors."""

    def __init__(self, settings: Settings, reporter: RequestReporter) -> None:
        self._session = RestSession(settings, reporter)

    async def gateway(self) -> str:
        """Return the gateway's address. Raises `PlatformDown` also where no session may be started for now.

        A bot has 1000 session starts a day; one more costs it its token (Discord's documentation, *Gateway*).
        """
        async with self._session.call() as client:
            # discord.py's `connect` never asks: it uses an address of its own.
            _, address, starts = await client.http.get_bot_gateway()
        if starts["remaining"] <= 0:
            raise PlatformDown(f"no session starts are left for {starts['reset_after'] / 1000:.0f} s")
        if not is_safe_gateway(address):
            raise PlatformDown("the gateway's address is not encrypted")
        return address

    async def send(
        self, channel: int, body: Body, *, nonce: str | None = None, answering: int | None = None
    ) -> int:
        """Post a message and return its id; `answering` is the message that it replies to.

        A nonce that is repeated within a few minutes returns the message that it made before (Discord's
        documentation, *Create Message*, `enforce_nonce`). discord.py invents one where none is given.
        """
        async with self._session.call() as client:
            # Its types take no None, so what is not wanted is left out.
            options: dict[str, Any] = {"allowed_mentions": NO_MENTIONS, "suppress_embeds": True}
            if nonce is not None:
                options["nonce"] = nonce
            if answering is not None:
                # Without the check the message appears even if the question was deleted meanwhile.
                options["reference"] = discord.MessageReference(
                    message_id=answering, channel_id=channel, fail_if_not_exists=False
                )
            if body["components"]:
                options["view"] = _view(body["components"])
            message = await client.get_partial_messageable(channel).send(body["content"], **options)
        return message.id

    async def edit(self, channel: int, message: int, body: Body) -> None:
        """Replace a message.

        Of a partial message: `Message.edit` of discord.py 2.7.1 sends flags, which would bring link previews back.
        """
        async with self._session.call() as client:
            target = client.get_partial_messageable(channel).get_partial_message(message)
            # None removes the buttons; leaving `view` out would keep them.
            view = _view(body["components"]) if body["components"] else None
            await target.edit(content=body["content"], view=view, allowed_mentions=NO_MENTIONS)

    async def delete(self, channel: int, message: int) -> None:
        """Remove a message."""
        async with self._session.call() as client:
            await client.get_partial_messageable(channel).get_partial_message(message).delete()

    async def open_thread(self, channel: int, message: int, name: str) -> None:
        """Open a thread from a message; one that is there already is fine."""
        async with self._session.call() as client:
            try:
                # discord.py's public way needs a server that the gateway has described.
                await client.http.start_thread_with_message(
                    channel, message, name=name, auto_archive_duration=ARCHIVED_AFTER
                )
            except discord.HTTPException as error:
                # An earlier attempt may have arrived although its answer was lost.
                if error.code != THREAD_EXISTS:
                    raise

    async def unarchive(self, thread: int) -> None:
        """Take a thread out of the archive."""
        async with self._session.call() as client:
            await client.http.edit_channel(thread, archived=False)

    async def channel(self, channel: int) -> object:
        """Look up a channel or thread that the gateway has not described."""
        async with self._session.call() as client:
            return await client.fetch_channel(channel)

    async def direct_channel(self, user: int) -> int:
        """Open the direct-message channel with a person, or find the one that exists; returns its id."""
        async with self._session.call() as client:
            channel = await client.create_dm(discord.Object(user))
        return channel.id

    async def is_member(self, guild: int, user: int) -> bool:
        """Tell whether somebody is in a server that the bot is in. Needs no privileged intent (Discord's documentation)."""
        async with self._session.call() as client:
            try:
                await client.http.get_member(guild, user)
            except discord.NotFound as error:
                if error.code != UNKNOWN_MEMBER:
                    raise
                return False
        return True

    async def own_messages(self, channel: int, most: int) -> list[int]:
        """Return the ids of at most `most` messages that the bot posted, among the newest hundred, newest first."""
        async with self._session.call() as client:
            history = client.get_partial_messageable(channel).history(limit=HISTORY_LENGTH)
            found = [
                message.id
                async for message in history
                # The acknowledgement of a command has a type of its own, and is no answer.
                if client.user is not None and message.author.id == client.user.id and message.type in _POSTED
            ]
        return found[:most]

    async def react(self, channel: int, message: int, emoji: str) -> None:
        """Add a reaction of the bot's own; one that is there already is fine."""
        async with self._session.call() as client:
            await client.get_partial_messageable(channel).get_partial_message(message).add_reaction(emoji)

    async def unreact(self, channel: int, message: int, emoji: str) -> None:
        """Remove a reaction of the bot's own; one that is not there is fine."""
        async with self._session.call() as client:
            try:
                # discord.py's public way needs the bot's user object for it.
                await client.http.remove_own_reaction(channel, message, emoji)
            except discord.NotFound as error:
                if error.code != UNKNOWN_EMOJI:
                    raise

    async def show_typing(self, channel: int) -> None:
        """Show that the bot is typing, for ten seconds (Discord's documentation, *Trigger Typing Indicator*)."""
        async with self._session.call() as client:
            # Not `channel.typing()`, which repeats the request every five seconds and hides its failures.
            await client.http.send_typing(channel)

    async def follow_up(self, application: int, token: str, text: str) -> None:
        """Answer an interaction so that only its author sees it."""
        async with self._session.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            # discord.py lets only an application's webhook send ephemeral messages.
            webhook.type = discord.WebhookType.application
            await webhook.send(
                text, ephemeral=True, allowed_mentions=NO_MENTIONS, suppress_embeds=True, wait=True
            )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()


def _view(rows: Sequence[dict[str, Any]]) -> discord.ui.View:
    """Build the view that discord.py sends from rendered components.

    It is stopped, so that the client does not keep it: buttons are handled by their ids alone.
    """
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(rows):
        for button in row["components"]:
            style = discord.ButtonStyle(button["style"])
            view.add_item(
                discord.ui.Button(
                    style=style, label=button["label"], custom_id=button["custom_id"], row=number
                )
            )
    view.stop()
    return view
