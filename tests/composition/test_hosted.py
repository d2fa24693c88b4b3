"""What a replica of many scopes tells each of them: rules and keys that are read again, and what is counted of it."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
import structlog

from aion_bot.aion import AionVision
from aion_bot.aion.pictures import PictureReader
from aion_bot.composition import hosted
from aion_bot.composition.hosted import Hosting, _Replica
from aion_bot.composition.scope import Scope
from aion_bot.config import Settings
from aion_bot.domain.rules import Rules
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.keys.rotation import KeyRotation
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.settings import Problem
from aion_bot.runtime.hosting.served import OpenScope
from aion_bot.simulators.waiting import wait_until
from aion_bot.storage import Store
from tests.support.hosted_platform import PlainHosting
from tests.support.logs import logged
from tests.support.scope_database import MemoryDatabase, MemoryLease, MemoryServer, MemoryStore
from tests.support.shared_values import MemoryValues

LOCATION = PostgresUrl("postgresql://nobody@localhost/none")
OLD, NEW = "aion_old_0123456789abcdef0123", "aion_new_0123456789abcdef0123"


def settings_of(key: str) -> Settings:
    """Settings with a key of Aion's."""
    settings, problems = Settings.read({"AIONVISION_API_KEY": key, "AION_BOT_DATABASE_URL": LOCATION.url})
    assert settings is not None, problems
    return settings


class Scopes:
    """Stands where a scope is served: keeps what each is served with, and reports one answer that runs until its stop."""

    def __init__(self) -> None:
        self.served: list[Scope] = []
        self._happened = asyncio.Event()

    async def __call__(self, scope: Scope, stop: asyncio.Event) -> bool:
        scope.measured(lambda _: (1, 0), lambda: 0)
        self.served.append(scope)
        self._happened.set()
        await stop.wait()
        return True

    async def number(self, count: int) -> None:
        """Wait until so many were begun."""
        await wait_until(self._happened, lambda: len(self.served) == count)


@pytest.fixture
def scopes(monkeypatch: pytest.MonkeyPatch) -> Scopes:
    """What serves scopes in these tests."""
    made = Scopes()
    monkeypatch.setattr(hosted, "serve_scope", made)
    return made


def replica_of(
    platform: PlainHosting, read_rules: Callable[[], tuple[Rules, list[Problem]]] = lambda: (Rules(), [])
) -> _Replica:
    """A replica that serves the scopes of a platform with the old key."""
    database = MemoryDatabase(MemoryServer(), "first", MemoryValues())
    hosting = Hosting(
        settings_of(OLD), LOCATION, lambda _: [platform], {}, {}, read_rules, Rules(), check_aion=False
    )
    return _Replica(hosting, database, [platform])


def opened() -> OpenScope:
    """The scope A, opened."""
    store = cast("Store", MemoryStore(MemoryLease("plain:A", "first", 1)))
    return OpenScope("plain:A", cast("PlatformAdapter", None), store, lambda _: None)


async def test_a_reload_that_fails_does_not_end_later_ones() -> None:
    """What cannot be read at one request, in whatever way, is read at the next one."""
    read = list[str]()

    def read_rules() -> tuple[Rules, list[Problem]]:
        read.append("rules")
        if len(read) == 1:
            raise RecursionError
        return Rules(), []

    asked = asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        reloading = asyncio.create_task(replica_of(PlainHosting("A"), read_rules)._reload(asked))
        asked.set()
        await logged(logs, "reload failed")
    asked.set()
    async with asyncio.timeout(60):
        while len(read) < 2:  # a thread reads them
            assert not reloading.done()
            await asyncio.sleep(0.005)
    reloading.cancel()


async def test_a_scope_that_came_back_is_counted_after_the_end_of_its_earlier_serving(scopes: Scopes) -> None:
    """Its answers are among those that run, and another scope is given back first."""
    replica = replica_of(PlainHosting("A"))
    first, second = asyncio.Event(), asyncio.Event()
    lost = asyncio.create_task(replica._serve_scope(opened(), first))
    await scopes.number(1)
    back = asyncio.create_task(replica._serve_scope(opened(), second))
    await scopes.number(2)
    first.set()
    assert await lost
    assert replica._load("plain") == (1, 0)
    assert replica._runner.busy("plain:A")
    second.set()
    assert await back
    assert replica._load("plain") == (0, 0)


async def test_a_key_that_is_replaced_while_a_scope_begins_is_its_key(scopes: Scopes) -> None:
    """The reload tells only scopes that are served: one that begins at this moment reads the key afterwards."""
    new = settings_of(NEW)

    class Rotating(PlainHosting):
        async def scopes(self) -> list[str]:
            async with AionVision.from_settings(new) as aion:
                replica._keys = KeyRotation(new, aion, PictureReader(new))
            return self.ids

    replica = replica_of(Rotating("A"))
    stop = asyncio.Event()
    serving = asyncio.create_task(replica._serve_scope(opened(), stop))
    await scopes.number(1)
    stop.set()
    assert await serving
    assert scopes.served[0].settings.api_key.get_secret_value() == NEW
