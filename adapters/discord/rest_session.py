"""The discord.py client that makes the REST calls: logged in at the first call, and repeating no request by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import aiohttp
import discord
from discord.http import Route

from adapters.discord import rate_limits
from adapters.discord.buckets import Buckets
from adapters.discord.config import Settings
from adapters.discord.errors import retry_after, translated
from adapters.discord.request_trace import RequestReporter, is_global, read_json
from aion_bot.ports.errors import PlatformDown, RateLimited

TIME_LIMIT = 15.0
"""Seconds for one call. discord.py's own limit is five minutes."""
NO_MENTIONS = discord.AllowedMentions.none()
"""Nobody is notified by what the bot writes."""


class RestSession:
    """One login, shared by all calls until it is closed; the next call makes another."""

    def __init__(self, settings: Settings, reporter: RequestReporter) -> None:
        self._settings = settings
        self._reporter = reporter
        self._client: discord.Client | None = None
        self._login_lock = asyncio.Lock()

    @asynccontextmanager
    async def call(self, *, for_interaction: bool = False) -> AsyncIterator[discord.Client]:
        """Lend the client for one call, which raises the port's errors.

        While Discord's limit of the whole bot is exceeded, no call is made: `RateLimited`. Answers to interactions
        are, because that limit leaves them out (Discord's documentation, *Rate Limits*).
        """
        remaining = self._reporter.blocked_until - monotonic()
        if remaining > 0 and not for_interaction:
            raise RateLimited(remaining, rate_limits.GLOBAL)
        with translated():
            # Includes logging in, and the wait for a bucket.
            async with asyncio.timeout(TIME_LIMIT):
                yield await self._logged_in()

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _logged_in(self) -> discord.Client:
        # Calls that begin together share one login.
        async with self._login_lock:
            if self._client is None:
                self._client = await self._login()
        return self._client

    async def _login(self) -> discord.Client:
        quieten_discord_py()
        # discord.py has no setting for the address of the API.
        Route.BASE = self._settings.api_url
        client = discord.Client(
            # Never connected to the gateway; discord.py warns about a client without this intent.
            intents=discord.Intents(guilds=True),
            max_messages=None,
            allowed_mentions=NO_MENTIONS,
            http_trace=self._reporter.trace(self._raise_refusal),
        )
        client.http._buckets = Buckets()  # noqa: SLF001  there is no public way
        try:
            await client.login(self._settings.token)
        except BaseException:
            # Also when cancelled: discord.py opens the HTTP session before it asks who it is.
            await client.close()
            raise
        return client

    async def _raise_refusal(self, answer: aiohttp.ClientResponse) -> None:
        """Fail at once where discord.py would repeat the request later, by then with a stale text."""
        if answer.status == 429:
            seconds = retry_after(answer.headers, await read_json(answer))
            raise RateLimited(seconds, rate_limits.GLOBAL if is_global(answer) else "")
        if answer.status >= 500:
            raise PlatformDown(f"Discord answered {answer.status}")


def quieten_discord_py() -> None:
    """Keep discord.py above debug, where it logs interaction tokens, and from warning that it lacks voice."""
    logger = logging.getLogger("discord")
    if logger.getEffectiveLevel() < logging.INFO:
        logger.setLevel(logging.INFO)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
