"""A disk that is full for a moment: whatever the bot writes is refused, as SQLite would refuse it."""

import sqlite3

from aion_bot import app
from aion_bot.storage import Store


class Disk:
    """The disk of every bot that is started from now on. `full` says whether it takes nothing."""

    def __init__(self) -> None:
        self.full = False
        disk = self

        class Full(Store):
            async def _do(self, sql: str, *values: object) -> int:
                if disk.full:
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorcode = (
                        sqlite3.SQLITE_FULL
                    )  # as SQLite sets it: by it a full disk is known
                    raise error
                return await super()._do(sql, *values)

        setattr(app, "Store", Full)  # noqa: B010  where the bot opens its database
