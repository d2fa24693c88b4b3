"""Opening a Postgres database: to serve, and beside a serving bot."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError
from aion_bot.storage.postgres.connection import HELD, PostgresConnection, connect_with_lock
from aion_bot.storage.postgres.errors import PostgresError, refusal
from aion_bot.storage.postgres.schema import migrate
from aion_bot.storage.postgres.sessions import LOCK, connect

_ENDING = 1.0
"""Seconds for which a start waits for the session of a process that ended just now."""


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """An open database with the lock that keeps other processes from it; as `storage.database.Database`.

    `folder` is private to this process, and removed when the database is closed.
    """

    location: PostgresUrl
    connection: PostgresConnection
    folder: Path
    erased: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self) -> None:
        """End the session, then let another process have it."""
        try:
            await self.connection.close()
        finally:
            await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    def remove_copies(self, before: float) -> int:  # noqa: ARG002  # of SQLite
        """Remove nothing: the bot makes no copies on a server."""
        return 0

    async def empty_log(self) -> bool:
        """Do nothing: the server's log is the operator's (docs/scaling.md)."""
        return True

    async def rewrite(self) -> bool:
        """Do nothing: the server's autovacuum gives the room of what was deleted to new rows (docs/scaling.md)."""
        return True


async def open_database(location: PostgresUrl) -> PostgresDatabase:
    """Bring the schema up to date and open the database.

    Raises:
        StoreError: another bot has it; the server cannot be reached or is too old; rights are missing; its schema is newer.
    """
    try:
        await asyncio.to_thread(_prepare, location)
        connection = await _locked(location)
        try:
            cursor = await connection.execute("SELECT number FROM newest_write")
            row = await cursor.fetchone()
        except BaseException:
            await connection.close()
            raise
    except psycopg.Error as error:
        raise refusal(location, error) from None
    number = int(row[0]) if row else 0
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aion-bot-"))
    return PostgresDatabase(location, PostgresConnection(location, connection, number), folder)


async def _locked(location: PostgresUrl) -> psycopg.AsyncConnection[Any]:
    until = time.monotonic() + _ENDING
    while True:
        try:
            return await connect_with_lock(location)
        except PostgresError as error:
            if time.monotonic() > until:
                raise StoreError(f"{location} cannot be opened ({error})") from None
        await asyncio.sleep(0.1)


def _prepare(location: PostgresUrl) -> None:
    with connect(location) as connection:
        migrate(connection, location)


@contextmanager
def exclusive(location: PostgresUrl, *, create: bool) -> Iterator[None]:
    """Keep bots from a database, which gets the newest schema where it may be created.

    Raises:
        StoreError: a bot has it, or it cannot be used.
    """
    try:
        connection = connect(location)
    except psycopg.Error as error:
        raise refusal(location, error) from None
    with connection:
        if create:
            migrate(connection, location)
        row = connection.execute(f"SELECT pg_try_advisory_lock({LOCK}, 0)".encode()).fetchone()
        if not (row and row[0]):
            raise StoreError(f"{location} cannot be opened ({HELD})")
        yield
