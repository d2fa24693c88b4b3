"""Everything that the bot remembers, in one file."""

from pathlib import Path
from typing import Self

from aion_bot.storage.database import Database, open_database
from aion_bot.storage.kv import KeyValues
from aion_bot.storage.plans import Plans
from aion_bot.storage.renaming import Renaming
from aion_bot.storage.retention import Retention
from aion_bot.storage.threads import Threads
from aion_bot.storage.turns import Turns


class Store:
    """The repositories of one database. Their methods raise `sqlite3.Error` where the file cannot be read or written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.turns = Turns(database)
        self.plans = Plans(database)
        self.threads = Threads(database)
        self.kv = KeyValues(database)
        self.retention = Retention(database)
        self.erased = database.erased
        """Set when words were erased that the database's log still holds."""
        self.renaming = Renaming(database)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database. Raises `StoreError` with a sentence for the operator."""
        return cls(await open_database(path))

    async def close(self) -> None:
        """Close the file and let another process have it; what was written is safe already."""
        await self._database.close()
