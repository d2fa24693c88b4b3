"""Discord's REST API with the bot's token, whether the gateway is up or not. Everything is named by ids."""

from collections.abc import Sequence
from typing import Any, Final

import discord

from adapters.discord.config import Settings, is_safe_gateway
from adapters.discord.errors import THREAD_EXISTS, UNKNOWN_EMOJI
from adapters.discord.rendering import Body
from adapters.discord.request_trace import RequestReporter
from adapters.discord.rest_session import NO_MENTIONS, RestSession
from aion_bot.ports.errors import PlatformDown

ARCHIVED_AFTER: Final = 4_320
"""Minutes without a message after which Discord archives a thread: three days."""
PAGE = 100
"""Messages that Discord lists at once (Discord's documentation, *Get Channel Messages*)."""
_POSTED = {discord.MessageType.default, discord.MessageType.reply}


class RestClient:
    """The calls that the adapter makes. Logs in at the first one. Raises the port's errors."""

    def __init__(self, settings: Settings, reporter: RequestReporter) -> None:
        self._session = RestSession(settings, reporter)

    async def gateway(self) -> str:
        """Ask where the gateway is. Raises PlatformDown too if no session may be started for now."""
        async with self._session.call() as client:
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

        A nonce repeated within a few minutes returns the message that it made before (Discord's documentation,
        *Create Message*). discord.py makes one up where none is given.
        """
        async with self._session.call() as client:
            options = _options(channel, body, nonce, answering)
            message = await client.get_partial_messageable(channel).send(body["content"], **options)
        return message.id

    async def edit(self, channel: int, message: int, body: Body) -> None:
        """Replace a message. A partial message leaves its flags alone, so that link previews stay away."""
        async with self._session.call() as client:
            target = client.get_partial_messageable(channel).get_partial_message(message)
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
                # The public way wants a server that the gateway has described.
                await client.http.start_thread_with_message(
                    channel, message, name=name, auto_archive_duration=ARCHIVED_AFTER
                )
            except discord.HTTPException as error:
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
        """Find the channel of direct messages with somebody."""
        async with self._session.call() as client:
            channel = await client.create_dm(discord.Object(user))
        return channel.id

    async def own_messages(self, channel: int, most: int) -> list[int]:
        """Ids of the messages that the bot posted among the newest hundred of a channel, newest first."""
        async with self._session.call() as client:
            history = client.get_partial_messageable(channel).history(limit=PAGE)
            found = [
                message.id
                async for message in history
                if _is_ours(message, client) and message.type in _POSTED
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
                await client.http.remove_own_reaction(channel, message, emoji)
            except discord.NotFound as error:
                if error.code != UNKNOWN_EMOJI:
                    raise

    async def show_typing(self, channel: int) -> None:
        """Show that the bot is typing, for ten seconds (Discord's documentation, *Trigger Typing Indicator*)."""
        async with self._session.call() as client:
            await client.http.send_typing(channel)

    async def follow_up(self, application: int, token: str, text: str) -> None:
        """Answer an interaction so that only its author sees it."""
        async with self._session.call(for_interaction=True) as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            webhook.type = discord.WebhookType.application
            await webhook.send(
                text, ephemeral=True, allowed_mentions=NO_MENTIONS, suppress_embeds=True, wait=True
            )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._session.close()


def _is_ours(message: discord.Message, client: discord.Client) -> bool:
    return client.user is not None and message.author.id == client.user.id


def _options(channel: int, body: Body, nonce: str | None, answering: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {"allowed_mentions": NO_MENTIONS, "suppress_embeds": True}
    if nonce is not None:
        options["nonce"] = nonce
    if answering is not None:
        options["reference"] = discord.MessageReference(
            message_id=answering, channel_id=channel, fail_if_not_exists=False
        )
    if body["components"]:
        options["view"] = _view(body["components"])
    return options


def _view(rows: Sequence[dict[str, Any]]) -> discord.ui.View:
    """Make what discord.py sends from what `render` drew; it is stopped, so that the client does not keep it."""
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
