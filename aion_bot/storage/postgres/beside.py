"""Reading and changing a Postgres database for a command, also beside a serving bot."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError, UnfitServer
from aion_bot.storage.postgres.dialect import parameters, translated
from aion_bot.storage.postgres.errors import refusal, translated_error
from aion_bot.storage.postgres.rows import Row, row_factory
from aion_bot.storage.postgres.schema import LEASES, check_writable, migrations, read_schema
from aion_bot.storage.postgres.sessions import connect

_SECONDS = 120
"""Seconds that a statement of a command may take."""


class Result:
    """The rows of a statement, and how many it changed."""

    def __init__(self, rows: Sequence[Row], rowcount: int) -> None:
        self._rows, self.rowcount = iter(rows), rowcount

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def fetchone(self) -> Row | None:
        """Return the next row."""
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""
        return list(self._rows)


class PostgresBeside:
    """Carries out statements in SQLite's words. Raises `sqlite3.Error` as `PostgresConnection` does."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def execute(self, sql: str, values: Sequence[object] | Mapping[str, object] = ()) -> Result:
        """Carry out a statement."""
        try:
            cursor = psycopg.ClientCursor(self.connection, row_factory=row_factory)
            cursor.execute(translated(sql).encode(), parameters(values))
            return Result(cursor.fetchall() if cursor.description else (), cursor.rowcount)
        except psycopg.Error as error:
            raise translated_error(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Let the statements within happen together or not at all."""
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            raise translated_error(error) from None

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Put rows into a table."""
        try:
            cursor = psycopg.Cursor(self.connection)
            with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN".encode()) as stream:
                for row in rows:
                    stream.write_row(row)
        except psycopg.Error as error:
            raise translated_error(error) from None

    def rewrite(self) -> None:
        """Write the tables anew, so that what was deleted is in none; writes of the bot wait meanwhile."""
        self.execute("SET statement_timeout = 0")
        for (table,) in self.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace(current_schema())"
        ).fetchall():
            self.execute(f"VACUUM (FULL) {table}")


@contextmanager
def open_beside(location: PostgresUrl) -> Iterator[PostgresBeside]:
    """Open a database of this version's schema.

    Raises:
        StoreError: it cannot be opened, or has no schema of this version.
    """
    try:
        connection = connect(location, seconds=_SECONDS)
    except psycopg.Error as error:
        raise refusal(location, error) from None
    with connection:
        version = checked_schema(connection, location)
        if version == 0:
            raise StoreError(f"{location} has nothing of a bot: name the bot's own in AION_BOT_DATABASE_URL")
        if version != migrations()[-1][0]:
            raise StoreError(
                f"{location} is of an earlier version: start the bot once, which brings it up to date"
            )
        yield PostgresBeside(connection)


def checked_schema(connection: psycopg.Connection[Any], location: PostgresUrl) -> int:
    """Return the number of the schema, 0 for none. Raises `StoreError` as `read_schema`, or where it cannot be read."""
    try:
        return read_schema(connection, location, migrations())
    except psycopg.Error as error:
        raise refusal(location, error) from None


def check(location: PostgresUrl) -> int | None:
    """Return the number of a database's schema, None where the bot has none there yet; changes nothing.

    Raises:
        StoreError: opening it to serve would fail, as far as can be seen without writing.
    """
    try:
        with connect(location) as connection:
            version = checked_schema(connection, location)
            row = connection.execute(
                "SELECT has_database_privilege(current_database(), 'CREATE')"
                if version == 0
                else "SELECT has_schema_privilege(current_schema(), 'CREATE')"
            ).fetchone()
            if not (row and row[0]):
                raise UnfitServer(
                    f"{location}: its user may not create there: GRANT CREATE, TEMPORARY ON DATABASE <name> TO <user>"
                )
            check_writable(connection, location)
            return version or None
    except psycopg.Error as error:
        raise refusal(location, error) from None


def owner_of(location: PostgresUrl) -> str | None:
    """Return the name of the replica that serves, None where none does. Raises `StoreError`."""
    try:
        with connect(location) as connection:
            if checked_schema(connection, location) < LEASES:
                return None
            row = connection.execute("SELECT owner FROM lease WHERE until > clock_timestamp()").fetchone()
            return str(row[0]) if row else None
    except psycopg.Error as error:
        raise refusal(location, error) from None


def size_of(location: PostgresUrl) -> int:
    """Return the bytes of a database. Raises `StoreError`."""
    try:
        with connect(location) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            return int(row[0]) if row else 0
    except psycopg.Error as error:
        raise refusal(location, error) from None
