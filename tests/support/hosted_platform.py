"""A hosted platform of which only scopes and requests matter: each of its adapters keeps what it took."""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.runtime.hosting.served import OpenScope
from aion_bot.simulators.waiting import wait_until


class RecordingAdapter:
    """The adapter of a scope; it answers a request with the status that `answers` returns."""

    platform = "plain"

    def __init__(self, scope: str, answers: Callable[[bytes], int]) -> None:
        self.scope, self._answers = scope, answers
        self.took: list[bytes] = []

    async def take(self, request: HttpRequest) -> HttpAnswer:
        status = self._answers(request.body)
        if status < 300:
            self.took.append(request.body)
        return HttpAnswer(status)


class PlainHosting:
    """Its scopes are `ids`; a request is of the scope that its query names, and refused without one."""

    platform = "plain"
    http_paths: Sequence[str] = ("/plain/events",)

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.gone: list[str] = []
        self.erased: list[str] = []
        self.workspaces_gone: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.adapters: list[RecordingAdapter] = []
        self.answers: Callable[[bytes], int] = lambda _: 200
        self.is_closed = False

    async def scopes(self) -> Sequence[str]:
        return self.ids

    async def adapter(self, scope: str) -> PlatformAdapter | None:
        if scope not in self.ids:
            return None
        made = RecordingAdapter(scope, lambda body: self.answers(body))  # noqa: PLW0108  # a test may replace it
        self.adapters.append(made)
        return cast("PlatformAdapter", made)

    async def route(self, path: str, request: HttpRequest) -> Routed | HttpAnswer:
        assert path in self.http_paths
        return Routed(request.query, request) if request.query else HttpAnswer(401, refused="no scope")

    async def left(self, scope: str) -> None:
        self.gone.remove(scope)
        self.erased.append(scope)

    async def leaving(self) -> Sequence[str]:
        return list(self.gone)

    async def leaving_workspaces(self) -> Sequence[tuple[str, str]]:
        return list(self.workspaces_gone)

    async def workspace_left(self, scope: str, workspace: str) -> None:
        self.workspaces_gone.remove((scope, workspace))

    async def close(self) -> None:
        self.is_closed = True

    def took(self, scope: str) -> list[bytes]:
        """What all adapters of a scope took, in order."""
        return [body for one in self.adapters if one.scope == scope for body in one.took]


class Serving:
    """Serves scopes by listening until the end, and remembers which it serves: `now`, and `ever`, in the order of their starts."""

    def __init__(self) -> None:
        self.now: list[str] = []
        self.ever: list[str] = []
        self.cancelled: list[str] = []
        self.refused: set[str] = set()
        self.failures: list[Exception] = []
        self.drained = asyncio.Event()
        self.drained.set()
        self._happened = asyncio.Event()

    async def __call__(self, scope: OpenScope, stop: asyncio.Event) -> bool:
        self.ever.append(scope.name)
        self._happened.set()
        if self.failures:
            raise self.failures.pop()
        if scope.name in self.refused:
            return False
        self.now.append(scope.name)
        scope.listening(True)
        try:
            await stop.wait()
            scope.listening(False)
            await self.drained.wait()
        except asyncio.CancelledError:
            self.cancelled.append(scope.name)
            raise
        finally:
            self.now.remove(scope.name)
            self._happened.set()
        return True

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after every start and end of a scope. Raises TimeoutError."""
        await wait_until(self._happened, condition)
