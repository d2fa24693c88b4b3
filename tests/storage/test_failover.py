"""A Postgres server that goes away: another primary, a standby that can only be read, hosts with other clocks."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from aion_bot.domain.turn import Turn
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store, StoreError, retry_write, verify_audit
from tests.support.postgres import lay_postgres
from tests.support.postgres_pair import Pair, lent_pair

THREAD, ADA = ThreadKey("slack", "T/C/1"), Person("U1", "Ada")


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """A primary and its standby."""
    with lent_pair() as lent:
        yield lent


async def accepted(store: Store, number: int) -> bool:
    """Accept a question, however long that takes."""
    turn = Turn(f"t{number}", THREAD, ADA, "What?")
    prompt = Prompt(str(number), THREAD, Place("T", "C"), ADA, "What?")
    return await retry_write(lambda: store.turns.accept(turn, prompt))


@pytest.mark.slow
async def test_another_server_becomes_the_primary(pair: Pair) -> None:
    """What was written is there, what is written meanwhile follows, each once; the lease goes on, and keeps others away."""
    store = await Store.open(pair.location)
    for number in range(5):
        assert await accepted(store, number)
    await asyncio.to_thread(pair.fail_over)
    later = [asyncio.create_task(accepted(store, number)) for number in range(5, 10)]
    assert await asyncio.gather(*later) == [True] * 5
    assert sorted(turn.key for turn in await store.turns.unfinished()) == [
        f"t{number}" for number in range(10)
    ]
    assert not await accepted(store, 3)
    lease: Any = store.lease
    assert await lease._renew()
    assert lease.held()
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(pair.location)
    await store.close()
    assert not (await asyncio.to_thread(verify_audit, pair.location)).broken
    again = await Store.open(pair.location)
    assert again.lease is not None
    assert again.lease.epoch == 2
    await again.close()


@pytest.mark.slow
async def test_a_start_finds_the_primary_whichever_is_named_first(pair: Pair) -> None:
    """Of two hosts the one that can be written is used; the standby alone is refused, and is left as it is."""
    first, second = pair.primary.folder, pair.standby.folder
    swapped = PostgresUrl(pair.location.url.replace(f"{first},{second}", f"{second},{first}"))
    store = await Store.open(swapped)
    assert await accepted(store, 1)
    await store.close()
    alone = PostgresUrl(pair.location.url.replace(f"{first},{second}", str(second)))
    with pytest.raises(StoreError, match=r"read-only.*: name the primary, or all hosts"):
        await Store.open(alone)


@pytest.mark.slow
async def test_writes_wait_until_there_is_a_primary_again(pair: Pair) -> None:
    """While only the standby is there, which can be read, writes fail as those of a server that is away; none is lost."""
    store = await Store.open(pair.location)
    assert await accepted(store, 0)
    await asyncio.to_thread(pair.primary.stop)
    writing = asyncio.create_task(accepted(store, 1))
    with pytest.raises(sqlite3.OperationalError) as failed:
        await store.kv.set("slack", "name", "value")
    assert getattr(failed.value, "transient", False)
    await asyncio.to_thread(pair.primary.start)
    assert await writing
    assert len(await store.turns.unfinished()) == 2
    await store.close()


async def test_a_primary_that_becomes_a_standby_is_left() -> None:
    """A session that can only be read is given up for a new one, and the write is carried out once there."""
    store = await Store.open(lay_postgres())
    connection: Any = store.kv._connection
    await connection._source._connection.execute(b"SET default_transaction_read_only = on")
    with capture_logs() as logs:
        await store.kv.set("slack", "name", "value")
    assert [one["event"] for one in logs] == ["database connection lost", "database connected again"]
    assert await store.kv.get("slack", "name") == "value"
    await store.close()


@pytest.mark.slow
async def test_a_lease_ends_by_the_servers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose clock is a day ahead neither takes a lease that is held nor ends its own sooner."""
    location = lay_postgres()
    first = await Store.open(location)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86_400)
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(location)
    await first.close()
    second = await Store.open(location)
    assert second.lease is not None
    assert second.lease.held()
    with psycopg.connect(location.url) as beside:
        row = beside.execute(
            "SELECT until - clock_timestamp() < interval '7 s' FROM aion_bot.lease"
        ).fetchone()
    assert row == (True,)
    await second.close()
