"""Statements that are asked for in the same moment, carried out together: one step of the connection's thread, one commit.

A commit waits for the disk, and each step of the thread wakes the event loop. Many questions at once write many rows, and
each of their signs waits for its row. Statements are still carried out in the order in which they were asked for, and one
returns when all that it wrote is on the disk.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import aiosqlite

MOST_TOGETHER = 128
"""Statements of one transaction: another process that writes waits for a second at most before its statement fails."""

_READS, _WRITES = ("SELECT",), ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Changed:
    """What a write came to: how many rows it changed."""

    rowcount: int


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A statement, and who waits for what it comes to."""

    sql: str
    values: Sequence[Any]
    fetches: bool
    done: "asyncio.Future[Any]"

    @property
    def reads(self) -> bool:
        return self.sql.lstrip().startswith(_READS)

    @property
    def joins(self) -> bool:
        """Whether it may be in a transaction with others; a PRAGMA and a VACUUM may not."""
        return self.reads or self.sql.lstrip().startswith(_WRITES)


_Outcome = Changed | list[Any] | BaseException


class GroupedConnection:
    """Carries out statements as `engines.Connection` says: each is durable when it returns, and fails alone."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._asked: list[_Asked] = []
        self._running: asyncio.Task[None] | None = None

    async def execute(self, sql: str, values: Sequence[Any] = ()) -> Changed:
        """Carry out a write."""
        changed: Changed = await self._carried_out(sql, values, fetches=False)
        return changed

    async def execute_fetchall(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query, or those that a write returns."""
        rows: list[sqlite3.Row] = await self._carried_out(sql, values, fetches=True)
        return rows

    async def close(self) -> None:
        """Close the connection after the statements that were asked for."""
        # Again where one ended: what was asked for before this task ran on has begun another.
        while self._running is not None:
            await asyncio.wait({self._running})
        await self._connection.close()

    async def _carried_out(self, sql: str, values: Sequence[Any], *, fetches: bool) -> Any:
        done = asyncio.get_running_loop().create_future()
        self._asked.append(_Asked(sql, values, fetches, done))
        if self._running is None:
            # A task of its own: a statement that was asked for is carried out although its caller is cancelled.
            self._running = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        """Carry out what is asked for, until nothing is left."""
        together: list[_Asked] = []
        try:
            while self._asked:
                together = self._next()
                for one, outcome in zip(together, await self._in_thread(together), strict=True):
                    _settle(one.done, outcome)
                # Who waited asks for the next statement in this step of the loop.
                await asyncio.sleep(0)
        finally:
            # In the same step as the look at `_asked` above: whoever asked in between would wait for a task that has ended.
            self._running = None
            for one in (*together, *self._asked):  # where the loop ends before
                one.done.cancel()

    def _next(self) -> list[_Asked]:
        """Take the next statements that may be carried out together."""
        count = 0
        for one in self._asked[:MOST_TOGETHER]:
            if not one.joins:
                break
            count += 1
        # The first one in any case: one that may not be in a transaction with others is carried out alone.
        together, self._asked = self._asked[: max(1, count)], self._asked[max(1, count) :]
        return together

    async def _in_thread(self, together: Sequence[_Asked]) -> Sequence[_Outcome]:
        carry_out: Any = self._connection._execute  # noqa: SLF001  # the only way to do more than one thing in a step of its thread
        try:
            found: Sequence[_Outcome] = await carry_out(_together, self._connection._conn, together)  # noqa: SLF001  # what it carries out on
        except ValueError as closed:
            return [closed] * len(together)
        return found


def _settle(done: "asyncio.Future[Any]", outcome: _Outcome) -> None:
    if done.done():  # its caller was cancelled
        return
    if isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _together(connection: sqlite3.Connection, asked: Sequence[_Asked]) -> Sequence[_Outcome]:
    """Carry out statements in one transaction; where any of them fails, each in one of its own, as if it had come alone."""
    # One statement is a transaction by itself, and queries wait for no commit.
    if len(asked) == 1 or all(one.reads for one in asked):
        return [_alone(connection, one) for one in asked]
    try:
        # With BEGIN alone a query would begin a transaction that reads; where another process wrote after that, the first
        # write would fail at once, however long it may wait (https://www.sqlite.org/lang_transaction.html).
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as busy:
        # Another process writes. Each would wait for it as long again, one after the other.
        return [_alone(connection, one) if one.reads else busy for one in asked]
    except Exception:  # noqa: BLE001  # a damaged file, or no memory: each caller gets its own
        return [_alone(connection, one) for one in asked]
    try:
        outcomes = [_carried_out(connection, one) for one in asked]
        connection.execute("COMMIT")
    except Exception:  # noqa: BLE001  # whose it is shows when each is carried out alone
        # SQLite may have rolled back all of it by itself, as where the disk is full.
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return [_alone(connection, one) for one in asked]
    return outcomes


def _alone(connection: sqlite3.Connection, one: _Asked) -> _Outcome:
    try:
        return _carried_out(connection, one)
    except Exception as error:  # noqa: BLE001  # its caller gets it
        return error


def _carried_out(connection: sqlite3.Connection, one: _Asked) -> Changed | list[Any]:
    cursor = connection.execute(one.sql, one.values)
    return cursor.fetchall() if one.fetches else Changed(cursor.rowcount)
