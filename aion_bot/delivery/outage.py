"""How long a message sync goes on while its platform is down."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress

from aion_bot.concurrency.backoff import Backoff
from aion_bot.ports.errors import PlatformDown

# As long as the last platform waits for another token (`runtime.supervisor.PATIENCE`, ADR 10), which may save these answers.
PATIENCE = 600.0
"""Seconds that a platform may be down before a message is given up."""

RETRY = Backoff(initial=0.5, factor=1.5, cap=15.0)
"""Delays between attempts while the platform is down, for `PATIENCE` seconds."""


class Outage:
    """The attempts that fail one after another, from the first one on; `retry` has the delays in seconds between them."""

    def __init__(self, retry: Iterable[float]) -> None:
        self._since, self._delays = time.monotonic(), iter(retry)

    async def pause(self, over: asyncio.Event) -> None:
        """Wait before the next attempt, but no longer than until `over` is set. Raises PlatformDown after `PATIENCE`."""
        now = time.monotonic()
        delay = next(self._delays, None)
        # A schedule may end before: tests pass one that does.
        if delay is None or now - self._since > PATIENCE:
            raise PlatformDown(f"no answer for {now - self._since:.0f} s")
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await over.wait()
