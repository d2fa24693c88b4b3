"""Opening a database for a command, also beside a serving bot, whatever carries its statements out."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports.events import Place
from aion_bot.storage.database import check_database as check_file
from aion_bot.storage.database import open_beside as open_file
from aion_bot.storage.database import read_file
from aion_bot.storage.engines import Row, require_extra
from aion_bot.storage.errors import StoreError

if TYPE_CHECKING:
    from aion_bot.storage.postgres.beside import PostgresBeside

_PLACES = """
    SELECT platform, workspace, channel FROM turn WHERE channel <> ''
    GROUP BY platform, workspace, channel ORDER BY max(rowid) DESC LIMIT 200
"""


class Rows(Protocol):
    """The rows of a statement, and how many it changed."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def __iter__(self) -> Iterator[Row]: ...

    def fetchone(self) -> Any:
        """Return the next row, None behind the last one."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...


class Beside(Protocol):
    """A connection of a command. Each statement commits itself, and raises `sqlite3.Error` where it fails."""

    def execute(self, sql: str, values: Any = ..., /) -> Rows:
        """Carry out a statement in SQLite's words."""
        ...


def open_beside(location: Location, *, write: bool = False) -> AbstractContextManager[Beside]:
    """Open a database of this version's schema, to read it or to `write`.

    Raises:
        StoreError: there is none, it cannot be opened, or its schema is another version's.
    """
    if isinstance(location, PostgresUrl):
        require_extra(location)
        from aion_bot.storage.postgres import beside

        return beside.open_beside(location)
    return open_file(location, write=write)


@contextmanager
def together(connection: Beside) -> Iterator[None]:
    """Let the statements within happen together or not at all; others that write wait meanwhile."""
    if not isinstance(connection, sqlite3.Connection):
        with _of_server(connection).transaction():
            yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # SQLite may have rolled back by itself, as where the disk is full; the error that counts is the first one.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def rewrite(connection: Beside) -> None:
    """Write the tables of a server anew, so that nothing of what was deleted is left in them."""
    _of_server(connection).rewrite()


def remembered(location: Location, name: str) -> dict[str, str]:
    """Return a value that the platforms remembered under `name`, by platform; changes nothing, also beside a bot.

    Empty where there is no database, or none that can be read: `check_database` says so.
    """
    rows = _found(location, "SELECT platform, value FROM kv WHERE name = ?", (name,))
    return {row[0]: row[1] for row in rows}


def places_with_threads(location: Location) -> dict[str, list[Place]]:
    """Return where people asked, by platform, the newest places first; changes nothing, also beside a bot.

    At most 200, whose other fields than workspace and channel are unknown. Empty as `remembered` is.
    """
    places: dict[str, list[Place]] = {}
    for platform, workspace, channel in _found(location, _PLACES, ()):
        places.setdefault(platform, []).append(Place(workspace, channel))
    return places


def _found(location: Location, sql: str, values: Sequence[str]) -> list[Row]:
    """Return the rows of a query, none where the database cannot be read; an older version's file can."""
    try:
        if isinstance(location, PostgresUrl):
            with open_beside(location) as connection:
                return connection.execute(sql, values).fetchall()
        with read_file(location) as file:
            return file.execute(sql, values).fetchall()
    except (sqlite3.Error, OSError, StoreError):  # what checks the database says what is wrong with it
        return []


def check_database(location: Location) -> int | None:
    """Return the number of a database's schema, None where there is none yet; changes nothing, also beside a bot.

    Raises:
        StoreError: opening it to serve would fail, as far as can be seen without writing.
    """
    if not isinstance(location, PostgresUrl):
        return check_file(location)
    require_extra(location)
    from aion_bot.storage.postgres import beside

    return beside.check(location)


def owner_on_server(location: PostgresUrl) -> str | None:
    """Return the name of the replica that serves, None where none does. Raises `StoreError`."""
    require_extra(location)
    from aion_bot.storage.postgres import beside

    return beside.owner_of(location)


def bytes_on_server(location: PostgresUrl) -> int:
    """Return the bytes that a database takes. Raises `StoreError`."""
    require_extra(location)
    from aion_bot.storage.postgres import beside

    return beside.size_of(location)


def _of_server(connection: Beside) -> "PostgresBeside":
    from aion_bot.storage.postgres.beside import PostgresBeside

    if not isinstance(connection, PostgresBeside):
        raise TypeError(type(connection).__name__)
    return connection
