"""The answers under way, by thread."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from aion_bot.concurrency.background import Tasks
from aion_bot.conversation.aion_stream import Ending
from aion_bot.conversation.indicators import Signs
from aion_bot.conversation.turn import Answering
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import ThreadKey


class Running:
    """Runs answers, finds them and ends them. `first_pause` in seconds is the unit of all patience."""

    def __init__(self, tasks: Tasks, signs: Signs, first_pause: float) -> None:
        self._tasks = tasks
        self._signs = signs
        self._first_pause = first_pause
        self._answering: dict[ThreadKey, list[Answering]] = {}

    async def hold(
        self, adapter: PlatformAdapter, answering: Answering, work: Coroutine[Any, Any, None]
    ) -> None:
        """Run an answer, and return when it has ended or waits at a plan."""
        thread = answering.turn.thread
        running = self._answering.setdefault(thread, [])
        running.append(answering)

        def ended(_: asyncio.Task[None]) -> None:
            running.remove(answering)
            if not running and self._answering.get(thread) is running:
                del self._answering[thread]

        self._tasks.spawn(self._visibly(adapter, answering, work)).add_done_callback(ended)
        await answering.parked.wait()

    async def _visibly(
        self, adapter: PlatformAdapter, answering: Answering, work: Coroutine[Any, Any, None]
    ) -> None:
        async with self._signs.at_work(adapter, answering.turn, answering.begun, answering.seen):
            await work
        await answering.make_good()

    def find(self, *, thread: ThreadKey | None = None, turn: str | None = None) -> Sequence[Answering]:
        """Return the answers of a thread, the one with this key, or all."""
        return [
            one
            for where, running in self._answering.items()
            for one in running
            if thread in {None, where} and turn in {None, one.turn.key} and not one.ended.is_set()
        ]

    def _bringing(self, plan_key: str) -> Answering | None:
        """Find the answer that brought a plan, also just after its end."""
        found = (one for running in self._answering.values() for one in running if plan_key in one.plans)
        return next(found, None)

    def interrupt(self, ending: Ending, thread: ThreadKey | None = None) -> None:
        """End the answers of a thread, or all."""
        for answering in self.find(thread=thread):
            answering.interrupt(ending)

    async def stream_end(self, plan_key: str, patience: float) -> bool:
        """Wait until the stream that brought a plan has ended; tell whether text came after the plan."""
        answering = self._bringing(plan_key)
        if answering is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(patience * self._first_pause):
                await answering.ended.wait()
        return answering.went_on
