"""A full disk: while `full` is set, every statement that writes fails as SQLite fails it."""

import sqlite3

from aion_bot.storage.statements import Statements


class Disk:
    """The disk of every bot of this process. While `full` is set, it takes no writes."""

    def __init__(self) -> None:
        self.full = False
        disk, execute = self, Statements._do  # noqa: SLF001  # the function through which all tables write

        async def write(statements: Statements, sql: str, *values: object) -> int:
            if disk.full:
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = (
                    sqlite3.SQLITE_FULL
                )  # the storage recognises a full disk by this code
                raise error
            return await execute(statements, sql, *values)

        setattr(Statements, "_do", write)  # noqa: B010  # mypy refuses an assignment to a method
