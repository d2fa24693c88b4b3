"""The client that makes the REST calls: logged in at the first call, and never repeating a request by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
from discord.http import Route

from adapters.discord import rate_limits
from adapters.discord.buckets import Buckets
from adapters.discord.config import Settings
from adapters.discord.errors import pause, translated
from aion_bot.ports.errors import PlatformDown, RateLimited
from aion_bot.ports.rate_limits import LimitReading

TIME_LIMIT = 15.0
"""Seconds for one call. discord.py's own limit is five minutes."""
NOBODY = discord.AllowedMentions.none()


class Session:
    """One login, shared by all calls until it is closed; the next call makes another.

    `heard` is told what answers say about a limit, before the call returns.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: discord.Client | None = None
        self._logging_in = asyncio.Lock()
        self._held_until = 0.0
        self.heard: Callable[[LimitReading], None] | None = None

    @asynccontextmanager
    async def calling(self, *, held: bool = True) -> AsyncIterator[discord.Client]:
        """Lend the client for one call, which raises the port's errors.

        While Discord's limit for all calls of a bot is exceeded, none is made. `held` is false for answers to
        interactions, which that limit leaves out (Discord's documentation, *Rate Limits*).
        """
        remaining = self._held_until - monotonic()
        if held and remaining > 0:
            raise RateLimited(remaining, rate_limits.GLOBAL)
        with translated():
            async with asyncio.timeout(TIME_LIMIT):
                yield await self._logged_in()

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _logged_in(self) -> discord.Client:
        async with self._logging_in:
            if self._client is None:
                self._client = await self._login()
        return self._client

    async def _login(self) -> discord.Client:
        quieten()
        Route.BASE = self._settings.api_url
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._answered)
        client = discord.Client(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            allowed_mentions=NOBODY,
            http_trace=trace,
        )
        client.http._buckets = Buckets()  # noqa: SLF001  there is no public way
        try:
            await client.login(self._settings.token)
        except BaseException:
            await client.close()
            raise
        return client

    async def _answered(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        """Pass on what an answer says about a limit, unless it is a refusal."""
        await self._fail_at_once(end.response)
        reading = rate_limits.reading(end.method, end.url.path, end.response.headers)
        if reading is not None and self.heard is not None:
            self.heard(reading)

    async def _fail_at_once(self, answer: aiohttp.ClientResponse) -> None:
        """Hand a refusal to the core. discord.py would repeat the request later, by then with a stale text."""
        if answer.status == 429:
            seconds = pause(answer.headers, await _body(answer))
            if answer.headers.get("X-RateLimit-Scope") == "global" or "X-RateLimit-Global" in answer.headers:
                self._held_until = monotonic() + seconds
                raise RateLimited(seconds, rate_limits.GLOBAL)
            raise RateLimited(seconds)
        if answer.status >= 500:
            raise PlatformDown(f"Discord answered {answer.status}")


def quieten() -> None:
    """Keep discord.py above debug, where it logs interaction tokens, and from warning about voice."""
    logger = logging.getLogger("discord")
    if logger.getEffectiveLevel() < logging.INFO:
        logger.setLevel(logging.INFO)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False


async def _body(answer: aiohttp.ClientResponse) -> Any:
    """Read JSON; None where a proxy answered something else."""
    try:
        return await answer.json(content_type=None)
    except ValueError:
        return None
