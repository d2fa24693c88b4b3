"""Whether the bot can serve: every connection alive, the database writable, Aion's key taken, no drain under way."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from aion_bot.aion import AionvisionError, AuthenticationError, WrongAddressError
from aion_bot.ports.shared_values import SharedValuesDown

_log = structlog.get_logger(__name__)

LIFE = 90.0
"""Seconds without a sign of life after which a connection counts as dead."""

SECOND_PROCESS = 600.0
"""Seconds for which a second process that was noticed counts as there, as for `doctor`."""

_WRITE_TIMEOUT = 2.0
"""Seconds that the database may take for a write."""

_WRITE_EVERY = 5.0
"""Seconds for which the outcome of a write is reused: whoever may ask must not be able to keep the disk busy."""


class Readiness:
    """What is missing before the bot can serve. `write` writes something small to the database; None: another replica serves.

    `platforms` are those that the operator has configured; `clock` returns seconds and never goes back. `hosted`: this replica
    serves many scopes, of which one may lose its connection, or have a key that Aion refuses: that is no reason to send it
    nothing for the others.
    """

    def __init__(
        self,
        platforms: Sequence[str],
        write: Callable[[], Awaitable[None]] | None,
        stop: asyncio.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        hosted: bool = False,
    ) -> None:
        """`stop` is set once the bot drains."""
        self.write, self._hosted = write, hosted
        self._stop = stop
        self._clock = clock
        self._heard_at = dict.fromkeys(platforms, -math.inf)
        self._second_at = dict.fromkeys(platforms, -math.inf)
        self._key_refused = False
        self._writable = False
        self._written_at = -math.inf
        self._writing = asyncio.Lock()

    def heard(self, platform: str) -> None:
        """Note that a connection is alive."""
        self._heard_at[platform] = self._clock()

    def lost(self, platform: str) -> None:
        """Note that a connection is gone; of many scopes others may be connected, which show life again soon."""
        if not self._hosted:
            self._heard_at[platform] = -math.inf

    def second_process(self, platform: str) -> None:
        """Note that another process uses the platform's token."""
        self._second_at[platform] = self._clock()

    def aion_answered(self, error: AionvisionError | None) -> None:
        """Note whether Aion refused the key, or something else answered; a failure on the way, or of the server, says nothing about it."""
        status = 200 if error is None else error.status_code
        # Any answer below 500 is Aion's own: the key was looked at.
        if status is not None and status < 500:
            self._key_refused = isinstance(error, AuthenticationError | WrongAddressError)

    def connected(self, platform: str) -> bool:
        """Return whether a platform's connection has shown life within `LIFE`."""
        return self._clock() - self._heard_at[platform] < LIFE

    async def missing(self) -> list[str]:
        """Name what is missing: platforms, `database`, `aion`, `draining`; nothing while the bot can serve.

        `standby` stands in the place of `database` where another replica serves.
        """
        missing = [
            platform
            for platform in self._heard_at
            if not self._hosted
            and (not self.connected(platform) or self._clock() - self._second_at[platform] < SECOND_PROCESS)
        ]
        if self.write is None:
            missing.append("standby")
        elif not await self._takes_write(self.write):
            missing.append("database")
        if self._key_refused and not self._hosted:
            missing.append("aion")
        if self._stop.is_set():
            missing.append("draining")
        return missing

    async def _takes_write(self, write: Callable[[], Awaitable[None]]) -> bool:
        async with self._writing:  # one write for all who ask at once
            if self._clock() - self._written_at < _WRITE_EVERY:
                return self._writable
            try:
                async with asyncio.timeout(_WRITE_TIMEOUT):
                    await write()
            except (sqlite3.Error, SharedValuesDown, TimeoutError) as error:
                reason = str(error) or type(error).__name__
                _log.error("database write failed", what="readiness", reason=reason)
                self._writable = False
            else:
                self._writable = True
            self._written_at = self._clock()
            return self._writable
