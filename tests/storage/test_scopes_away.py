"""Many scopes on a Postgres server that goes away: cut sessions, a stop, a failover, connections that are all in use."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.domain.plan import Plan
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.storage import Store, retry_write
from aion_bot.storage.errors import is_transient
from aion_bot.storage.hosting import ScopeLease, open_shared
from aion_bot.storage.postgres.lease import MARGIN, SECONDS
from tests.support.postgres import lay_postgres, lay_shared, server

THREAD = ThreadKey("slack", "T/C/1")
ADA = Person("U1", "Ada")
PLAN = Plan("k1", "p1", "s1", THREAD, ADA, "Sort", (Step("Folders", "sort them"),))


def cut(location: PostgresUrl) -> None:
    """End every session of a database."""
    name = location.url.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(server().url("postgres").url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )


@asynccontextmanager
async def serving(location: PostgresUrl, count: int) -> AsyncIterator[tuple[Any, dict[ScopeLease, Store]]]:
    """A replica that serves so many scopes."""
    shared = await open_shared(location, "one")
    stores: dict[ScopeLease, Store] = {}
    try:
        assert not await shared.agree({})
        await happens(shared.freed)
        await shared.note_scopes("slack", [f"T{number + 1}" for number in range(count)])
        for lease in await shared.claim(count):
            stores[lease] = await shared.open_scope(lease)
        yield shared, stores
    finally:
        for store in stores.values():
            await store.close()
        await shared.close()


async def happens(event: asyncio.Event) -> None:
    """Wait for an event."""
    async with asyncio.timeout(60):
        await event.wait()


async def test_cut_sessions_cost_nothing() -> None:
    """Each statement that finds its connection cut is carried out once, however many connections the pool had."""
    location = lay_shared()
    async with serving(location, 3) as (shared, stores):
        for number in range(3):
            cut(location)
            values = await asyncio.gather(*(_written(store, number) for store in stores.values()))
            assert values == [str(number)] * 3
            cut(location)
            assert await shared.values.get("a", "b") is None
            assert (await shared.load()).owned == 3


async def _written(store: Store, number: int) -> str | None:
    await store.kv.set("slack", "name", str(number))
    return await store.kv.get("slack", "name")


async def test_a_write_that_was_done_is_not_done_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is lost after the commit and before its answer: the repeated claim has the first one's result."""
    location = lay_shared()
    async with serving(location, 1) as (_, stores):
        (store,) = stores.values()
        await store.plans.add(PLAN)
        connection: Any = store.plans._connection
        fetched, lost = connection._fetched, []

        async def loses(on: Any, sql: str, values: Any, **more: Any) -> Any:
            rows = await fetched(on, sql, values, **more)
            if "write(" in sql and not lost:
                lost.append(sql)
                cut(location)
                await fetched(on, "SELECT 1", {})  # finds the connection lost
            return rows

        monkeypatch.setattr(connection, "_fetched", loses)
        assert await store.plans.claim("k1", Action.APPROVE, ADA)
        assert lost
        monkeypatch.undo()
        assert len(await connection.execute_fetchall("SELECT * FROM attempt")) == 1


async def test_a_connection_to_a_standby_is_replaced() -> None:
    """After a failover the server that was the primary refuses writes: the statement is carried out by another connection."""
    location = lay_shared()
    async with serving(location, 1) as (shared, stores):
        (store,) = stores.values()
        for _ in range(2):
            async with shared._pool.lent() as connection:
                await connection.execute("SET default_transaction_read_only = on")
            await store.kv.set("slack", "name", "value")
            assert await store.kv.get("slack", "name") == "value"


@pytest.mark.slow
async def test_connections_that_are_all_in_use_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement fails as transient then, and leases are renewed meanwhile; with a free one it is carried out."""
    monkeypatch.setattr("aion_bot.storage.postgres.shared.leases.RENEW_EVERY", 0.02)
    location = lay_shared()
    async with serving(location, 1) as (shared, stores):
        # To open it may take longer on a busy machine.
        monkeypatch.setattr("aion_bot.storage.postgres.shared.pool.AT_ONCE", 0.05)
        monkeypatch.setattr("aion_bot.storage.postgres.shared.pool._PATIENCE", 0.2)
        (store,) = stores.values()
        renewed = asyncio.Event()
        async with AsyncExitStack() as taken:
            for _ in range(8):
                await taken.enter_async_context(shared._pool.lent())
            with pytest.raises(sqlite3.OperationalError, match="all connections are in use") as failed:
                await store.kv.get("slack", "name")
            assert is_transient(failed.value)
            shared.on_renewed(lambda _: renewed.set())
            await happens(renewed)
        assert await retry_write(lambda: _written(store, 1)) == "1"


@pytest.mark.slow
async def test_nothing_is_lost_while_the_server_is_away() -> None:
    """Longer than a lease lasts: writes are done after, the scopes are still this replica's, and it is woken again."""
    location = lay_shared()
    async with serving(location, 3) as (shared, stores):
        lease, renewed = next(iter(stores)), asyncio.Event()
        server().stop()
        gone = time.monotonic()
        try:
            writes = [
                asyncio.create_task(retry_write(lambda store=store: _written(store, 1)))  # type: ignore[misc]  # bound now
                for store in stores.values()
            ]
            for failing in (shared.hand_over(lease.scope, b"x"), shared.arrivals(lease), shared.load()):
                with pytest.raises(sqlite3.Error) as failed:
                    await failing
                assert is_transient(failed.value)
            with pytest.raises(SharedValuesDown):
                await shared.values.get("a", "b")
            await asyncio.sleep(gone + SECONDS - time.monotonic())
            assert not any(one.held() for one in stores)
        finally:
            server().start()
        shared.on_renewed(lambda _: renewed.set())
        assert await asyncio.gather(*writes) == ["1"] * 3
        shared.waking(lease.scope).clear()
        assert await shared.hand_over(lease.scope, b"x")
        await happens(shared.waking(lease.scope))
        assert [arrival.body for arrival in await shared.arrivals(lease)] == [b"x"]
        await happens(renewed)
        assert all(one.held() for one in stores)


class Partition:
    """A way to the server that holds everything back while it is shut, and lets it through later, as a network does."""

    def __init__(self) -> None:
        self._ways: list[asyncio.Event] = []
        self._is_shut = False
        self._pumps, self._writers = BackgroundTasks(), list[asyncio.StreamWriter]()

    def shut(self, *, new: bool = True) -> None:
        """Let nothing through; with `new` of connections that are made from now on either."""
        self._is_shut = new
        for way in self._ways:
            way.clear()

    def open(self) -> None:
        """Let everything through, also what was held back."""
        self._is_shut = False
        for way in self._ways:
            way.set()

    @asynccontextmanager
    async def to(self, location: PostgresUrl) -> AsyncIterator[PostgresUrl]:
        """Yield the address of the database through it."""
        listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        database = location.url.removeprefix("postgresql://tests@/").partition("?")[0]
        try:
            yield PostgresUrl(
                f"postgresql://tests@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable"
            )
        finally:
            listening.close()
            await self._pumps.cancel()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.gather(*(one.wait_closed() for one in self._writers), return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_unix_connection(str(server().folder / ".s.PGSQL.5432"))
        self._writers += [writer, there[1]]
        way = asyncio.Event()
        if not self._is_shut:
            way.set()
        self._ways.append(way)
        self._pumps.spawn(self._pump(reader, there[1], way))
        self._pumps.spawn(self._pump(there[0], writer, way))

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await way.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.mark.slow
async def test_a_replica_that_is_cut_off_sends_nothing_and_loses_its_scopes() -> None:
    """Another one takes over after six seconds; what the first one wrote meanwhile arrives late, and is refused."""
    location, network = lay_shared(), Partition()
    async with network.to(location) as through, serving(through, 2) as (shared, stores):
        other = await open_shared(location, "two")
        assert not await other.agree({})
        for store in stores.values():
            await store.kv.set("slack", "name", "before")
        network.shut()
        cut_at = asyncio.get_running_loop().time()
        writes = [asyncio.create_task(_written(store, 7)) for store in stores.values()]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await shared.hand_over("slack:T1", b"x")
        assert asyncio.get_running_loop().time() < cut_at + 4, "a caller waits for the server after its time"
        taken: list[ScopeLease] = []
        async with asyncio.timeout(30):
            while len(taken) < 2:
                taken += await other.claim(2)
                assert not taken or not any(one.held() for one in stores)
                await asyncio.sleep(0.05)  # as a replica looks
        opened = [await other.open_scope(lease) for lease in taken]
        network.open()
        for write in writes:
            # Or it had to wait for a connection, all of which were waiting for the server.
            with pytest.raises(sqlite3.OperationalError, match=r"another replica has taken over|in use"):
                await write
        for lease in stores:
            await happens(lease.lost)
        for store in opened:
            assert await store.kv.get("slack", "name") == "before"
            await store.close()
        await other.close()


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewals every half a second, and given up after as long."""
    for module in ("renewing", "lease", "shared.leases"):
        monkeypatch.setattr(f"aion_bot.storage.postgres.{module}.RENEW_EVERY", 0.5)


async def _renewed_in_time(network: Partition, lease: Any, renewed: asyncio.Event) -> None:
    """Let old connections carry nothing any more, and see that the lease is renewed before it ends."""
    await happens(renewed)
    renewed.clear()
    network.shut(new=False)
    began = time.monotonic()
    await happens(renewed)
    assert time.monotonic() - began < SECONDS - MARGIN
    assert lease.held()
    network.open()


@pytest.mark.slow
@pytest.mark.usefixtures("_soon")
async def test_leases_are_kept_where_a_firewall_forgets_a_connection() -> None:
    """What an old connection sends goes nowhere, and nothing says so: the next renewal takes a new one, before the end."""
    network, renewed = Partition(), asyncio.Event()
    async with network.to(lay_shared()) as through, serving(through, 2) as (shared, stores):
        shared.on_renewed(lambda _: renewed.set())
        await _renewed_in_time(network, next(iter(stores)), renewed)


@pytest.mark.slow
@pytest.mark.usefixtures("_soon")
async def test_a_single_lease_is_kept_where_a_firewall_forgets_a_connection() -> None:
    """As with many scopes."""
    network, renewed = Partition(), asyncio.Event()
    async with network.to(lay_postgres()) as through:
        store = await Store.open(through)
        assert store.lease is not None
        store.lease.renewed = lambda _: renewed.set()
        await _renewed_in_time(network, store.lease, renewed)
        await store.close()
