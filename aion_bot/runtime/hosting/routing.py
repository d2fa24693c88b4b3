"""Requests of platforms at any replica: taken here where the scope is served here, and kept for its owner otherwise."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence

import structlog

from aion_bot.ports.hosting import HandsOver, HostedPlatform, Routed, TakesRouted
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest, ReceivesRequests
from aion_bot.runtime.hosting.requests import write_request
from aion_bot.storage.hosting import SharedDatabase

_log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a request may take to be written: Slack waits three for its answer."""

LOG_EVERY = 5.0
"""Seconds between two lines about requests that could not be kept."""

Taking = Callable[[str], TakesRouted | None]
"""Returns what takes requests of a scope in this process now, by the scope's whole name."""


class Owners:
    """The owners of the scopes of one platform, in this process or another one."""

    def __init__(self, platform: str, taking: Taking, database: SharedDatabase) -> None:
        self._platform, self._taking, self._database = platform, taking, database
        self._logged_at, self._failed = -LOG_EVERY, 0

    async def take(self, routed: Routed) -> HttpAnswer:
        """Let a scope take its request, or keep it for the scope's owner: with 200 it is durable. Does not raise."""
        scope = f"{self._platform}:{routed.scope}"
        with structlog.contextvars.bound_contextvars(scope=scope):
            if (adapter := self._taking(scope)) is not None:
                return await adapter.take(routed.request)
            return await self._keep(scope, routed)

    async def hand_over(self, routed: Routed) -> bool:
        """Do the same where nobody sends it again: what its scope cannot take now waits as well. As `HandsOver.hand_over`."""
        answer = await self.take(routed)
        if answer.status >= 500 and self._taking(scope := f"{self._platform}:{routed.scope}") is not None:
            answer = await self._keep(scope, routed)
        return answer.status < 300

    async def _keep(self, scope: str, routed: Routed) -> HttpAnswer:
        try:
            async with asyncio.timeout(PATIENCE):
                kept = await self._database.hand_over(scope, write_request(routed.request))
        except (sqlite3.Error, TimeoutError) as error:
            self._note(str(error) or type(error).__name__)
            return HttpAnswer(503)
        if not kept:
            self._note("too many wait for the owner of its scope, or nobody may own it")
        return HttpAnswer(200 if kept else 503)

    def _note(self, reason: str) -> None:
        """Say in the log how many requests were not handed over since the last line: hundreds a second while the server is away."""
        self._failed += 1
        now = time.monotonic()
        if now - self._logged_at >= LOG_EVERY:
            _log.error("request not handed over", reason=reason, count=self._failed)
            self._logged_at, self._failed = now, 0


class RoutedRequests:
    """What arrives at one path of a platform; a `ReceivesRequests` for the HTTP server."""

    def __init__(self, platform: HostedPlatform, path: str, owners: Owners) -> None:
        self.platform = platform.platform
        self.http_paths: Sequence[str] = (path,)
        self._hosted, self._path, self._owners = platform, path, owners

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Let the platform check a request, then let the owner of its scope take it."""
        routed = await self._hosted.route(self._path, request)
        return routed if isinstance(routed, HttpAnswer) else await self._owners.take(routed)


def let_hand_over(platforms: Sequence[HostedPlatform], taking: Taking, database: SharedDatabase) -> None:
    """Let the scopes of each platform that wants it hand requests to each other."""
    for one in platforms:
        if isinstance(one, HandsOver):
            one.hand_over = Owners(one.platform, taking, database).hand_over


def routes(
    platforms: Sequence[HostedPlatform], taking: Taking, database: SharedDatabase
) -> Sequence[tuple[str, ReceivesRequests]]:
    """Return what takes the requests of every path, with the name of its platform."""
    return [
        (one.platform, RoutedRequests(one, path, Owners(one.platform, taking, database)))
        for one in platforms
        for path in one.http_paths
    ]
