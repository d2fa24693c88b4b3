"""`aion-bot database copy`: everything moves to another, empty database, in one transaction, and is compared."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.storage.beside import Beside, open_beside, together
from aion_bot.storage.database import exclusive_file
from aion_bot.storage.engines import require_extra
from aion_bot.storage.errors import StoreError, reason

if TYPE_CHECKING:
    from aion_bot.storage.postgres.beside import PostgresBeside

_SEEDED = "answer_length"
"""A table that is not empty in a new database: its rows are replaced."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, which both databases have; on a server `rowid` is one of them where the order counts."""

    name: str
    columns: Sequence[str]

    @property
    def listed(self) -> str:
        """The columns as SQL."""
        return ", ".join(self.columns)


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has, and a digest of them that does not depend on their order."""

    rows: int = 0
    digest: int = 0


def copy_database(source: Location, target: Location, scope: str = "") -> dict[str, int]:
    """Copy every row of a database to another one, which is created if it is missing; returns the rows by table.

    With `scope`, such as `slack:T0123`, into that scope of a deployment on a server, whose replicas may serve others: then
    the rows have to be of that platform and workspace. No bot may serve from either. The target is written in one transaction: a copy that is interrupted leaves it empty.
    Each table is read again from the target and compared by count and digest before that transaction is committed.

    Raises:
        StoreError: both are files; one cannot be used, or a bot has it; the target is not empty; the content differs; a scope is no
            server's, or the rows are not its own.
        ValueError: no scope can have that name.
    """
    if scope:
        return _copied_to_scope(source, target, scope)
    if isinstance(source, Path) and isinstance(target, Path):
        raise StoreError("both are files of SQLite: copy one with aion-bot backup")
    try:
        with (
            _alone(source, create=False),
            _alone(target, create=True),
            open_beside(source) as found,
            open_beside(target, write=True) as made,
        ):
            return _copied(found, made, source, target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{target} got nothing ({reason(error, target)})") from error


def _copied_to_scope(source: Location, target: Location, scope: str) -> dict[str, int]:
    if not isinstance(target, PostgresUrl):
        raise StoreError(f"{target} has no scopes: name the Postgres database of the deployment")
    require_extra(target)
    from aion_bot.storage.postgres.shared.moving import exclusive_scope
    from aion_bot.storage.postgres.shared.names import location_of

    where = location_of(target, scope)
    try:
        with (
            _alone(source, create=False),
            exclusive_scope(target, scope),
            open_beside(source) as found,
            open_beside(where, write=True) as made,
        ):
            _require_own(found, source, scope)
            return _copied(found, made, source, where)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{where} got nothing ({reason(error, where)})") from error


def _require_own(found: Beside, source: Location, scope: str) -> None:
    """Raise `StoreError` where rows are of another platform or workspace: a scope could not serve them."""
    platform, _, workspace = scope.partition(":")
    sql = """
        SELECT 1 FROM turn WHERE platform <> :platform OR workspace <> '' AND lower(workspace) <> :workspace
        UNION ALL SELECT 1 FROM plan WHERE platform <> :platform
        UNION ALL SELECT 1 FROM thread WHERE platform <> :platform LIMIT 1
    """
    if found.execute(sql, {"platform": platform, "workspace": workspace.lower()}).fetchone():
        raise StoreError(
            f"{source} has rows of another platform or workspace than {scope}: nothing was copied"
        )


def _copied(found: Beside, made: Beside, source: Location, target: Location) -> dict[str, int]:
    server = made if isinstance(target, PostgresUrl) else found
    tables = _tables(server)
    counts = {}
    storable = _storable(target)
    with _snapshot(found), together(made), _without_triggers(made, tables):
        for table in tables:
            if table.name != _SEEDED and made.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():  # noqa: S608  # a name of the schema
                raise StoreError(f"{target} is not empty: name a new database")
        made.execute(f"DELETE FROM {_SEEDED}")  # noqa: S608  # a name of ours
        for table in tables:
            rows = [[storable(value) for value in row] for row in found.execute(_all_of(table))]
            _write(made, table, rows)
            written = _content(made.execute(_all_of(table)))
            if written != _content(rows):
                raise StoreError(f"{target} got another {table.name} than {source} has: nothing was copied")
            counts[table.name] = written.rows
        _go_on_counting(made, tables)
    return counts


def _all_of(table: Table) -> str:
    return f"SELECT {table.listed} FROM {table.name}"  # noqa: S608  # names of the schema


def _content(rows: Any) -> Content:
    count = digest = 0
    for row in rows:
        count += 1
        digest += int.from_bytes(hashlib.sha256(json.dumps(list(row)).encode()).digest())
    return Content(count, digest % 2**256)


def _storable(target: Location) -> Callable[[object], object]:
    """Return what a value becomes in the target: a server does not take every text."""
    if isinstance(target, Path):
        return lambda value: value
    from aion_bot.storage.postgres.dialect import storable

    return storable


def _tables(server: Beside) -> list[Table]:
    """Return the tables of the bot, as the server has them."""
    columns: dict[str, list[str]] = {}
    for name, column in server.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND is_generated = 'NEVER' AND table_name NOT IN ('audit_entry', 'lease', 'newest_write', 'schema_version') "
        # An outcome comes behind its attempt, which it refers to.
        "ORDER BY table_name, ordinal_position"
    ):
        columns.setdefault(str(name), []).append(str(column))
    return [Table(name, found) for name, found in columns.items()]


def _write(made: Beside, table: Table, rows: Sequence[Sequence[object]]) -> None:
    if isinstance(made, sqlite3.Connection):
        places = ", ".join("?" * len(table.columns))
        made.executemany(f"INSERT INTO {table.name} ({table.listed}) VALUES ({places})", rows)  # noqa: S608  # names of the schema
        return
    _server(made).load(table.name, table.columns, rows)


def _go_on_counting(made: Beside, tables: Sequence[Table]) -> None:
    """Let a server number the next rows behind those that are there; SQLite does that by itself."""
    if isinstance(made, sqlite3.Connection):
        return
    numbered = [(table.name, "rowid") for table in tables if "rowid" in table.columns]
    for name, column in [
        *numbered,
        ("attempt", "number"),
        ("attempt_outcome", "number"),
        ("approval", "number"),
    ]:
        made.execute(
            # The third argument is false for an empty table, whose next number is 1 then.
            f"SELECT setval(pg_get_serial_sequence('{name}', '{column}'), coalesce(max({column}), 1), "  # noqa: S608  # names of ours
            f"max({column}) IS NOT NULL) FROM {name}"
        )


@contextmanager
def _snapshot(found: Beside) -> Iterator[None]:
    """Read all tables as of one moment."""
    if isinstance(found, sqlite3.Connection):
        # A transaction that reads sees the database as it was at its first query, whatever is written meanwhile.
        found.execute("BEGIN")
        yield
        found.execute("ROLLBACK")
        return
    with _server(found).transaction():
        found.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _without_triggers(made: Beside, tables: Sequence[Table]) -> Iterator[None]:
    """Copy rows as they are: what follows from them is among them. Within the transaction."""
    if not isinstance(made, sqlite3.Connection):
        for table in tables:
            made.execute(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        yield
        for table in tables:
            made.execute(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
        return
    triggers = made.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    # SQLite has no way to switch a trigger off. Its schema is a part of the transaction: a copy that fails has all of them.
    for name, _ in triggers:
        made.execute(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        made.execute(sql)


@contextmanager
def _alone(location: Location, *, create: bool) -> Iterator[None]:
    """Keep bots from a database, which gets the newest schema where it is to be created. Raises `StoreError` where one has it."""
    if isinstance(location, Path):
        lock = exclusive_file(location, create=create)
        try:
            yield
        finally:
            lock.release()
        return
    require_extra(location)
    from aion_bot.storage.postgres.opening import exclusive

    with exclusive(location, create=create):
        yield


def _server(connection: Beside) -> "PostgresBeside":
    from aion_bot.storage.postgres.beside import PostgresBeside

    if not isinstance(connection, PostgresBeside):
        raise TypeError(type(connection).__name__)
    return connection
