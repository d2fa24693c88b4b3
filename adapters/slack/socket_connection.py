"""One WebSocket of Socket Mode, from its ticket to its end: https://docs.slack.dev/apis/events-api/using-socket-mode

The SDK's client lets go of a socket before it has the next one, and tries a dead ticket for ever. Here a socket has one
ticket and one life; who holds it sees when to get another, and goes on listening to this one meanwhile.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from adapters.slack.timeouts import Patience
from aion_bot.ports.errors import PlatformDown

_STILL_SERVED = {"warning", "refresh_requested"}
"""Reasons of a `disconnect` after which Slack goes on delivering until it closes the socket."""


class Link:
    """Hands what arrives to `app`, and acknowledges what it took over. `leaving` is set once another is needed."""

    def __init__(self, app: AsyncApp, patience: Patience) -> None:
        self.leaving = asyncio.Event()
        self._lost = asyncio.Event()
        self._app = app
        self._patience = patience
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._greeting: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._taking: set[asyncio.Task[None]] = set()

    @property
    def serves(self) -> bool:
        """Whether Slack greeted, and can still deliver."""
        return self._greeting.done() and not self._lost.is_set()

    async def open(self, session: aiohttp.ClientSession, address: str, proxy: str | None) -> int:
        """Connect and wait for Slack's greeting; returns how many sockets the app has. Raises PlatformDown."""
        try:
            async with asyncio.timeout(self._patience.greeting):
                self._socket = await session.ws_connect(
                    address,
                    proxy=proxy,
                    heartbeat=self._patience.ping,
                    timeout=aiohttp.ClientWSTimeout(ws_close=self._patience.goodbye),
                )
                self._reader = asyncio.create_task(self._read(self._socket))
                sockets = await self._greeting
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._lost.set()
            # the cause would show the ticket
            raise PlatformDown(f"Slack's socket did not open: {type(error).__name__}") from None
        if sockets is None:
            raise PlatformDown("Slack closed the socket without a greeting")
        return sockets

    async def linger(self) -> None:
        """Listen on until Slack closes the socket, or for as long as patience has it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), self._patience.linger)

    async def hush(self) -> None:
        """Take nothing more; what was taken can still be acknowledged."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def close(self) -> None:
        """Let what was taken be acknowledged, within the time of a goodbye, and hang up."""
        await self.hush()
        if self._taking:
            await asyncio.wait(self._taking, timeout=self._patience.goodbye)
        if self._socket is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._socket.close(), 2 * self._patience.goodbye)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._hear(frame.data)
        finally:
            self._lost.set()
            self.leaving.set()
            if not self._greeting.done():
                self._greeting.set_result(None)

    def _hear(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            return
        match said:
            case {"type": "hello"} if not self._greeting.done():
                sockets = said.get("num_connections")
                self._greeting.set_result(sockets if isinstance(sockets, int) else 1)
            case {"type": "disconnect"}:
                self._leave(said.get("reason", ""))
            case {"envelope_id": str(envelope), "payload": dict(payload)}:
                task = asyncio.create_task(self._take(envelope, payload))
                self._taking.add(task)
                task.add_done_callback(self._taking.discard)

    def _leave(self, reason: str) -> None:
        if reason not in _STILL_SERVED:
            self._lost.set()
        self.leaving.set()

    async def _take(self, envelope: str, payload: Mapping[str, Any]) -> None:
        """Acknowledge a payload if the app did; Slack sends an event again that is not acknowledged."""
        answer = await self._app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=dict(payload)))
        if answer.status == 200 and self._socket is not None:
            with suppress(ConnectionError):
                await self._socket.send_json({"envelope_id": envelope})
