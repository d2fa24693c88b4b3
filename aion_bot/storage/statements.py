"""One statement, one transaction: durable when it returns."""

import sqlite3
from collections.abc import Iterable

import aiosqlite


class Statements:
    """A connection whose statements are awaited one by one. Each raises `sqlite3.Error` where the file fails."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def _do(self, sql: str, *values: object) -> int:
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        async with self._connection.execute(sql, values) as cursor:
            return await cursor.fetchone()

    async def _all(self, sql: str, *values: object) -> Iterable[sqlite3.Row]:
        async with self._connection.execute(sql, values) as cursor:
            return await cursor.fetchall()
