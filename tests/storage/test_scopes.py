"""Many scopes on one Postgres server: who owns which, what is handed over, and what nobody else can see or write."""

import asyncio
import hashlib
import os
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aion_bot.domain.plan import Plan
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.messages import Person, Step, ThreadKey
from aion_bot.storage import Store, StoreError
from aion_bot.storage.errors import is_transient
from aion_bot.storage.hosting import ScopeLease, SharedDatabase, open_shared
from aion_bot.storage.postgres.lease import SECONDS
from aion_bot.storage.postgres.shared import opening
from aion_bot.storage.postgres.shared.names import schema_of, scope_name
from tests.support.postgres import lay_shared

THREAD = ThreadKey("slack", "T/C/1")
ADA = Person("U1", "Ada")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@asynccontextmanager
async def replica(location: PostgresUrl, name: str = "one") -> AsyncIterator[SharedDatabase]:
    """A replica that agreed, and listens."""
    shared = await open_shared(location, name)
    try:
        assert not await shared.agree({})
        await happens(shared.freed)
        shared.freed.clear()
        yield shared
    finally:
        await shared.close()


async def happens(event: asyncio.Event) -> None:
    """Wait for an event."""
    async with asyncio.timeout(60):
        await event.wait()


def sql(location: PostgresUrl, statement: str) -> list[Any]:
    """Carry out a statement beside the replicas."""
    with psycopg.connect(location.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def expire(location: PostgresUrl) -> None:
    """Let every lease have ended."""
    sql(location, "UPDATE aion_bot_shared.scope_lease SET until = clock_timestamp() - interval '1 s'")


async def test_each_scope_has_one_owner() -> None:
    """Of several replicas that claim at once each scope goes to one; what is given back can be taken at once."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", [f"S{number}" for number in range(30)])
        await two.note_scopes("slack", ["S1", "S2"])
        taken = await asyncio.gather(*(each.claim(5) for each in (one, two, one, two, one, two)))
        names = [lease.scope for leases in taken for lease in leases]
        assert sorted(names) == sorted(f"slack:S{number}" for number in range(30))
        assert len({lease.epoch for leases in taken for lease in leases}) == 30
        load = await one.load()
        assert (load.replicas, load.scopes, load.free, load.owned) == (2, 30, 0, 15)
        two.freed.clear()
        await one.release(taken[0][0])
        assert not taken[0][0].held()
        await happens(two.freed)
        (again,) = await two.claim(5)
        assert again.scope == taken[0][0].scope
        assert again.held()


async def test_a_scope_is_written_by_its_owner_in_its_own_schema() -> None:
    """Nothing of one scope can be read in another one's store; the next owner finds what was written."""
    location = lay_shared()
    async with replica(location) as shared:
        await shared.note_scopes("slack", ["T1", "T2"])
        leases = {lease.scope: lease for lease in await shared.claim(5)}
        stores = {scope: await shared.open_scope(lease) for scope, lease in leases.items()}
        await asyncio.gather(
            *(store.kv.set("slack", "name", scope) for scope, store in stores.items() for _ in range(20))
        )
        for scope, store in stores.items():
            assert await store.kv.get("slack", "name") == scope
            assert store.lease is leases[scope]
        await stores["slack:T1"].close()
        await shared.release(leases["slack:T1"])
        (lease,) = await shared.claim(1)
        store = await shared.open_scope(lease)
        assert await store.kv.get("slack", "name") == "slack:T1"
        await store.close()
        await stores["slack:T2"].close()


async def test_a_store_that_cannot_be_opened_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever opens a scope again and again does not fill the folder for temporary files; without one it is said in a line."""
    location = lay_shared()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with replica(location) as shared:
        await shared.note_scopes("slack", ["T1"])
        (lease,) = await shared.claim(1)
        sql(location, "ALTER TABLE aion_bot_shared.scope RENAME COLUMN version TO other")
        with pytest.raises(sqlite3.Error):
            await shared.open_scope(lease)
        assert os.listdir(tmp_path) == []  # noqa: PTH208  # in memory, and no other task waits
        sql(location, "ALTER TABLE aion_bot_shared.scope RENAME COLUMN other TO version")
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
        with pytest.raises(StoreError, match="no folder for temporary files"):
            await shared.open_scope(lease)


async def test_scopes_of_a_dead_replica_are_told_from_those_that_were_given_back() -> None:
    """They are claimed first, and it is known when the next lease ends."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1", "T2", "T3"])
        leases = {lease.scope: lease for lease in await one.claim(3)}
        assert 0 < ((await two.load()).next_end or 0) <= SECONDS
        expire(location)
        await one.release(leases["slack:T1"])
        load = await two.load()
        assert (load.free, load.ended, load.next_end) == (3, 2, None)
        assert 1 <= load.ended_for < 60
        (taken,) = await two.claim(1)
        assert taken.scope != "slack:T1"
        assert (await one.load()).ended == 1


async def test_a_connection_that_is_lost_while_a_scope_is_opened_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told from a schema that cannot be used, for which the scope is left to others."""
    location = lay_shared()

    def cut(*_: object) -> int:
        raise psycopg.errors.AdminShutdown("terminating connection")

    async with replica(location) as shared:
        await shared.note_scopes("slack", ["T1"])
        (lease,) = await shared.claim(1)
        with monkeypatch.context() as patch:
            patch.setattr(opening, "read_schema", cut)
            with pytest.raises(sqlite3.OperationalError) as raised:
                await shared.open_scope(lease)
        assert is_transient(raised.value)
        await (await shared.open_scope(lease)).close()


async def test_who_lost_a_scope_writes_nothing_there() -> None:
    """Its writes are refused and change nothing, from the next owner's opening on; it learns that it lost the lease."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1"])
        (old,) = await one.claim(1)
        before = await one.open_scope(old)
        await before.kv.set("slack", "name", "old")
        expire(location)
        (new,) = await two.claim(1)
        assert new.epoch > old.epoch
        after = await two.open_scope(new)
        for write in (
            lambda: before.kv.set("slack", "name", "stale"),
            lambda: before.retention._connection.execute_fetchall("DELETE FROM kv RETURNING name"),
        ):
            with pytest.raises(sqlite3.OperationalError, match="another replica has taken over"):
                await write()
        assert old.lost.is_set()
        assert not old.held()
        assert await after.kv.get("slack", "name") == "old"
        with pytest.raises(StoreError, match="another replica has taken over"):
            await one.open_scope(old)
        await before.close()
        await one.release(old)
        assert (await two.load()).free == 0
        await after.close()


async def test_leases_are_renewed_together_and_lost_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One renewal keeps all scopes of a replica; one that was paused for too long loses all that were taken meanwhile."""
    monkeypatch.setattr("aion_bot.storage.postgres.shared.leases.RENEW_EVERY", 0.05)
    location = lay_shared()
    async with replica(location, "one") as one:
        renewed = asyncio.Event()
        one.on_renewed(lambda seconds: renewed.set() if seconds >= 0 else None)
        await one.note_scopes("slack", ["T1", "T2", "T3"])
        held = await one.claim(3)
        expire(location)
        for _ in range(2):
            renewed.clear()
            await happens(renewed)
        assert (await one.load()).free == 0
        taken = "UPDATE aion_bot_shared.scope_lease SET replica = 'x', epoch = nextval('aion_bot_shared.scope_epoch')"
        sql(location, taken)
        for lease in held:
            await happens(lease.lost)
        assert not any(lease.held() for lease in held)
        assert (await one.load()).owned == 0


async def test_a_lease_is_held_until_a_second_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """By this process's clock, from before the server was asked."""
    location = lay_shared()
    async with replica(location) as shared:
        await shared.note_scopes("slack", ["T1"])
        now = time.monotonic()
        (lease,) = await shared.claim(1)
        assert lease.held()
        monkeypatch.setattr(time, "monotonic", lambda: now + 5.5)
        assert not lease.held()


async def test_requests_reach_the_owner_in_order_and_once() -> None:
    """The owner is woken, gets what was handed over in that order, and nobody else can remove it."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1", "T2"])
        (first,), (second,) = await one.claim(1), await two.claim(1)
        woken = one.waking(first.scope)
        woken.clear()
        bodies = [f"{number} \0\xff".encode() for number in range(60)]
        for body in bodies:
            assert await two.hand_over(first.scope, body)
        await happens(woken)
        found = await one.arrivals(first)
        assert [arrival.body for arrival in found] == bodies[:50]
        assert 0 <= found[0].age < 60
        stranger: Any = second
        await two.arrived(stranger, found[0])
        assert await two.arrivals(stranger) == []
        for arrival in found:
            await one.arrived(first, arrival)
        assert [arrival.body for arrival in await one.arrivals(first)] == bodies[50:]
        assert not await two.hand_over("slack:T9", b"nobody's")


async def test_requests_of_a_scope_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many replicas hand over at once: no more than so many wait, and the others are told so."""
    monkeypatch.setattr("aion_bot.storage.postgres.shared.database.MOST_ARRIVALS", 7)
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1", "T2"])
        kept = await asyncio.gather(
            *(each.hand_over("slack:T1", b"x") for _ in range(10) for each in (one, two))
        )
        assert kept.count(True) == 7
        assert await one.hand_over("slack:T2", b"of another scope")


async def test_a_lost_notification_is_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow look finds what waits for an owner whose notification came to nobody."""
    monkeypatch.setattr("aion_bot.storage.postgres.shared.waking.LOOK", 0.05)
    location = lay_shared()
    async with replica(location) as shared:
        await shared.note_scopes("slack", ["T1", "T2"])
        await shared.claim(2)
        one, other = shared.waking("slack:T1"), shared.waking("slack:T2")
        assert one.is_set()
        one.clear()
        other.clear()
        sql(location, "INSERT INTO aion_bot_shared.arrival (scope, body) VALUES ('slack:T1', 'x')")
        await happens(one)
        assert not other.is_set()


async def test_replicas_agree_on_their_settings() -> None:
    """Another key's digest is named while its replica lives; no value is in the table, and what cannot be a digest is refused."""
    location = lay_shared()
    async with replica(location, "one"):
        one = await open_shared(location, "first")
        other = await open_shared(location, "second")
        assert await one.agree({"AION_KEY": digest("a"), "OTHER": digest("b")}) == []
        assert await other.agree({"AION_KEY": digest("c"), "OTHER": digest("b"), "NEW": digest("d")}) == [
            "AION_KEY"
        ]
        with pytest.raises(RuntimeError):
            await other.claim(1)
        with pytest.raises(ValueError, match="SHA-256"):
            await other.agree({"AION_KEY": "geheim"})
        await one.close()
        assert await other.agree({"AION_KEY": digest("c")}) == []
        await other.close()


async def test_a_replica_has_other_settings_from_now_on() -> None:
    """Once its own were replaced, whoever starts with the new ones agrees, and whoever has the old ones does not."""
    location = lay_shared()
    one, other = await open_shared(location, "first"), await open_shared(location, "second")
    try:
        assert not await one.agree({"AION_KEY": digest("a")})
        await one.agree_anew({"AION_KEY": digest("b")})
        assert await other.agree({"AION_KEY": digest("a")}) == ["AION_KEY"]
        assert not await other.agree({"AION_KEY": digest("b")})
    finally:
        await other.close()
        await one.close()


async def test_a_replica_that_retires_keeps_its_scopes_and_has_no_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While it drains the others count without it; its leases are renewed, and its row does not come back."""
    monkeypatch.setattr("aion_bot.storage.postgres.shared.leases.RENEW_EVERY", 0.05)
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1"])
        (lease,) = await one.claim(1)
        renewed = asyncio.Event()
        await one.retire()
        one.on_renewed(lambda _: renewed.set())
        await happens(renewed)
        load = await two.load()
        assert (load.replicas, load.free) == (1, 0)
        assert lease.held()


async def test_a_removed_scope_leaves_nothing() -> None:
    """Its schema, its rows and what waited are gone; its owner lost it; another replica's scope stays."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        await one.note_scopes("slack", ["T1", "T2"])
        (lease,), (other,) = await one.claim(1), await two.claim(1)
        store = await one.open_scope(lease)
        await store.plans.add(Plan("k1", "p1", "s1", THREAD, ADA, "Sort", (Step("Folders", "sort"),)))
        await one.hand_over(lease.scope, b"words")
        await store.close()
        assert not await one.remove_scope(other.scope)
        assert await one.remove_scope(lease.scope)
        assert lease.lost.is_set()
        assert await one.remove_scope(lease.scope)
        assert not await one.hand_over(lease.scope, b"words")
        schemas = [
            row[0] for row in sql(location, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'aion%'")
        ]
        assert sorted(schemas) == ["aion_bot_shared", "aion_bot_slack_t2", "aion_bot_slack_t3"]
        assert sql(location, "SELECT name FROM aion_bot_shared.scope") == [(other.scope,)]
        assert sql(location, "SELECT count(*) FROM aion_bot_shared.arrival") == [(0,)]
        await one.note_scopes("slack", ["T1"])
        (again,) = await one.claim(5)
        assert again.epoch > lease.epoch
        again_open: Store = await one.open_scope(again)
        assert await again_open.plans.get("k1") is None
        await again_open.close()


async def test_values_are_shared() -> None:
    """Written, replaced where the old one stands, taken once, gone after their time; whoever reads gets the newest one."""
    location = lay_shared()
    async with replica(location, "one") as one, replica(location, "two") as two:
        values = one.values
        assert await values.get("token", "T1") is None
        assert await values.replace("token", "T1", None, "a")
        assert not await values.replace("token", "T1", None, "b")
        assert not await values.replace("token", "T1", "b", "c")
        assert await two.values.replace("token", "T1", "a", "d")
        await values.set("token", "B", "x", seconds=60)
        await values.set("token", "a", "y")
        await values.set("token", "gone", "z", seconds=-1)
        assert await values.get("token", "gone") is None
        assert await values.take("token", "gone") is None
        assert await values.names("token") == ["B", "T1", "a"]
        taken = await asyncio.gather(*(each.values.take("token", "T1") for each in (one, two, one, two)))
        assert sorted(taken, key=str) == [None, None, None, "d"]


@pytest.mark.parametrize("scope", ["", "T-1", "T 1", "ä", "T" * 41, "a;DROP", "a:b"])
def test_an_id_that_can_be_no_scopes_is_refused(scope: str) -> None:
    """It becomes a schema's name: letters and digits alone."""
    with pytest.raises(ValueError, match="letters and digits"):
        scope_name("slack", scope)
    with pytest.raises(ValueError, match="letters and digits"):
        schema_of(f"slack:{scope}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_no_scope_has_two_owners(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replicas take, give back and write at random, and one never renews: one holds a scope, and a stale one writes nothing."""
    for name in ("lease", "shared.leases"):
        monkeypatch.setattr(f"aion_bot.storage.postgres.{name}.SECONDS", 0.4)
        monkeypatch.setattr(f"aion_bot.storage.postgres.{name}.RENEW_EVERY", 0.1)
    monkeypatch.setattr("aion_bot.storage.postgres.lease.MARGIN", 0.1)
    location, drawn, owned = lay_shared(), random.Random(seed), list[ScopeLease]()  # a test

    async def lives(shared: SharedDatabase) -> None:
        mine: list[ScopeLease] = []
        for _ in range(30):
            for lease in await shared.claim(drawn.randint(1, 2)):
                assert not [one for one in owned if one.scope == lease.scope and one.held()]
                owned.append(lease)
                mine.append(lease)
            for lease in list(mine):
                await _writes(shared, lease, drawn.randint(0, 2))
                if drawn.random() < 0.3:
                    await shared.release(lease)
                    mine.remove(lease)
            await asyncio.sleep(drawn.random() / 20)

    async with replica(location, "0") as one, replica(location, "1") as two, replica(location, "2") as three:
        paused: Any = three
        await paused._leases._keeping.cancel()
        await one.note_scopes("slack", ["T1", "T2", "T3"])
        await asyncio.gather(*(lives(shared) for shared in (one, two, three)))
    assert len({lease.epoch for lease in owned}) == len(owned) > 10


async def _writes(shared: SharedDatabase, lease: ScopeLease, times: int) -> None:
    """Write and read back; whoever was taken over from fails, and knows why."""
    try:
        store = await shared.open_scope(lease)
    except StoreError:
        assert lease.lost.is_set()
        return
    try:
        for number in range(times):
            said = f"{lease.epoch} {number}"
            await store.kv.set("slack", "owner", said)
            found = await store.kv.get("slack", "owner")
            assert found is not None
            # Somebody newer may have written behind it, nobody older.
            assert found == said or int(found.split()[0]) > lease.epoch
    except sqlite3.Error:
        assert lease.lost.is_set()
    finally:
        await store.close()


async def test_replicas_that_note_the_same_scopes_at_once_do_not_wait_for_each_other() -> None:
    """Whatever order a platform lists them in."""
    location, ids = lay_shared(), [f"S{number}" for number in range(300)]
    async with replica(location, "one") as one, replica(location, "two") as two:
        for _ in range(3):
            sql(location, "DELETE FROM aion_bot_shared.scope")
            await asyncio.gather(one.note_scopes("slack", ids), two.note_scopes("slack", ids[::-1]))
            assert (await one.load()).scopes == 300
