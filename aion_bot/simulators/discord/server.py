"""The simulated Discord as a server on loopback: REST under /api/v10, and the gateway."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from inspect import isawaitable
from typing import Any

from aiohttp import BodyPartReader, web

from aion_bot.simulators.discord import interactions, limits, rest
from aion_bot.simulators.discord.backend import Backend
from aion_bot.simulators.discord.errors import ApiError, unauthorized
from aion_bot.simulators.discord.faults import Fault, Faults
from aion_bot.simulators.discord.rates import Rates
from aion_bot.simulators.discord.rest import Call, Handler
from aion_bot.simulators.file_server import serve_file
from aion_bot.simulators.workspace import CALLS_KEPT, Inspector, Logged

BASE = "/api/v10"
HOST = "127.0.0.1"
READ_FILE = "GET /attachments/{channel_id}/{attachment_id}/{filename}"
"""Names the requests for the bytes of a file, at any of `FILE_PATHS`; they are no part of the API."""
FILE_PATHS = ("/attachments/{channel}/{file}/{name}", "/ephemeral-attachments/{application}/{file}/{name}")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Serves requests as far as `rates` allow, counts them, and calls the inspector first.

    `calls` counts by route; `bodies` are the received bodies, oldest first; `violations` are the errors of the inspector,
    and requests that no route of the simulator takes. `tokens` hold now, for the gateway too unless a test gives it its own.
    """

    def __init__(self, backend: Backend, inspector: Inspector | None, rates: Rates) -> None:
        self._backend = backend
        self.tokens = backend.gateway.tokens
        self._inspector = inspector
        self._rates = rates
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.bodies: list[tuple[str, Any]] = []
        self.violations: list[str] = []
        self.log: deque[Logged] = deque(maxlen=CALLS_KEPT)

    @property
    def routes(self) -> Collection[str]:
        """The routes that are served."""
        return {**rest.ROUTES, **interactions.ROUTES, READ_FILE: None}

    @property
    def address(self) -> str:
        """The base address of the REST API."""
        return f"http://{HOST}:{self._port}{BASE}"

    async def start(self) -> None:
        """Serve; the first time on a free port, later on the same one."""
        app = web.Application(client_max_size=limits.REQUEST)
        app.router.add_get("/gateway/", self._backend.gateway.serve)
        for name, handler in rest.ROUTES.items():
            self._add(app, name, handler, authorized=True)
        for name, handler in interactions.ROUTES.items():
            self._add(app, name, handler, authorized=False)
        for path in FILE_PATHS:
            app.router.add_get(path, self._file)
        app.router.add_route("*", "/{anything:.*}", self._unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self._port = int(self._runner.addresses[0][1])
        self._backend.world.cdn = f"http://{HOST}:{self._port}"
        self._backend.gateway.described["url"] = f"ws://{HOST}:{self._port}/gateway/"

    async def stop(self) -> None:
        """Close every connection and stop."""
        await self._backend.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def _add(self, app: web.Application, name: str, handler: Handler, *, authorized: bool) -> None:
        method, path = name.split(" ")
        app.router.add_route(method, BASE + path, self._answering(name, handler, authorized=authorized))

    def _answering(self, name: str, handler: Handler, *, authorized: bool) -> Answer:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.calls[name] += 1
            self._backend.gateway.changed.set()
            headers: Mapping[str, str] = {}
            try:
                kind, _, token = request.headers.get("Authorization", "").partition(" ")
                if authorized and (kind != "Bot" or token not in self.tokens):
                    raise unauthorized()
                headers = self._rates.take(name, request.match_info)
                answered = await self._handled(name, handler, request)
            except ApiError as error:
                answered = _json(error.body, error.status, error.headers)
            answered.headers.update(headers)
            channel = request.match_info.get("channel_id", "")
            self.log.append(Logged(time.monotonic(), name, channel, answered.status))
            return answered

        return answer

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Serve the bytes of a file at an address whose signature holds, to anybody."""
        self.calls[READ_FILE] += 1
        if "Authorization" in request.headers:
            self.violations.append("a token was sent to the file host")
        fault, world = self.faults.take(READ_FILE), self._backend.world
        found = world.file(request.match_info["file"])
        if fault is not None and not (fault.short or fault.cut_after is not None):
            answered = await _page_or_failure(fault, request)
        elif found is None or request.query.get("hm") != world.signature:
            answered = web.Response(status=404, text="This content is no longer available.")
        else:
            fault = fault or Fault()
            answered = await serve_file(found, request, short=fault.short, cut=fault.cut_after)
        self.log.append(Logged(time.monotonic(), READ_FILE, "", answered.status))
        self._backend.gateway.changed.set()
        return answered

    async def _handled(self, name: str, handler: Handler, request: web.Request) -> web.StreamResponse:
        fault = self.faults.take(name)
        body, files = await _body(request)
        call = Call(dict(request.match_info), dict(request.query), body, files)
        self.bodies.append((name, call.body))
        if fault is None or fault.acted:
            await self._inspect(name, call.body)
            answer = handler(self._backend, call)
        if fault is not None:
            return await _failed(fault, request)
        return web.Response(status=204) if answer is None else _json(answer)

    async def _inspect(self, name: str, body: Any) -> None:
        if self._inspector is None:
            return
        shown: Mapping[str, Any] = body if isinstance(body, dict) else {"": body}
        try:
            outcome = self._inspector(name, shown)
            if isawaitable(outcome):
                await outcome
        except Exception as error:
            self.violations.append(f"{name}: {error}")
            raise ApiError(400, 50035, "the inspector refused this request") from error

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self.violations.append(f"no such route: {request.method} {request.path}")
        return _json({"message": "404: Not Found", "code": 0}, 404)


async def _page_or_failure(fault: Fault, request: web.Request) -> web.StreamResponse:
    try:
        return await _failed(fault, request)
    except ApiError as error:
        return web.Response(status=error.status, headers=error.headers, text="failed")


async def _body(request: web.Request) -> tuple[Any, Mapping[str, bytes]]:
    """Read a body, and its files by name: with some, the JSON is a part of a form (Discord's *Uploading Files*)."""
    if request.content_type != "multipart/form-data":
        raw = await request.read()
        return (json.loads(raw) if raw else {}), {}
    body, files = {}, {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            files[part.filename or ""] = content
    return body, files


async def _failed(fault: Fault, request: web.Request) -> web.StreamResponse:
    """Fail as scheduled."""
    if fault.page:
        return web.Response(text="<p>Sign in</p>", status=fault.status, content_type="text/html")
    if not (fault.drop or fault.cut or fault.hang):
        raise fault.error
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
    if fault.hang:
        await asyncio.Event().wait()
    if fault.cut:
        await answer.prepare(request)
        await answer.write(b'{"id": "1')
    if request.transport is not None:
        request.transport.abort()
    return answer


def _json(shown: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Respond with exactly this content type: discord.py takes one with a charset for plain text."""
    return web.Response(
        body=json.dumps(shown).encode(), status=status, headers=headers, content_type="application/json"
    )
