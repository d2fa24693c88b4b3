"""Bringing a Postgres database to the schema of this version: numbered, forward-only migrations in one transaction."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError, UnfitServer
from aion_bot.storage.postgres.errors import NAME_ALL_HOSTS, message_of, refusal
from aion_bot.storage.postgres.sessions import LOCK, OLDEST, migration_lock

LEASES = 36
"""The first schema with leases. A bot of an earlier one holds an advisory lock while it serves."""

Migration = tuple[int, str]
"""The schema that it leads to, and its SQL."""


@cache
def migrations() -> Sequence[Migration]:
    """Every migration that this version knows, in order; the first one makes the whole schema of its number."""
    folder = files("aion_bot.storage.postgres") / "migrations"
    found = [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return tuple(sorted(found))


_EXISTS = b"""
    SELECT 1 FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = %s AND relname = 'schema_version'
"""
"""Not `to_regclass`: in a transaction that began before another process made the schema it may find none, from the server's cache."""


def read_schema(connection: psycopg.Connection[Any], where: PostgresUrl, known: Sequence[Migration]) -> int:
    """Return the number of the schema that an address means, 0 where the bot has none there.

    Raises:
        UnfitServer: a newer version wrote it, the server is too old, or the database is not in UTF-8.
        psycopg.Error: it cannot be read.
    """
    if connection.info.server_version < OLDEST:
        release = connection.info.server_version // 10_000
        raise UnfitServer(f"{where}: the server is Postgres {release}: use {OLDEST // 10_000} or newer")
    if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
        raise UnfitServer(
            f"{where}: its encoding is {encoding}: create the database with ENCODING 'UTF8' TEMPLATE template0"
        )
    if connection.execute(_EXISTS, (where.schema,)).fetchone() is None:
        return 0
    sql = f"SELECT version FROM {where.schema}.schema_version"  # noqa: S608  # a name of ours
    row = connection.execute(sql.encode()).fetchone()
    version, newest = int(row[0]) if row else 0, known[-1][0]
    if version > newest:
        raise UnfitServer(
            f"{where} was written by a newer aion-bot (schema {version}, this one knows {newest}): "
            "install that version again, or name another database in AION_BOT_DATABASE_URL"
        )
    return version


def check_writable(connection: psycopg.Connection[Any], where: object) -> None:
    """Raise `StoreError` where the server can only be read: a standby, if target_session_attrs in the address takes one.

    Raises:
        psycopg.Error: it cannot be asked.
    """
    if connection.execute("SELECT current_setting('transaction_read_only')").fetchone() == ("on",):
        raise StoreError(f"{where} can only be read: {NAME_ALL_HOSTS}")


def migrate(
    connection: psycopg.Connection[Any], where: PostgresUrl, known: Sequence[Migration] | None = None
) -> None:
    """Carry out the migrations that the database lacks, all of them or none; of several processes one does, and the others wait.

    Raises:
        StoreError: the database cannot be used, or the migration failed; it is as it was.
    """
    known = migrations() if known is None else known
    version, newest = 0, known[-1][0]
    try:
        version = read_schema(connection, where, known)
        # Most starts find nothing to do, and need no lock.
        if version == newest:
            return
        with connection.transaction():
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute(
                f"SELECT pg_advisory_xact_lock({LOCK}, {migration_lock(where.schema)})".encode()
            )
            # Once more behind the lock: the process that had it may have migrated.
            version = read_schema(connection, where, known)
            pending = [sql for number, sql in known if number > version]
            if version == 0:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {where.schema}".encode())
            for sql in pending:
                connection.execute(sql.encode())
            connection.execute("DELETE FROM schema_version")
            connection.execute("INSERT INTO schema_version VALUES (%s)", (newest,))
    except psycopg.Error as error:
        if version:
            raise StoreError(
                f"{where} cannot be brought from schema {version} to {newest} ({message_of(error)}): it is as it was"
            ) from None
        raise refusal(where, error) from None
