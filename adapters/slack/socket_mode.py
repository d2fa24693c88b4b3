"""Socket Mode: two WebSocket connections of the same app, each replaced when it has to be, independent of the other.

Slack delivers each envelope over one of an app's connections, of which there may be ten. With two of them, and with
a new one open before an old one is closed, a refresh leaves no gap:
https://docs.slack.dev/apis/events-api/using-socket-mode

This replaces the SDK's Socket Mode client, which closes a connection before it has the next one, and which tries a
WebSocket address for ever although Slack accepts each address once (slackapi/python-slack-sdk, 3.47). Here a
connection has one address and one life. Its owner sees when to open another, and lets this one be read meanwhile.

It also replaces aiohttp's heartbeat (3.14). After a pause of the process that one closes a connection although the pong
has arrived, and drops what was received behind it. Slack sends an interaction once.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp

from adapters.slack.client import WebApi
from adapters.slack.envelopes import ACKNOWLEDGED, EnvelopeApp
from adapters.slack.handlers import EventHandlers
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.backoff import Backoff
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TokenRefused

_log = logging.getLogger(__name__)

CONNECTIONS = 2
_STILL_DELIVERING = {"warning", "refresh_requested"}
"""Reasons of a `disconnect` message after which Slack goes on delivering until it closes the connection."""

_NORMAL_CLOSURE = (1000).to_bytes(2)
"""What a close frame holds: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1."""

_PONG_CHECKS = 5
"""Checks for an answer to a ping. Between two of them the event loop reads what has arrived, however long it was paused."""

OnHello = Callable[[int], Awaitable[None]]


class SocketConnection:
    """One WebSocket, from its ticket to its end. Dispatches envelopes to `app`, and acknowledges those that the app acknowledged.

    `replace` is set once another connection is needed: Slack asked for that, this one is lost, or another token took over;
    then this one `leaves`. `app` is the id of the app, once Slack has said `hello`.
    """

    def __init__(self, app: EnvelopeApp, timeouts: Timeouts) -> None:
        self.replace = asyncio.Event()
        self.leaves = False
        self.app = ""
        self._lost = asyncio.Event()
        self._app = app
        self._timeouts = timeouts
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pinging: asyncio.Task[None] | None = None
        self._heard = self._says_nothing = False
        self._hello: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._dispatching: set[asyncio.Task[None]] = set()

    @property
    def serves(self) -> bool:
        """Whether Slack said `hello`, answers the pings, and can still deliver."""
        return self._hello.done() and not self._lost.is_set()

    async def open(self, session: aiohttp.ClientSession, address: str, proxy: str | None) -> int:
        """Connect and wait for `hello`. Returns how many connections the app has. Raises PlatformDown."""
        try:
            async with asyncio.timeout(self._timeouts.hello):
                self._socket = await session.ws_connect(
                    address,
                    proxy=proxy,
                    autoping=False,
                    timeout=aiohttp.ClientWSTimeout(ws_close=self._timeouts.close),
                )
                self._reader = asyncio.create_task(self._read(self._socket))
                self._pinging = asyncio.create_task(self._ping(self._socket, self._reader))
                connections = await self._hello
        # A `TimeoutError` is an `OSError`.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._lost.set()
            # The cause would show the address, which holds the ticket.
            raise PlatformDown(f"Slack's socket did not open: {type(error).__name__}") from None
        if connections is None:
            raise PlatformDown("Slack closed the socket without a greeting")
        return connections

    async def drain(self) -> None:
        """Read on until Slack closes the connection, at most for `Timeouts.drain`; it is asked to where this one `leaves`.

        Slack may send until it has read that, and none of it is lost; an event that is not acknowledged then comes again.
        """
        if self.leaves and self._socket is not None:
            if self._dispatching:
                await asyncio.wait(self._dispatching, timeout=self._timeouts.close)
            # The frame alone: `close` of aiohttp drops what arrives until Slack closes as well.
            with suppress(ConnectionError):  # Slack has closed it meanwhile
                await self._socket.send_frame(_NORMAL_CLOSURE, aiohttp.WSMsgType.CLOSE)
            # After a close frame nothing may be sent (RFC 6455, section 5.5.1).
            self._says_nothing = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeouts.drain):
                await self._lost.wait()

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
                async with asyncio.timeout(2 * self._timeouts.close):
                    await self._socket.close()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for frame in socket:
                self._heard = True
                if frame.type is aiohttp.WSMsgType.PING:
                    # Where it was closed meanwhile, what was received before that is still to be read.
                    with suppress(ConnectionError):
                        await socket.pong(frame.data)
                elif frame.type is aiohttp.WSMsgType.TEXT:
                    self._receive(frame.data)
        finally:
            # However reading ends, `open`, `drain` and the owner of the connection must not wait any longer.
            if self._pinging is not None:
                self._pinging.cancel()
            self._lost.set()
            self.replace.set()
            if not self._hello.done():
                self._hello.set_result(None)

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse, reader: asyncio.Task[None]) -> None:
        """Ping every `Timeouts.heartbeat`, and end reading where nothing at all arrives for half of it."""
        patience = self._timeouts.heartbeat / 2
        while True:
            await asyncio.sleep(self._timeouts.heartbeat)
            self._heard = False
            # A peer that does not read can keep a ping from being written; it does not answer either.
            with suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(patience):
                    await socket.ping()
            # Checks are counted, not time: after a pause of the process the answer is there, but not read yet.
            for _ in range(_PONG_CHECKS):
                await asyncio.sleep(patience / _PONG_CHECKS)
                if self._heard:
                    break
            else:
                reader.cancel()
                return

    def _receive(self, text: str) -> None:
        try:
            message = json.loads(text)
        except (RecursionError, ValueError) as error:
            _log.warning("envelope skipped, not readable", extra={"reason": type(error).__name__})
            return
        match message:
            case {"type": "hello"} if not self._hello.done():
                connections, about = message.get("num_connections"), message.get("connection_info")
                self.app = str(about.get("app_id") or "") if isinstance(about, Mapping) else ""
                # One, where Slack does not say it: then no foreign connection is reported.
                self._hello.set_result(connections if isinstance(connections, int) else 1)
            case {"type": "disconnect"}:
                # Any other reason, such as a switched off Socket Mode, ends the connection at once.
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
        status = await self._app.receive(payload)
        if status == ACKNOWLEDGED and self._socket is not None and not self._says_nothing:
            # On a connection that was lost meanwhile nothing can be acknowledged: Slack sends the event again.
            with suppress(ConnectionError):
                await self._socket.send_json({"envelope_id": envelope_id})


class SocketMode:
    """Serves the handlers of one app over two connections."""

    def __init__(
        self,
        web: WebApi,
        timeouts: Timeouts,
        handlers: EventHandlers,
        on_hello: OnHello,
        on_life: Callable[[], None],
    ) -> None:
        """`on_hello` is called with the number of the app's connections, once for each of the first two.

        `on_life` is called again and again while a connection answers its pings.
        """
        self._on_hello, self._on_life = on_hello, on_life
        self._web, self._timeouts = web, timeouts
        self._handlers, self._app = handlers, handlers.app()
        self._connections: set[SocketConnection] = set()
        self._draining: set[asyncio.Task[None]] = set()
        self._hellos = 0
        self._spare: list[SocketConnection] = []
        self._session: aiohttp.ClientSession | None = None
        self.app = ""
        """The id of the app, once a connection is open."""

    async def serve(self) -> None:
        """Serve until cancelled. Raises PlatformDown after `Timeouts.offline` without a connection, and TokenRefused."""
        async with aiohttp.ClientSession() as self._session:
            work = [self._keep_connected(number * self._timeouts.stagger) for number in range(CONNECTIONS)]
            tasks = [asyncio.create_task(one) for one in (*work, self._watch())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                # None of them returns: the first one to end has raised.
                for task in done:
                    task.result()
            finally:
                await self._shut_down(tasks)

    async def open_spare(self, web: WebApi) -> Sequence[SocketConnection]:
        """Open as many connections as serve, with the token of `web`, beside them. Raises PlatformError: then none is open."""
        work = (self._open(web) for _ in range(CONNECTIONS))
        found = await asyncio.gather(*work, return_exceptions=True)
        opened = [one[0] for one in found if not isinstance(one, BaseException)]
        if len(opened) < CONNECTIONS:
            self.discard(opened)
            raise next(one for one in found if isinstance(one, BaseException))
        return opened

    def take_over(self, opened: Sequence[SocketConnection]) -> None:
        """Let these connections serve; the others are read until Slack closes them."""
        # Those of an earlier change of tokens, if nothing has taken them since.
        self.discard(self._spare)
        self._spare = list(opened)
        for connection in self._connections - set(opened):
            connection.leaves = True
            connection.replace.set()

    def discard(self, connections: Iterable[SocketConnection]) -> None:
        """Close connections that nothing waits for."""
        for connection in connections:
            connection.leaves = True
            self._retire(connection)

    async def _keep_connected(self, delay: float) -> None:
        """Have a connection at all times, each with an address of its own; pause longer and longer while none lasts."""
        await asyncio.sleep(delay)
        # The jitter keeps the two connections, and the processes of a deployment, from reconnecting in step.
        backoff = Backoff(self._timeouts.reconnect, cap=self._timeouts.reconnect_max, jitter=0.5)
        delays = backoff.delays()
        while True:
            lasted = retry_after = 0.0
            try:
                lasted = await self._connect()
            except PlatformError as error:
                # A refused token does not end `listen` while events still arrive over the other connection.
                if isinstance(error, TokenRefused) and not any(one.serves for one in self._connections):
                    raise
                _log.warning("socket could not be opened", extra={"reason": str(error)})
                retry_after = error.retry_after if isinstance(error, RateLimited) else 0.0
            if lasted >= self._timeouts.stable:
                delays = backoff.delays()
                continue
            await asyncio.sleep(max(retry_after, next(delays)))

    async def _connect(self) -> float:
        """Open a connection and wait until another one is needed. Returns for how many seconds this one was enough."""
        clock = asyncio.get_running_loop().time
        if self._spare:
            # One that was lost meanwhile has `replace` set: it is retired without a wait.
            connection = self._spare.pop()
        else:
            connection, connections = await self._open(self._web)
            self.app = connection.app or self.app
            if self._hellos < CONNECTIONS:
                self._hellos += 1
                await self._on_hello(connections)
        opened = clock()
        await connection.replace.wait()
        self._retire(connection)
        return clock() - opened

    async def _open(self, web: WebApi) -> tuple[SocketConnection, int]:
        """Open a connection with the token of `web`; returns how many the app has, too."""
        address = await web.open_connection()
        connection = SocketConnection(self._app, self._timeouts)
        if self._session is None:
            raise PlatformDown("Slack's sockets are closed")
        # Before it opens: `_shut_down` closes what is here, also where this is cancelled meanwhile.
        self._connections.add(connection)
        try:
            return connection, await connection.open(self._session, address, web.client.proxy)
        except PlatformError:
            # It may have opened without a `hello`, and would count against the ten that an app may have.
            self._retire(connection)
            raise

    def _retire(self, connection: SocketConnection) -> None:
        """Read a connection on until Slack closes it, then close it; the one that replaces it is open meanwhile."""

        async def drain() -> None:
            await connection.drain()
            await connection.close()
            self._connections.discard(connection)

        task = asyncio.create_task(drain())
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _watch(self) -> None:
        # Checks are counted, not time: a process that was suspended has not tried to connect meanwhile.
        missed = 0
        while missed * self._timeouts.check_interval < self._timeouts.offline:
            await asyncio.sleep(self._timeouts.check_interval)
            missed += 1
            if any(one.serves for one in self._connections):
                missed = 0
                self._on_life()
        raise PlatformDown("Slack's sockets stay closed")

    async def _shut_down(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Take no more envelopes, let the handlers finish those that they have, and close every connection."""
        running = [*tasks, *self._draining]
        for task in running:
            task.cancel()
        await asyncio.gather(
            *running, *(one.stop_reading() for one in self._connections), return_exceptions=True
        )
        # The connections stay open for this long, so that what the core writes now is still acknowledged.
        await self._handlers.drain(self._timeouts.close)
        await asyncio.gather(*(connection.close() for connection in self._connections))
