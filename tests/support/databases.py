"""Databases as an earlier start of this version left them: cheaper than to migrate an empty file in every test."""

import sqlite3
import time
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.runtime.retention_sweep import REWRITTEN
from aion_bot.storage.beside import open_beside
from aion_bot.storage.database import files_of
from aion_bot.storage.schema import migrate, migrations

Where = TypeVar("Where", bound=Location)


def address_of(location: Location) -> str:
    """Return a database's address as AION_BOT_DATABASE_URL has it."""
    return location.url if isinstance(location, PostgresUrl) else f"sqlite:///{location}"


def lay_database(path: Where, *, swept: bool = False) -> Where:
    """Put an empty database of the newest schema at `path`, unless a file is there, or it is on a server. Returns the path.

    `swept`: it was swept just now, so that a start does not write it anew, which is a tenth of what a start costs.
    """
    if isinstance(path, Path) and not path.exists():
        path.touch(0o600)
        path.write_bytes(_empty_database(swept=swept))
    return path


def make_ready() -> None:
    """Migrate the empty databases now: each process that is forked afterwards has them, and would take 0.1 s for them."""
    for swept in (False, True):
        _empty_database(swept=swept)


@cache
def _empty_database(*, swept: bool) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bot.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, path, migrations())
            if swept:
                connection.execute("INSERT INTO kv VALUES ('', ?, ?)", (REWRITTEN, str(time.time())))
        return path.read_bytes()


def tables_of(location: Location) -> str:
    """Return a query for the names of all tables; on a server without the lease, whose times Python cannot hold."""
    if isinstance(location, PostgresUrl):
        of_schema = f"schemaname = '{location.schema}' AND tablename <> 'lease'"
        return f"SELECT tablename FROM pg_tables WHERE {of_schema}"  # noqa: S608  # a name of ours
    return "SELECT name FROM sqlite_schema WHERE type = 'table'"


def contents_of(location: Location) -> bytes:
    """Return all that the files of a database hold; of one on a server all that its rows do."""
    if isinstance(location, Path):
        return b"\0".join(one.read_bytes() for one in files_of(location) if one.exists())
    with open_beside(location) as connection:
        tables = connection.execute(tables_of(location)).fetchall()
        rows = [row for (table,) in tables for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608  # names of ours
    return "\0".join(str(value) for row in rows for value in row).encode()
