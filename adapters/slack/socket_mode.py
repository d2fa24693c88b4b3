"""Socket Mode: two WebSocket connections of the same app, each replaced when it has to be, independent of the other.

Slack delivers each envelope over one of an app's connections, of which there may be ten. With two of them, and with
a new one open before an old one is closed, a refresh leaves no gap:
https://docs.slack.dev/apis/events-api/using-socket-mode
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable

import aiohttp

from adapters.slack.client import WebApi
from adapters.slack.handlers import EventHandlers
from adapters.slack.socket_connection import SocketConnection
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, TokenRefused

_log = logging.getLogger(__name__)

CONNECTIONS = 2

OnHello = Callable[[int], Awaitable[None]]


class SocketMode:
    """Serves the handlers of one app over two connections."""

    def __init__(self, web: WebApi, timeouts: Timeouts, handlers: EventHandlers, on_hello: OnHello) -> None:
        """`on_hello` is called with the number of the app's connections, once for each of the first two."""
        self._web = web
        self._timeouts = timeouts
        self._handlers = handlers
        self._on_hello = on_hello
        self._app = handlers.app()
        self._connections: set[SocketConnection] = set()
        self._draining: set[asyncio.Task[None]] = set()
        self._hellos = 0

    async def serve(self) -> None:
        """Serve until cancelled. Raises PlatformDown after `Timeouts.offline` without a connection, and TokenRefused."""
        async with aiohttp.ClientSession() as session:
            work = [
                self._keep_connected(session, number * self._timeouts.stagger)
                for number in range(CONNECTIONS)
            ]
            tasks = [asyncio.create_task(one) for one in (*work, self._watch())]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await self._shut_down(tasks)

    async def _keep_connected(self, session: aiohttp.ClientSession, delay: float) -> None:
        """Have a connection at all times, each with an address of its own; pause longer and longer while none lasts."""
        await asyncio.sleep(delay)
        pause = self._timeouts.reconnect
        while True:
            lasted = retry_after = 0.0
            try:
                lasted = await self._connect(session)
            except PlatformError as error:
                # A refused token does not end `listen` while events still arrive over the other connection.
                if isinstance(error, TokenRefused) and not self._is_serving():
                    raise
                _log.warning("socket could not be opened: %s", error)
                retry_after = error.retry_after if isinstance(error, RateLimited) else 0.0
            if lasted >= self._timeouts.stable:
                pause = self._timeouts.reconnect
                continue
            # The jitter keeps the two connections, and the processes of a deployment, from reconnecting in step.
            await asyncio.sleep(max(retry_after, pause * random.uniform(0.5, 1.0)))
            pause = min(2 * pause, self._timeouts.reconnect_max)

    async def _connect(self, session: aiohttp.ClientSession) -> float:
        """Open a connection and wait until another one is needed. Returns for how many seconds this one was enough."""
        clock = asyncio.get_running_loop().time
        address = await self._web.open_connection()
        connection = SocketConnection(self._app, self._timeouts)
        self._connections.add(connection)
        try:
            connections = await connection.open(session, address, self._web.client.proxy)
        except PlatformError:
            # It may have opened without a `hello`, and would count against the ten that an app may have.
            self._retire(connection)
            raise
        opened = clock()
        if self._hellos < CONNECTIONS:
            self._hellos += 1
            await self._on_hello(connections)
        await connection.replace.wait()
        self._retire(connection)
        return clock() - opened

    def _is_serving(self) -> bool:
        return any(connection.serves for connection in self._connections)

    def _retire(self, connection: SocketConnection) -> None:
        """Close a connection once Slack has delivered over it what it wants to, beside the one that replaces it."""

        async def drain() -> None:
            await connection.drain()
            await connection.close()
            self._connections.discard(connection)

        task = asyncio.create_task(drain())
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        served = clock()
        while clock() - served < self._timeouts.offline:
            await asyncio.sleep(self._timeouts.check_interval)
            if self._is_serving():
                served = clock()
        raise PlatformDown("Slack's sockets stay closed")

    async def _shut_down(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Take nothing more, let the handlers finish what they took, and close every connection."""
        running = [*tasks, *self._draining]
        for task in running:
            task.cancel()
        await asyncio.gather(
            *running, *(one.stop_reading() for one in self._connections), return_exceptions=True
        )
        # The connections stay open for this long, so that what the core writes now is still acknowledged.
        await self._handlers.drain(self._timeouts.close)
        await asyncio.gather(*(connection.close() for connection in self._connections))
