"""Opening the database: one bot at a time, readers beside it, modes, and what doctor says of it."""

import asyncio
import errno
import os
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from aion_bot import doctor
from aion_bot.config import read_settings
from aion_bot.simulators.aion import API_KEY
from aion_bot.storage import Store, StoreError, migrations
from aion_bot.storage.errors import reason
from tests.storage.older_databases import write_older

NEWEST = migrations()[-1][0]

HOLDER = """
import asyncio, sys
from pathlib import Path
from aion_bot.storage import Store

async def hold():
    store = await Store.open(Path(sys.argv[1]))
    await store.kv.set("slack", "name", "written by the first")
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(path)
    yield opened
    await opened.close()


@pytest.fixture
async def holder(path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that has the database open."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder but the index of the log, in which also readers note where they are."""
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if not one.name.endswith("-shm")}


def modes(folder: Path) -> dict[str, int]:
    """The permissions of everything in a folder."""
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in sorted(folder.iterdir())}


def damage(path: Path) -> None:
    """Write something that is no database."""
    path.write_bytes(b"not a database" * 500)


def make_newer(path: Path) -> None:
    """Write a database of a version to come."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


async def examined(path: Path) -> doctor.Check:
    """Return what doctor says of the database."""
    settings, problems = read_settings(
        {"AIONVISION_API_KEY": API_KEY, "AION_BOT_DATABASE_URL": f"sqlite:///{path}"}
    )
    checks = await doctor.examine(settings, problems, ["slack"])
    return next(check for check in checks if check.name == "database")


# One bot a database.


async def test_another_process_is_refused_until_the_first_is_killed(
    path: Path, holder: asyncio.subprocess.Process
) -> None:
    """Kill -9 gives the lock back, and nothing that was written is lost."""
    with pytest.raises(StoreError, match="another process holds it: one bot a database"):
        await Store.open(path)
    holder.kill()
    await holder.wait()
    store = await Store.open(path)
    assert await store.kv.get("slack", "name") == "written by the first"
    await store.close()


async def test_a_closed_database_can_be_opened_again(store: Store, path: Path) -> None:
    """Within one process as well; the lock's file stays."""
    await store.close()
    again = await Store.open(path)
    await again.close()
    assert path.with_name("bot.db.lock").exists()


@pytest.mark.usefixtures("store")
async def test_a_second_name_of_the_file_is_refused(path: Path) -> None:
    """A link to the database leads to the same lock."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(link)


@pytest.mark.parametrize("name", ["my bot.db", "what?mode=ro", "50%25#1.db", "zażółć.db"])
async def test_any_name_will_do(tmp_path: Path, name: str) -> None:
    """Characters that mean something in an address are part of the name."""
    store = await Store.open(tmp_path / name)
    assert set(files(tmp_path)) == {name, f"{name}-wal", f"{name}.lock"}
    await store.close()
    assert (await examined(tmp_path / name)).detail == f"{tmp_path / name} can be written"


async def test_a_database_that_cannot_be_opened_is_not_held(path: Path) -> None:
    """After a failure the lock is free."""
    damage(path)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a sound SQLite database"):
            await Store.open(path)
    await asyncio.to_thread(path.unlink)
    await (await Store.open(path)).close()


async def test_a_version_that_locks_the_file_itself_is_noticed(path: Path) -> None:
    """The versions before this one hold SQLite's exclusive lock and know of no other."""
    write_older(path, 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA locking_mode = EXCLUSIVE")
        older.execute("INSERT INTO note VALUES ('slack', 'name', 'value')")
        with pytest.raises(StoreError, match="another process holds it"):
            await Store.open(path)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOLCK, "no file locks"),
        (errno.EOPNOTSUPP, "no file locks"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "read-only"),
        (errno.ENOSPC, "disk is full"),
        (errno.EWOULDBLOCK, "one bot a database"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_what_the_system_answers_is_told(path: Path, number: int, sentence: str) -> None:
    """Also on file systems that a test cannot have."""
    assert sentence in reason(OSError(number, os.strerror(number)), path)


# Beside the bot.


async def test_others_read_while_the_bot_writes(store: Store, path: Path) -> None:
    """A plain connection sees what is committed; one that reads for long does not keep the bot from writing."""
    await store.kv.set("slack", "name", "1")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT value FROM kv").fetchone() == ("1",)
        for number in range(2, 100):
            await store.kv.set("slack", "name", str(number))
        assert other.execute("SELECT value FROM kv").fetchone() == ("1",)
        other.execute("COMMIT")
        assert other.execute("SELECT value FROM kv").fetchone() == ("99",)


async def test_a_backup_is_made_while_the_bot_writes(store: Store, path: Path, tmp_path: Path) -> None:
    """SQLite's backup takes a consistent copy from a database that changes meanwhile."""
    written, enough, done = 0, asyncio.Event(), asyncio.Event()

    async def write() -> None:
        nonlocal written
        while not done.is_set():
            written += 1
            await store.kv.set("slack", f"note {written}", "x" * 500)
            if written == 50:
                enough.set()

    def back_up() -> None:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(tmp_path / "copy")) as target:
            source.backup(target)

    writing = asyncio.create_task(write())
    await enough.wait()
    await asyncio.to_thread(back_up)
    done.set()
    await writing
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        ((count, last),) = copy.execute("SELECT count(*), max(CAST(substr(name, 6) AS INTEGER)) FROM kv")
    assert 50 <= count == last <= written


async def test_doctor_looks_beside_a_bot(store: Store, path: Path, tmp_path: Path) -> None:
    """It changes nothing, and the bot goes on."""
    await store.kv.set("slack", "name", "value")
    before = files(tmp_path)
    assert await examined(path) == doctor.Check("database", True, f"{path} can be written")
    assert files(tmp_path) == before
    await store.kv.set("slack", "name", "other")


# Doctor without a bot.


async def test_doctor_creates_nothing(path: Path, tmp_path: Path) -> None:
    """Neither the database nor its lock."""
    assert await examined(path) == doctor.Check("database", True, f"{path} can be created")
    assert files(tmp_path) == {}


async def test_doctor_leaves_a_closed_database_alone(store: Store, path: Path, tmp_path: Path) -> None:
    """No log is left beside it."""
    await store.close()
    before = files(tmp_path)
    assert (await examined(path)).ok
    assert list(modes(tmp_path)) == list(before)
    assert files(tmp_path) == before


async def test_doctor_announces_a_migration(path: Path, tmp_path: Path) -> None:
    """An older database is left as it is; the next start changes it."""
    write_older(path, 1)
    before = files(tmp_path)
    check = await examined(path)
    assert check.ok
    assert f"schema 1; the next start brings it to {NEWEST} and keeps a copy" in check.detail
    assert files(tmp_path) == before


async def test_doctor_sees_what_a_killed_bot_left_in_its_log(
    path: Path, holder: asyncio.subprocess.Process, tmp_path: Path
) -> None:
    """The schema of a database whose newest pages are in its log alone."""
    holder.kill()
    await holder.wait()
    before = files(tmp_path)
    assert (await examined(path)).detail == f"{path} can be written"
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("spoil", "sentence"), [(damage, "not a sound SQLite database"), (make_newer, "newer aion-bot")]
)
async def test_doctor_says_what_would_be_refused(
    path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    """With the sentence that a start would end with."""
    spoil(path)
    check = await examined(path)
    assert not check.ok
    assert sentence in check.detail
    with pytest.raises(StoreError, match=sentence):
        await Store.open(path)


async def test_doctor_names_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """As a start would."""
    check = await examined(tmp_path / "nowhere" / "bot.db")
    assert not check.ok
    assert "the folder does not exist" in check.detail


# The files.


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_files_are_for_their_owner_alone(path: Path, tmp_path: Path, umask: int) -> None:
    """The database, its log, the log's index and the lock have mode 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        store = await Store.open(path)
        await store.kv.set("slack", "name", "value")
        names = ("bot.db", "bot.db-shm", "bot.db-wal", "bot.db.lock")
        assert modes(tmp_path) == dict.fromkeys(names, 0o600)
        await store.close()
    finally:
        os.umask(before)


async def test_deleted_words_are_not_in_the_file(store: Store, path: Path) -> None:
    """Their bytes are overwritten, not only given free."""
    await store.kv.set("slack", "name", "the secret words " * 100)
    await store.kv.set("slack", "name", "")
    await store.close()
    assert b"secret" not in files(path.parent)["bot.db"]


async def test_a_commit_is_on_the_disk(store: Store) -> None:
    """SQLite syncs the log at each commit: a loss of power undoes nothing."""
    row = await store.kv._one("PRAGMA synchronous")
    assert row is not None
    assert row[0] == 2
