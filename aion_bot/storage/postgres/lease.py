"""The lease of the replica that serves: taken, renewed, and lost to another one."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import psycopg
import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.errors import message_of
from aion_bot.storage.postgres.renewing import RENEW_EVERY, Renewing, pause_after_failure

_log = structlog.get_logger(__name__)

SECONDS = 6.0
"""How long a lease lasts after it was taken or renewed, by the server's clock."""

MARGIN = 1.0
"""Seconds before its end in which nothing is sent any more: a request takes a moment to leave."""

LOST = "AB001"
"""The code with which the server refuses a write of a replica that is not the owner any more."""


async def take(connection: psycopg.AsyncConnection[Any], url: PostgresUrl, replica: str) -> "Lease | None":
    """Take the lease for `replica`; None while another one serves. Raises `psycopg.Error`."""
    # Before it is asked: the server counts from a later moment.
    at = time.monotonic()
    cursor = await connection.execute(b"SELECT take_lease(%s, %s)", (replica, SECONDS))
    row = await cursor.fetchone()
    return Lease(url, replica, row[0], at) if row and row[0] is not None else None


class Held:
    """What lets this process write and send; `epoch` numbers the owners, and each write carries it.

    `lost` is set once another replica has taken over. `renewed` is called with the seconds that each renewal took.
    """

    def __init__(self, replica: str, epoch: int, at: float) -> None:
        self.replica, self.epoch = replica, epoch
        self.lost = asyncio.Event()
        self.renewed: Callable[[float], None] = lambda _: None
        self._until = at + SECONDS
        self._of: dict[str, str] = {}

    def held(self) -> bool:
        """Tell whether something may be sent now: no other replica can have taken over."""
        return not self.lost.is_set() and time.monotonic() < self._until - MARGIN

    def extend(self, at: float) -> None:
        """Note a renewal that was asked for at a time of the monotonic clock."""
        self._until = at + SECONDS

    def lose(self) -> None:
        """Note that another replica has taken over."""
        if not self.lost.is_set():
            _log.error("lease lost", replica=self.replica, epoch=self.epoch, **self._of)
            self.lost.set()

    def let_go(self) -> None:
        """Send nothing more."""
        self._until = -math.inf


class Lease(Held):
    """The lease of a deployment with one scope, which renews itself."""

    def __init__(self, url: PostgresUrl, replica: str, epoch: int, at: float) -> None:
        super().__init__(replica, epoch, at)
        self._renewing = Renewing(url)
        self._keeping = BackgroundTasks()

    def keep(self) -> None:
        """Renew the lease from now on, until `end`."""
        self._keeping.spawn(self._keep())

    async def end(self) -> None:
        """Send nothing and renew it no more. It ends by itself, unless it is given back."""
        self.let_go()
        await self._keeping.cancel()
        await self._renewing.close()

    async def _keep(self) -> None:
        await asyncio.sleep(RENEW_EVERY)
        while not self.lost.is_set():
            at = time.monotonic()
            try:
                is_mine = await self._renew()
            except (psycopg.Error, TimeoutError) as error:
                reason = message_of(error) if isinstance(error, psycopg.Error) else "no answer in time"
                # Nobody else can have it while the server is away, so it may be renewed after its end as well.
                _log.warning(
                    "lease not renewed", reason=reason, left=round(self._until - time.monotonic(), 1)
                )
                await pause_after_failure(at)
                continue
            if not is_mine:
                self.lose()
                return
            self.extend(at)
            self.renewed(time.monotonic() - at)
            await asyncio.sleep(RENEW_EVERY)

    async def _renew(self) -> bool:
        rows = await self._renewing.fetch(b"SELECT renew_lease(%s, %s)", (self.epoch, SECONDS))
        return bool(rows and rows[0][0])
