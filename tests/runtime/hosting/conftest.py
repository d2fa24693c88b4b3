"""Replicas on one server in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.runtime.hosting.routing import routes
from aion_bot.runtime.hosting.runner import Pace, ScopeRunner
from tests.support.hosted_platform import PlainHosting, Serving
from tests.support.scope_database import MemoryDatabase, MemoryServer

FAST = Pace(look=0.01, known=0.02, give_back=0.02, left_over=0.05, abandoned=0.03, rest=0.05, erase=0.03)


@dataclass
class Replica:
    """One replica, which runs until it is stopped or killed."""

    database: MemoryDatabase
    platform: PlainHosting
    serving: Serving = field(default_factory=Serving)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.runner = ScopeRunner(self.database, [self.platform], self.serving, pace=FAST)
        self.task = asyncio.create_task(self.runner.run(self.stop))

    async def serves(self, *scopes: str) -> None:
        """Wait until it serves these scopes and no other."""
        await self.serving.until(lambda: sorted(self.serving.now) == sorted(f"plain:{one}" for one in scopes))

    async def number(self, count: int) -> None:
        """Wait until it serves so many."""
        await self.serving.until(lambda: len(self.serving.now) == count)

    async def end(self) -> None:
        """Stop it as SIGTERM does."""
        self.stop.set()
        await self.task
        await self.database.close()

    async def kill(self) -> None:
        """End it where it is; its leases last."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def request(self, scope: str, body: bytes) -> HttpAnswer:
        """Let a request of a scope arrive at this replica."""
        ((_, receiver),) = routes([self.platform], self.runner.taking, self.database)
        return await receiver.receive(HttpRequest("POST", scope, {"content-type": "text/plain"}, body))


class Deployment:
    """Replicas that know the same scopes."""

    def __init__(self, platform: PlainHosting) -> None:
        self.server, self.platform = MemoryServer(), platform
        self.replicas: list[Replica] = []

    def begin(self, name: str) -> Replica:
        """Start a replica."""
        made = Replica(MemoryDatabase(self.server, name), self.platform)
        self.replicas.append(made)
        return made


@pytest.fixture
async def deployment() -> AsyncIterator[Deployment]:
    """A deployment of four scopes, without a replica."""
    made = Deployment(PlainHosting("A", "B", "C", "D"))
    yield made
    for one in made.replicas:
        await one.kill()
