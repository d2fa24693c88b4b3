"""Waiting for what a simulator, or the bot behind it, is to do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

PATIENCE = 60.0
"""Seconds that only bound a hang: a machine with ten times as much to do is not over them."""

_LOOK_AGAIN = 0.1
"""Seconds after which a condition is looked at although nothing was reported: it may be about something else."""


async def wait_until(
    happened: asyncio.Event, condition: Callable[[], bool], *, timeout: float = PATIENCE
) -> None:
    """Wait until `condition` holds, looking again whenever something `happened`. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while not condition():
            happened.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await happened.wait()
