"""Migrations are complete or change nothing, and a copy of the older database is kept."""

import asyncio
import os
import resource
import shutil
import sqlite3
import stat
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from aion_bot.domain.plan import PlanPhase
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import Store, StoreError, migrations
from aion_bot.storage.copies import copies_of
from aion_bot.storage.database import open_database
from tests.storage.older_databases import fill, write_older, write_schema_6

NEWEST = migrations()[-1][0]
BROKEN = [
    *migrations(),
    (NEWEST + 1, "CREATE TABLE extra (x); UPDATE kv SET value = 'changed';"),
    (NEWEST + 2, "DROP TABLE kv; SELECT no_such_function();"),
]

MIGRATING = """
import asyncio, sys
from pathlib import Path
from aion_bot.storage.database import open_database, migrations

numbers = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, randomblob(900) AS y FROM n"
endless = (migrations()[-1][0] + 1, f"DELETE FROM kv; CREATE TABLE filled AS {numbers};")
asyncio.run(open_database(Path(sys.argv[1]), [*migrations(), endless]))
"""

pytestmark = pytest.mark.sqlite


def dump(path: Path) -> tuple[int, list[str]]:
    """The schema number of a database and all of its rows."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0], list(connection.iterdump())


def contents(path: Path) -> bytes:
    """The bytes of a file."""
    return path.read_bytes()


def size(path: Path) -> int:
    """The bytes of a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def copies(path: Path) -> dict[str, int]:
    """The copies beside a database, and their modes."""
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.glob("*.backup*")}


async def test_the_copy_stands_beside_what_a_link_leads_to(tmp_path: Path) -> None:
    """There the sweep and `aion-bot erase` find it, by either name; a copy beside the link would keep words for ever."""
    path, link = tmp_path / "data" / "bot.db", tmp_path / "link.db"
    path.parent.mkdir()
    write_older(path, 3)
    link.symlink_to(path)
    store = await Store.open(link)
    assert (list(copies(path)), copies(link)) == (["bot.db.schema-3.backup"], {})
    assert copies_of(link) == copies_of(path) != []
    assert store.retention.remove_copies(time.time() + 1) == 1
    await store.close()


@pytest.mark.parametrize("schema", [1, 2, 3])
async def test_an_older_database_keeps_its_rows(path: Path, schema: int) -> None:
    """This version reads the threads, questions, plans and values of every earlier schema."""
    write_older(path, schema)
    store = await Store.open(path)
    assert await store.threads.session(ThreadKey("slack", "T/C/1")) == "s1"
    texts = {}
    for key in ("open", "done", "failed"):
        turn = await store.turns.get(key)
        assert turn is not None
        assert [ref.id for ref in turn.posted] == ["m1"]
        texts[key] = turn.text
    assert texts == {"open": "What?", "done": "", "failed": "Why?"}
    statuses = {}
    for key in ("running", "finished"):
        plan = await store.plans.get(key)
        assert plan is not None
        statuses[key] = plan.phase
        # The words of the one that ended are erased: see test_what_older_versions_left_is_erased.
        words = ("Sort", ["sort them"]) if key == "running" else ("", [])
        assert (plan.description, [step.description for step in plan.steps]) == words
    assert statuses == {"running": PlanPhase.RUNNING, "finished": PlanPhase.DONE}
    assert await store.kv.get("discord", "newest") == "42"
    await store.close()
    assert dump(path)[0] == NEWEST


async def test_what_older_versions_left_is_erased(path: Path) -> None:
    """Schema 6 kept a thread's name, the words of a question that failed long ago, and those of plans with an end."""
    write_schema_6(path)
    store = await Store.open(path)
    kept = {"queued": "queued WORDS", "failed": "failed WORDS"}
    for key in ("queued", "answered", "failed", "old"):
        turn = await store.turns.get(key)
        assert turn is not None
        assert turn.origin is not None
        assert (turn.text, turn.erased) == (kept.get(key, ""), key not in kept)
        assert turn.origin.opening == ("queued WORDS" if key == "queued" else None)
    described = {}
    for key in ("pending", "done"):
        plan = await store.plans.get(key)
        assert plan is not None
        described[key] = (plan.description, plan.said, len(plan.steps), plan.digest, plan.erased)
    assert described == {"pending": ("pending WORDS", "said", 1, "d", False), "done": ("", "", 0, "d", True)}
    await store.retention.rewrite()
    await store.close()
    erased = [f"{key} WORDS".encode() for key in ("answered", "old", "done")]
    assert not any(words in contents(path) for words in erased)
    assert all(words in contents(path.with_name("bot.db.schema-6.backup")) for words in erased)


async def test_aions_words_in_a_detail_go_with_the_others(path: Path) -> None:
    """Old versions kept what Aion said about an outcome as a plan's detail: it goes where the plan's words are gone."""
    write_schema_6(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE plan SET detail = key || ' DETAIL'")
    store = await Store.open(path)
    details = {
        key: plan and plan.detail for key in ("pending", "done") if (plan := await store.plans.get(key))
    }
    assert details == {"pending": "pending DETAIL", "done": ""}
    await store.retention.rewrite()
    await store.close()
    assert b"done DETAIL" not in contents(path)


@pytest.mark.parametrize("schema", [number for number in (1, 2, 3) if number < NEWEST])
async def test_a_copy_of_the_older_database_is_kept(path: Path, schema: int) -> None:
    """One whole file holds the older database; the next start makes no other copy."""
    write_older(path, schema)
    before = dump(path)
    for _ in range(2):
        await (await Store.open(path)).close()
    copy = path.with_name(f"bot.db.schema-{schema}.backup")
    assert copies(path) == {copy.name: 0o600}
    assert dump(copy) == before


async def test_an_empty_database_gets_no_copy(path: Path) -> None:
    """An empty database is migrated without a copy."""
    write_older(path, 0)
    await (await Store.open(path)).close()
    assert copies(path) == {}
    assert dump(path)[0] == NEWEST


async def test_a_killed_older_version_loses_nothing(path: Path, tmp_path: Path) -> None:
    """Pages that are only in the log are in the copy and in the new database."""
    live = tmp_path / "live.db"
    with closing(sqlite3.connect(live, isolation_level=None)) as connection:
        fill(connection, 2)
        # A copy of the files now is what a kill would leave.
        for name in ("", "-wal"):
            shutil.copy(f"{live}{name}", f"{path}{name}")
    store = await Store.open(path)
    assert await store.kv.get("discord", "newest") == "42"
    await store.close()
    with closing(sqlite3.connect(tmp_path / "bot.db.schema-2.backup")) as copy:
        assert copy.execute("SELECT count(*) FROM turn").fetchone() == (3,)


async def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    """When the last of several migrations fails none is kept, and the error says where the copy is."""
    write_older(path, 2)
    before = dump(path)
    copy = path.with_name("bot.db.schema-2.backup")
    with pytest.raises(StoreError, match=f"from schema 2 to {NEWEST + 2} .*no_such_function") as caught:
        await open_database(path, BROKEN)
    assert str(caught.value).endswith(f"it is as it was; a copy is in {copy}")
    assert dump(path) == before == dump(copy)
    await (await Store.open(path)).close()


async def test_a_restart_after_a_failure_makes_no_further_copy(path: Path) -> None:
    """Repeated starts after a failure do not fill the disk with copies."""
    write_older(path, 3)
    for _ in range(3):
        with pytest.raises(StoreError, match="a copy is in"):
            await open_database(path, BROKEN)
    assert copies(path) == {"bot.db.schema-3.backup": 0o600}


async def test_an_earlier_copy_is_never_overwritten(path: Path) -> None:
    """A file of the copy's name with other content is kept."""
    write_older(path, 3)
    first, second = (path.with_name(f"bot.db.schema-3{number}.backup") for number in ("", "-2"))
    first.write_bytes(b"an earlier copy")
    with pytest.raises(StoreError) as caught:
        await open_database(path, BROKEN)
    assert str(caught.value).endswith(f"a copy is in {second}")
    assert first.read_bytes() == b"an earlier copy"
    assert dump(second) == dump(path)


async def test_a_disk_that_is_full_while_copying_changes_nothing(path: Path) -> None:
    """The incomplete copy is removed, and the error says that nothing was changed."""
    write_older(path, 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO note VALUES ('slack', ?, ?)", [(str(number), "x" * 900) for number in range(500)]
        )
    before = dump(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow to half of the database's size: SQLite treats this as a disk error.
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(StoreError, match=r"could not be copied .*it is as it was; make room"):
            await Store.open(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert copies(path) == {}
    assert dump(path) == before
    await (await Store.open(path)).close()
    assert dump(path)[0] == NEWEST


@pytest.mark.slow
async def test_a_kill_in_the_middle_of_a_migration_changes_nothing(path: Path) -> None:
    """After a crash during a migration the next start migrates the older database."""
    write_older(path, 2)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MIGRATING, str(path),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    async with asyncio.timeout(60):
        while (
            size(path.with_name("bot.db-wal")) < 10_000_000
        ):  # there is no event for a file of another process
            assert process.returncode is None
            await asyncio.sleep(0)
    process.kill()
    await process.wait()
    store = await Store.open(path)
    assert await store.kv.get("discord", "newest") == "42"
    await store.close()
    assert dump(path)[0] == NEWEST
    assert list(copies(path)) == ["bot.db.schema-2.backup"]
