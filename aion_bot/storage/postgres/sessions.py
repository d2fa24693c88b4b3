"""Connections to the server: how they are made, what they set, and the lock of the one process that serves."""

from typing import Any

import psycopg
from psycopg import conninfo

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.rows import adapt

STATEMENT_SECONDS = 10
"""Seconds after which the server stops a statement."""

OLDEST = 140_000
"""The oldest version of the server that is supported, as `server_version` numbers it."""

LOCK = 1634299758
"""The first half of the advisory locks of the bot; the second: 0 the process that serves, 1 the audit, 2 migrations."""

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
    SET search_path = aion_bot;
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


def parameters_of(url: PostgresUrl) -> str:
    """Return the address with the defaults that it does not set. Raises `psycopg.Error` where libpq cannot read it."""
    given = conninfo.conninfo_to_dict(url.url)
    return conninfo.make_conninfo(**{**_DEFAULTS, **given})


def connect(url: PostgresUrl, *, seconds: int = STATEMENT_SECONDS) -> psycopg.Connection[Any]:
    """Open a connection for a command, whose statements may take `seconds`; each commits itself. Raises `psycopg.Error`."""
    connection = psycopg.connect(
        parameters_of(url), autocommit=True, cursor_factory=psycopg.ClientCursor, prepare_threshold=None
    )
    try:
        adapt(connection)
        connection.execute(_SETUP.encode())
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
        await connection.execute(_SETUP.encode())
    except BaseException:
        await connection.close()
        raise
    return connection
