"""What the replicas of a deployment know together (`aion_bot.ports.shared_state`), in two tables of the shared schema.

Each call is one statement, which commits itself, by the server's clock.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Ask = Callable[[str, Sequence[object]], Awaitable[Sequence[Any] | None]]
"""Runs one statement, which commits itself, and returns its first row. Raises `psycopg.Error`."""

TABLES = """
    CREATE TABLE IF NOT EXISTS aion_bot_shared.meta (key text PRIMARY KEY, value text NOT NULL);
    CREATE TABLE IF NOT EXISTS aion_bot_shared.kept_key (
        key text PRIMARY KEY, free_at timestamptz NOT NULL
    );
"""
"""What this module needs in the shared schema."""

_FIX = """
    WITH made AS (
        INSERT INTO aion_bot_shared.meta (key, value) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING value
    )
    SELECT value FROM made UNION ALL SELECT value FROM aion_bot_shared.meta WHERE key = %s LIMIT 1
"""
_CLAIM = """
    INSERT INTO aion_bot_shared.kept_key AS kept (key, free_at)
    VALUES (%s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at WHERE kept.free_at <= clock_timestamp()
    RETURNING 1
"""
_LEFT = """
    SELECT extract(epoch FROM free_at - clock_timestamp())::float8
    FROM aion_bot_shared.kept_key WHERE key = %s
"""
_HOLD = """
    INSERT INTO aion_bot_shared.kept_key (key, free_at)
    VALUES (%s, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET free_at = excluded.free_at
    RETURNING 1
"""
SOONEST = 0.05
"""Seconds after which a key is looked at again at the earliest, because it was taken between two statements."""


class SharedRows:
    """The shared rows of a deployment's database. Each call raises `psycopg.Error`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def fix(self, name: str, value: str) -> str:
        """Store a value unless there is one of this name; returns what is stored."""
        while (row := await self._ask(_FIX, (name, value, name))) is None:
            pass  # another replica stored it while the statement ran, which therefore saw neither
        return str(row[0])

    async def claim(self, key: str, seconds: float) -> float:
        """Keep `key` for so many seconds, and return 0; or return the seconds until it may be free."""
        if await self._ask(_CLAIM, (key, seconds)) is not None:
            return 0.0
        row = await self._ask(_LEFT, (key,))
        return max(SOONEST, 0.0 if row is None else float(row[0]))

    async def hold(self, key: str, seconds: float) -> None:
        """Keep `key` for so many seconds from now."""
        await self._ask(_HOLD, (key, seconds))
