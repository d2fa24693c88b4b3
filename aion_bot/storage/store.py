"""All that the bot remembers, in one file."""

from pathlib import Path
from typing import Self

from aion_bot.ports.messages import ThreadKey
from aion_bot.storage.database import open_database
from aion_bot.storage.plans import Plans
from aion_bot.storage.turns import Journal


class Store(Journal, Plans):
    """The map, the journal and the plans. Each method is one transaction, durable when it returns.

    Every method raises `sqlite3.Error` where the file cannot be read or written.
    """

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database. Raises `StoreError` with a sentence for the engineer."""
        return cls(await open_database(path))

    async def close(self) -> None:
        """Close the file and let another process have it; what was written is safe already."""
        await self._database.close()

    # The map.

    async def knows(self, thread: ThreadKey) -> bool:
        """Tell whether the bot takes part in this thread."""
        return (
            await self._one("SELECT 1 FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id)
            is not None
        )

    async def session(self, thread: ThreadKey) -> str:
        """Return the Aion session of a thread, or "" where it has none yet."""
        row = await self._one(
            "SELECT session_id FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return "" if row is None else str(row["session_id"])

    async def bind(self, thread: ThreadKey, session_id: str) -> None:
        """Map the thread to a session from now on."""
        await self._do(
            "INSERT INTO thread (platform, id, session_id) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET session_id = excluded.session_id",
            thread.platform, thread.id, session_id,
        )  # fmt: skip

    # Notes of the adapters.

    async def note(self, platform: str, name: str) -> str | None:
        """Read a note."""
        row = await self._one("SELECT value FROM note WHERE platform = ? AND name = ?", platform, name)
        return None if row is None else str(row["value"])

    async def set_note(self, platform: str, name: str, value: str) -> None:
        """Write a note over an earlier one."""
        await self._do(
            "INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            platform,
            name,
            value,
        )
