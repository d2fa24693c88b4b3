"""The questions of a month by key of Aion's, and who was warned. The database counts: see `migrations/0025_months.sql`."""

from dataclasses import dataclass
from typing import Self

from aion_bot.domain.month import Month
from aion_bot.storage.engines import OpenDatabase
from aion_bot.storage.statements import Statements

KEY = "aion key"
"""The name in `kv` of the digest of the key of AIONVISION_API_KEY; the variable of another key follows it. The trigger reads it."""

_THIS_KEY = "coalesce((SELECT value FROM kv WHERE platform = '' AND name = ?1), '')"
_THIS_MONTH = "strftime('%Y-%m', 'now')"
# Others may have the same key: what they used is kept as the difference, so that the sum is right between two answers of Aion.
_OWN = f"(SELECT coalesce(sum(questions), 0) FROM month_use WHERE key = {_THIS_KEY} AND day LIKE {_THIS_MONTH} || '-%')"  # noqa: S608  # literals of ours


@dataclass(frozen=True, slots=True)
class ChannelUse:
    """What was asked: of the key today, in one channel today, and by how many channels this month, with that one."""

    today: int
    of_channel: int
    channels: int


class Months(Statements):
    """The month that runs (UTC) of the key in use; each method is one transaction."""

    def __init__(self, database: OpenDatabase, variable: str = "") -> None:
        super().__init__(database)
        self._name = f"{KEY} {variable}".rstrip()

    def of_key(self, variable: str) -> Self:
        """Return the months of the key that a variable holds."""
        return type(self)(self._database, variable)

    async def use_key(self, digest: str) -> None:
        """Count for this key from now on, and forget what is older than two months."""
        await self._do(
            "INSERT INTO kv VALUES ('', ?, ?) ON CONFLICT (platform, name) DO UPDATE SET value = excluded.value",
            self._name,
            digest,
        )
        for table, column in (("month_use", "day"), ("month_limit", "month"), ("month_warning", "month")):
            await self._do(f"DELETE FROM {table} WHERE {column} < strftime('%Y-%m', 'now', '-62 days')")  # noqa: S608  # literals of ours

    async def note(self, allowed: int, used: int) -> None:
        """Record what Aion says: so many are allowed, and used by all who have the key."""
        await self._do(
            f"INSERT INTO month_limit VALUES ({_THIS_KEY}, {_THIS_MONTH}, ?2, ?3 - {_OWN}) "  # noqa: S608  # literals of ours
            "ON CONFLICT (key, month) DO UPDATE SET allowed = excluded.allowed, elsewhere = excluded.elsewhere",
            self._name, allowed, used,
        )  # fmt: skip

    async def own(self) -> int:
        """Count the bot's own questions."""
        row = await self._one(f"SELECT {_OWN} AS own", self._name)
        return 0 if row is None else int(row["own"])

    async def now(self) -> Month | None:
        """Return how the month stands; None where Aion has not said how many are allowed."""
        row = await self._one(
            f"SELECT allowed, max(0, elsewhere + {_OWN}) AS used FROM month_limit "  # noqa: S608  # literals of ours
            f"WHERE key = {_THIS_KEY} AND month = {_THIS_MONTH}",
            self._name,
        )
        return None if row is None else Month(row["allowed"], row["used"])

    async def of_channel(self, platform: str, channel: str) -> ChannelUse:
        """Count what a channel has asked, and all."""
        sql = f"""
        SELECT coalesce(sum(questions) FILTER (WHERE day = strftime('%Y-%m-%d', 'now')), 0) AS today,
            coalesce(sum(questions) FILTER (WHERE day = strftime('%Y-%m-%d', 'now') AND platform = ?2 AND channel = ?3), 0) AS here,
            count(DISTINCT platform || ' ' || channel) + iif(count(*) FILTER (WHERE platform = ?2 AND channel = ?3) = 0, 1, 0) AS channels
        FROM month_use WHERE key = {_THIS_KEY} AND day LIKE {_THIS_MONTH} || '-%'
        """  # noqa: S608  # literals of ours
        row = await self._one(sql, self._name, platform, channel)
        return ChannelUse(0, 0, 1) if row is None else ChannelUse(row["today"], row["here"], row["channels"])

    async def warn(self, percent: int, platform: str = "", channel: str = "") -> bool:
        """Note that a channel, or the operator, is warned of this percentage; False where they were this month, of it or a higher one."""
        changed = await self._do(
            f"INSERT INTO month_warning SELECT {_THIS_KEY}, {_THIS_MONTH}, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM "  # noqa: S608  # literals of ours
            f"month_warning WHERE key = {_THIS_KEY} AND month = {_THIS_MONTH} AND platform = ?2 AND channel = ?3 AND percent >= ?4)",
            self._name, platform, channel, percent,
        )  # fmt: skip
        return changed > 0
