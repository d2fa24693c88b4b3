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
        # Before its task starts: a Stop that comes at this instant finds it.
        self._runners.setdefault(runner.turn.thread, []).append(runner)
        # In the background: a turn that is parked at a plan goes on after this has returned.
        self._tasks.spawn(self._run(runner))
        await runner.parked.wait()

    async def _run(self, runner: TurnRunner) -> None:
        thread, turn, sync = runner.thread, runner.turn, runner.sync
        progress = Progress(runner.started, runner.opened, runner.ended, runner.silence.lasts, sync.must_post)
        try:
            async with self._indicators.working(thread, turn, progress, sync.may_wait):
                await runner.run()
            if await runner.record_rest():
                # The indicators were cleared before the row could say that the end is shown.
                await self._indicators.clear(thread, turn)
            if runner.reason is not None:
                self._observer.ended(turn, runner.reason, timed=not runner.plans)
        finally:
            self._runners[turn.thread].remove(runner)
            if not self._runners[turn.thread]:
                del self._runners[turn.thread]

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
