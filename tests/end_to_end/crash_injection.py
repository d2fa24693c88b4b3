"""Ending a bot at a chosen step, as kill -9 would: the step never goes on, and nothing is cleaned up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.storage.statements import Statements

CALLS = (
    "open_thread",
    "post",
    "edit",
    "delete",
    "start_stream",
    "append_stream",
    "stop_stream",
    "reply_privately",
)


class Steps:
    """Counts what the bot does to its database and its platform, before and after each; stops at number `fatal`.

    `tidied` is set when nothing is left to do for a question, `settled` when nothing is for a plan's decision.
    """

    def __init__(self) -> None:
        self.fatal = 0
        self.passed: list[str] = []
        self.reached = asyncio.Event()
        self.tidied = asyncio.Event()
        self.settled = asyncio.Event()

    def arm(self, fatal: int) -> None:
        """Count anew and stop at this step."""
        self.fatal, self.passed = fatal, []
        for event in (self.reached, self.tidied, self.settled):
            event.clear()

    def disarm(self) -> None:
        """Let everything go on."""
        self.fatal = 0

    @property
    def last(self) -> str:
        """The newest step."""
        return self.passed[-1] if self.passed else "nothing"

    async def step(self, name: str) -> None:
        """Count a step; at the fatal one nothing ever goes on."""
        if not self.fatal:
            return
        self.passed.append(name)
        if len(self.passed) >= self.fatal:
            self.reached.set()
            await asyncio.Event().wait()

    def around(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Make a call two steps: before it is done, and after it was done but before anybody knows."""

        async def stepping(*arguments: Any, **more: Any) -> Any:
            await self.step(f"before {name}")
            done = await call(*arguments, **more)
            await self.step(f"after {name}")
            return done

        return stepping

    def watch_adapter(self, adapter: PlatformAdapter) -> None:
        """Count what is done on the platform."""
        for name in CALLS:
            if hasattr(adapter, name):  # streams are an optional capability
                setattr(adapter, name, self.around(name, getattr(adapter, name)))

    def watch_store(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count what is written."""
        written = Statements._do

        async def stepping(table: Statements, sql: str, *values: object) -> int:
            name = " ".join(sql.split()[:3])
            await self.step(f"before {name}")
            changed = await written(table, sql, *values)
            await self.step(f"after {name}")
            if "phase = 'cleared'" in sql and changed:
                self.tidied.set()
            if sql.startswith("UPDATE plan SET shown = 1"):
                self.settled.set()
            return changed

        monkeypatch.setattr(Statements, "_do", stepping)
