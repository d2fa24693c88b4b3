"""What a Postgres server cannot serve: one clear line for each, the exit status, and nothing changed."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage import Store, StoreError, UnfitServer, check_database
from aion_bot.storage.postgres import sessions
from tests.support.databases import address_of, lay_database
from tests.support.postgres import lay_postgres, server
from tests.support.postgres_front import OPENSSL, Front, certificate

WORD = "geheimes-wort"
needs_openssl = pytest.mark.skipif(
    OPENSSL is None, reason="openssl is not installed, which makes certificates"
)
Files = tuple[Path, Path]


def sql(*statements: str, database: str = "postgres") -> list[Any]:
    """Carry out statements as the administrator; returns the rows of the last one."""
    with psycopg.connect(server().url(database).url, autocommit=True) as connection:
        for one in statements:
            cursor = connection.execute(one.encode())
        return cursor.fetchall() if cursor.description else []


def name_of(location: PostgresUrl) -> str:
    return str(location).rpartition("/")[2]


def content(database: str) -> list[Any]:
    """What would be another one if anything was changed: tables, functions, schema and lease."""
    made = sql(
        "SELECT relname, reltuples FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace AND nspname = 'aion_bot' "
        "UNION ALL SELECT proname, 0 FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace AND nspname = 'aion_bot' "
        "UNION ALL SELECT nspname, 0 FROM pg_namespace ORDER BY 1",
        database=database,
    )
    if ("lease", -1.0) in made:
        made += sql(
            "SELECT version, lease.epoch, number FROM aion_bot.schema_version, aion_bot.lease, aion_bot.newest_write",
            database=database,
        )
    return made


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], dict[str, tuple[int, str]]]:
    """Runs each command that opens a database on an address; returns their exit statuses, and their lines about it."""
    monkeypatch.setenv("AIONVISION_API_KEY", f"aion_{'a' * 24}")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    file = address_of(lay_database(tmp_path / "bot.db"))

    def ran(address: str) -> dict[str, tuple[int, str]]:
        monkeypatch.setenv("AION_BOT_DATABASE_URL", address)
        found = {}
        for name, arguments in {
            "run": ("run",), "doctor": ("doctor", "--offline"), "usage": ("usage",),
            "to": ("database", "copy", file, address), "from": ("database", "copy", address, f"sqlite:///{tmp_path}/new.db"),
        }.items():  # fmt: skip
            done = CliRunner().invoke(program, [*arguments])
            assert WORD not in done.output
            lines = [
                one for one in done.output.splitlines() if "postgresql://" in one or "name of the" in one
            ]
            found[name] = done.exit_code, "\n".join(lines)
        return found

    return ran


def check(found: dict[str, tuple[int, str]], words: str, status: int = 2) -> None:
    """Each command says one line with these words; doctor ends as with every other finding."""
    for name, (ended, said) in found.items():
        assert words in said, (name, said)
        assert said.count("\n") == 0, (name, said)
        assert ended == (1 if name == "doctor" else status), (name, said)


@pytest.fixture
def guest() -> Iterator[str]:
    """A user without any right."""
    sql("DROP ROLE IF EXISTS visitor", "CREATE ROLE visitor LOGIN")
    yield "visitor"
    sql("ALTER ROLE visitor NOLOGIN")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("address", "words", "status"),
    [
        (f"postgresql://u:{WORD}@127.0.0.1:1", "name of the database", 2),
        (f"postgresql://u:{WORD}@127.0.0.1:99999/bot", "correct the address", 2),
        (f"postgresql://u:{WORD}@127.0.0.1:1/bot?sslmode=some", "correct the address", 2),
        (f"postgresql://u:{WORD}@no-such-host.invalid/bot", "correct the address", 2),
        (f"postgresql://u:{WORD}@no-such-host.invalid,127.0.0.1:1/bot", "that the server runs", 1),
        (f"postgresql://u:{WORD}@127.0.0.1:1/bot", "that the server runs", 1),
    ],
)
def test_a_wrong_address(commands: Any, address: str, words: str, status: int) -> None:
    """What no later start mends ends with 2; a server that does not answer may be back later, and ends with 1."""
    found = commands(address)
    if "name of the" in words:
        found = {name: one for name, one in found.items() if name != "doctor"}
        assert {status for status, _ in found.values()} == {2}
        return
    check(found, words, status)


@pytest.mark.slow
def test_a_wrong_name_user_or_password(commands: Any) -> None:
    """The line says which of them it was."""
    database = name_of(lay_postgres())
    with Front() as front:
        check(commands(front.url("nothing", user=f"tests:{WORD}")), 'database "nothing" does not exist')
        check(commands(front.url(database, user=f"stranger:{WORD}")), 'role "stranger" does not exist')
    with Front(password="another word") as front:
        check(commands(front.url(database, user=f"tests:{WORD}")), "check the user and the password")
        check(commands(front.url(database)), "check the user and the password")


@pytest.mark.slow
def test_a_server_that_is_too_old(commands: Any) -> None:
    """Nothing is made there, neither in an empty database nor in one of the bot."""
    for database in (name_of(server().make()), name_of(lay_postgres())):
        before = content(database)
        with Front(release=13) as front:
            check(commands(front.url(database)), "the server is Postgres 13: use 14 or newer")
        assert content(database) == before


@pytest.mark.slow
def test_a_schema_of_a_newer_version(commands: Any) -> None:
    """It stays as it is, and its lease is not taken."""
    location = lay_postgres()
    database = name_of(location)
    sql("UPDATE aion_bot.schema_version SET version = 999", database=database)
    before = content(database)
    check(commands(location.url), "was written by a newer aion-bot (schema 999")
    assert content(database) == before


@pytest.mark.slow
def test_missing_rights(commands: Any, guest: str) -> None:
    """In an empty database, where nothing may be created, and in one whose schema is another user's."""
    for location in (server().make(), lay_postgres()):
        database = name_of(location)
        before = content(database)
        found = commands(location.url.replace("//tests@", f"//{guest}@"))
        found = {name: one for name, one in found.items() if "nothing of a bot" not in one[1]}
        check(found, "GRANT CREATE, TEMPORARY ON DATABASE")
        assert content(database) == before


@pytest.mark.slow
def test_a_standby_alone(commands: Any) -> None:
    """A server that can only be read may be the primary later: the exit status is 1, with what to do."""
    location = lay_postgres()
    database = name_of(location)
    sql(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    before = content(database)
    found = commands(location.url)
    check(found, "name the primary, or all hosts between commas", 1)
    taken = commands(f"{location.url}&target_session_attrs=any")
    check({name: taken[name] for name in ("run", "doctor", "to")}, "name the primary", 1)
    assert content(database) == before


@needs_openssl
@pytest.mark.slow
def test_tls_as_the_address_demands_it(commands: Any, tmp_path: Path) -> None:
    """Without TLS, with a certificate of another host or of an authority that is not named: refused; otherwise used."""
    database = name_of(lay_postgres())
    own, other = certificate(tmp_path, "localhost"), certificate(tmp_path, "db.example")
    with Front() as plain:
        check(commands(plain.url(database, options="sslmode=require")), "let the server use TLS")
    with Front(tls=other) as front:
        options = f"sslmode=verify-full&sslrootcert={other[0]}"
        check(commands(front.url(database, options=options)), "as its certificate does")
    _opens(other, database, f"sslmode=verify-ca&sslrootcert={other[0]}")
    with Front(tls=own) as front:
        for options in (
            f"sslmode=verify-full&sslrootcert={other[0]}",
            f"sslmode=verify-ca&sslrootcert={other[0]}",
            f"sslmode=verify-full&sslrootcert={tmp_path}/none.crt",
        ):
            check(commands(front.url(database, options=options)), "sslrootcert")
    for options in (f"sslmode=verify-full&sslrootcert={own[0]}", "sslmode=require", ""):
        _opens(own, database, options)


def _opens(tls: Files, database: str, options: str) -> None:
    """See that a store is opened there, and that each of its connections is encrypted."""
    with Front(tls=tls) as front:
        location = PostgresUrl(front.url(database, options=options))
        assert check_database(location) is not None
        asyncio.run(_written(location))
        assert front.encrypted == front.count > 0


async def _written(location: PostgresUrl) -> None:
    store = await Store.open(location)
    try:
        await store.kv.set("slack", "name", "value")
    finally:
        await store.close()


async def test_a_statement_that_takes_too_long_is_stopped() -> None:
    """It fails as one that may succeed later, changes nothing, and those behind it are carried out."""
    location = lay_postgres()
    store = await Store.open(location)
    connection: Any = store.kv._connection
    row = await (await connection._source._connection.execute(b"SHOW statement_timeout")).fetchone()
    assert row[0] == f"{sessions.STATEMENT_SECONDS}s"
    await connection._source._connection.execute(b"SET statement_timeout = '20ms'")
    with psycopg.connect(location.url) as other:
        other.execute("LOCK TABLE aion_bot.kv")
        with pytest.raises(sqlite3.OperationalError, match="statement timeout") as failed:
            await store.kv.set("slack", "name", "value")
    assert getattr(failed.value, "transient", False)
    assert await store.kv.get("slack", "name") is None
    await store.kv.set("slack", "name", "value")
    assert await store.kv.get("slack", "name") == "value"
    await store.close()


def test_of_several_hosts_each_has_to_be_unfit() -> None:
    """One that may be back later lets the start be tried again."""
    with Front(password="another word") as wrong:
        for hosts, kind in (
            (f"127.0.0.1:{wrong.port},no-such-host.invalid", UnfitServer),
            (f"127.0.0.1:{wrong.port},127.0.0.1:1", StoreError),
            (f"127.0.0.1:1,127.0.0.1:{wrong.port}", StoreError),
        ):
            with pytest.raises(StoreError) as refused:
                check_database(PostgresUrl(f"postgresql://tests:{WORD}@{hosts}/bot"))
            assert type(refused.value) is kind, hosts
