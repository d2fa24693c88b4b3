"""The connection that the repositories of a serving bot use: its statements have one order."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from aion_bot.storage.postgres.begun import Begun
from aion_bot.storage.postgres.dialect import parameters, translated
from aion_bot.storage.postgres.errors import ConnectionLost
from aion_bot.storage.postgres.lease import LOST, Held
from aion_bot.storage.postgres.rows import Row, row_factory
from aion_bot.storage.postgres.sources import Source, failure

_KNOWN_FOR = 60.0
"""Seconds for which the result of a write is kept whose caller was told of a failure, and may repeat it."""

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

    def __init__(self, source: Source, lease: Held, number: int) -> None:
        self._source, self._lease = source, lease
        self._number = number
        # Also where the connections are a pool's: repositories rely on the order of their statements, and at most one write is in doubt.
        self._one_by_one = asyncio.Lock()
        self._in_doubt: tuple[int, str] | None = None
        self._done: dict[str, tuple[int, float]] = {}
        self._begun = Begun()

    async def execute(self, sql: str, values: Values = ()) -> Changed:
        """Carry out a write."""
        return Changed(await self._begun.carried_out(self._write(translated(sql), parameters(values))))

    async def execute_fetchall(self, sql: str, values: Values = ()) -> list[Row]:
        """Return the rows of a query, or those that a write returns."""
        rows: list[Row] = await self._begun.carried_out(self._read(translated(sql), parameters(values)))
        return rows

    async def close(self) -> None:
        """End after the statements that were begun."""
        await self._begun.ended()
        await self._source.close()

    async def _write(self, sql: str, values: Mapping[str, object]) -> int:
        async with self._one_by_one:
            try:
                return await self._write_once(sql, values)
            except ConnectionLost:
                # The second try asks first what became of this one (`_settle`).
                return await self._write_once(sql, values)

    async def _read(self, sql: str, values: Mapping[str, object]) -> list[Row]:
        async with self._one_by_one:
            if not sql.lstrip().startswith("SELECT"):
                # A write that returns rows has no number by which the server would know it again, so it is not repeated.
                return await self._read_once(sql, values, checked=True)
            try:
                return await self._read_once(sql, values)
            except ConnectionLost:
                return await self._read_once(sql, values)

    async def _read_once(self, sql: str, values: Mapping[str, object], *, checked: bool = False) -> list[Row]:
        async with self._source.lent() as connection:
            await self._settle(connection)
            return await self._fetched(connection, sql, values, checked=checked)

    async def _write_once(self, sql: str, values: Mapping[str, object]) -> int:
        """Carry a write out unless it was, as its repetition. Raises `ConnectionLost` where it may have been."""
        async with self._source.lent() as connection:
            await self._settle(connection)
            # As one text with its values, which the function `write` of the server carries out, and by which a repetition is known.
            statement = _composed(connection, sql, values)
            # Not 0 for one that is unknown: the monotonic clock may have begun a moment ago.
            changed, at = self._done.pop(statement, (0, -_KNOWN_FOR))
            if at > time.monotonic() - _KNOWN_FOR:
                return changed
            self._number += 1
            # Before it is sent: whatever cuts it off, the next statement asks what became of it.
            self._in_doubt = (self._number, statement)
            try:
                sent = {"p1": statement, "p2": self._number, "p3": self._lease.epoch}
                rows = await self._fetched(connection, "SELECT write(%(p1)s, %(p2)s, %(p3)s)", sent)
            except ConnectionLost:
                raise
            except sqlite3.Error:
                self._in_doubt = None
                raise
            self._in_doubt = None
            return int(rows[0][0])

    async def _fetched(
        self,
        connection: psycopg.AsyncConnection[Any],
        sql: str,
        values: Mapping[str, object],
        *,
        checked: bool = False,
    ) -> list[Row]:
        """Carry a statement out; `checked`: it is a write, in one transaction with the look at the epoch."""
        # Statements that are sent together are one transaction.
        check = f"SELECT check_epoch({self._lease.epoch}); " if checked else ""
        try:
            cursor = psycopg.AsyncClientCursor(connection, row_factory=row_factory)
            await cursor.execute(f"{self._source.prelude}{check}{sql}".encode(), values)
            # What counts is the result of the last one; those in front have set the schema and looked at the epoch.
            while cursor.nextset():
                pass
            return await cursor.fetchall()
        except psycopg.Error as error:
            if error.sqlstate == LOST:
                self._lease.lose()
            raise await failure(self._source, connection, error) from None

    async def _settle(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Learn what became of the write whose connection was lost, if one was."""
        if self._in_doubt is None:
            return
        number, statement = self._in_doubt
        # FOR UPDATE waits for a write that the server still carries out: its number is seen once it is committed.
        sql = "SELECT number, changed FROM newest_write WHERE epoch = %(epoch)s FOR UPDATE"
        rows = await self._fetched(connection, sql, {"epoch": self._lease.epoch})
        # Without a row another replica has taken over, and refuses the repetition.
        if rows and rows[0]["number"] == number:
            self._done[statement] = (rows[0]["changed"], time.monotonic())
        self._in_doubt = None


def _composed(connection: psycopg.AsyncConnection[Any], sql: str, values: Mapping[str, object]) -> str:
    try:
        return psycopg.AsyncClientCursor(connection).mogrify(sql.encode(), values)
    except (psycopg.Error, UnicodeError) as error:
        raise sqlite3.ProgrammingError(type(error).__name__) from None
