"""One stay in Socket Mode: connect, wait for the greeting, watch the connection, hang up.

The SDK reconnects by itself, but it tries a dead ticket for ever; a connection that stays away is given up here, and
the next stay begins with a new ticket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient

from adapters.slack import sdk_log
from adapters.slack.config import SlackSettings
from adapters.slack.intake import Intake
from adapters.slack.web import WebApi
from aion_bot.port.errors import PlatformDown


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds.

    `call`: one Web API call. `greeting`: from the ticket to Slack's `hello`. `ping`: between two pings, and about
    how long it takes to notice a connection that was cut. `away`: without a connection until this stay is given
    up. `look`: between two looks at the connection. `goodbye`: for each step of hanging up.
    """

    call: float = 15.0
    greeting: float = 15.0
    ping: float = 5.0
    away: float = 30.0
    look: float = 1.0
    goodbye: float = 0.3


class SocketMode:
    """Serves one intake over one socket."""

    def __init__(self, settings: SlackSettings, web: WebApi, patience: Patience) -> None:
        self._settings = settings
        self._web = web
        self._patience = patience
        self._greeting: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(self, intake: Intake, greeted: Callable[[int], Awaitable[None]]) -> None:
        """Serve until cancelled; `greeted` is told how many sockets the app has. Raises PlatformDown, TokenRefused."""
        address = await self._web.open_socket()
        client = self._new_client(intake.app())
        client.wss_uri = address
        try:
            await greeted(await self._connect(client))
            await self._watch(client)
        finally:
            await intake.settle(self._patience.goodbye)
            await self._hang_up(client)

    def _new_client(self, app: AsyncApp) -> SocketModeClient:
        handler = AsyncSocketModeHandler(
            app,
            self._settings.app_token,
            logger=sdk_log.LOGGER,
            web_client=self._web.client,
            ping_interval=self._patience.ping,
        )
        if self._web.direct:
            handler.client.proxy = None
        handler.client.message_listeners.append(self._hear)
        return handler.client

    async def _hear(self, _client: Any, message: dict[str, Any], _raw: str | None = None) -> None:
        if message.get("type") == "hello" and not self._greeting.done():
            self._greeting.set_result(int(message.get("num_connections") or 1))

    async def _connect(self, client: SocketModeClient) -> int:
        try:
            async with asyncio.timeout(self._patience.greeting):
                await client.connect()  # type: ignore[no-untyped-call]  # the SDK left it out
                return await self._greeting
        except TimeoutError:
            raise PlatformDown("Slack's socket did not open") from None

    async def _watch(self, client: SocketModeClient) -> None:
        clock = asyncio.get_running_loop().time
        seen = clock()
        while clock() - seen < self._patience.away:
            await asyncio.sleep(self._patience.look)
            if await client.is_connected():
                seen = clock()
        raise PlatformDown("Slack's socket stays closed")

    async def _hang_up(self, client: SocketModeClient) -> None:
        """Close without waiting for an answer that may never come."""
        with suppress(TimeoutError):
            await asyncio.wait_for(client.close(), self._patience.goodbye)  # type: ignore[no-untyped-call]  # likewise
        tasks = (client.message_processor, client.message_receiver, client.current_session_monitor)
        begun = [task for task in tasks if task is not None]
        for task in begun:
            task.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
        await client.aiohttp_client_session.close()
