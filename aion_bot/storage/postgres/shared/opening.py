"""Opening the schema of a scope."""

import asyncio
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError, UnfitServer
from aion_bot.storage.postgres.connection import PostgresConnection
from aion_bot.storage.postgres.errors import is_transient, refusal, translated_error
from aion_bot.storage.postgres.opening import PostgresDatabase, private_folder
from aion_bot.storage.postgres.schema import migrate, migrations, read_schema
from aion_bot.storage.postgres.sessions import connect
from aion_bot.storage.postgres.shared.leases import OwnedScope
from aion_bot.storage.postgres.shared.pool import Pool, PooledSource


async def open_scope(location: PostgresUrl, pool: Pool, lease: OwnedScope) -> PostgresDatabase:
    """Bring the schema that `location` means up to date, and keep earlier owners from it.

    Raises:
        StoreError: it cannot be used; another replica has taken over.
        sqlite3.Error: the connection was lost; another attempt may succeed.
    """
    number = await asyncio.to_thread(_prepared, location, lease.epoch)
    if number is None:
        lease.lose()
        raise StoreError(f"{location}: another replica has taken over")
    connection = PostgresConnection(PooledSource(pool, location.schema), lease, number)
    return PostgresDatabase(location, connection, await private_folder(), lease)


def _prepared(location: PostgresUrl, epoch: int) -> int | None:
    """Return the number of the newest write; None where an owner with a newer epoch was there."""
    try:
        with connect(location) as connection:
            version = read_schema(connection, location, migrations())
            # Before the schema is changed, so that an owner before, whose lease has ended, does not write meanwhile.
            number = _fenced(connection, epoch) if version else None
            if version and (number is None or version == migrations()[-1][0]):
                return number
            migrate(connection, location)
            return _fenced(connection, epoch)
    except psycopg.Error as error:
        found = refusal(location, error)
        # Whoever gives up at a cut connection leaves the answers of a replica that died to nobody.
        raise (
            translated_error(error) if is_transient(error) and not isinstance(found, UnfitServer) else found
        ) from None


def _fenced(connection: psycopg.Connection[Any], epoch: int) -> int | None:
    """Let nobody write with an earlier epoch; waits for a write under way."""
    row = connection.execute(
        "UPDATE newest_write SET epoch = %s WHERE epoch <= %s RETURNING number", (epoch, epoch)
    ).fetchone()
    return int(row[0]) if row else None
