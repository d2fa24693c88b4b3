"""The values that all replicas share: see `ports.shared_values.SharedValues`."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.storage.postgres.shared.pool import Pool


class PostgresValues:
    """Rows of `shared_value`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def get(self, kind: str, name: str) -> str | None:
        """Return a value; None where there is none, or its time has passed."""
        rows = await self._rows(
            "SELECT value FROM shared_value WHERE kind = %s AND name = %s AND until > clock_timestamp()",
            kind,
            name,
            again=True,
        )
        return rows[0][0] if rows else None

    async def set(self, kind: str, name: str, value: str, *, seconds: float | None = None) -> None:
        """Write a value, which is kept for so many seconds by the database's clock; None: until it is deleted."""
        # Those whose time has passed are gone sooner or later, without a task that looks, nor two that wait for each other.
        await self._rows(
            """
            DELETE FROM shared_value WHERE (kind, name) IN (
                SELECT kind, name FROM shared_value WHERE until < clock_timestamp() LIMIT 100 FOR UPDATE SKIP LOCKED
            );
            INSERT INTO shared_value VALUES (%s, %s, %s, coalesce(clock_timestamp() + make_interval(secs => %s), 'infinity'))
            ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value, until = excluded.until
            """,
            kind, name, value, seconds, again=True,
        )  # fmt: skip

    async def replace(self, kind: str, name: str, old: str | None, value: str) -> bool:
        """Write a value where `old` stands, None for nothing; False, and nothing is written, where another one does.

        It is kept for as long as the old one was.
        """
        if old is None:
            sql = """
                INSERT INTO shared_value (kind, name, value) VALUES (%s, %s, %s) ON CONFLICT (kind, name)
                DO UPDATE SET value = excluded.value, until = excluded.until WHERE shared_value.until <= clock_timestamp() RETURNING 1
            """
            return bool(await self._rows(sql, kind, name, value))
        sql = """
            UPDATE shared_value SET value = %s
            WHERE kind = %s AND name = %s AND value = %s AND until > clock_timestamp() RETURNING 1
        """
        return bool(await self._rows(sql, value, kind, name, old))

    async def take(self, kind: str, name: str) -> str | None:
        """Delete a value and return it: of several that take it at once one gets it."""
        sql = "DELETE FROM shared_value WHERE kind = %s AND name = %s RETURNING value, until > clock_timestamp()"
        rows = await self._rows(sql, kind, name)
        return rows[0][0] if rows and rows[0][1] else None

    async def names(self, kind: str) -> Sequence[str]:
        """Return the names of all values of a kind, in order."""
        sql = """
            SELECT name FROM shared_value WHERE kind = %s AND until > clock_timestamp() ORDER BY name COLLATE "C"
        """
        return [row[0] for row in await self._rows(sql, kind, again=True)]

    async def _rows(self, sql: str, *values: object, again: bool = False) -> list[Any]:
        try:
            return await self._pool.fetch(sql, *values, again=again)
        except sqlite3.Error as error:
            # Its text has no value: the server's message without its details.
            raise SharedValuesDown(str(error)) from None
