"""One WebSocket of Socket Mode, from its ticket to its end: https://docs.slack.dev/apis/events-api/using-socket-mode

This replaces the SDK's Socket Mode client, which closes a connection before it has the next one, and which tries a
WebSocket address for ever although Slack accepts each address once (slackapi/python-slack-sdk, 3.47). Here a
connection has one address and one life. Its owner sees when to open another, and lets this one be read meanwhile.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from adapters.slack.timeouts import Timeouts
from aion_bot.ports.errors import PlatformDown

_STILL_DELIVERING = {"warning", "refresh_requested"}
"""Reasons of a `disconnect` message after which Slack goes on delivering until it closes the connection."""


class SocketConnection:
    """Dispatches envelopes to `app`, and acknowledges those that the app acknowledged.

    `replace` is set once another connection is needed: Slack asked for that, or this one is lost.
    """

    def __init__(self, app: AsyncApp, timeouts: Timeouts) -> None:
        self.replace = asyncio.Event()
        self._lost = asyncio.Event()
        self._app = app
        self._timeouts = timeouts
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._hello: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._dispatching: set[asyncio.Task[None]] = set()

    @property
    def serves(self) -> bool:
        """Whether Slack said `hello`, and can still deliver."""
        return self._hello.done() and not self._lost.is_set()

    async def open(self, session: aiohttp.ClientSession, address: str, proxy: str | None) -> int:
        """Connect and wait for `hello`. Returns how many connections the app has. Raises PlatformDown."""
        try:
            async with asyncio.timeout(self._timeouts.hello):
                self._socket = await session.ws_connect(
                    address,
                    proxy=proxy,
                    heartbeat=self._timeouts.heartbeat,
                    timeout=aiohttp.ClientWSTimeout(ws_close=self._timeouts.close),
                )
                self._reader = asyncio.create_task(self._read(self._socket))
                connections = await self._hello
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._lost.set()
            # The cause would show the address, which holds the ticket.
            raise PlatformDown(f"Slack's socket did not open: {type(error).__name__}") from None
        if connections is None:
            raise PlatformDown("Slack closed the socket without a greeting")
        return connections

    async def drain(self) -> None:
        """Read on until Slack closes the connection, at most for `Timeouts.drain`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._lost.wait(), self._timeouts.drain)

    async def stop_reading(self) -> None:
        """Take no more envelopes; those that were taken can still be acknowledged."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def close(self) -> None:
        """Wait for `Timeouts.close` until what was taken is acknowledged, then close the connection."""
        await self.stop_reading()
        if self._dispatching:
            await asyncio.wait(self._dispatching, timeout=self._timeouts.close)
        if self._socket is not None:
            # aiohttp's own close timeout begins after the close frame was written, and a peer that does not read
            # can keep that from happening.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._socket.close(), 2 * self._timeouts.close)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    self._receive(frame.data)
        finally:
            # However reading ends, whoever waits for this connection goes on: `open`, `drain` and its owner.
            self._lost.set()
            self.replace.set()
            if not self._hello.done():
                self._hello.set_result(None)

    def _receive(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            return
        match message:
            case {"type": "hello"} if not self._hello.done():
                connections = message.get("num_connections")
                self._hello.set_result(connections if isinstance(connections, int) else 1)
            case {"type": "disconnect"}:
                if message.get("reason", "") not in _STILL_DELIVERING:
                    self._lost.set()
                self.replace.set()
            case {"envelope_id": str(envelope_id), "payload": dict(payload)}:
                # The loop keeps only weak references to tasks, so this set keeps the others.
                task = asyncio.create_task(self._dispatch(envelope_id, payload))
                self._dispatching.add(task)
                task.add_done_callback(self._dispatching.discard)

    async def _dispatch(self, envelope_id: str, payload: Mapping[str, Any]) -> None:
        """Acknowledge an envelope if the app did. Slack sends an event again that is not acknowledged."""
        response = await self._app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=dict(payload)))
        # Bolt answers 200 where a handler acknowledged, 404 where none exists and 500 where one failed.
        if response.status == 200 and self._socket is not None:
            # On a connection that was lost meanwhile nothing can be acknowledged: Slack sends the event again.
            with suppress(ConnectionError):
                await self._socket.send_json({"envelope_id": envelope_id})
