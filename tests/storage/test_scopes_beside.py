"""Commands beside many scopes, and a Postgres server that cannot have them."""

import asyncio
import sys
from collections.abc import Iterator

import psycopg
import pytest

from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.storage import StoreError, UnfitServer, verify_audit
from aion_bot.storage.beside import open_beside
from aion_bot.storage.hosting import (
    SharedDatabase,
    check_shared,
    known_scopes,
    live_replicas,
    open_shared,
    rewrite_shared,
)
from aion_bot.storage.postgres.schema import migrations
from tests.support.postgres import lay_postgres, lay_shared, server

ADA = Person("U1", "Ada")
PLAN = Plan("k1", "p1", "s1", ThreadKey("slack", "T/C/1"), ADA, "Sort", (Step("a", "b"),))


async def opened(location: PostgresUrl, name: str = "one") -> SharedDatabase:
    shared = await open_shared(location, name)
    assert not await shared.agree({})
    return shared


async def test_commands_read_each_scope() -> None:
    """They see every scope, who has it and what waits; the rows of one are read where its address says."""
    location = lay_shared()
    shared = await opened(location, "replica one")
    await shared.note_scopes("slack", ["T2", "T1"])
    (lease,) = await shared.claim(1)
    store = await shared.open_scope(lease)
    await store.plans.add(PLAN)
    await shared.hand_over("slack:T2", b"x")
    first, second = known_scopes(location)
    assert (first.name, first.owner, first.waiting, first.is_made) == ("slack:T1", "replica one", 0, True)
    assert (second.name, second.owner, second.waiting, second.is_made) == ("slack:T2", None, 1, False)
    assert live_replicas(location) == ["replica one"]
    with open_beside(first.location) as connection:
        assert [row[0] for row in connection.execute("SELECT key FROM plan")] == ["k1"]
    with open_beside(second.location) as connection:
        assert connection.execute("SELECT key FROM plan").fetchall() == []
    assert verify_audit(first.location).line().startswith("audit: whole, 1 rows")
    rewrite_shared(location)
    await store.close()
    await shared.close()
    assert live_replicas(location) == []
    assert [scope.owner for scope in known_scopes(location)] == [None, None]


def test_a_database_without_scopes_has_none() -> None:
    """Of a deployment with one scope, and of nothing: no scopes, no replicas, no shared schema, and none is made."""
    for location in (lay_postgres(), server().make()):
        assert list(known_scopes(location)) == []
        assert list(live_replicas(location)) == []
        assert check_shared(location) is None
        rewrite_shared(location)
        with psycopg.connect(location.url) as connection:
            assert connection.execute("SELECT to_regnamespace('aion_bot_shared')").fetchone() == (None,)
    assert check_shared(lay_shared()) == 1


@pytest.fixture
def guest() -> Iterator[PostgresUrl]:
    """A database whose user may create nothing there."""
    with psycopg.connect(server().url("postgres").url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
        yield PostgresUrl(server().make().url.replace("//tests@", "//guest:geheimes-wort@"))


async def test_what_cannot_have_scopes_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, guest: PostgresUrl
) -> None:
    """A wrong name, missing rights, a newer shared schema, an old server, a missing library: what to do, never the password."""
    missing = PostgresUrl(f"postgresql://tests:geheimes-wort@/nowhere?host={server().folder}")
    newer, location = lay_shared(), lay_shared()
    with psycopg.connect(newer.url, autocommit=True) as connection:
        connection.execute("UPDATE aion_bot_shared.schema_version SET version = 999")
    for one, sentence in (
        (missing, "create it, or correct"),
        (guest, "GRANT CREATE"),
        (newer, "newer aion-bot"),
    ):
        with pytest.raises(UnfitServer, match=sentence) as refused:
            await open_shared(one, "one")
        with pytest.raises(StoreError, match=sentence):
            check_shared(one)
        assert "geheimes-wort" not in f"{refused.value!r}{refused.value.__cause__!r}{one!r}"
    with monkeypatch.context() as old:
        old.setattr("aion_bot.storage.postgres.schema.OLDEST", 9_990_000)
        with pytest.raises(UnfitServer, match="use 999 or newer"):
            await open_shared(location, "one")
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    with pytest.raises(UnfitServer, match=r"pip install 'aion-bot\[postgres\]'"):
        await open_shared(location, "one")


async def test_a_scope_of_a_newer_release_is_left_to_it() -> None:
    """While a release is rolled out, older replicas take the scopes that the newer one has not brought further yet."""
    location = lay_shared()
    shared = await opened(location)
    await shared.note_scopes("slack", ["T1", "T2"])
    with psycopg.connect(location.url, autocommit=True) as connection:
        newer = migrations()[-1][0] + 1
        connection.execute("UPDATE aion_bot_shared.scope SET version = %s WHERE name = 'slack:T1'", (newer,))
        (lease,) = await shared.claim(5)
        assert lease.scope == "slack:T2"
        connection.execute("UPDATE aion_bot_slack_t2.schema_version SET version = %s", (newer,))
        with pytest.raises(UnfitServer, match="newer aion-bot"):
            await shared.open_scope(lease)
    await shared.close()


async def test_a_release_that_could_serve_no_scope_is_refused() -> None:
    """Where a newer one has brought every scope further; it serves none of them, and says so instead of waiting in silence."""
    location = lay_shared()
    shared = await opened(location)
    await shared.note_scopes("slack", ["T1", "T2"])
    await shared.close()
    newer = migrations()[-1][0] + 1
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute("UPDATE aion_bot_shared.scope SET version = %s WHERE name = 'slack:T1'", (newer,))
        await (await opened(location)).close()
        connection.execute("UPDATE aion_bot_shared.scope SET version = %s", (newer,))
    with pytest.raises(UnfitServer, match=f"every scope was written by a newer aion-bot \\(schema {newer}"):
        await open_shared(location, "one")


async def test_a_scope_that_is_new_gets_its_schema() -> None:
    """Whoever owns it first makes it; small letters and capital ones of an id name the same."""
    location = lay_shared()
    shared = await opened(location)
    await shared.note_scopes("slack", ["E9x", "e9X"])
    (lease,) = await shared.claim(5)
    store = await shared.open_scope(lease)
    await store.plans.add(PLAN)
    assert [scope.name for scope in known_scopes(location)] == ["slack:E9x"]
    with open_beside(known_scopes(location)[0].location) as connection:
        assert connection.execute("SELECT current_schema()").fetchone()[0] == "aion_bot_slack_e9x"
    await store.close()
    await shared.close()


async def test_an_address_of_the_settings_means_no_scope() -> None:
    """A deployment with one scope beside them has a schema of its own."""
    location = lay_shared()
    with pytest.raises(StoreError, match="has nothing of a bot"), open_beside(location):
        pass


@pytest.mark.slow
async def test_a_deployment_is_restored_from_a_dump() -> None:
    """`pg_dump` and `pg_restore`, as docs/scaling.md has them: rows and the chain are there, and the next owner goes on."""
    location, target = lay_shared(), server().make()
    shared = await opened(location)
    await shared.note_scopes("slack", ["T1", "T2"])
    before = await shared.claim(2)
    for lease in before:
        store = await shared.open_scope(lease)
        await store.plans.add(PLAN)
        await store.plans.claim("k1", Action.APPROVE, ADA)
        await store.close()
    await shared.values.set("token", "T1", "encrypted")
    await shared.close()
    dumped = str(server().folder / "dump")
    for program, *arguments in (
        ("pg_dump", "--schema=aion_bot*", "--format=custom", f"--file={dumped}", location.url),
        ("pg_restore", f"--dbname={target.url}", dumped),
    ):
        await asyncio.to_thread(server().run, program, *arguments)
    restored = await opened(target)
    assert await restored.values.get("token", "T1") == "encrypted"
    leases = await restored.claim(2)
    assert min(one.epoch for one in leases) > max(one.epoch for one in before)
    for lease in leases:
        store = await restored.open_scope(lease)
        assert await store.plans.move("k1", PlanPhase.PENDING)
        assert await store.plans.claim("k1", Action.CANCEL, ADA)
        await store.close()
    for scope in known_scopes(target):
        assert verify_audit(scope.location).line().startswith("audit: whole, 4 rows")
    await restored.close()
