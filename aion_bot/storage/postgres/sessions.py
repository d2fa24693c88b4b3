"""Connections to the server: how they are made, what they set, and the lock of the one process that serves."""

import zlib
from typing import Any

import psycopg
from psycopg import conninfo

from aion_bot.environment.database_location import SINGLE, PostgresUrl
from aion_bot.storage.postgres.rows import adapt

STATEMENT_SECONDS = 10
"""Seconds after which the server stops a statement."""

OLDEST = 140_000
"""The oldest version of the server that is supported, as `server_version` numbers it."""

LOCK = 1634299758
"""The first half of the advisory locks of the bot; the second: 0 the process that serves, or what `migration_lock` returns.

0 is taken in a deployment with one scope. An audit has one derived from its schema as well: see the migration 39.
"""

SHARED = "aion_bot_shared"
"""The schema of what the replicas of a deployment share."""


def migration_lock(schema: str) -> int:
    """Return the second half of the lock under which a schema is migrated; two that collide wait for each other."""
    return 2 if schema == SINGLE else zlib.crc32(schema.encode()) - 2**31


_DEFAULTS: dict[str, Any] = {
    "connect_timeout": 5,
    # Of several hosts the one that can be written, also after a failover.
    "target_session_attrs": "read-write",
    "application_name": "aion-bot",
    # A host that vanished is noticed after 15 s: a lost packet must not hold every statement behind it.
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

_SETUP = f"""
    SET statement_timeout = '{STATEMENT_SECONDS}s';
    SET client_min_messages = error;
    -- Times are in UTC, and what was committed is on the disk.
    SET timezone = 'UTC';
    SET synchronous_commit = on;
    -- The server lets the lock of a process go whose host vanished.
    SET tcp_keepalives_idle = 5;
    SET tcp_keepalives_interval = 3;
    SET tcp_keepalives_count = 3;
"""


def setup_of(schema: str) -> bytes:
    """Return what a new connection carries out first, for statements in a schema."""
    return f"SET search_path = {schema};{_SETUP}".encode()


def parameters_of(url: PostgresUrl) -> str:
    """Return the address with the defaults that it does not set. Raises `psycopg.Error` where libpq cannot read it."""
    given = conninfo.conninfo_to_dict(url.url)
    return conninfo.make_conninfo(**{**_DEFAULTS, **given})


def connect(url: PostgresUrl, *, seconds: int = STATEMENT_SECONDS) -> psycopg.Connection[Any]:
    """Open a connection for a command, whose statements may take `seconds`; each commits itself. Raises `psycopg.Error`."""
    connection = psycopg.connect(
        # With parameters the server takes one statement at a time. This cursor puts them into the text, so that several go in one message
        # (https://www.psycopg.org/psycopg3/docs/basic/from_pg2.html).
        parameters_of(url),
        autocommit=True,
        cursor_factory=psycopg.ClientCursor,
        prepare_threshold=None,
    )
    try:
        adapt(connection)
        connection.execute(setup_of(url.schema))
        connection.execute(f"SET statement_timeout = '{seconds}s'".encode())
    except BaseException:
        connection.close()
        raise
    return connection


async def connect_async(url: PostgresUrl) -> psycopg.AsyncConnection[Any]:
    """Open a connection for the bot; each statement commits itself. Raises `psycopg.Error`."""
    connection = await psycopg.AsyncConnection.connect(
        parameters_of(url),
        autocommit=True,
        cursor_factory=psycopg.AsyncClientCursor,
        prepare_threshold=None,
    )
    try:
        adapt(connection)
        await connection.execute(setup_of(url.schema))
    except BaseException:
        await connection.close()
        raise
    return connection
