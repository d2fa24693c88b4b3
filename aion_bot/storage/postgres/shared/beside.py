"""Reading what replicas share for a command, also beside serving replicas; nothing is changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError
from aion_bot.storage.hosting import KnownScope
from aion_bot.storage.postgres.errors import refusal
from aion_bot.storage.postgres.schema import read_schema
from aion_bot.storage.postgres.sessions import connect
from aion_bot.storage.postgres.shared.names import location_of, shared_location
from aion_bot.storage.postgres.shared.schema import shared_migrations

_SCOPES = b"""
    SELECT name, CASE WHEN until > clock_timestamp() THEN owner END, (SELECT count(*) FROM arrival WHERE scope = name),
    version > 0 FROM scope JOIN scope_lease ON scope = name ORDER BY lower(name)
"""


def known_scopes(location: PostgresUrl) -> Sequence[KnownScope]:
    """Return every scope, in order; none where the database has no shared schema. Raises `StoreError`."""
    with _opened(location) as connection:
        if connection is None:
            return ()
        rows = connection.execute(_SCOPES).fetchall()
        return [
            KnownScope(name, location_of(location, name), owner, waiting, made)
            for name, owner, waiting, made in rows
        ]


def live_replicas(location: PostgresUrl) -> Sequence[str]:
    """Return the names of the replicas that live, in order. Raises `StoreError`."""
    with _opened(location) as connection:
        if connection is None:
            return ()
        sql = b"SELECT name FROM replica WHERE until > clock_timestamp() ORDER BY name"
        return [row[0] for row in connection.execute(sql).fetchall()]


def check_shared(location: PostgresUrl) -> int | None:
    """Return the number of the shared schema, None where there is none yet. Raises `StoreError` where it cannot serve."""
    shared = shared_location(location)
    try:
        with connect(shared) as connection:
            version = read_schema(connection, shared, shared_migrations())
            # A schema is made for each scope that comes.
            row = connection.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone()
            if not (row and row[0]):
                raise StoreError(
                    f"{location}: its user may not create there: GRANT CREATE, TEMPORARY ON DATABASE <name> TO <user>"
                )
            return version or None
    except psycopg.Error as error:
        raise refusal(location, error) from None


def rewrite_shared(location: PostgresUrl) -> None:
    """Write the table of requests anew, so that nothing of what was deleted is left in it. Raises `StoreError`."""
    with _opened(location) as connection:
        if connection is not None:
            connection.execute("SET statement_timeout = 0")
            connection.execute("VACUUM (FULL) arrival")


@contextmanager
def _opened(location: PostgresUrl) -> Iterator[psycopg.Connection[Any] | None]:
    shared = shared_location(location)
    try:
        with connect(shared) as connection:
            yield connection if read_schema(connection, shared, shared_migrations()) else None
    except psycopg.Error as error:
        raise refusal(location, error) from None
