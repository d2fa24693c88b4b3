"""Keeping replicas from a scope while the rows of a single bot are copied into it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError
from aion_bot.storage.postgres.errors import refusal
from aion_bot.storage.postgres.schema import check_writable, migrate, read_schema
from aion_bot.storage.postgres.sessions import connect
from aion_bot.storage.postgres.shared.names import location_of, shared_location
from aion_bot.storage.postgres.shared.schema import shared_migrations

_LOCKED = b"SELECT until > clock_timestamp() FROM scope_lease WHERE lower(scope) = %s FOR UPDATE"


@contextmanager
def exclusive_scope(location: PostgresUrl, scope: str) -> Iterator[None]:
    """Keep replicas from taking a scope, which need not be known yet, and bring its schema up to date.

    Raises:
        StoreError: a replica serves it, or the database cannot be used.
        ValueError: no scope can have that name.
    """
    where, shared = location_of(location, scope), shared_location(location)
    try:
        # Whoever claims leaves out a row that is locked; nothing is changed by the transaction.
        with connect(shared) as connection, connection.transaction(force_rollback=True):
            check_writable(connection, location)
            if read_schema(connection, shared, shared_migrations()):
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                if (True,) in connection.execute(_LOCKED, (scope.lower(),)).fetchall():
                    raise StoreError(
                        f"{location}: a replica serves {scope}: copy before the workspace installs the app, or stop all replicas"
                    )
            with connect(where) as own:
                migrate(own, where)
            yield
    except psycopg.Error as error:
        raise refusal(location, error) from None
