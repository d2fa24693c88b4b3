"""Which key of Aion's each session was made with, by the name of its variable; "" is AIONVISION_API_KEY."""

from aion_bot.storage.statements import Statements


class SessionKeys(Statements):
    """Each method is one transaction, durable when it returns."""

    async def name_of(self, session: str | None) -> str:
        """Return the variable whose key a session was made with."""
        row = await self._one("SELECT name FROM session_key WHERE session = ?", session)
        return "" if row is None else str(row["name"])

    async def note(self, session: str, name: str) -> None:
        """Record it, before any thread knows the session."""
        await self._do(
            "INSERT INTO session_key VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET name = excluded.name",
            session,
            name,
        )

    async def any(self) -> bool:
        """Return whether any session was made with another key than AIONVISION_API_KEY."""
        return await self._one("SELECT 1 FROM session_key LIMIT 1") is not None
