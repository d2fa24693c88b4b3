"""Waking the owner of a scope: LISTEN on a connection of its own, and a slow look behind it."""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
import structlog

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.errors import message_of
from aion_bot.storage.postgres.sessions import connect_async

_log = structlog.get_logger(__name__)

LOOK = 2.0
"""Seconds between two looks for requests whose notification was lost, and the longest that one may take."""

_PAUSE = 1.0
"""Seconds before it connects again after a failure."""

_WAITING = b"""
    SELECT DISTINCT arrival.scope FROM arrival JOIN scope_lease USING (scope) WHERE replica = %s
"""


class Waking:
    """Sets the events of scopes of this replica, and `freed`. After each connection all of them: some may have been missed."""

    def __init__(self, url: PostgresUrl, identity: str) -> None:
        self.freed = asyncio.Event()
        self._url, self._id = url, identity
        self._scopes: dict[str, asyncio.Event] = {}

    def of(self, scope: str) -> asyncio.Event:
        """Return the event of a scope, which is set at first: requests may wait already."""
        if scope not in self._scopes:
            self._scopes[scope] = asyncio.Event()
            self._scopes[scope].set()
        return self._scopes[scope]

    def forget(self, scope: str) -> None:
        """Keep no event of a scope any more."""
        self._scopes.pop(scope, None)

    async def listen(self) -> None:
        """Listen until it is cancelled."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, TimeoutError) as error:
                reason = message_of(error) if isinstance(error, psycopg.Error) else "no answer in time"
                _log.warning("database notifications not received", reason=reason)
            await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        connection = await connect_async(self._url)
        try:
            await connection.execute(f"LISTEN aion_bot_{self._id}; LISTEN aion_bot_freed".encode())
            self._set_all()
            while True:
                # What comes during the look is kept by the connection until the next round.
                async for notification in connection.notifies(timeout=LOOK):
                    self._wake(notification.payload)
                async with asyncio.timeout(LOOK):
                    for (scope,) in await self._waiting(connection):
                        self._wake(scope)
        finally:
            with suppress(psycopg.Error):
                await connection.close()

    async def _waiting(self, connection: psycopg.AsyncConnection[Any]) -> list[Any]:
        cursor = await connection.execute(_WAITING, (self._id,))
        return await cursor.fetchall()

    def _wake(self, scope: str) -> None:
        # Of scopes that may be claimed no name is told.
        if not scope:
            self.freed.set()
        elif scope in self._scopes:
            self._scopes[scope].set()

    def _set_all(self) -> None:
        for event in (self.freed, *self._scopes.values()):
            event.set()
