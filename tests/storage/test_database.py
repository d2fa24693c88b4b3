"""Opening the database: one bot at a time, readers beside it, file modes, and doctor's checks."""

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
from structlog.testing import capture_logs

from aion_bot import doctor
from aion_bot.config import Settings
from aion_bot.ports import private_files
from aion_bot.ports.diagnosis import Finding, Status
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

pytestmark = pytest.mark.sqlite


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
    """The files of a folder without the log's index, which readers change too."""
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if not one.name.endswith("-shm")}


def modes(folder: Path) -> dict[str, int]:
    """The permissions of the files of a folder."""
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in sorted(folder.iterdir())}


def damage(path: Path) -> None:
    """Write a file that is no database."""
    path.write_bytes(b"not a database" * 500)


def make_newer(path: Path) -> None:
    """Write a database of a later version."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


async def examined(path: Path, name: str = "database") -> Finding:
    """The result of doctor's check of the database."""
    settings, problems = Settings.read(
        {"AIONVISION_API_KEY": API_KEY, "AION_BOT_DATABASE_URL": f"sqlite:///{path}"}
    )
    checks = await doctor.examine(settings, problems, ["slack"])
    return next(check for check in checks if check.check == name)


# One bot a database.


@pytest.mark.slow
async def test_another_process_is_refused_until_the_first_is_killed(
    path: Path, holder: asyncio.subprocess.Process
) -> None:
    """`kill -9` releases the lock, and nothing that was written is lost."""
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
async def test_a_link_to_an_open_database_is_refused(path: Path) -> None:
    """A link to the database leads to the same lock."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(link)


@pytest.mark.parametrize("name", ["my bot.db", "what?mode=ro", "50%25#1.db", "zażółć.db"])
async def test_a_name_may_contain_any_character(tmp_path: Path, name: str) -> None:
    """Characters with a meaning in URLs are part of the file's name."""
    store = await Store.open(tmp_path / name)
    assert set(files(tmp_path)) == {name, f"{name}-wal", f"{name}.lock"}
    await store.close()
    assert (await examined(tmp_path / name)).message == f"{tmp_path / name} can be written"


async def test_a_failed_open_releases_the_lock(path: Path) -> None:
    """After a failure another process may open the database."""
    damage(path)
    for _ in range(2):
        with pytest.raises(StoreError, match="not a sound SQLite database"):
            await Store.open(path)
    await asyncio.to_thread(path.unlink)
    await (await Store.open(path)).close()


async def test_an_older_running_version_is_refused(path: Path) -> None:
    """Versions before this one hold SQLite's exclusive lock on the file and do not know the lock file."""
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
def test_lock_errors_name_the_systems_reason(path: Path, number: int, sentence: str) -> None:
    """An error of the system's lock is reported with its reason, on any file system."""
    assert sentence in reason(OSError(number, os.strerror(number)), path)


# Beside the bot.


async def test_readers_do_not_block_the_bot(store: Store, path: Path) -> None:
    """A plain connection reads what is committed, and a long read does not block writes."""
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
    """SQLite's backup copies a consistent state of a database that changes meanwhile."""
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


async def test_doctor_reads_beside_a_bot(store: Store, path: Path, tmp_path: Path) -> None:
    """Doctor changes nothing, and the bot continues."""
    await store.kv.set("slack", "name", "value")
    before = files(tmp_path)
    assert await examined(path) == Finding("database", Status.OK, f"{path} can be written")
    assert files(tmp_path) == before
    await store.kv.set("slack", "name", "other")


# Doctor without a bot.


async def test_doctor_creates_nothing(path: Path, tmp_path: Path) -> None:
    """Doctor creates neither the database nor its lock."""
    assert await examined(path) == Finding("database", Status.OK, f"{path} can be created")
    assert files(tmp_path) == {}


async def test_doctor_leaves_a_closed_database_alone(store: Store, path: Path, tmp_path: Path) -> None:
    """Doctor leaves no log beside a closed database."""
    await store.close()
    before = files(tmp_path)
    assert (await examined(path)).status is Status.OK
    assert list(modes(tmp_path)) == list(before)
    assert files(tmp_path) == before


async def test_doctor_announces_a_migration(path: Path, tmp_path: Path) -> None:
    """Doctor reports that the next start migrates an older database, and does not change it."""
    write_older(path, 1)
    before = files(tmp_path)
    check = await examined(path, "schema")
    assert check.status is Status.OK
    assert f"schema 1; the next start brings it to {NEWEST} and keeps a copy" in check.message
    assert files(tmp_path) == before


@pytest.mark.slow
async def test_doctor_sees_what_a_killed_bot_left_in_its_log(
    path: Path, holder: asyncio.subprocess.Process, tmp_path: Path
) -> None:
    """Doctor reads the schema of a database whose newest pages are only in its log."""
    holder.kill()
    await holder.wait()
    before = files(tmp_path)
    assert (await examined(path)).message == f"{path} can be written"
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("spoil", "sentence"), [(damage, "not a sound SQLite database"), (make_newer, "newer aion-bot")]
)
async def test_doctor_says_what_would_be_refused(
    path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    """Doctor reports the sentence with which a start would end."""
    spoil(path)
    check = await examined(path)
    assert check.status is Status.FAIL
    assert sentence in str(check)
    with pytest.raises(StoreError, match=sentence):
        await Store.open(path)


async def test_doctor_names_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    """Doctor reports a missing folder as a start does."""
    check = await examined(tmp_path / "nowhere" / "bot.db")
    assert check.status is Status.FAIL
    assert "the folder does not exist" in str(check)


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


async def test_deleted_text_is_overwritten(store: Store, path: Path) -> None:
    """The bytes of deleted rows are overwritten, not only freed."""
    await store.kv.set("slack", "name", "the secret words " * 100)
    await store.kv.set("slack", "name", "")
    await store.close()
    assert b"secret" not in files(path.parent)["bot.db"]


async def test_a_commit_is_on_the_disk(store: Store) -> None:
    """SQLite syncs the log at each commit, so that a power failure loses no commit."""
    row = await store.kv._one("PRAGMA synchronous")
    assert row is not None
    assert row[0] == 2


async def test_looser_files_of_an_older_version_are_tightened(path: Path, tmp_path: Path) -> None:
    """Database, log, index, lock and copies get mode 0600 at the start, with one line in the log."""
    await (await Store.open(path)).close()
    copy, other = tmp_path / "bot.db.schema-3.backup", tmp_path / "other.db"
    for one in (copy, other):
        await asyncio.to_thread(one.touch)
    with closing(sqlite3.connect(path)) as killed:
        killed.execute("SELECT count(*) FROM kv").fetchone()  # its log and index are there
        for one in modes(tmp_path):
            await asyncio.to_thread((tmp_path / one).chmod, 0o664)
        with capture_logs() as logs:
            store = await Store.open(path)
    after = modes(tmp_path)
    assert after.pop(other.name) == 0o664
    assert set(after.values()) == {0o600}
    (line,) = logs
    assert line["event"] == "file modes tightened to 0600"
    assert sorted(line["files"]) == [copy.name if "schema" in one else one for one in sorted(after)]
    await store.close()


async def test_doctor_warns_of_files_that_others_can_read(store: Store, path: Path, tmp_path: Path) -> None:
    """It names the file, its mode and the mend, fails nothing and changes nothing."""
    await store.kv.set("slack", "name", "value")
    env_file = tmp_path / "my .env"
    await asyncio.to_thread(env_file.touch)
    names = {
        env_file: 0o640,
        path: 0o644,
        path.with_name("bot.db-wal"): 0o604,
        path.with_name("bot.db.lock"): 0o600,
    }
    for one, mode in names.items():
        await asyncio.to_thread(one.chmod, mode)
    settings, problems = Settings.read(
        {"AIONVISION_API_KEY": API_KEY, "AION_BOT_DATABASE_URL": f"sqlite:///{path}"}
    )
    checks = await doctor.examine(settings, problems, ["slack"], env_file=env_file)
    assert any(one.check == "retention" and "for 90 days" in one.message for one in checks)
    warnings = [one for one in checks if one.status is Status.WARN]
    assert all(str(one).startswith("warn  file mode: ") for one in warnings)
    assert [one.message.split(" has mode ")[1].split(",")[0] for one in warnings] == ["0640", "0644", "0604"]
    assert warnings[0].mend.endswith(f"chmod 600 '{env_file}'")
    assert warnings[1].mend.endswith(f"chmod 600 {path}")
    assert modes(tmp_path)["bot.db"] == 0o644


def test_an_export_over_a_file_that_others_can_read_is_private(tmp_path: Path) -> None:
    """Its mode is 0600 before the first byte is written, and nothing of the longer file before it stays."""
    export = tmp_path / "tour.html"
    export.write_text("what was there " * 10)
    export.chmod(0o644)
    private_files.write_text(export, "wörds")
    assert (export.read_text("utf-8"), modes(tmp_path)) == ("wörds", {"tour.html": 0o600})
    private_files.write_text(tmp_path / "new.html", "")
    assert modes(tmp_path)["new.html"] == 0o600
