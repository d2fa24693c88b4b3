"""The connections that the scopes of a replica share: of `psycopg_pool`, lent to one statement at a time."""

import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.begun import Begun
from aion_bot.storage.postgres.dialect import storable
from aion_bot.storage.postgres.errors import ConnectionLost, PostgresError
from aion_bot.storage.postgres.rows import adapt
from aion_bot.storage.postgres.sessions import STATEMENT_SECONDS, parameters_of, setup_of
from aion_bot.storage.postgres.sources import AT_ONCE, AWAY, PAUSE, failure

_MOST = 8
"""Connections of a replica. A statement takes some milliseconds, so they carry a thousand or more in a second; more
of them would make the server's processors change between them, and take from the hundred that it lets in by default."""

_LIFETIME = 1800.0
"""Seconds after which a connection is replaced: the server's process keeps what it knows of each schema that it saw."""

# It warns of each connection that is lost and of each try to make another one, which the bot's own events say once.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)

_PATIENCE = float(STATEMENT_SECONDS)
"""Seconds that a statement waits for a connection while others are carried out."""

_FULL = "all connections are in use"

Async = psycopg.AsyncConnection[Any]


class Pool:
    """Connections to what replicas share. A statement of a scope runs in that scope's schema (`PooledSource`)."""

    prelude = ""

    def __init__(self, url: PostgresUrl) -> None:
        self._schema = url.schema
        self._made: WeakKeyDictionary[Async, float] = WeakKeyDictionary()
        # Not 0, which may be a moment ago by the monotonic clock.
        self._drained_at = self._failed_at = -PAUSE
        self._lent = 0
        self._begun = Begun()
        self._pool = AsyncConnectionPool(
            parameters_of(url),
            kwargs={
                "autocommit": True,
                "cursor_factory": psycopg.AsyncClientCursor,
                "prepare_threshold": None,
            },
            min_size=1,
            max_size=_MOST,
            # Its connections belong to the loop in which it is opened.
            open=False,
            configure=self._configure,
            timeout=AT_ONCE,
            max_lifetime=_LIFETIME,
            # Longer, and the pauses between tries would grow beyond a lease. Whoever needs a connection begins anew.
            reconnect_timeout=AT_ONCE,
        )

    async def open(self) -> None:
        """Begin to connect."""
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection after what was begun, for which it waits a moment."""
        await self._begun.ended(AT_ONCE)
        await self._pool.close()

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Async]:
        """Yield a connection; see `Source`. At once after the server was away it does not wait for one."""
        connection = await self._taken()
        self._lent += 1
        try:
            yield connection
        finally:
            self._lent -= 1
            # One that was closed as well: the pool makes another in its place.
            await self._pool.putconn(connection)

    async def _taken(self) -> Async:
        if time.monotonic() - self._failed_at < PAUSE:
            raise PostgresError(AWAY, transient=True)
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return await self._pool.getconn()
            except PoolTimeout:
                # The others are at work: a queue, which is no reason to fail as a server that is away is.
                if self._lent and time.monotonic() < until:
                    continue
                if self._lent:
                    raise PostgresError(_FULL, transient=True) from None
            except psycopg.Error:  # it is closed
                pass
            self._failed_at = time.monotonic()
            raise PostgresError(AWAY, transient=True)

    async def lost(self, connection: Async) -> None:
        """Close a connection, and those as old as it is, which were cut with it as a rule."""
        await connection.close()
        if self._made.get(connection, 0.0) > self._drained_at:
            self._drained_at = time.monotonic()
            await self._pool.drain()

    async def fetch(self, sql: str, *values: object, again: bool = False) -> list[Any]:
        """Return the rows of a statement in psycopg's words; `again`: it may be repeated where its connection was lost.

        It is carried out although its caller is cancelled, who does not wait for a server that does not answer.

        Raises:
            sqlite3.Error: as `PostgresConnection` does.
        """
        try:
            return await self._begun.carried_out(self._fetched(sql, values))
        except ConnectionLost:
            if not again:
                raise
            return await self._begun.carried_out(self._fetched(sql, values))

    async def _fetched(self, sql: str, values: Sequence[object]) -> list[Any]:
        async with self.lent() as connection:
            try:
                cursor = await connection.execute(sql.encode(), [storable(value) for value in values] or None)
                while cursor.nextset():
                    pass
                return await cursor.fetchall() if cursor.description else []
            except psycopg.Error as error:
                raise await failure(self, connection, error) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Async]:
        """Let statements happen together or not at all. Raises `sqlite3.Error`."""
        async with self.lent() as connection:
            try:
                async with connection.transaction():
                    yield connection
            except psycopg.Error as error:
                raise await failure(self, connection, error) from None

    async def _configure(self, connection: Async) -> None:
        adapt(connection)
        await connection.execute(setup_of(self._schema))
        self._made[connection] = time.monotonic()


class PooledSource:
    """Connections of a pool, for the statements of one scope's schema; see `sources.Source`."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        # In the transaction of the statement that follows: the next one is of another scope.
        self.prelude = f"SET LOCAL search_path = {schema}; "
        self.lent, self.lost = pool.lent, pool.lost

    async def close(self) -> None:
        """Do nothing: the pool is of all scopes."""
