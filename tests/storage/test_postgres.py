"""The store on a Postgres server: opening it, losing the connection, and moving there."""

import asyncio
import hashlib
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.storage import Store, StoreError, UnfitServer, copy_database, retry_write, verify_audit
from aion_bot.storage.audit_chain import canonical
from aion_bot.storage.beside import open_beside
from aion_bot.storage.postgres import sessions
from aion_bot.storage.postgres.dialect import storable, translated
from aion_bot.storage.postgres.lease import MARGIN, SECONDS
from aion_bot.storage.postgres.opening import exclusive
from aion_bot.storage.postgres.schema import migrate, read_schema
from aion_bot.storage.postgres.schema import migrations as server_migrations
from aion_bot.storage.postgres.sessions import connect
from aion_bot.storage.postgres.shared.names import shared_location
from aion_bot.storage.postgres.shared.schema import shared_migrations
from aion_bot.storage.schema import migrations
from tests.support.databases import address_of, lay_database
from tests.support.postgres import lay_postgres, server

THREAD = ThreadKey("slack", "T/C/1")
ADA = Person("U1", "Ada")
PLAN = Plan("k1", "p1", "s1", THREAD, ADA, "Sort", (Step("Folders", "sort them"),), turn="t1", digest="d")


def prompt(key: str) -> Prompt:
    return Prompt(key, THREAD, Place("T", "C"), ADA, "What?")


async def asked(store: Store) -> None:
    """Write a question, its plan and a decision of it, with the record of all that."""
    await store.audit.note_policy("slack", AccessPolicy(approvers=frozenset({"U1"})))
    await store.turns.accept(Turn("t1", THREAD, ADA, "What? \U0001f422 \x07"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.plans.add(PLAN)
    await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.note_sent("k1", ("m1",))
    await store.plans.move("k1", PlanPhase.DONE, answer="200")
    await store.turns.end("t1", EndReason.ANSWERED)


def run(*arguments: str) -> tuple[int, str, str]:
    """Run the program's command in this process; returns exit status, output and errors."""
    done = CliRunner().invoke(program, [*arguments])
    return done.exit_code, done.stdout, done.stderr


def test_both_engines_have_the_same_schemas() -> None:
    """Each migration after the base has a file for the server as well."""
    assert [number for number, _ in server_migrations()] == [
        number for number, _ in migrations() if number >= server_migrations()[0][0]
    ]


def test_both_engines_have_the_same_columns(tmp_path: Path) -> None:
    """Each table of SQLite has its columns on the server, which has the order of the rows beside them."""
    location = lay_postgres()
    with open_beside(lay_database(tmp_path / "bot.db")) as file, open_beside(location) as made:
        tables = [row[0] for row in file.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in [one for one in tables if one != "sqlite_sequence"]:
            own = {row[0] for row in file.execute("SELECT name FROM pragma_table_xinfo(?)", (table,))}
            sql = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'aion_bot' AND table_name = ?"
            assert {row[0] for row in made.execute(sql, (table,))} - {"rowid"} == own, table


def test_statements_are_translated() -> None:
    """Numbers and names become parameters, literals stay, and what Postgres writes otherwise is changed."""
    assert translated("SELECT ?2 WHERE a LIKE '%?' AND b IS NOT 'x' AND c IS NULL AND d IS ?") == (
        "SELECT %(p2)s WHERE a LIKE '%%?' AND b IS DISTINCT FROM 'x' AND c IS NULL AND d IS NOT DISTINCT FROM %(p3)s"
    )
    assert translated("SELECT :name, x::text, json_array(a)") == (
        "SELECT %(name)s, x::text, json_build_array(a)"
    )
    assert translated("INSERT OR REPLACE INTO t (k, a, b) VALUES (?, ?, ?)") == (
        "INSERT INTO t (k, a, b) VALUES (%(p1)s, %(p2)s, %(p3)s) ON CONFLICT (k) DO UPDATE SET a = excluded.a, b = excluded.b"
    )


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\0b\ud800", "a\N{REPLACEMENT CHARACTER}b?"),
        ('["a\\u0000", "\\ud800"]', '["a\\ufffd", "?"]'),
        ('["a\\\\u0000"]', '["a\\\\u0000"]'),
        ("[\\u0000", "[\\u0000"),
        (True, 1),
        (None, None),
    ],
)
def test_what_a_server_does_not_store_is_replaced(value: object, stored: object) -> None:
    """A zero character and half of a pair, also as JSON's escapes, cost no write."""
    assert storable(value) == stored


def test_canonical_json_is_the_same_on_both() -> None:
    """The chain that a server writes is what the check in Python computes."""
    said = {
        "b": "\x7f\x00"[:1] + '\b\f\n\r\t\x1f"\\/',
        "a": ["ä", "\U0001f422", "\u2028", 12, True, None, {"z": {}, "B": []}],
        "é": "",
        "A": -1,
    }
    with open_beside(lay_postgres()) as connection:
        row = connection.execute("SELECT canonical(CAST(? AS jsonb)) AS said", (canonical(said),)).fetchone()
    assert row["said"] == canonical(said)


async def test_another_process_is_refused_and_follows() -> None:
    """One bot a database: a second is refused while the first lives, and may have it after."""
    location = lay_postgres()
    first = await Store.open(location)
    with pytest.raises(StoreError, match="another process holds it: one bot a database"):
        await Store.open(location)
    await first.close()
    await (await Store.open(location)).close()


async def test_a_start_without_a_folder_gives_the_lease_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be put aside for a moment, the start says so, and the next one need not wait for the end of a lease."""
    location = lay_postgres()
    with monkeypatch.context() as without:
        without.setattr("tempfile.tempdir", str(tmp_path / "missing"))
        with pytest.raises(StoreError, match="no folder for temporary files"):
            await Store.open(location)
    await (await Store.open(location)).close()


@pytest.fixture
def cut() -> Iterator[Any]:
    """Ends the sessions of a database on the server."""

    def ended(location: PostgresUrl) -> None:
        with psycopg.connect(server().url("postgres").url, autocommit=True) as connection:
            name = location.url.rpartition("/")[2].partition("?")[0]
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )

    return ended


async def test_a_lost_connection_is_made_anew(cut: Any) -> None:
    """The statement that finds it lost is carried out once, and the lock is held again."""
    location = lay_postgres()
    store = await Store.open(location)
    for number in range(3):
        cut(location)
        assert await store.turns.accept(Turn(f"t{number}", THREAD, ADA, "What?"), prompt(str(number)))
        cut(location)
        assert await store.turns.accepted(str(number))
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(location)
    await store.close()


async def test_a_write_that_was_done_is_not_done_twice(cut: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is lost after the commit and before its answer: the repeated claim has the first one's result."""
    location = lay_postgres()
    store = await Store.open(location)
    await store.plans.add(PLAN)
    connection: Any = store.plans._connection
    fetched, lost = connection._fetched, []

    async def loses(on: Any, sql: str, values: Any) -> Any:
        rows = await fetched(on, sql, values)
        if "write(" in sql and not lost:
            lost.append(sql)
            cut(location)
            await fetched(on, "SELECT 1", {})  # finds the connection lost
        return rows

    monkeypatch.setattr(connection, "_fetched", loses)
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    assert lost
    with open_beside(location) as beside:
        assert [row[0] for row in beside.execute("SELECT count(*) FROM attempt")] == [1]
    await store.close()


async def test_a_write_that_is_still_under_way_is_waited_for() -> None:
    """The connection is lost while the server carries a question's write out: its repetition is no second delivery."""
    location = lay_postgres()
    store = await Store.open(location)
    connection: Any = store.turns._connection
    with psycopg.connect(location.url) as holding, psycopg.connect(location.url, autocommit=True) as looking:
        holding.execute("SELECT 1 FROM aion_bot.newest_write FOR UPDATE")
        accepted = asyncio.create_task(store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1")))
        await waits_for_a_lock(looking, sessions=1)
        with socket.socket(fileno=os.dup(connection._source._connection.fileno())) as cut_off:
            cut_off.shutdown(socket.SHUT_RDWR)  # the server does not notice it before it answers
        await waits_for_a_lock(looking, sessions=2)
        holding.rollback()
        assert await accepted
    await store.close()


async def waits_for_a_lock(looking: psycopg.Connection[Any], *, sessions: int) -> None:
    """Wait until so many sessions of the database wait for a lock."""
    waiting = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while looking.execute(waiting).fetchone() != (sessions,):  # noqa: ASYNC110  # the server tells nobody
            await asyncio.sleep(0.01)


async def written(store: Store, number: int) -> bool:
    """Accept a question, however long that takes."""
    turn = Turn(f"t{number}", THREAD, ADA, "What?")
    return await retry_write(lambda: store.turns.accept(turn, prompt(str(number))))


@pytest.mark.slow
async def test_nothing_is_lost_while_the_server_is_away() -> None:
    """Writes fail as transient meanwhile, and are done once it is back; a session's lock is taken again."""
    location = lay_postgres()
    store = await Store.open(location)
    server().stop()
    try:
        writes = [asyncio.create_task(written(store, number)) for number in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(location.url)
    finally:
        server().start()
    assert await asyncio.gather(*writes) == [True] * 5
    assert len(await store.turns.unfinished()) == 5
    await store.close()


async def test_a_statement_outlives_its_caller() -> None:
    """As on SQLite a caller that is cancelled does not take back what it began."""
    store = await Store.open(lay_postgres())
    writing = asyncio.create_task(store.kv.set("slack", "name", "value"))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.kv.get("slack", "name") == "value"
    await store.close()


async def test_the_record_is_whole_beside_a_bot() -> None:
    """What the server's triggers chain is what the check computes, and a change of it is told."""
    location = lay_postgres()
    store = await Store.open(location)
    await asked(store)
    assert verify_audit(location).line().startswith("audit: whole, 5 rows")
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE aion_bot.audit DISABLE TRIGGER USER")
        connection.execute("UPDATE aion_bot.audit SET record = replace(record, 'p1', 'p2') WHERE number = 3")
    assert verify_audit(location).number == 3
    await store.close()


@pytest.mark.slow
async def test_everything_moves_to_a_server_and_back(tmp_path: Path) -> None:
    """Rows, the chain and its digests are the same; new rows follow those that came."""
    path, location, back = lay_database(tmp_path / "bot.db"), lay_postgres(), tmp_path / "back.db"
    store = await Store.open(path)
    await asked(store)
    await store.close()
    status, said, errors = run("database", "copy", address_of(path), address_of(location))
    assert (status, errors) == (0, "")
    assert "turn 1" in said
    assert "and compared" in said
    moved = await Store.open(location)
    assert await moved.plans.get("k1") is not None
    assert verify_audit(location).rows == verify_audit(path).rows
    assert await moved.turns.accept(Turn("t2", THREAD, ADA, "And?"), prompt("2"))
    newest = await moved.turns.newest(THREAD)
    assert newest is not None
    assert newest.key == "t2"
    await moved.plans.add(Plan("k2", "p2", "s1", THREAD, ADA, "Sort", (), turn="t2"))
    assert await moved.plans.claim("k2", Action.APPROVE, ADA)
    await moved.close()
    copy_database(location, back)
    assert verify_audit(back).line() == verify_audit(location).line()
    again = await Store.open(back)
    assert [turn.key for turn in await again.turns.unfinished()] == ["t1", "t2"]
    with pytest.raises(Exception, match="append-only"):
        await again.turns._do("DELETE FROM attempt")
    await again.close()


async def test_a_copy_is_refused_where_it_would_do_harm(tmp_path: Path) -> None:
    """Onto a database with rows, from or to one that a bot has, between two files, from nothing."""
    path, location = lay_database(tmp_path / "bot.db"), lay_postgres()
    with pytest.raises(StoreError, match="aion-bot backup"):
        copy_database(path, tmp_path / "other.db")
    with pytest.raises(StoreError, match="does not exist"):
        copy_database(tmp_path / "nothing.db", location)
    store = await Store.open(location)
    await store.kv.set("slack", "name", "value")
    with pytest.raises(StoreError, match="another process holds it"):
        copy_database(path, location)
    await store.close()
    with pytest.raises(StoreError, match="is not empty"):
        copy_database(path, location)


@pytest.mark.slow
async def test_a_copy_that_is_interrupted_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The target is as empty as before, and the copy can be made again."""
    path, location = lay_database(tmp_path / "bot.db"), lay_postgres()
    store = await Store.open(path)
    await asked(store)
    await store.close()
    with monkeypatch.context() as broken:
        broken.setattr("aion_bot.storage.copying._go_on_counting", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            copy_database(path, location)
    assert copy_database(path, location)["turn"] == 1


def test_a_command_gives_the_database_back_before_its_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends a session a moment after its client does: a command that follows at once is not refused."""
    location, lasting = lay_postgres(), list[psycopg.Connection[Any]]()

    def keep(session: psycopg.Connection[Any]) -> None:
        lasting.append(session)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "close", keep)
        with exclusive(location, create=False):
            pass
    with exclusive(location, create=False):
        pass
    for one in lasting:
        one.close()


def test_what_cannot_be_used_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong name, a newer schema, missing rights, an old server, no extra: what to do, and never the password."""
    location, folder = lay_postgres(), server().folder
    missing = PostgresUrl(f"postgresql://tests:geheimes-wort@/nowhere?host={folder}")
    with psycopg.connect(server().url("postgres").url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
    bare = server().make()
    guest = PostgresUrl(bare.url.replace("//tests@", "//guest@"))
    newer = lay_postgres()
    with psycopg.connect(newer.url, autocommit=True) as connection:
        connection.execute("UPDATE aion_bot.schema_version SET version = 999")
    for one, sentence in (
        (missing, "create it, or correct"),
        (guest, "GRANT CREATE"),
        (newer, "newer aion-bot"),
    ):
        with pytest.raises(UnfitServer, match=sentence) as refused:
            asyncio.run(_opened(one))
        assert "geheimes-wort" not in f"{refused.value!r}{refused.value.__cause__!r}{one!r}"
    monkeypatch.setattr("aion_bot.storage.postgres.schema.OLDEST", 9_990_000)
    with pytest.raises(UnfitServer, match="use 999 or newer"):
        asyncio.run(_opened(location))
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnfitServer, match=r"pip install 'aion-bot\[postgres\]'"):
        asyncio.run(_opened(location))


async def _opened(location: PostgresUrl) -> None:
    await (await Store.open(location)).close()


def test_an_address_sets_how_to_connect() -> None:
    """TLS as the address says; of several servers the one that can be written, unless it says otherwise."""
    plain = sessions.parameters_of(PostgresUrl("postgresql://u:p@a,b/bot?sslmode=verify-full"))
    assert "sslmode=verify-full" in plain
    assert "target_session_attrs=read-write" in plain
    assert "target_session_attrs=any" in sessions.parameters_of(
        PostgresUrl("postgresql://u@a/bot?target_session_attrs=any")
    )


@pytest.mark.slow
async def test_the_commands_work_beside_a_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """`explain`, `usage`, `audit`, `feedback`, `erase` and `doctor` read the server; `backup` names pg_dump."""
    location = lay_postgres()
    store = await Store.open(location)
    await asked(store)
    await store.ratings.rate("t1", ADA, Action.BAD)
    monkeypatch.setenv("AION_BOT_DATABASE_URL", location.url)
    digest = hashlib.sha256(b"").hexdigest()
    for arguments, status, words in (
        (("explain", "k1"), 0, "plan ref="),
        (("usage",), 0, "slack: 1 questions"),
        (("audit", "verify"), 0, "audit: whole, 5 rows"),
        (("audit", "verify", "--head", digest), 1, "no row has the hash"),
        (("audit", "export"), 0, '"number": 5'),
        (("feedback", "export"), 0, '"rating": "bad"'),
        (("backup", "copy.db"), 1, "pg_dump"),
        (("erase", "--user", "U1", "--wait", "0"), 0, "erased: questions 1, plans 1"),
        (("audit", "verify"), 0, "audit: whole, 6 rows, 2 values erased"),
    ):
        found = await asyncio.to_thread(run, *arguments)
        assert found[0] == status, (arguments, found)
        assert words in found[1] + found[2], (arguments, found)
    await store.close()


def test_a_bot_ends_with_2_where_its_address_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` says in one line what is wrong with a server's database, without the password; with 1 where no server answers."""
    monkeypatch.setenv("AIONVISION_API_KEY", f"aion_{'a' * 24}")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    nowhere = f"postgresql://tests:geheimes-wort@/nowhere?host={server().folder}"
    for address, status, words in (
        (nowhere, 2, "create it, or correct the address"),
        ("postgresql://u:geheimes-wort@127.0.0.1:1/x", 1, "that the server runs"),
        ("postgresql://u:geheimes-wort@127.0.0.1:1", 2, "name of the database"),
    ):
        monkeypatch.setenv("AION_BOT_DATABASE_URL", address)
        found = run("run")
        assert (found[0], words in found[2]) == (status, True), found
        assert "geheimes-wort" not in found[1] + found[2]


def test_doctor_looks_at_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says whether the database can be made or written, its schema and size; nothing is made."""
    monkeypatch.setenv("AIONVISION_API_KEY", f"aion_{'a' * 24}")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    for location, words in ((server().make(), "can be created"), (lay_postgres(), "MB with its indexes")):
        monkeypatch.setenv("AION_BOT_DATABASE_URL", location.url)
        said = run("doctor", "--offline")[1]
        assert words in said
        assert "none serves" in said
        with psycopg.connect(location.url) as connection:
            row = connection.execute("SELECT to_regclass('aion_bot.turn') IS NOT NULL").fetchone()
        assert row == ("MB" in words,)


async def test_the_epoch_of_a_replica_that_was_taken_over_writes_nothing() -> None:
    """Its writes, also those that return rows, are refused and change nothing; it learns that it lost its lease."""
    location = lay_postgres()
    first = await Store.open(location)
    await first.plans.add(PLAN)
    expire(location)
    second = await Store.open(location)
    assert await second.plans.claim("k1", Action.APPROVE, ADA)
    for write in (
        lambda: first.kv.set("slack", "name", "value"),
        lambda: first.plans.move("k1", PlanPhase.DONE, answer="200"),
        lambda: first.retention._connection.execute_fetchall("DELETE FROM plan RETURNING key"),
    ):
        with pytest.raises(sqlite3.OperationalError, match="another replica has taken over"):
            await write()
    assert first.lease is not None
    assert first.lease.lost.is_set()
    assert not first.lease.held()
    assert await second.kv.get("slack", "name") is None
    plan = await second.plans.get("k1")
    assert plan is not None
    assert plan.phase is PlanPhase.CLAIMED
    await first.close()
    assert await second.kv.get("slack", "other") is None
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(location)  # the first one's end did not give the second one's lease back
    await second.close()


def expire(location: PostgresUrl) -> None:
    """Let the lease of whoever serves have ended."""
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute("UPDATE aion_bot.lease SET until = clock_timestamp() - interval '1 s'")


async def test_a_lease_is_held_until_a_second_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent from then on; a renewal that comes late, with nobody else there, lets it be held again."""
    location = lay_postgres()
    store = await Store.open(location)
    lease: Any = store.lease
    assert lease.held()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + SECONDS - MARGIN + 0.5)
    assert not lease.held()
    monkeypatch.undo()
    expire(location)
    assert await lease._renew()
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(location)
    await store.close()
    assert not lease.held()


async def test_who_waits_brings_the_schema_up_to_date_only_when_it_serves(waits: asyncio.Event) -> None:
    """A database that a newer version brought further meanwhile is refused, and its lease given back."""
    location, stop = lay_postgres(), asyncio.Event()
    first = await Store.open(location)
    waiting = asyncio.create_task(Store.open_when_free(location, "second", stop))
    await waits.wait()
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute("UPDATE aion_bot.schema_version SET version = 999")
        await first.close()
        with pytest.raises(UnfitServer, match="newer aion-bot"):
            await waiting
        connection.execute("UPDATE aion_bot.schema_version SET version = %s", (server_migrations()[-1][0],))
    await (await Store.open(location)).close()


@pytest.mark.slow
async def test_who_waits_outlives_a_server_that_goes_away(waits: asyncio.Event) -> None:
    """A standby waits for the server as it waits for the lease, serves after both, and can be stopped meanwhile."""
    location, stop = lay_postgres(), asyncio.Event()
    first = await Store.open(location)
    waiting = asyncio.create_task(Store.open_when_free(location, "second", stop))
    await waits.wait()
    server().stop()
    await first.close()
    server().start()
    second = await waiting
    assert second is not None
    waits.clear()
    third = asyncio.create_task(Store.open_when_free(location, "third", stop))
    await waits.wait()
    stop.set()
    assert await third is None
    await second.close()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set whenever a replica that stands by has found the lease taken."""
    from aion_bot.storage.postgres import opening

    found, stopped = asyncio.Event(), opening._stopped

    async def looked(stop: asyncio.Event | None) -> None:
        found.set()
        await stopped(stop)

    monkeypatch.setattr(opening, "_stopped", looked)
    return found


async def test_a_bot_of_a_version_without_leases_is_waited_for() -> None:
    """Its lock keeps the database; once it is gone, the schema is brought further and the lease taken."""
    location = server().make()
    with connect(location) as older:
        migrate(older, location, server_migrations()[:1])
        older.execute(f"SELECT pg_advisory_lock({sessions.LOCK}, 0)".encode())
        with pytest.raises(StoreError, match="another process holds it"):
            await Store.open(location)
        row = older.execute("SELECT version FROM schema_version").fetchone()
        assert row == (server_migrations()[0][0],)
    store = await Store.open(location)
    assert store.lease is not None
    assert store.lease.epoch == 1
    await store.close()


@pytest.mark.parametrize("several_scopes", [True, False])
async def test_of_several_that_start_at_once_one_makes_the_schema(*, several_scopes: bool) -> None:
    """The others, which found none and wait for its lock, find what it has made."""
    location = server().make()
    known = shared_migrations() if several_scopes else server_migrations()
    location = shared_location(location) if several_scopes else location
    with connect(location) as first, connect(location) as second, connect(location) as looking:
        with first.transaction():
            first.execute(
                f"SELECT pg_advisory_xact_lock({sessions.LOCK}, {sessions.migration_lock(location.schema)})".encode()
            )
            other = asyncio.create_task(asyncio.to_thread(migrate, second, location, known))
            waiting = b"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while looking.execute(waiting).fetchone() is None:  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.01)
            migrate(first, location, known)
        await other
        assert read_schema(looking, location, known) == known[-1][0]


async def test_a_lease_lasts_while_the_schema_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration may take longer than a lease: nobody else takes over meanwhile."""
    location = lay_postgres()
    monkeypatch.setattr("aion_bot.storage.postgres.lease.RENEW_EVERY", 0.05)

    def slowly(where: PostgresUrl) -> None:
        """Take until the lease was renewed once, by its end."""
        with connect(where) as beside:
            (before,) = beside.execute("SELECT until FROM lease").fetchone() or (None,)
            give_up = time.monotonic() + 5
            while beside.execute("SELECT until FROM lease").fetchone() == (before,):
                assert time.monotonic() < give_up, "the lease was not renewed"

    monkeypatch.setattr("aion_bot.storage.postgres.opening._bring_up_to_date", slowly)
    await (await Store.open(location)).close()
