"""At the start: what an earlier process left open is taken up."""

import asyncio
import functools
from collections.abc import Mapping

from aion_bot.aion import ChatMessage
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.keyed_queue import KeyedQueue
from aion_bot.conversation.aion_stream import Services
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.late_answers import LateAnswers
from aion_bot.conversation.recovery import Recovery
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.active_turns import ActiveTurns


class StartupRecovery:
    """Takes up questions in the order in which they were asked, decisions, and signs that were left standing."""

    def __init__(
        self,
        *,
        services: Services,
        adapters: Mapping[str, PlatformAdapter],
        queues: KeyedQueue[ThreadKey],
        tasks: BackgroundTasks,
        indicators: Indicators,
        running: ActiveTurns,
        approvals: Approvals,
    ) -> None:
        self._services = services
        self._adapters = adapters
        self._queues = queues
        self._tasks = tasks
        self._looking = BackgroundTasks()
        self._indicators = indicators
        self._running = running
        self._approvals = approvals
        self._recovery = Recovery(services.store)
        self._late = LateAnswers(services)

    async def begin(self) -> None:
        """Put everything that was left open to its lane, in order."""
        store = self._services.store
        under_way: dict[str, asyncio.Event] = {}
        for turn in await store.unsettled_turns():
            if (thread := self._thread(turn.thread)) is not None:
                taken_up = under_way[turn.key] = asyncio.Event()
                self._queues.submit(turn.thread, functools.partial(self._take_up, thread, turn, taken_up))
        for plan in await store.unsettled_plans():
            if (thread := self._thread(plan.thread)) is not None:
                self._tasks.spawn(self._resume(thread, plan.key, under_way.get(plan.turn)))
        for turn in await store.untidy_turns():
            if (thread := self._thread(turn.thread)) is not None:
                self._indicators.inherit(turn)
                self._tasks.spawn(self._indicators.tidy(thread, turn))
        for turn in await store.interrupted_turns():
            if (thread := self._thread(turn.thread)) is not None:
                self._looking.spawn(self._look(thread, turn))

    def _thread(self, key: ThreadKey) -> Thread | None:
        adapter = self._adapters.get(key.platform)
        return None if adapter is None else self._services.registry.thread(adapter, key)

    async def end(self) -> None:
        """Look for late answers no more; the next start does."""
        await self._looking.cancel()

    async def _take_up(self, thread: Thread, turn: Turn, taken_up: asyncio.Event) -> None:
        try:
            await self._finish(thread, await self._recovery.turn(thread, turn))
        finally:
            taken_up.set()

    async def _finish(self, thread: Thread, turn: Turn) -> None:
        self._indicators.inherit(turn)
        await self._indicators.begins(thread, turn)
        runner = TurnRunner(self._services, thread, turn, resumed=True)
        asked = turn.session_id or turn.state is not TurnState.OPEN
        await self._running.hold(runner, runner.restore() if asked else runner.run())
        if asked:
            await runner.ended.wait()

    async def _resume(self, thread: Thread, key: str, turn_first: asyncio.Event | None) -> None:
        """Settle a decision, after the question that led to it: that is where its card may have to be posted."""
        if turn_first is not None:
            await turn_first.wait()
        plan = await self._services.store.plan(key)
        if plan is not None:
            await self._approvals.resume(thread, plan, await self._recovery.decision(thread, plan))

    async def _look(self, thread: Thread, turn: Turn) -> None:
        found = await self._late.find(turn)
        if found is not None:
            self._queues.submit(turn.thread, functools.partial(self._complete, thread, turn, found))

    async def _complete(self, thread: Thread, turn: Turn, found: ChatMessage) -> None:
        """Show a late answer in the place of its interruption, unless somebody has had it asked again."""
        if await self._late.claim(turn, found):
            turn = await self._recovery.turn(thread, await self._services.store.turn(turn.key) or turn)
            runner = TurnRunner(self._services, thread, turn, resumed=True)
            await self._running.hold(runner, runner.complete(found))
