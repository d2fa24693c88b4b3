"""A platform that is served whole beside scopes of another one: it is one scope, of which one replica has the connection."""

import asyncio
from collections.abc import Callable, Sequence

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.hosting import Routed
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest

SCOPE = "all"
"""The id of the one scope."""


class OneScope:
    """A `HostedPlatform` whose adapter `build` makes anew for each start; not for a platform that sends over HTTP."""

    http_paths: Sequence[str] = ()

    def __init__(self, platform: str, build: Callable[[], PlatformAdapter | None]) -> None:
        self.platform, self._build = platform, build
        self.changed = asyncio.Event()

    async def scopes(self) -> Sequence[str]:
        """Return the one scope."""
        return [SCOPE]

    async def adapter(self, scope: str) -> PlatformAdapter | None:
        """Build the adapter as a process of its own would."""
        return self._build() if scope == SCOPE else None

    async def route(self, path: str, request: HttpRequest) -> Routed | HttpAnswer:  # noqa: ARG002  # it has no path
        """Refuse everything: nothing is sent."""
        return HttpAnswer(404)

    async def left(self, scope: str) -> None:
        """Do nothing: it cannot be left."""

    async def leaving(self) -> Sequence[str]:
        """Return nothing."""
        return ()

    async def close(self) -> None:
        """Do nothing: the adapter is closed by whoever serves it."""
