"""Requests of platforms at any replica: taken here where the scope is served here, and kept for its owner otherwise."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence

import structlog

from aion_bot.ports.hosting import HostedPlatform, Routed, TakesRouted
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest, ReceivesRequests
from aion_bot.runtime.hosting.requests import write_request
from aion_bot.storage.hosting import SharedDatabase

_log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds that a request may take to be written: Slack waits three for its answer."""

Taking = Callable[[str], TakesRouted | None]
"""Returns what takes requests of a scope in this process now, by the scope's whole name."""


class RoutedRequests:
    """What arrives at one path of a platform; a `ReceivesRequests` for the HTTP server."""

    def __init__(self, platform: HostedPlatform, path: str, taking: Taking, database: SharedDatabase) -> None:
        self.platform = platform.platform
        self.http_paths: Sequence[str] = (path,)
        self._hosted, self._path, self._taking, self._database = platform, path, taking, database

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Let the platform check a request, then let its scope take it, or keep it for the scope's owner: with 200 it is durable."""
        routed = await self._hosted.route(self._path, request)
        if isinstance(routed, HttpAnswer):
            return routed
        scope = f"{self.platform}:{routed.scope}"
        with structlog.contextvars.bound_contextvars(scope=scope):
            if (adapter := self._taking(scope)) is not None:
                return await adapter.take(routed.request)
            return await self._keep(scope, routed)

    async def _keep(self, scope: str, routed: Routed) -> HttpAnswer:
        try:
            async with asyncio.timeout(PATIENCE):
                kept = await self._database.hand_over(scope, write_request(routed.request))
        except (sqlite3.Error, TimeoutError) as error:
            _log.error("request not handed over", reason=str(error) or type(error).__name__)
            return HttpAnswer(503)
        if not kept:
            _log.warning(
                "request not handed over",
                reason="too many wait for the owner of its scope, or nobody may own it",
            )
        return HttpAnswer(200 if kept else 503)


def routes(
    platforms: Sequence[HostedPlatform], taking: Taking, database: SharedDatabase
) -> Sequence[tuple[str, ReceivesRequests]]:
    """Return what takes the requests of every path, with the name of its platform."""
    return [
        (one.platform, RoutedRequests(one, path, taking, database))
        for one in platforms
        for path in one.http_paths
    ]
