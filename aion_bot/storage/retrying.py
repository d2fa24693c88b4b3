"""Writing what has to be written: again and again while the disk is full or the file is locked."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")

BRIEFLY = (0.2, 1.0, 5.0)
"""Pauses in seconds for what somebody waits for who can be told."""

_SHORTEST, _LONGEST = 0.2, 15.0


async def insist(write: Callable[[], Awaitable[T]], pauses: Iterable[float] | None = None) -> T:
    """Return what `write` returns, as soon as it can be done.

    After the last of `pauses` raises `sqlite3.OperationalError`; without any it is tried until it is cancelled. What no
    pause can mend raises at once.
    """
    for pause in _growing() if pauses is None else pauses:
        try:
            return await write()
        except sqlite3.OperationalError as error:
            _log.error("journal could not be written, trying again", pause=pause, reason=str(error))
        await asyncio.sleep(pause)
    return await write()


def _growing() -> Iterator[float]:
    pause = _SHORTEST
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST)
