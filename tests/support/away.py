"""A database server that is away for some statements: they fail as on a connection that was lost."""

import asyncio
from collections.abc import Iterable

import pytest

from aion_bot.storage.engines import Row
from aion_bot.storage.postgres.errors import PostgresError
from aion_bot.storage.statements import Statements


class Away:
    """Fails the statements that have one of the words `only` while they are set. `refused` is set at the first failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.only: tuple[str, ...] = ()
        self.refused = asyncio.Event()
        written, read = Statements._do, Statements._all

        async def writing(table: Statements, sql: str, *values: object) -> int:
            self._check(sql)
            return await written(table, sql, *values)

        async def reading(table: Statements, sql: str, *values: object) -> Iterable[Row]:
            self._check(sql)
            return await read(table, sql, *values)

        monkeypatch.setattr(Statements, "_do", writing)
        monkeypatch.setattr(Statements, "_all", reading)

    def _check(self, sql: str) -> None:
        if any(words in sql for words in self.only):
            self.refused.set()
            raise PostgresError("the server does not answer", transient=True)

    def goes(self, *only: str) -> None:
        """Let statements with these words fail from now on."""
        self.only = only
        self.refused.clear()

    async def comes_back(self) -> None:
        """Wait for the first failure, and let none fail any more."""
        async with asyncio.timeout(60):
            await self.refused.wait()
        self.only = ()
