"""Stops a bot at a chosen step as `kill -9` does: the step never returns, and nothing is cleaned up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.storage.statements import Statements

CALLS = (
    "open_thread",
    "open_private",
    "post",
    "edit",
    "delete",
    "start_stream",
    "append_stream",
    "stop_stream",
    "reply_privately",
)


class Steps:
    """Counts the bot's database and platform operations, before and after each; the one with number `fatal` blocks.

    `turn_cleared` is set when a turn is cleared, `plan_shown` when a plan's decision is shown, `share_ended` when an answer is shared.
    """

    def __init__(self) -> None:
        self.fatal = 0
        self.passed: list[str] = []
        self.reached = asyncio.Event()
        self.turn_cleared = asyncio.Event()
        self.plan_shown = asyncio.Event()
        self.share_ended = asyncio.Event()

    def arm(self, fatal: int) -> None:
        """Count from zero and block at step number `fatal`."""
        self.fatal, self.passed = fatal, []
        for event in (self.reached, self.turn_cleared, self.plan_shown, self.share_ended):
            event.clear()

    def disarm(self) -> None:
        """Block at no step."""
        self.fatal = 0

    @property
    def last(self) -> str:
        """The name of the latest step."""
        return self.passed[-1] if self.passed else "nothing"

    async def step(self, name: str) -> None:
        """Count a step. The fatal one blocks for ever."""
        if not self.fatal:
            return
        self.passed.append(name)
        if len(self.passed) >= self.fatal:
            self.reached.set()
            await asyncio.Event().wait()

    def around(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Wrap an operation in two steps: before it starts, and after it is done but before its caller knows."""

        async def stepping(*arguments: Any, **more: Any) -> Any:
            await self.step(f"before {name}")
            done = await call(*arguments, **more)
            await self.step(f"after {name}")
            return done

        return stepping

    def watch_adapter(self, adapter: PlatformAdapter) -> None:
        """Count the platform operations of an adapter."""
        for name in CALLS:
            if hasattr(adapter, name):  # streams are an optional capability
                setattr(adapter, name, self.around(name, getattr(adapter, name)))

    def watch_store(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count the writes to the database."""
        written = Statements._do

        async def stepping(table: Statements, sql: str, *values: object) -> int:
            name = " ".join(sql.split()[:3])
            await self.step(f"before {name}")
            changed = await written(table, sql, *values)
            await self.step(f"after {name}")
            if "phase = 'cleared'" in sql and changed:
                self.turn_cleared.set()
            if sql.startswith("UPDATE plan SET shown = 1"):
                self.plan_shown.set()
            if sql.startswith("UPDATE share SET phase"):
                self.share_ended.set()
            return changed

        monkeypatch.setattr(Statements, "_do", stepping)
