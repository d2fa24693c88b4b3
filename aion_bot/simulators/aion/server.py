"""A simulated Aion on a loopback port: the chat API with scripted answers, a library, and faults on demand."""

import asyncio
import functools
import inspect
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from aiohttp import web

from aion_bot.simulators.aion import endpoints, messages, plans, script, uploads
from aion_bot.simulators.aion.endpoints import Refused
from aion_bot.simulators.aion.rate import RateLimit
from aion_bot.simulators.aion.scene import Fault, Scene, Shape
from aion_bot.simulators.aion.sessions import Session, Sessions
from aion_bot.simulators.aion.stored_files import StoredFiles
from aion_bot.simulators.aion.wire import StreamText
from aion_bot.simulators.waiting import PATIENCE, wait_until
from aion_bot.simulators.workspace import Inspector

API_KEY = "aion_simulated_0123456789abcdef"
BASE_PATH = "/api/v2"

_Handler = Callable[["SimulatedAion", web.Request], Awaitable[web.StreamResponse]]

OPERATIONS: Mapping[str, tuple[str, str, _Handler]] = {
    "create_session": ("POST", "/chat/sessions", endpoints.create_session),
    "list_sessions": ("GET", "/chat/sessions", endpoints.list_sessions),
    "get_session": ("GET", "/chat/sessions/{session_id}", endpoints.get_session),
    "close_session": ("DELETE", "/chat/sessions/{session_id}", endpoints.close_session),
    "rename_session": ("PATCH", "/chat/sessions/{session_id}/title", endpoints.rename_session),
    "update_mode": ("PATCH", "/chat/sessions/{session_id}/mode", endpoints.update_mode),
    "update_images": ("PUT", "/chat/sessions/{session_id}/images", endpoints.update_images),
    "update_documents": ("PUT", "/chat/sessions/{session_id}/documents", endpoints.update_documents),
    "update_videos": ("PUT", "/chat/sessions/{session_id}/videos", endpoints.update_videos),
    "send": ("POST", "/chat/sessions/{session_id}/messages", messages.send),
    "send_stream": ("POST", "/chat/sessions/{session_id}/messages/stream", messages.send_stream),
    "plan_action": ("POST", "/chat/sessions/{session_id}/plans/{plan_id}/action", plans.plan_action),
    "export_session": ("GET", "/chat/sessions/{session_id}/export", endpoints.export_session),
    "get_all_images": ("GET", "/chat/images/all", endpoints.get_all_images),
    "search_images": ("POST", "/chat/images/search", endpoints.search_images),
    "search_documents": ("POST", "/documents/search", endpoints.search_documents),
    "search_videos": ("POST", "/agents/search/videos", endpoints.search_videos),
    "upload_image": ("POST", "/user-files/upload/stream", uploads.upload_image),
    "request_document_upload": (
        "POST",
        "/document-uploads/request-presigned-url",
        uploads.request_document_upload,
    ),
    "confirm_document": ("POST", "/document-uploads/confirm", uploads.confirm_document),
    "document_status": ("GET", "/document-uploads/{document_id}/status", uploads.document_status),
    "list_files": ("GET", "/user-files", uploads.list_files),
    "tenant_limits": ("GET", "/tenant/limits", uploads.tenant_limits),
    "audit_logs": ("GET", "/tenant/audit-logs", endpoints.audit_logs),
}
"""The simulated endpoints: method, path below the base URL, and handler."""


_UPLOADS = frozenset({"upload_image", "put_object"})
"""Operations whose body is a file."""
_ANY_UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class Taken:
    """A request that the simulator received. `body` is its JSON, or the query of a request without a body."""

    operation: str
    path: Mapping[str, str]
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


class SimulatedAion:
    """A server that behaves as Aion's chat API is documented to.

    Attributes:
        script: Chooses the scene for a question; `script.respond` unless replaced, after those that `play` queued.
        token_delay: Seconds between two tokens.
        token_words: The number of words in one token.
        ping_every: Seconds between two pings of a waiting stream.
        plan_time: Seconds that a plan runs in the background.
        compresses: Whether streams are compressed, as a proxy may do.
        requests: All requests, in order.
        violations: The errors that the inspector raised.
        streaming: The number of open streams.
        streams: Their requests, and the text that each has sent.
        left: The number of streams that the client closed before their end.
        pings: The number of pings sent.
        files: The library.
        audit_log: What happened in the workspace, oldest first; times as the client writes them.
        objects: What the storage behind presigned addresses has, by key; `object_keys` are those of idempotency keys.
        bytes_arrived: The bytes of all uploads so far.
        uploads_held: Whether uploads wait in their middle; `held_uploads` are their requests.
        rate: The requests a minute that it allows; None: any number, and no answer says anything of it.
    """

    def __init__(
        self,
        *,
        token_delay: float = 0.0,
        token_words: int = 1,
        ping_every: float = 15.0,
        plan_time: float = 0.05,
        inspector: Inspector | None = None,
    ) -> None:
        self.sessions = Sessions()
        self.api_key = API_KEY
        """The key that requests have to carry from now on."""
        self.other_keys: set[str] = set()
        """Keys of other workspaces: none has the sessions of another one."""
        self.crossed: list[Taken] = []
        """Requests for a session of another key, which is not found."""
        self.token_delay = token_delay
        self.token_words = token_words
        self.ping_every = ping_every
        self.plan_time = plan_time
        self.compresses = False
        self.requests: list[Taken] = []
        self.violations: list[Exception] = []
        self.released: set[str] = set()
        self.streams: list[tuple[web.Request, StreamText]] = []
        self.streaming = self.left = self.pings = self.bytes_arrived = 0
        self.files = StoredFiles()
        self.audit_log: list[dict[str, Any]] = []
        self.objects: dict[str, uploads.Object] = {}
        self.object_keys: dict[str, str] = {}
        self.uploads_held = False
        self.held_uploads: list[web.Request] = []
        self.rate: RateLimit | None = None
        self._inspector = inspector
        self._scenes: deque[Scene] = deque()
        self._faults: dict[str, deque[Fault]] = {}
        self._happened = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self) -> None:
        """Serve on a free loopback port, or again on the one it had."""
        app = web.Application(client_max_size=16 * 1024**2)
        for operation, (method, path, handler) in OPERATIONS.items():
            app.router.add_route(method, BASE_PATH + path, functools.partial(self.serve, operation, handler))
        app.router.add_put(
            uploads.STORAGE_PATH, functools.partial(self.serve, "put_object", uploads.put_object)
        )
        app.router.add_get(uploads.PICTURE_PATH, functools.partial(uploads.get_picture, self))
        app.on_response_prepare.append(self._tell_rate)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close every connection and stop serving; new connections are refused."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> "SimulatedAion":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the server."""
        return f"http://127.0.0.1:{self._port}{BASE_PATH}"

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a client to it."""
        return {"AIONVISION_API_KEY": self.api_key, "AIONVISION_BASE_URL": self.base_url}

    def play(self, *scenes: Scene) -> None:
        """Answer the next questions with these scenes, in order."""
        self._scenes.extend(scenes)

    def script(self, question: str, session: Session) -> Scene:
        """Choose the scene of a question: the next queued one, otherwise the default one."""
        if self._scenes:
            return self._scenes.popleft()
        return script.respond(question, session, self.files.of(session))

    def release(self, name: str) -> None:
        """Let scenes that wait in `Hold(name)` continue, now and later."""
        self.released.add(name)
        self.changed()

    def fail_next(
        self,
        operation: str,
        status: int | None,
        *,
        times: int = 1,
        retry_after: float | str | None = None,
        code: str = "SERVER_ERROR",
        message: str = "Something failed",
        shape: Shape = Shape.CHAT,
        headers: Mapping[str, str] | None = None,
        acts: bool = False,
        silent: bool = False,
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Refuse the next `times` requests for an operation of `OPERATIONS`.

        Without a status the connection breaks, or stays open without a response if `silent`; with `acts` after the request
        was performed.
        """
        with_retry = {} if retry_after is None else {"Retry-After": str(retry_after)}
        fault = Fault(
            status, code, message, shape, with_retry | dict(headers or {}), acts, silent, details or {}
        )
        self._faults.setdefault(operation, deque()).extend([fault] * times)

    def fail_next_upload(self, status: int | None, **fault: Any) -> None:
        """Refuse the bytes of the next upload, of a picture or of a document; the arguments are those of `fail_next`."""
        self.fail_next(_ANY_UPLOAD, status, **fault)

    def hold_uploads(self) -> None:
        """Let uploads wait after their first bytes, until `release_uploads`."""
        self.uploads_held = True

    def release_uploads(self) -> None:
        """Let uploads go on."""
        self.uploads_held = False
        self.held_uploads.clear()
        self.changed()

    def cut_uploads(self) -> None:
        """Break the connection of every upload that is held, and lose what the network has of it: up to all of a file."""
        for request in self.held_uploads:
            if request.transport is not None:
                request.transport.abort()

    def cut_streams(self) -> None:
        """Break the connection of every open stream; the answers are completed and stored nevertheless."""
        for request, _ in tuple(self.streams):
            if request.transport is not None:
                request.transport.abort()

    def count(self, operation: str) -> int:
        """The number of requests for an operation."""
        return Counter(taken.operation for taken in self.requests)[operation]

    def bodies(self, operation: str) -> list[Mapping[str, Any]]:
        """The bodies of all requests for an operation."""
        return [taken.body for taken in self.requests if taken.operation == operation]

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""
        await wait_until(self._happened, condition, timeout=timeout)

    def changed(self) -> None:
        """Wake everybody who waits in `until`."""
        self._happened.set()

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that outlives its request."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def serve(self, operation: str, handler: _Handler, request: web.Request) -> web.StreamResponse:
        """Serve one request for an operation of `OPERATIONS`, or for the storage beside them."""
        try:
            await self._take(operation, request)
            return await self._answer(operation, handler, request)
        except Refused as refusal:
            if refusal.fault.status is None:
                return _cut(request)
            return refusal.answer()
        finally:
            self.changed()

    async def _tell_rate(self, _: web.Request, response: web.StreamResponse) -> None:
        if self.rate is not None:
            response.headers.update(self.rate.headers())

    async def _take(self, operation: str, request: web.Request) -> None:
        # The bytes of a file are read by its endpoint, piece by piece.
        is_file = operation in _UPLOADS
        raw = b"" if is_file else await request.read()
        body = json.loads(raw) if raw else dict(request.query)
        self.requests.append(Taken(operation, dict(request.match_info), body, dict(request.headers)))
        if self.rate is not None and operation != "put_object" and (refusal := self.rate.take()):
            raise Refused(refusal)
        if operation != "put_object":
            self._check_key(request)
        if not is_file:
            await self.inspect(operation, body)

    def _check_key(self, request: web.Request) -> None:
        """Raise Refused for a key that does not exist, or that has not the session of the path."""
        sent, others = request.headers.get("Authorization"), {f"Bearer {one}" for one in self.other_keys}
        if sent != f"Bearer {self.api_key}" and sent not in others:
            raise Refused(Fault(401, "INVALID_API_KEY", "Invalid API key", Shape.GATEWAY))
        session = self.sessions.find(request.match_info.get("session_id", "")) if others else None
        if session is not None and sent != session.made_with and {sent, session.made_with} & others:
            self.crossed.append(self.requests[-1])
            raise Refused(Fault(404, "SESSION_NOT_FOUND", "Session not found"))

    async def inspect(self, operation: str, body: Mapping[str, Any]) -> None:
        """Validate a request, if an inspector was given. Raises Refused."""
        if self._inspector is None:
            return
        try:
            looking = self._inspector(operation, body)
            if inspect.isawaitable(looking):
                await looking
        except Exception as violation:
            self.violations.append(violation)
            raise Refused(
                Fault(422, "VALIDATION_ERROR", "the contract forbids this", Shape.FASTAPI)
            ) from violation

    async def _answer(self, operation: str, handler: _Handler, request: web.Request) -> web.StreamResponse:
        faults = self._faults.get(operation)
        if not faults and operation in _UPLOADS:
            faults = self._faults.get(_ANY_UPLOAD)
        fault = faults.popleft() if faults else None
        if fault is None:
            return await handler(self, request)
        if fault.acts:
            await handler(self, request)
        if fault.silent:
            await asyncio.Event().wait()
        raise Refused(fault)


def _cut(request: web.Request) -> web.StreamResponse:
    """Close the connection without a response; bytes written before still arrive."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()
