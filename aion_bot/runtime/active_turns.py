"""The turns that run in this process, by thread."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.indicators import Indicators, Progress
from aion_bot.conversation.turn import TurnRunner
from aion_bot.domain.observer import Observer
from aion_bot.domain.turn import Outcome
from aion_bot.ports.messages import ThreadKey


class ActiveTurns:
    """Runs turns, finds them and ends them; `observer` learns how each ended."""

    def __init__(self, tasks: BackgroundTasks, indicators: Indicators, observer: Observer) -> None:
        self._tasks = tasks
        self._observer = observer
        self._indicators = indicators
        self._runners: dict[ThreadKey, list[TurnRunner]] = {}

    async def run(self, runner: TurnRunner) -> None:
        """Run a turn, and return when it has ended or is parked at a plan."""
        thread = runner.turn.thread
        running = self._runners.setdefault(thread, [])
        running.append(runner)

        def ended(_: asyncio.Task[None]) -> None:
            running.remove(runner)
            # A later turn of the thread may have begun another list.
            if not running and self._runners.get(thread) is running:
                del self._runners[thread]

        # In the background: a turn that is parked at a plan goes on after this has returned.
        self._tasks.spawn(self._run(runner)).add_done_callback(ended)
        await runner.parked.wait()

    async def _run(self, runner: TurnRunner) -> None:
        progress = Progress(
            runner.started, runner.opened, runner.ended, runner.silence.lasts, runner.sync.must_post
        )

        def seen() -> None:
            self._observer.showed(runner.turn)
            runner.sync.may_wait()

        async with self._indicators.working(runner.thread, runner.turn, progress, seen):
            await runner.run()
        if await runner.record_rest():
            # The indicators were cleared before the row could say that the end is shown.
            await self._indicators.clear(runner.thread, runner.turn)
        if runner.reason is not None:
            self._observer.ended(runner.turn, runner.reason, timed=not runner.plans)

    def running(self, platform: str) -> int:
        """Count the turns of a platform that are answered now; one that waits at a plan is not."""
        return sum(
            not runner.parked.is_set()
            for where, running in self._runners.items()
            for runner in running
            if where.platform == platform
        )

    def find(self, *, thread: ThreadKey | None = None, turn: str | None = None) -> Sequence[TurnRunner]:
        """Return the turns of a thread, the one with this key, or all."""
        return [
            runner
            for where, running in self._runners.items()
            for runner in running
            if thread in {None, where} and turn in {None, runner.turn.key} and not runner.ended.is_set()
        ]

    def interrupt(self, outcome: Outcome, thread: ThreadKey | None = None) -> None:
        """End the turns of a thread, or all."""
        for runner in self.find(thread=thread):
            runner.interrupt(outcome)

    async def stream_end(self, plan_key: str, seconds: float) -> bool:
        """Wait until the stream that brought a plan has ended; returns whether text came after the plan."""
        # Also just after the end of the answer: the runner stays in the list until everything is recorded.
        runners = (one for running in self._runners.values() for one in running if plan_key in one.plans)
        runner = next(runners, None)
        if runner is None:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await runner.ended.wait()
        return runner.went_on
