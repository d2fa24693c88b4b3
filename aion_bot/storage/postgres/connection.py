"""The connection that the repositories of a serving bot use: one, because it holds the lock of the process."""

import asyncio
import sqlite3
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.dialect import parameters, translated
from aion_bot.storage.postgres.errors import (
    STANDBY,
    ConnectionLost,
    PostgresError,
    is_transient,
    message_of,
    translated_error,
)
from aion_bot.storage.postgres.rows import Row, row_factory
from aion_bot.storage.postgres.sessions import LOCK, connect_async

_log = structlog.get_logger(__name__)

_AT_ONCE = 2.0
"""Seconds for which a statement whose connection was lost waits for another one, before it fails as transient."""

_LOOK = 0.1
"""Seconds between two tries."""

_PAUSE = 1.0
"""Seconds after a failure in which no statement tries to connect: those behind it need not wait as long again."""

_KNOWN_FOR = 60.0
"""Seconds for which the result of a write is kept whose caller was told of a failure, and may repeat it."""

_AWAY = "the server does not answer"
HELD = "another process holds it: one bot a database"

T = TypeVar("T")

Values = Sequence[object] | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a write came to: how many rows it changed."""

    rowcount: int


class PostgresConnection:
    """Statements that are awaited one by one, each a transaction. They raise `sqlite3.Error` (`postgres.errors`).

    The connection holds the lock of the process that serves, so that whoever has lost the lock cannot write: after a
    loss it is made anew with the lock, or not at all. A write whose connection was lost may have been carried out. The
    server keeps the number and the result of the newest write, in its transaction, so that the same write is not carried
    out again when it is repeated.

    A statement that was begun is carried out although its caller is cancelled, as on SQLite.
    """

    def __init__(self, url: PostgresUrl, connection: psycopg.AsyncConnection[Any], number: int) -> None:
        self._url, self._connection = url, connection
        self._number = number
        self._one_by_one = asyncio.Lock()
        self._in_doubt: tuple[int, str] | None = None
        self._done: dict[str, tuple[int, float]] = {}
        self._failed_at = -_PAUSE
        self._running = set[asyncio.Task[Any]]()

    async def execute(self, sql: str, values: Values = ()) -> Changed:
        """Carry out a write."""
        return Changed(await self._carried_out(self._write(translated(sql), parameters(values))))

    async def execute_fetchall(self, sql: str, values: Values = ()) -> list[Row]:
        """Return the rows of a query, or those that a write returns."""
        rows: list[Row] = await self._carried_out(self._read(translated(sql), parameters(values)))
        return rows

    async def close(self) -> None:
        """End the session, and with it the lock, after the statements that were begun."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._connection.close()

    async def _carried_out(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_retrieve)
            raise

    async def _write(self, sql: str, values: Mapping[str, object]) -> int:
        async with self._one_by_one:
            await self._ready()
            statement = _composed(self._connection, sql, values)
            try:
                return await self._send_once(statement)
            except ConnectionLost:
                await self._ready()
                return await self._send_once(statement)

    async def _read(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        async with self._one_by_one:
            await self._ready()
            try:
                return await self._fetched(sql, values)
            except ConnectionLost:
                if not sql.lstrip().startswith("SELECT"):
                    raise
                await self._ready()
                return await self._fetched(sql, values)

    async def _send_once(self, statement: str) -> int:
        """Carry a write out unless it was, as its repetition. Raises `ConnectionLost` where it may have been."""
        changed, at = self._done.pop(statement, (0, -_KNOWN_FOR))
        if at > time.monotonic() - _KNOWN_FOR:
            return changed
        self._number += 1
        self._in_doubt = (self._number, statement)
        try:
            rows = await self._fetched("SELECT write(%(p1)s, %(p2)s)", {"p1": statement, "p2": self._number})
        except ConnectionLost:
            raise
        except sqlite3.Error:
            self._in_doubt = None
            raise
        self._in_doubt = None
        return int(rows[0][0])

    async def _fetched(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        try:
            cursor = psycopg.AsyncClientCursor(self._connection, row_factory=row_factory)
            await cursor.execute(sql.encode(), values)
            return await cursor.fetchall()
        except psycopg.Error as error:
            if not self._connection.closed and error.sqlstate != STANDBY:
                raise translated_error(error) from None
            _log.warning("database connection lost", reason=message_of(error))
            await self._connection.close()
            raise ConnectionLost(message_of(error), transient=True) from None

    async def _ready(self) -> None:
        """Have a connection, and know what became of the write whose connection was lost. Raises `PostgresError`."""
        if self._connection.closed:
            await self._connect_again()
        if self._in_doubt is not None:
            number, statement = self._in_doubt
            rows = await self._fetched("SELECT number, changed FROM newest_write", {})
            if rows[0]["number"] == number:
                self._done[statement] = (rows[0]["changed"], time.monotonic())
            self._in_doubt = None

    async def _connect_again(self) -> None:
        """Make the connection anew, with the lock. Tries for `_AT_ONCE`; at once after a failure it does not try."""
        if time.monotonic() - self._failed_at < _PAUSE:
            raise PostgresError(_AWAY, transient=True)
        until = time.monotonic() + _AT_ONCE
        while True:
            try:
                async with asyncio.timeout(_AT_ONCE):
                    self._connection = await connect_with_lock(self._url)
            except (psycopg.Error, PostgresError, TimeoutError) as error:
                if time.monotonic() > until or not _may_pass(error):
                    self._failed_at = time.monotonic()
                    reason = message_of(error) if isinstance(error, psycopg.Error) else str(error) or _AWAY
                    raise PostgresError(reason, transient=_may_pass(error)) from None
                await asyncio.sleep(_LOOK)
            else:
                _log.info("database connected again")
                return


async def connect_with_lock(url: PostgresUrl) -> psycopg.AsyncConnection[Any]:
    """Open a connection and take the lock of the process that serves, for its session.

    Raises:
        psycopg.Error: the server cannot be used.
        PostgresError: another process has the lock. The server may not have noticed yet that its session is gone.
    """
    connection = await connect_async(url)
    try:
        cursor = await connection.execute(f"SELECT pg_try_advisory_lock({LOCK}, 0)".encode())
        row = await cursor.fetchone()
    except BaseException:
        await connection.close()
        raise
    if row and row[0]:
        return connection
    await connection.close()
    raise PostgresError(HELD, transient=True)


def _may_pass(error: Exception) -> bool:
    return is_transient(error) if isinstance(error, psycopg.Error) else True


def _composed(connection: psycopg.AsyncConnection[Any], sql: str, values: Mapping[str, object]) -> str:
    try:
        return psycopg.AsyncClientCursor(connection).mogrify(sql.encode(), values)
    except (psycopg.Error, UnicodeError) as error:
        raise sqlite3.ProgrammingError(type(error).__name__) from None


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Take the error of a statement whose caller was cancelled: nobody else will."""
    if not task.cancelled():
        task.exception()
