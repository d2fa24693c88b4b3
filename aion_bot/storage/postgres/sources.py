"""Where the connection of a statement comes from: one of the bot's own, which is made anew when it was lost."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol

import psycopg
import structlog

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.errors import (
    STANDBY,
    ConnectionLost,
    PostgresError,
    is_transient,
    message_of,
    translated_error,
)
from aion_bot.storage.postgres.lease import Lease
from aion_bot.storage.postgres.sessions import connect_async

_log = structlog.get_logger(__name__)

AT_ONCE = 2.0
"""Seconds for which a statement whose connection was lost waits for another one, before it fails as transient."""

PAUSE = 1.0
"""Seconds after a failure in which no statement tries to connect: those behind it need not wait as long again."""

_LOOK = 0.1
"""Seconds between two tries."""

AWAY = "the server does not answer"


class Source(Protocol):
    """Provides the connection for each statement of a database."""

    @property
    def prelude(self) -> str:
        """A statement in front of each one that is sent, in its transaction; empty where there is none."""
        ...

    def lent(self) -> AbstractAsyncContextManager[psycopg.AsyncConnection[Any]]:
        """Yield a connection that nobody else uses meanwhile. Raises `PostgresError` where there is none in time."""
        ...

    async def lost(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Close a connection that does not work any more, so that another one is lent next."""
        ...

    async def close(self) -> None:
        """End what belongs to this database alone. Does not raise."""
        ...


class OwnConnection:
    """The one connection of a deployment with one scope. It is lent to one statement at a time, by the caller's lock."""

    prelude = ""

    def __init__(self, url: PostgresUrl, connection: psycopg.AsyncConnection[Any], lease: Lease) -> None:
        self._url, self._connection, self._lease = url, connection, lease
        # Not 0, which may be a moment ago by the monotonic clock.
        self._failed_at = -PAUSE

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Yield it; see `Source`."""
        if self._connection.closed:
            await self._connect_again()
        yield self._connection

    async def lost(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Close it; see `Source`."""
        await connection.close()

    async def close(self) -> None:
        """End the session, and give the lease back."""
        await self._lease.end()
        with suppress(psycopg.Error):  # it ends by itself
            await self._connection.execute(b"SELECT renew_lease(%s, -1)", (self._lease.epoch,))
        await self._connection.close()

    async def _connect_again(self) -> None:
        """Make the connection anew. Tries for `AT_ONCE`; at once after a failure it does not try."""
        if time.monotonic() - self._failed_at < PAUSE:
            raise PostgresError(AWAY, transient=True)
        until = time.monotonic() + AT_ONCE
        while True:
            try:
                # libpq gives each host `connect_timeout` seconds, five by default: too long for whoever waits for the statement.
                async with asyncio.timeout(AT_ONCE):
                    self._connection = await connect_async(self._url)
            except (psycopg.Error, TimeoutError) as error:
                if time.monotonic() > until or not _may_pass(error):
                    self._failed_at = time.monotonic()
                    reason = message_of(error) if isinstance(error, psycopg.Error) else str(error) or AWAY
                    raise PostgresError(reason, transient=_may_pass(error)) from None
                await asyncio.sleep(_LOOK)
            else:
                _log.info("database connected again")
                return


async def failure(
    source: Source, connection: psycopg.AsyncConnection[Any], error: psycopg.Error
) -> sqlite3.Error:
    """Return what to raise for an error of a statement; `ConnectionLost` where the connection is gone, which is closed then."""
    # The connection to a server that became a standby stays open: it is left, so that the next one finds the primary.
    if not connection.closed and error.sqlstate != STANDBY:
        return translated_error(error)
    _log.warning("database connection lost", reason=message_of(error))
    await source.lost(connection)
    return ConnectionLost(message_of(error), transient=True)


def _may_pass(error: Exception) -> bool:
    return is_transient(error) if isinstance(error, psycopg.Error) else True
