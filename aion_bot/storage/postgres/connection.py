"""The connection that the repositories of a serving bot use: one, so that its statements have one order."""

import asyncio
import sqlite3
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
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
from aion_bot.storage.postgres.lease import LOST, Lease
from aion_bot.storage.postgres.rows import Row, row_factory
from aion_bot.storage.postgres.sessions import connect_async

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

T = TypeVar("T")

Values = Sequence[object] | Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Changed:
    """What a write came to: how many rows it changed."""

    rowcount: int


class PostgresConnection:
    """Statements that are awaited one by one, each a transaction. They raise `sqlite3.Error` (`postgres.errors`).

    Each write carries the epoch of the lease, and the server refuses it once another replica has taken over. A write whose
    connection was lost may have been carried out. The server keeps the number and the result of the newest write, in its
    transaction, so that the same write is not carried out again when it is repeated.

    A statement that was begun is carried out although its caller is cancelled, as on SQLite.
    """

    def __init__(
        self, url: PostgresUrl, connection: psycopg.AsyncConnection[Any], lease: Lease, number: int
    ) -> None:
        self._url, self._connection, self._lease = url, connection, lease
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
        """End the session after the statements that were begun, and give the lease back."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._lease.end()
        with suppress(psycopg.Error):  # it ends by itself
            await self._connection.execute(b"SELECT renew_lease(%s, -1)", (self._lease.epoch,))
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
            if not sql.lstrip().startswith("SELECT"):
                return await self._fetched(sql, values, checked=True)
            try:
                return await self._fetched(sql, values)
            except ConnectionLost:
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
            values = {"p1": statement, "p2": self._number, "p3": self._lease.epoch}
            rows = await self._fetched("SELECT write(%(p1)s, %(p2)s, %(p3)s)", values)
        except ConnectionLost:
            raise
        except sqlite3.Error:
            self._in_doubt = None
            raise
        self._in_doubt = None
        return int(rows[0][0])

    async def _fetched(self, sql: str, values: Mapping[str, object], *, checked: bool = False) -> list[Row]:
        """Carry a statement out; `checked`: it is a write, in one transaction with the look at the epoch."""
        try:
            cursor = psycopg.AsyncClientCursor(self._connection, row_factory=row_factory)
            if checked:
                # Statements that are sent together are one transaction.
                await cursor.execute(f"SELECT check_epoch({self._lease.epoch}); {sql}".encode(), values)
                cursor.nextset()
            else:
                await cursor.execute(sql.encode(), values)
            return await cursor.fetchall()
        except psycopg.Error as error:
            if error.sqlstate == LOST:
                self._lease.lose()
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
            sql = "SELECT number, changed FROM newest_write WHERE epoch = %(epoch)s"
            rows = await self._fetched(sql, {"epoch": self._lease.epoch})
            # Without a row another replica has taken over, and refuses the repetition.
            if rows and rows[0]["number"] == number:
                self._done[statement] = (rows[0]["changed"], time.monotonic())
            self._in_doubt = None

    async def _connect_again(self) -> None:
        """Make the connection anew. Tries for `_AT_ONCE`; at once after a failure it does not try."""
        if time.monotonic() - self._failed_at < _PAUSE:
            raise PostgresError(_AWAY, transient=True)
        until = time.monotonic() + _AT_ONCE
        while True:
            try:
                async with asyncio.timeout(_AT_ONCE):
                    self._connection = await connect_async(self._url)
            except (psycopg.Error, TimeoutError) as error:
                if time.monotonic() > until or not _may_pass(error):
                    self._failed_at = time.monotonic()
                    reason = message_of(error) if isinstance(error, psycopg.Error) else str(error) or _AWAY
                    raise PostgresError(reason, transient=_may_pass(error)) from None
                await asyncio.sleep(_LOOK)
            else:
                _log.info("database connected again")
                return


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
