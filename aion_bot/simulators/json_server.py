"""A JSON API on loopback for a platform's simulator, with a log, scheduled failures, and waits for conditions."""

import asyncio
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web

from aion_bot.simulators.waiting import PATIENCE, wait_until
from aion_bot.simulators.workspace import CALLS_KEPT, Failure, Logged

Answer = Callable[..., Awaitable[Any]]
"""Handles one route: takes the body (None without one) and the fields of the path by name, returns a JSON value.

A `LookupError` becomes status 404, a `ValueError` 413: the body is larger than the platform takes.
"""

HOST = "127.0.0.1"
_STATUS = {Failure.DOWN: 503, Failure.FORBIDDEN: 403, Failure.RATE_LIMITED: 429}


class JsonServer:
    """Serves `routes`, named like "PUT /messages/{message}", to whoever sends `token` as Authorization.

    `log` holds the newest requests, oldest first; `in_progress` counts those of each route that have no answer yet.
    """

    def __init__(self, routes: Mapping[str, Answer]) -> None:
        self.log: deque[Logged] = deque(maxlen=CALLS_KEPT)
        self.in_progress: Counter[str] = Counter()
        self._routes = routes
        self.token = secrets.token_urlsafe(16)
        self._failures: dict[str, deque[tuple[Failure, float]]] = defaultdict(deque)
        self._happened = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """The base URL, once the server has started."""
        return f"http://{HOST}:{self._port}"

    async def start(self) -> None:
        """Serve: on a free port the first time, later on the same one."""
        app = web.Application()
        for route, answer in self._routes.items():
            verb, path = route.split(" ")
            app.router.add_route(verb, path, partial(self._serve, route, answer))
        # a closed connection cancels its handler, so that a client that has left does not count as listening
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close every connection and stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    def refuse(self, route: str, failure: Failure, *, retry_after: float = 0.2, times: int = 1) -> None:
        """Fail the next requests of a route."""
        self._failures[route].extend([(failure, retry_after)] * times)

    def changed(self) -> None:
        """Wake everybody who waits in `until`."""
        self._happened.set()

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""
        await wait_until(self._happened, condition, timeout=timeout)

    async def _serve(self, route: str, answer: Answer, request: web.Request) -> web.Response:
        self.in_progress[route] += 1
        self.changed()
        try:
            return await self._answer(route, answer, request)
        finally:
            self.in_progress[route] -= 1
            self.changed()

    async def _answer(self, route: str, answer: Answer, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        due = self._failures[route]
        failure, pause = due.popleft() if due else (None, 0.0)
        status, content = _STATUS.get(failure, 200) if failure else 200, None
        if request.headers.get("Authorization") != self.token:
            status = 401
        elif status == 200:
            try:
                content = await answer(body, **request.match_info)
            except LookupError:
                status = 404
            except ValueError:
                status = 413
        self.log.append(Logged(time.monotonic(), route, "", status))
        if failure is Failure.LOST and request.transport is not None:
            request.transport.abort()
        headers = {"Retry-After": f"{pause:g}"} if failure is Failure.RATE_LIMITED else None
        return web.json_response(content, status=status, headers=headers)
