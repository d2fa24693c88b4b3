"""Which failed writes are retried. SQLite itself raises every error here."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from aion_bot.storage import BRIEFLY, Store, retry_write
from aion_bot.storage.errors import is_transient
from tests.support.databases import lay_database

pytestmark = pytest.mark.sqlite


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(lay_database(tmp_path / "bot.db"))
    await opened.kv.set("slack", "name", "value")
    yield opened
    await opened.close()


def raised(connection: sqlite3.Connection, sql: str) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute(sql)
    return caught.value


@pytest.mark.parametrize(
    "sql",
    [
        "UPDAT kv SET value = ''",
        "UPDATE kv SET no_such_column = ''",
        "INSERT INTO no_such_table VALUES (1)",
        "INSERT INTO kv VALUES ('slack', 'name', NULL)",
        "INSERT INTO kv VALUES ('slack', 'name', 'value')",
        "INSERT INTO kv VALUES ('slack', 'other', zeroblob(2000000000))",
    ],
)
async def test_a_write_that_cannot_succeed_is_tried_once(store: Store, sql: str) -> None:
    """Wrong SQL, another schema, a constraint or a wrong type raise at once, whatever the backoff."""
    tried = 0

    async def write() -> int:
        nonlocal tried
        tried += 1
        return await store.kv._do(sql)

    with pytest.raises(sqlite3.Error):
        await retry_write(write)
    assert tried == 1


async def test_a_read_only_database_is_tried_once(store: Store) -> None:
    """A write to a read-only database raises at once."""
    await store.kv._do("PRAGMA query_only = ON")
    tried = 0

    async def write() -> None:
        nonlocal tried
        tried += 1
        await store.kv.set("slack", "name", "other")

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await retry_write(write)
    assert tried == 1


async def test_a_damaged_database_is_tried_once(tmp_path: Path) -> None:
    """A write to a damaged file raises at once."""
    path = tmp_path / "bot.db"
    path.write_bytes(b"not a database" * 500)
    with closing(sqlite3.connect(path)) as connection:
        assert not is_transient(raised(connection, "CREATE TABLE t (x)"))


async def test_a_closed_database_is_tried_once(store: Store) -> None:
    """An error of Python's sqlite3 module without a code of SQLite's raises at once."""
    await store.close()
    with pytest.raises(ValueError, match="no active connection"):
        await retry_write(lambda: store.kv.set("slack", "name", "other"))


async def test_a_write_to_a_full_disk_is_retried(store: Store) -> None:
    """The write is repeated while the disk is full, and succeeds once there is room."""
    await store.kv._do("PRAGMA max_page_count = 1")  # SQLite reports this as a full disk
    tried = 0

    async def write() -> None:
        nonlocal tried
        tried += 1
        if tried == 3:
            await store.kv._do("PRAGMA max_page_count = 1000000")
        await store.kv.set("slack", "long", "x" * 100_000)

    await retry_write(write, (0.0, 0.0, 0.0))
    assert tried == 3
    assert await store.kv.get("slack", "long") == "x" * 100_000


def test_a_write_to_a_locked_database_is_retried(tmp_path: Path) -> None:
    """The write succeeds once another connection's transaction ends."""
    path = tmp_path / "bot.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as first,
        closing(sqlite3.connect(path, timeout=0)) as second,
    ):
        first.execute("CREATE TABLE t (x)")
        first.execute("BEGIN IMMEDIATE")
        assert is_transient(raised(second, "INSERT INTO t VALUES (1)"))


@pytest.mark.parametrize(
    ("name", "transient"),
    [
        ("SQLITE_BUSY_RECOVERY", True),
        ("SQLITE_LOCKED_SHAREDCACHE", True),
        ("SQLITE_IOERR_WRITE", True),
        ("SQLITE_IOERR_SHMSIZE", True),
        ("SQLITE_PROTOCOL", True),
        ("SQLITE_CANTOPEN", True),
        ("SQLITE_CANTOPEN_ISDIR", False),
        ("SQLITE_IOERR_CORRUPTFS", False),
        ("SQLITE_READONLY_DBMOVED", False),
        ("SQLITE_CORRUPT_INDEX", False),
        ("SQLITE_SCHEMA", False),
        ("SQLITE_MISMATCH", False),
    ],
)
def test_extended_codes_are_classified_by_their_primary_code(name: str, transient: bool) -> None:
    """Codes that a test cannot provoke are classified as https://www.sqlite.org/rescode.html describes them."""
    error = sqlite3.OperationalError("as SQLite would raise it")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    assert is_transient(error) == transient


def test_the_backoff_for_people_ends_within_seconds() -> None:
    """A person waits less than seven seconds for an error."""
    assert list(BRIEFLY) == pytest.approx([0.2, 1.0, 5.0])
