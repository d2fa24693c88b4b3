"""Opening a database for a command, also beside a serving bot, whatever carries its statements out."""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.storage.database import open_beside as open_file
from aion_bot.storage.engines import Row, require_extra

if TYPE_CHECKING:
    from aion_bot.storage.postgres.beside import PostgresBeside


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
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def rewrite(connection: Beside) -> None:
    """Write the tables of a server anew, so that nothing of what was deleted is left in them."""
    _of_server(connection).rewrite()


def _of_server(connection: Beside) -> "PostgresBeside":
    from aion_bot.storage.postgres.beside import PostgresBeside

    if not isinstance(connection, PostgresBeside):
        raise TypeError(type(connection).__name__)
    return connection
