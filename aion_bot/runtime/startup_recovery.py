"""At the start: what an earlier process left open is taken up."""

import asyncio
import functools
from collections.abc import Mapping

from aion_bot.aion import ChatMessage
from aion_bot.concurrency.background import Tasks
from aion_bot.concurrency.keyed_queue import Lanes
from aion_bot.conversation.aion_stream import Bench
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.indicators import Signs
from aion_bot.conversation.late_answers import LateAnswers
from aion_bot.conversation.recovery import Recovery
from aion_bot.conversation.turn import Answering
from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.active_turns import Running


class TakingUp:
    """Takes up questions in the order in which they were asked, decisions, and signs that were left standing."""

    def __init__(
        self,
        *,
        bench: Bench,
        adapters: Mapping[str, PlatformAdapter],
        lanes: Lanes[ThreadKey],
        tasks: Tasks,
        signs: Signs,
        running: Running,
        approvals: Approvals,
    ) -> None:
        self._bench = bench
        self._adapters = adapters
        self._lanes = lanes
        self._tasks = tasks
        self._looking = Tasks()
        self._signs = signs
        self._running = running
        self._approvals = approvals
        self._recovery = Recovery(bench.store, bench.desk)
        self._late = LateAnswers(bench)

    async def begin(self) -> None:
        """Put everything that was left open to its lane, in order."""
        store = self._bench.store
        under_way: dict[str, asyncio.Event] = {}
        for turn in await store.unsettled_turns():
            if (adapter := self._adapters.get(turn.thread.platform)) is not None:
                taken_up = under_way[turn.key] = asyncio.Event()
                self._lanes.submit(turn.thread, functools.partial(self._take_up, adapter, turn, taken_up))
        for plan in await store.unsettled_plans():
            if (adapter := self._adapters.get(plan.thread.platform)) is not None:
                self._tasks.spawn(self._resume(adapter, plan.key, under_way.get(plan.turn)))
        for turn in await store.untidy_turns():
            if (adapter := self._adapters.get(turn.thread.platform)) is not None:
                self._signs.inherit(turn)
                self._tasks.spawn(self._signs.tidy(adapter, turn))
        for turn in await store.interrupted_turns():
            if (adapter := self._adapters.get(turn.thread.platform)) is not None:
                self._looking.spawn(self._look(adapter, turn))

    async def end(self) -> None:
        """Look for late answers no more; the next start does."""
        await self._looking.cancel()

    async def _take_up(self, adapter: PlatformAdapter, turn: Turn, taken_up: asyncio.Event) -> None:
        try:
            await self._finish(adapter, await self._recovery.turn(adapter, turn))
        finally:
            taken_up.set()

    async def _finish(self, adapter: PlatformAdapter, turn: Turn) -> None:
        self._signs.inherit(turn)
        await self._signs.begins(adapter, turn)
        answering = Answering(self._bench, adapter, turn, resumed=True)
        asked = turn.session_id or turn.state is not TurnState.OPEN
        await self._running.hold(adapter, answering, answering.restore() if asked else answering.run())
        if asked:
            await answering.ended.wait()

    async def _resume(self, adapter: PlatformAdapter, key: str, turn_first: asyncio.Event | None) -> None:
        """Settle a decision, after the question that led to it: that is where its card may have to be posted."""
        if turn_first is not None:
            await turn_first.wait()
        plan = await self._bench.store.plan(key)
        if plan is not None:
            await self._approvals.resume(adapter, plan, await self._recovery.decision(adapter, plan))

    async def _look(self, adapter: PlatformAdapter, turn: Turn) -> None:
        found = await self._late.find(turn)
        if found is not None:
            self._lanes.submit(turn.thread, functools.partial(self._complete, adapter, turn, found))

    async def _complete(self, adapter: PlatformAdapter, turn: Turn, found: ChatMessage) -> None:
        """Show a late answer in the place of its interruption, unless somebody has had it asked again."""
        if await self._late.claim(turn, found):
            turn = await self._recovery.turn(adapter, await self._bench.store.turn(turn.key) or turn)
            answering = Answering(self._bench, adapter, turn, resumed=True)
            await self._running.hold(adapter, answering, answering.complete(found))
