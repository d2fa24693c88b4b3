"""Repeating a write while the disk is full or the file is locked."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.storage.errors import is_transient

_log = structlog.get_logger(__name__)

T = TypeVar("T")

BRIEFLY = Backoff(0.2, factor=5.0, attempts=4)
"""The pauses while a person waits and can be told of a failure: 0.2, 1 and 5 seconds."""

_UNTIL_CANCELLED = Backoff(0.2, cap=15.0)


async def retry_write(write: Callable[[], Awaitable[T]], pauses: Iterable[float] = _UNTIL_CANCELLED) -> T:
    """Return what `write` returns, as soon as it can be done.

    After the last of `pauses` (seconds) it raises the last `sqlite3.OperationalError`; by default it tries until it is
    cancelled. What no pause can mend, such as wrong SQL or a read-only database, is raised at once.
    """
    return await retry(write, backoff=pauses, on=is_transient, before_sleep=_log_failure)


def _log_failure(error: Exception, pause: float) -> None:
    _log.error("database write failed, trying again", pause=pause, reason=str(error))
