"""Opening a Postgres database: to serve, and beside a serving bot."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import structlog

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError
from aion_bot.storage.postgres.connection import PostgresConnection
from aion_bot.storage.postgres.errors import is_transient, refusal
from aion_bot.storage.postgres.lease import Held, Lease, take
from aion_bot.storage.postgres.schema import LEASES, check_writable, migrate, migrations, read_schema
from aion_bot.storage.postgres.sessions import LOCK, connect, connect_async
from aion_bot.storage.postgres.sources import OwnConnection

_log = structlog.get_logger(__name__)

_ENDING = 1.0
"""Seconds for which a start waits for a process that ends just now."""

_LOOK = 0.25
"""Seconds between two looks whether the lease is free."""

HELD = "another process holds it: one bot a database"


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """An open database with the lease that keeps other processes from it; as `storage.database.Database`.

    `folder` is private to this process, and removed when the database is closed.
    """

    location: PostgresUrl
    connection: PostgresConnection
    folder: Path
    lease: Held
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


async def open_database(
    location: PostgresUrl,
    replica: str,
    stop: asyncio.Event | None = None,
    standing_by: Callable[[], None] = lambda: None,
) -> PostgresDatabase | None:
    """Take the lease, bring the schema up to date, and open the database.

    While another replica serves, it waits until `stop` is set, and then returns None; without `stop` it is refused.

    Raises:
        StoreError: another bot has it; the server cannot be reached or is too old; rights are missing; its schema is newer.
    """
    try:
        # First: the lease is a row of the schema.
        await asyncio.to_thread(_prepare, location)
        if (taken := await _taken(location, replica, stop, standing_by)) is None:
            return None
        connection, lease = taken
        # From now on: a migration may take longer than a lease.
        lease.keep()
        try:
            # The owner before may have been of another version.
            await asyncio.to_thread(_bring_up_to_date, location)
            # The last one of the owner before: taking the lease has waited for its write, and refuses the next.
            cursor = await connection.execute("SELECT number FROM newest_write")
            row = await cursor.fetchone()
            folder = await private_folder()
        except BaseException:
            await lease.end()
            # Its end is a second ago then: another replica need not wait until it ends by itself.
            await connection.execute(b"SELECT renew_lease(%s, -1)", (lease.epoch,))
            await connection.close()
            raise
    except psycopg.Error as error:
        raise refusal(location, error) from None
    number = int(row[0]) if row else 0
    return PostgresDatabase(
        location, PostgresConnection(OwnConnection(location, connection, lease), lease, number), folder, lease
    )


async def private_folder() -> Path:
    """Make a folder of this process for what is put aside for a moment. Raises `StoreError`."""
    try:
        return Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="aion-bot-"))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        raise StoreError(
            f"there is no folder for temporary files ({reason}): name one in TMPDIR that can be written"
        ) from None


async def _taken(
    location: PostgresUrl, replica: str, stop: asyncio.Event | None, standing_by: Callable[[], None]
) -> tuple[psycopg.AsyncConnection[Any], Lease] | None:
    """Wait for the lease; None once `stop` is set. A server that goes away meanwhile is waited for as well."""
    until, waits = time.monotonic() + _ENDING, False
    connection = await connect_async(location)
    while stop is None or not stop.is_set():
        try:
            if connection.closed:
                connection = await connect_async(location)
            lease = await take(connection, location, replica)
        except psycopg.Error as error:
            if not waits or not is_transient(error):
                await connection.close()
                raise
            await connection.close()
            lease = None
        if lease is not None:
            _log.info("lease taken", replica=replica, epoch=lease.epoch)
            return connection, lease
        if stop is None and time.monotonic() > until:
            await connection.close()
            raise StoreError(f"{location} cannot be opened ({HELD})")
        if stop is not None and not waits:
            waits = True
            _log.info("standing by", replica=replica)
            standing_by()
        await _stopped(stop)
    await connection.close()
    return None


async def _stopped(stop: asyncio.Event | None) -> None:
    """Wait for `_LOOK` seconds, or until `stop` is set."""
    if stop is None:
        await asyncio.sleep(_LOOK)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK):
            await stop.wait()


def _prepare(location: PostgresUrl) -> None:
    """Make the schema where there is none; a database of a version without leases is brought up to date while no bot has it.

    Raises `StoreError`: a bot has it; it cannot be used.
    """
    with connect(location) as connection:
        version = read_schema(connection, location, migrations())
        if version >= LEASES:
            return
        if version:
            _keep_alone(connection, location)
        migrate(connection, location)


def _bring_up_to_date(location: PostgresUrl) -> None:
    with connect(location) as connection:
        migrate(connection, location)


def _keep_alone(connection: psycopg.Connection[Any], location: PostgresUrl) -> None:
    """Hold the lock that keeps bots away, until the session ends. Raises `StoreError`: a bot has the database."""
    row = connection.execute(f"SELECT pg_try_advisory_lock({LOCK}, 0)".encode()).fetchone()
    served = None
    if read_schema(connection, location, migrations()) >= LEASES:
        served = connection.execute("SELECT 1 FROM lease WHERE until > clock_timestamp()").fetchone()
    if not (row and row[0]) or served is not None:
        raise StoreError(f"{location} cannot be opened ({HELD})")


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
        try:
            _keep_alone(connection, location)
            if create:
                check_writable(connection, location)
                migrate(connection, location)
        except psycopg.Error as error:
            raise refusal(location, error) from None
        try:
            yield
        finally:
            # Else the server gives it back a moment after the session's end, and whoever begins anew at once is refused.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock(%s, 0)", (LOCK,))
