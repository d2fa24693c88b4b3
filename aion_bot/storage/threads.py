"""The map from a thread to its Aion session."""

from aion_bot.ports.messages import ThreadKey
from aion_bot.storage.statements import Statements


class Threads(Statements):
    """Threads that the bot takes part in. One is known from its first question on."""

    async def known(self, thread: ThreadKey) -> bool:
        """Return whether the bot takes part in this thread."""
        row = await self._one(
            "SELECT 1 FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return row is not None

    async def session(self, thread: ThreadKey) -> str | None:
        """Return the Aion session of a thread, or None where it has none yet."""
        row = await self._one(
            "SELECT session_id FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return None if row is None else row["session_id"]

    async def bind(self, thread: ThreadKey, session_id: str) -> None:
        """Map the thread to a session from now on."""
        await self._do(
            "INSERT INTO thread (platform, id, session_id) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET session_id = excluded.session_id",
            thread.platform, thread.id, session_id,
        )  # fmt: skip
