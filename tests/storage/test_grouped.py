"""Statements that are asked for in the same moment: one transaction, and each as if it had come alone."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from aion_bot.storage.grouped import MOST_TOGETHER, Changed, GroupedConnection

pytestmark = pytest.mark.sqlite

Traced = tuple[GroupedConnection, list[str]]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Traced]:
    """A connection to a new table of numbers, and the statements that SQLite has carried out."""
    connection = await aiosqlite.connect(tmp_path / "numbers.db", isolation_level=None)
    await connection.execute("PRAGMA journal_mode = WAL")
    await connection.execute("PRAGMA busy_timeout = 100")
    await connection.execute("CREATE TABLE number (n INTEGER PRIMARY KEY, text TEXT)")
    carried_out: list[str] = []
    await connection.set_trace_callback(carried_out.append)
    grouped = GroupedConnection(connection)
    yield grouped, carried_out
    await grouped.close()


async def numbers(connection: GroupedConnection) -> list[int]:
    return [row[0] for row in await connection.execute_fetchall("SELECT n FROM number ORDER BY n")]


def inserting(connection: GroupedConnection, n: int, text: str = "") -> asyncio.Task[Changed]:
    return asyncio.create_task(connection.execute("INSERT INTO number VALUES (?, ?)", (n, text)))


async def test_writes_of_one_moment_are_one_transaction(opened: Traced) -> None:
    """A hundred writes that are asked for in the same moment wait for the disk once, and each returns what it changed."""
    connection, carried_out = opened
    changed = await asyncio.gather(*(inserting(connection, n) for n in range(100)))
    assert [one.rowcount for one in changed] == [1] * 100
    assert carried_out.count("COMMIT") == 1
    assert await numbers(connection) == list(range(100))


async def test_what_comes_meanwhile_is_the_next_transaction(opened: Traced) -> None:
    """More than `MOST_TOGETHER` statements are several transactions: another process can write in between."""
    connection, carried_out = opened
    await asyncio.gather(*(inserting(connection, n) for n in range(MOST_TOGETHER + 2)))
    assert carried_out.count("COMMIT") == 2
    assert len(await numbers(connection)) == MOST_TOGETHER + 2


async def test_statements_keep_their_order(opened: Traced) -> None:
    """A query sees what was asked for before it, and nothing of what was asked for after it."""
    connection, _ = opened
    first = inserting(connection, 1)
    await asyncio.sleep(0)
    seen = asyncio.ensure_future(numbers(connection))
    await asyncio.sleep(0)
    second = inserting(connection, 2)
    assert await seen == [1]
    await asyncio.gather(first, second)
    assert await numbers(connection) == [1, 2]


async def test_a_statement_fails_alone(opened: Traced) -> None:
    """Where one of several breaks a rule, its caller alone learns of it, and the others are written."""
    connection, _ = opened
    one, again, other = await asyncio.gather(
        inserting(connection, 1), inserting(connection, 1), inserting(connection, 2), return_exceptions=True
    )
    assert isinstance(again, sqlite3.IntegrityError)
    assert not isinstance(one, BaseException)
    assert not isinstance(other, BaseException)
    assert await numbers(connection) == [1, 2]


async def test_a_full_disk_costs_what_has_no_room_alone(opened: Traced) -> None:
    """Where the database may grow no more, SQLite rolls all back; what has room is written all the same, and nothing twice."""
    connection, _ = opened
    await connection.execute_fetchall("PRAGMA max_page_count = 4")
    small, large, after = await asyncio.gather(
        inserting(connection, 1), inserting(connection, 2, "x" * 100_000), inserting(connection, 3), return_exceptions=True
    )  # fmt: skip
    assert isinstance(large, sqlite3.OperationalError)
    assert not isinstance(small, BaseException)
    assert not isinstance(after, BaseException)
    assert await numbers(connection) == [1, 3]


async def test_a_lock_is_waited_for_once(opened: Traced, tmp_path: Path) -> None:
    """While another process writes, the writes of a moment fail together after one wait, and what was asked to be read is."""
    connection, _ = opened
    loop = asyncio.get_running_loop()
    with closing(sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        began = loop.time()
        *written, read = await asyncio.gather(
            *(inserting(connection, n) for n in range(30)), numbers(connection), return_exceptions=True
        )
        assert loop.time() - began < 1.0  # each alone would take three seconds
        assert {type(one) for one in written} == {sqlite3.OperationalError}
        assert read == []
        another.execute("ROLLBACK")
    await inserting(connection, 1)
    assert await numbers(connection) == [1]


async def test_what_was_asked_for_is_carried_out_although_its_caller_is_cancelled(opened: Traced) -> None:
    """Whoever is cancelled while a write waits does not take it back, and holds up no other."""
    connection, _ = opened
    cancelled = inserting(connection, 1)
    await asyncio.sleep(0)
    cancelled.cancel()
    await inserting(connection, 2)
    assert cancelled.cancelled()
    assert await numbers(connection) == [1, 2]


async def test_what_may_not_be_in_a_transaction_is_carried_out_alone(opened: Traced) -> None:
    """A checkpoint between two writes takes its turn outside of any transaction."""
    connection, carried_out = opened
    before = inserting(connection, 1)
    checkpoint = asyncio.ensure_future(connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
    await asyncio.gather(before, checkpoint, inserting(connection, 2))
    assert (await checkpoint)[0][0] == 0  # not busy
    assert carried_out.count("COMMIT") == 0
    assert await numbers(connection) == [1, 2]


async def test_closing_waits_for_what_was_asked_for(tmp_path: Path) -> None:
    """What was asked for before is written when the connection is closed; afterwards a statement raises at once."""
    path = tmp_path / "closed.db"
    grouped = GroupedConnection(await aiosqlite.connect(path, isolation_level=None))
    await grouped.execute("CREATE TABLE number (n INTEGER PRIMARY KEY, text TEXT)")
    writing = inserting(grouped, 1)
    await asyncio.sleep(0)
    await grouped.close()
    await writing
    with pytest.raises(ValueError, match=r"closed|no active"):
        await numbers(grouped)
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT n FROM number").fetchall() == [(1,)]


async def test_a_transaction_that_cannot_begin_cancels_nobody(opened: Traced) -> None:
    """Where SQLite begins no transaction for another reason than a lock, each statement is carried out alone."""

    def denied(action: int, *_: object) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_TRANSACTION else sqlite3.SQLITE_OK

    connection, _ = opened
    await connection._connection.set_authorizer(denied)
    changed = await asyncio.gather(inserting(connection, 1), inserting(connection, 2), return_exceptions=True)
    assert changed == [Changed(1), Changed(1)]
