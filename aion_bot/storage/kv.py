"""Small facts that an adapter keeps beyond the process."""

from aion_bot.storage.statements import Statements


class KeyValues(Statements):
    """Values by platform and name."""

    async def get(self, platform: str, name: str) -> str | None:
        """Read a value."""
        row = await self._one("SELECT value FROM kv WHERE platform = ? AND name = ?", platform, name)
        return None if row is None else str(row["value"])

    async def set(self, platform: str, name: str, value: str) -> None:
        """Write a value over an earlier one."""
        await self._do(
            "INSERT INTO kv VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            platform, name, value,
        )  # fmt: skip
