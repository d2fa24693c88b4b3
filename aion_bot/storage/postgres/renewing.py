"""The connection for renewing leases, which is left where it does not answer: a lease would end before it did."""

import asyncio
import time
from typing import Any

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.begun import Begun
from aion_bot.storage.postgres.sessions import connect_async

RENEW_EVERY = 2.0
"""Seconds between two renewals, and the longest that one may take."""

_AGAIN = 1.0
"""Seconds between the beginnings of two renewals after one that failed."""

_PAUSE = 0.1
"""Seconds that it waits at least: one that failed by its time is followed at once."""


class Renewing:
    """A connection that no statement of the repositories is carried out on: one that takes long would hold a renewal up.

    A firewall may drop what an old connection sends, and say nothing. To cancel a statement there would take ten seconds, so it
    is left to end by itself, and the next renewal makes another connection.
    """

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._free: psycopg.AsyncConnection[Any] | None = None
        self._is_closed = False
        self._begun = Begun()

    async def fetch(self, sql: bytes, values: tuple[object, ...]) -> list[Any]:
        """Return the rows of a statement that may be carried out late, and twice.

        Raises:
            psycopg.Error: it failed.
            TimeoutError: it did not end within `RENEW_EVERY`.
        """
        async with asyncio.timeout(RENEW_EVERY):
            return await self._begun.carried_out(self._fetched(sql, values))

    async def wait(self) -> None:
        """Wait for a renewal under way, for as long as one may take."""
        await self._begun.ended(RENEW_EVERY)

    async def close(self) -> None:
        """End the session after a renewal under way, which must not come behind what gives leases back."""
        self._is_closed = True
        await self.wait()
        if self._free is not None:
            await self._free.close()

    async def _fetched(self, sql: bytes, values: tuple[object, ...]) -> list[Any]:
        # Taken out meanwhile: where this one is late, the next renewal must not wait behind it on the same connection.
        connection, self._free = self._free, None
        if connection is None or connection.closed:
            connection = await connect_async(self._url)
        try:
            cursor = await connection.execute(sql, values)
            rows = await cursor.fetchall()
        except BaseException:
            await connection.close()
            raise
        if self._free is None and not self._is_closed:
            self._free = connection
        else:  # it was late: there is another one
            await connection.close()
        return rows


async def pause_after_failure(began: float) -> None:
    """Wait before the next renewal, after one that began at a time of the monotonic clock and failed."""
    await asyncio.sleep(max(_PAUSE, began + _AGAIN - time.monotonic()))
