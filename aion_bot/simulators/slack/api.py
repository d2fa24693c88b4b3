"""The server side of the Web API: its methods, its errors, and the scheduled faults."""

import asyncio
import inspect
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from aion_bot.simulators.file_server import serve_file
from aion_bot.simulators.slack import methods
from aion_bot.simulators.slack.backend import Backend
from aion_bot.simulators.slack.rates import Rates
from aion_bot.simulators.workspace import CALLS_KEPT, Failure, Inspector, Logged

UPLOAD = "upload_url"
"""Names the requests that upload a file's bytes, as `files.getUploadURLExternal` names their address."""
DOWNLOAD = "url_private_download"
"""Names the requests for the bytes of a file, as `files.info` names their address."""
SIGN_IN = "<!DOCTYPE html><html><title>Sign in to Slack</title></html>"
"""What Slack answers, with status 200, to a request for a file without a token that it accepts."""

NO_JSON = frozenset({"files.getUploadURLExternal", "usergroups.users.list"})
"""Methods that find no arguments in JSON: https://api.slack.com/methods/usergroups.users.list (*Accepted content types*)."""

Arguments = dict[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """How a call fails: with Slack's `error`, an HTTP `status`, a pause, or a broken connection.

    `hang`: no response. `plain`: the body is this text of this `kind`, as from a proxy. `acted`: the call is performed before
    it fails, so that only its response is lost. Of a file: `location` is where it redirects to; `short` bytes at its end are
    missing, or more are there if it is negative; after `cut` bytes the connection breaks.
    """

    error: str = ""
    status: int = 0
    retry_after: float | None = None
    drop: bool = False
    hang: bool = False
    plain: str = ""
    kind: str = "text/plain"
    acted: bool = False
    location: str = ""
    short: int = 0
    cut: int | None = None


FAILURES: Mapping[Failure, Mapping[str, Any]] = {
    Failure.DOWN: {"status": 503},
    Failure.LOST: {"drop": True, "acted": True},
    Failure.FORBIDDEN: {"error": "restricted_action"},
    Failure.UNEDITABLE: {"error": "edit_window_closed"},
    Failure.UNDRAWABLE: {"error": "invalid_blocks"},
}
"""The fields of a `Fault` that fails so; a rate limit has its own pause."""


class Api:
    """Serves every method of `methods.METHODS` as far as `rates` allow, keeps the calls, and fails on request."""

    def __init__(
        self, backend: Backend, inspector: Inspector | None, changed: Callable[[], None], rates: Rates
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.bodies: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self.violations: list[str] = []
        self.log: deque[Logged] = deque(maxlen=CALLS_KEPT)
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.faults_met = 0
        """How many calls have failed because that was ordered."""
        self._backend = backend
        self._rates = rates
        self.inspector = inspector
        self.tokens: list[str] = []
        """The header by which each request for a file identified itself."""
        self._changed = changed

    def fail_next(self, method: str, fault: Fault, times: int) -> None:
        """Fail the next calls of `method`."""
        self._faults[method].extend([fault] * times)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one call."""
        method, arguments = request.match_info["method"], await arguments_of(request)
        self.calls[method] += 1
        self.bodies[method].append(arguments)
        self._changed()
        answer = await self._answer(method, arguments, request)
        self.log.append(Logged(time.monotonic(), method, str(arguments.get("channel", "")), answer.status))
        self._changed()
        return answer

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Take the bytes of a file, which comes without a token."""
        raw, name = await request.read(), UPLOAD
        self.calls[name] += 1
        fault = self._faults[name].popleft() if self._faults[name] else None
        if fault is None or fault.acted:
            taken = self._backend.uploads.receive(request.match_info["ticket"], raw)
            answer: web.StreamResponse = web.Response(text="OK", status=200 if taken else 400)
        if fault is not None:
            answer = await _failed(fault, request)
        self.log.append(Logged(time.monotonic(), name, "", answer.status))
        self._changed()
        return answer

    async def checked(self, name: str, body: Arguments, request: web.Request) -> web.StreamResponse:
        """Return how a request beside the Web API fails, if a failure was ordered or the inspector objects, else "ok"."""
        self._changed()
        fault = self._faults[name].popleft() if self._faults[name] else None
        if fault is not None:
            return await _failed(fault, request)
        refused = await self._objects(name, body)
        return web.Response(text="invalid_blocks" if refused else "ok", status=400 if refused else 200)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Give the bytes of a file to who has a token for it."""
        name = DOWNLOAD
        self.calls[name] += 1
        self.tokens.append(request.headers.get("Authorization", ""))
        fault = self._faults[name].popleft() if self._faults[name] else None
        given = self._backend.uploads.given.get(request.match_info["file"])
        if fault is not None and not (fault.short or fault.cut is not None):
            answer = await _failed(fault, request)
        elif not self._backend.authorized("files.info", token_of(request, {})):
            answer = web.Response(text=SIGN_IN, content_type="text/html")
        elif given is None or given.deleted:
            answer = web.Response(status=404, text="not found")
        else:
            fault = fault or Fault()
            answer = await serve_file(given.file, request, short=fault.short, cut=fault.cut)
        self.log.append(Logged(time.monotonic(), name, "", answer.status))
        self._changed()
        return answer

    async def _answer(self, method: str, arguments: Arguments, request: web.Request) -> web.StreamResponse:
        if pause := self._rates.take(method, str(arguments.get("channel", ""))):
            return await _failed(Fault(retry_after=pause), request)
        fault = self._faults[method].popleft() if self._faults[method] else None
        self.faults_met += fault is not None
        if fault is not None and not fault.acted:
            return await _failed(fault, request)
        answer = await self._act(method, arguments, token_of(request, arguments))
        self._changed()
        headers = self._backend.configuration.headers(method)
        return await _failed(fault, request) if fault else web.json_response(answer, headers=headers)

    async def _act(self, method: str, arguments: Arguments, token: str) -> Answer:
        if await self._objects(method, arguments):
            return methods.failure("invalid_arguments")
        return methods.call(self._backend, method, arguments, token)

    async def _objects(self, method: str, arguments: Arguments) -> bool:
        if self.inspector is None:
            return False
        try:
            seen = self.inspector(method, arguments)
            if inspect.isawaitable(seen):
                await seen
        except Exception as objection:  # noqa: BLE001  # any exception of a validator is a violation
            self.violations.append(f"{method}: {objection}")
            return True
        return False


async def arguments_of(request: web.Request) -> Arguments:
    """Return what a call says, in its address and in its body."""
    given: Arguments = dict(request.query)
    if request.content_type == "application/json":
        given |= {} if request.match_info.get("method") in NO_JSON else await request.json()
    elif request.method == "POST":
        given |= dict(await request.post())
    return given


def token_of(request: web.Request, arguments: Arguments) -> str:
    """Return the token of a call, which is taken out of its arguments if it is there; "" if it has none."""
    return request.headers.get("Authorization", "").partition(" ")[2] or str(arguments.pop("token", ""))


async def _failed(fault: Fault, request: web.Request) -> web.StreamResponse:
    if fault.hang:
        await asyncio.Event().wait()
    if fault.drop and request.transport is not None:
        request.transport.abort()
    if fault.location:
        return web.Response(status=302, headers={"Location": fault.location})
    if fault.retry_after is not None:
        headers = {"Retry-After": f"{fault.retry_after:g}"}
        return web.json_response(methods.failure("ratelimited"), status=429, headers=headers)
    if fault.error:
        return web.json_response(methods.failure(fault.error))
    if fault.plain:
        return web.Response(text=fault.plain, content_type=fault.kind)
    return web.Response(status=fault.status or 500, text="upstream failure", content_type="text/html")
