"""One statement, one transaction: durable when it returns; and repeating a write that failed for a while."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.ports.text import well_formed
from aion_bot.storage.engines import OpenDatabase, Row
from aion_bot.storage.errors import is_transient

_log = structlog.get_logger(__name__)

T = TypeVar("T")

BRIEFLY = Backoff(0.2, factor=5.0, attempts=4)
"""The pauses while a person waits and can be told of a failure: 0.2, 1 and 5 seconds."""

FOR_A_DAY = Backoff(0.2, cap=15.0, total=86_400.0)
"""The pauses where nobody waits, of 15 seconds at most; what a day does not mend is left to the next start."""

_UNTIL_CANCELLED = Backoff(0.2, cap=15.0)


class Statements:
    """A connection whose statements are awaited one by one. Each raises `sqlite3.Error` where the file fails."""

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self._connection = database.connection

    async def _do(self, sql: str, *values: object) -> int:
        # A change has ended once it was executed: to close its cursor would only be another step of the thread.
        cursor = await self._connection.execute(sql, _storable(values))
        return cursor.rowcount

    async def _erase(self, sql: str, *values: object) -> int:
        """Carry out a statement that erases words from rows, and set `erased`: the log still holds them."""
        changed = await self._do(sql, *values)
        if changed:
            self._database.erased.set()
        return changed

    # Run and fetched in one step of the connection's thread: a statement that stays open between two steps would keep
    # another task from emptying the log.

    async def _one(self, sql: str, *values: object) -> Row | None:
        return next(iter(await self._all(sql, *values)), None)

    async def _all(self, sql: str, *values: object) -> Iterable[Row]:
        return await self._connection.execute_fetchall(sql, _storable(values))


def _storable(values: Iterable[object]) -> list[object]:
    """Let whatever somebody wrote be stored: SQLite refuses text that is no UTF-8."""
    return [well_formed(value) if isinstance(value, str) else value for value in values]


def among(column: str, values: Iterable[str]) -> str:
    """SQL for a column that has one of these values; they are members of an enumeration, never somebody's text."""
    listed = ", ".join(f"'{value}'" for value in sorted(values))
    return f"{column} IN ({listed})"


async def retry_write(write: Callable[[], Awaitable[T]], pauses: Iterable[float] = _UNTIL_CANCELLED) -> T:
    """Return what `write` returns, as soon as it can be done: the disk may be full, or the file locked.

    After the last of `pauses` (seconds) it raises the last `sqlite3.OperationalError`; by default it tries until it is
    cancelled. What no pause can mend, such as wrong SQL or a read-only database, is raised at once.
    """
    return await retry(write, backoff=pauses, on=is_transient, before_sleep=_log_failure)


async def recorded(
    logger: structlog.stdlib.BoundLogger, writing: Awaitable[object], what: str = "turn"
) -> bool:
    """Write what a full disk may cost, but not the answer; returns whether it was written. `what` is logged where it was not."""
    try:
        await writing
    except sqlite3.Error as error:
        failure = str(error)
    else:
        return True
    logger.error("database write failed", what=what, reason=failure)
    return False


def _log_failure(error: Exception, pause: float) -> None:
    _log.error("database write failed, trying again", pause=pause, reason=str(error))
