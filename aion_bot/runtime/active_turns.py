"""The answers under way, by thread."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.aion_stream import Outcome
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.turn import TurnRunner
from aion_bot.ports.messages import ThreadKey


class ActiveTurns:
    """Runs answers, finds them and ends them. `first_pause` in seconds is the unit of all patience."""

    def __init__(self, tasks: BackgroundTasks, indicators: Indicators, first_pause: float) -> None:
        self._tasks = tasks
        self._indicators = indicators
        self._first_pause = first_pause
        self._answering: dict[ThreadKey, list[TurnRunner]] = {}

    async def hold(self, runner: TurnRunner, work: Coroutine[Any, Any, None]) -> None:
        """Run an answer, and return when it has ended or waits at a plan."""
        thread = runner.turn.thread
        running = self._answering.setdefault(thread, [])
        running.append(runner)

        def ended(_: asyncio.Task[None]) -> None:
            running.remove(runner)
            if not running and self._answering.get(thread) is running:
                del self._answering[thread]

        self._tasks.spawn(self._visibly(runner, work)).add_done_callback(ended)
        await runner.parked.wait()

    async def _visibly(self, runner: TurnRunner, work: Coroutine[Any, Any, None]) -> None:
        async with self._indicators.at_work(runner.thread, runner.turn, runner.begun, runner.seen):
            await work
        await runner.make_good()

    def find(self, *, thread: ThreadKey | None = None, turn: str | None = None) -> Sequence[TurnRunner]:
        """Return the answers of a thread, the one with this key, or all."""
        return [
            one
            for where, running in self._answering.items()
            for one in running
            if thread in {None, where} and turn in {None, one.turn.key} and not one.ended.is_set()
        ]

    def _bringing(self, plan_key: str) -> TurnRunner | None:
        """Find the answer that brought a plan, also just after its end."""
        found = (one for running in self._answering.values() for one in running if plan_key in one.plans)
        return next(found, None)

    def interrupt(self, outcome: Outcome, thread: ThreadKey | None = None) -> None:
        """End the answers of a thread, or all."""
        for runner in self.find(thread=thread):
            runner.interrupt(outcome)

    async def stream_end(self, plan_key: str, patience: float) -> bool:
        """Wait until the stream that brought a plan has ended; tell whether text came after the plan."""
        runner = self._bringing(plan_key)
        if runner is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(patience * self._first_pause):
                await runner.ended.wait()
        return runner.went_on
