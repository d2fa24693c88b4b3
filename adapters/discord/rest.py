"""Discord's REST API with the bot's token, whether the gateway is up or not. Everything is named by ids."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import discord
from discord.http import Route

from adapters.discord.config import Settings, is_safe_gateway
from adapters.discord.errors import THREAD_EXISTS, pause, translated
from adapters.discord.render import Body
from aion_bot.port.errors import PlatformDown, RateLimited

TIME_LIMIT = 15.0
"""Seconds for one call. discord.py's own limit is five minutes."""
LONGEST_PAUSE = 30.0
"""Seconds that discord.py may wait for a rate limit by itself; it accepts no less."""
ARCHIVED_AFTER: Final = 4_320
"""Minutes without a message after which Discord archives a thread: three days."""
NOBODY = discord.AllowedMentions.none()


class Rest:
    """The calls that the adapter makes. Logs in at the first one. Raises the port's errors."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: discord.Client | None = None
        self._logging_in = asyncio.Lock()

    async def gateway(self) -> str:
        """Ask where the gateway is. Raises PlatformDown too if no session may be started for now."""
        async with self._calling() as client:
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
        async with self._calling() as client:
            options = _options(channel, body, nonce, answering)
            message = await client.get_partial_messageable(channel).send(body["content"], **options)
        return message.id

    async def edit(self, channel: int, message: int, body: Body) -> None:
        """Replace a message. A partial message leaves its flags alone, so that link previews stay away."""
        async with self._calling() as client:
            target = client.get_partial_messageable(channel).get_partial_message(message)
            view = _view(body["components"]) if body["components"] else None
            await target.edit(content=body["content"], view=view, allowed_mentions=NOBODY)

    async def delete(self, channel: int, message: int) -> None:
        """Remove a message."""
        async with self._calling() as client:
            await client.get_partial_messageable(channel).get_partial_message(message).delete()

    async def open_thread(self, channel: int, message: int, name: str) -> None:
        """Open a thread from a message; one that is there already is fine."""
        async with self._calling() as client:
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
        async with self._calling() as client:
            await client.http.edit_channel(thread, archived=False)

    async def channel(self, channel: int) -> object:
        """Look up a channel or thread that the gateway has not described."""
        async with self._calling() as client:
            return await client.fetch_channel(channel)

    async def direct_channel(self, user: int) -> int:
        """Find the channel of direct messages with somebody."""
        async with self._calling() as client:
            channel = await client.create_dm(discord.Object(user))
        return channel.id

    async def follow_up(self, application: int, token: str, text: str) -> None:
        """Answer an interaction so that only its author sees it."""
        async with self._calling() as client:
            webhook = discord.Webhook.partial(application, token, client=client)
            webhook.type = discord.WebhookType.application
            await webhook.send(text, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True, wait=True)

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator[discord.Client]:
        with translated():
            async with asyncio.timeout(TIME_LIMIT):
                yield await self._logged_in()

    async def _logged_in(self) -> discord.Client:
        async with self._logging_in:
            if self._client is None:
                self._client = await _login(self._settings)
        return self._client


def quieten() -> None:
    """Keep discord.py above debug, where it logs interaction tokens, and from warning about voice."""
    logger = logging.getLogger("discord")
    if logger.getEffectiveLevel() < logging.INFO:
        logger.setLevel(logging.INFO)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


async def _login(settings: Settings) -> discord.Client:
    quieten()
    Route.BASE = settings.api_url
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_fail_at_once)
    client = discord.Client(
        intents=discord.Intents(guilds=True),
        max_messages=None,
        allowed_mentions=NOBODY,
        max_ratelimit_timeout=LONGEST_PAUSE,
        http_trace=trace,
    )
    try:
        await client.login(settings.token)
    except BaseException:
        await client.close()
        raise
    return client


async def _fail_at_once(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, answer: aiohttp.TraceRequestEndParams
) -> None:
    """Hand a refusal to the core. discord.py would repeat the request later, by then with a stale text."""
    if answer.response.status == 429:
        raise RateLimited(pause(answer.response.headers))
    if answer.response.status >= 500:
        raise PlatformDown(f"Discord answered {answer.response.status}")


def _options(channel: int, body: Body, nonce: str | None, answering: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {"allowed_mentions": NOBODY, "suppress_embeds": True}
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
