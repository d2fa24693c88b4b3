"""The logs of the process: what the program does to them, undone, and waiting for an event in them."""

import asyncio
import logging
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from tests.support.loop_time import loop_seconds


@contextmanager
def logs_put_back() -> Iterator[None]:
    """Put the handlers and the level of the root back at the end, and structlog's defaults."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()


async def logged(logs: Sequence[MutableMapping[str, Any]], event: str, *, within: float = 60.0) -> None:
    """Wait until `logs`, of `structlog.testing.capture_logs`, have an event. Raises TimeoutError after `within` seconds.

    They are those of `loop_seconds`.
    """
    async with loop_seconds(within):
        while event not in [one["event"] for one in logs]:  # noqa: ASYNC110  # capture_logs tells nobody of an event
            await asyncio.sleep(0.005)
