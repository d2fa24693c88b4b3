"""The bot: what comes in goes to its lane; platforms are supervised; on the way out, work is drained in order."""

import asyncio
import contextlib
import functools
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import structlog

from aion_bot import permissions, wording
from aion_bot.aion import AionVision
from aion_bot.asking import Bench, Ending
from aion_bot.config import Settings
from aion_bot.flows.approval import Approvals
from aion_bot.flows.recovery import Recovery
from aion_bot.flows.retry import Retries
from aion_bot.flows.turn import Answering
from aion_bot.lanes import Lanes
from aion_bot.permissions import may_stop
from aion_bot.platforms import supervise
from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.errors import PlatformError
from aion_bot.port.messages import Action, Amendment, Click, Inbound, Line, Prompt, StopRequest, ThreadKey
from aion_bot.questions import question, readable, unaskable
from aion_bot.records import Turn, TurnState
from aion_bot.relay.desk import Desk
from aion_bot.sessions import Sessions
from aion_bot.store import Store
from aion_bot.tasks import cancel, until_set
from aion_bot.waiting import WaitingSigns

_log = structlog.get_logger(__name__)

WAITING = 20
"""Questions that may wait in one thread."""

LOAD = 2000
"""Questions that may wait or be answered in the whole process."""

_TOLD = 1000
"""How many refused or empty messages are remembered, so that their second delivery is not answered again."""

_SIGN = 1.0
"""Seconds for which an answer that had to wait waits once more, for its sign to be taken away."""

_MARKING = 2.5
"""Seconds after the grace in which interrupted answers are marked."""


class App:
    """Everything between the platforms and Aion."""

    def __init__(
        self, settings: Settings, store: Store, aion: AionVision, adapters: Sequence[PlatformAdapter]
    ) -> None:
        self._settings = settings
        self._store = store
        self._adapters: Mapping[str, PlatformAdapter] = {adapter.platform: adapter for adapter in adapters}
        self._lanes: Lanes[ThreadKey] = Lanes()
        self._answering: dict[ThreadKey, list[Answering]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[str, None] = OrderedDict()
        sessions = Sessions(aion, settings.retry_delay)
        desk = Desk()
        self._bench = Bench(store, aion, sessions, desk, settings.approvers)
        self._approvals = Approvals(store, aion, sessions, desk, settings.approvers, self._stream_end)
        self._retries = Retries(store, settings.approvers)
        self._recovery = Recovery(store)
        self._signs = WaitingSigns()

    # What comes in.

    async def accept(self, adapter: PlatformAdapter, inbound: Inbound) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        match inbound:
            case Click():
                self._spawn(self._take_click(adapter, inbound))
            case StopRequest():
                self._spawn(self._stop_thread(adapter, inbound))
            case Amendment():
                await self._amend(adapter, inbound)
            case Prompt():
                if inbound.addressed or await self._store.knows(inbound.thread):
                    await self._prompt(adapter, inbound)

    async def _prompt(self, adapter: PlatformAdapter, prompt: Prompt) -> None:
        objection = self._objection(prompt)
        if objection is None and not await self._store.accepted(prompt.key):
            objection = self._crowded(prompt.thread)
        if objection is not None:
            self._tell_once(adapter, prompt, objection)
            return
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, question(prompt), origin=prompt)
        if not await self._store.accept(turn, prompt):
            return
        if self._settings.busy == "replace":
            self._interrupt(Ending(wording.REPLACED), prompt.thread)
        waits = self._lanes.busy(prompt.thread)
        self._lanes.submit(prompt.thread, lambda: self._take_turn(adapter, turn.key, waited=waits))
        if waits:
            self._spawn(self._signs.show(adapter, turn))

    def _objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt gets instead of an answer; "" where it is passed over in silence."""
        if prompt.key in self._told:
            return ""
        refusal = permissions.refusal(self._settings, prompt.place, prompt.person)
        if refusal is not None:
            return refusal if prompt.addressed else ""
        return unaskable(prompt)

    def _crowded(self, thread: ThreadKey) -> str | None:
        if self._settings.busy == "reject" and self._lanes.busy(thread):
            return wording.WAIT
        full = self._lanes.waiting(thread) >= WAITING or self._lanes.load >= LOAD
        return wording.FULL if full else None

    def _tell_once(self, adapter: PlatformAdapter, prompt: Prompt, sentence: str) -> None:
        if not sentence:
            return
        self._told[prompt.key] = None
        if len(self._told) > _TOLD:
            self._told.popitem(last=False)
        self._spawn(self._whisper(adapter, prompt, (sentence,)))

    async def _whisper(self, adapter: PlatformAdapter, inbound: Inbound, line: Line) -> None:
        try:
            await adapter.whisper(inbound, line)
        except PlatformError as error:
            _log.warning("nobody could be told", platform=adapter.platform, reason=repr(error))

    async def _amend(self, adapter: PlatformAdapter, amendment: Amendment) -> None:
        """Change or withdraw a question that still waits; one that has begun stays as it was asked."""
        text = readable(amendment.text or "")
        if text:
            await self._store.amend(amendment.prompt, text)
        elif await self._store.withdraw(amendment.prompt):
            _log.info("question withdrawn", platform=adapter.platform)

    # Turns.

    async def _take_turn(self, adapter: PlatformAdapter, key: str, *, waited: bool) -> None:
        """Answer a question when its lane has come to it, as its words are now; a withdrawn one is passed over."""
        turn = await self._store.turn(key)
        if turn is None:
            return
        if waited:  # while the question is open: whatever happens, the next process would remove the sign
            await asyncio.wait({self._spawn(self._signs.remove(adapter, turn))}, timeout=_SIGN)
        if turn.state is not TurnState.OPEN:
            return
        answering = Answering(self._bench, adapter, turn)
        await self._hold(adapter, answering, answering.run())

    async def _hold(
        self, adapter: PlatformAdapter, answering: Answering, work: Coroutine[Any, Any, None]
    ) -> None:
        """Run an answer, and hold the thread's lane until it has ended or waits at a plan."""
        running = self._answering.setdefault(answering.turn.thread, [])
        running.append(answering)

        def ended(_: asyncio.Task[None]) -> None:
            running.remove(answering)
            if not running and self._answering.get(answering.turn.thread) is running:
                del self._answering[answering.turn.thread]

        self._spawn(self._visibly(adapter, answering, work)).add_done_callback(ended)
        await answering.parked.wait()

    async def _visibly(
        self, adapter: PlatformAdapter, answering: Answering, work: Coroutine[Any, Any, None]
    ) -> None:
        """Run an answer while the platform shows that the bot is at work."""
        thread, asker = answering.turn.thread, answering.turn.asker
        showing = asyncio.create_task(adapter.show_activity(thread, asker, active=True))
        try:
            await work
            await showing
            await adapter.show_activity(thread, asker, active=False)
        finally:
            showing.cancel()

    # Clicks.

    async def _take_click(self, adapter: PlatformAdapter, click: Click) -> None:
        try:
            await self._click(adapter, click)
        except sqlite3.Error as error:
            _log.error("click could not be recorded", platform=adapter.platform, reason=str(error))
            await self._whisper(adapter, click, (wording.NO_RECORD,))

    async def _click(self, adapter: PlatformAdapter, click: Click) -> None:
        refusal = permissions.refusal(self._settings, click.place, click.person)
        if refusal is not None:
            await self._whisper(adapter, click, (refusal,))
        elif click.action is Action.RETRY:
            line, turn = await self._retries.claim(click)
            if turn is not None:
                key = turn.key
                self._lanes.submit(turn.thread, lambda: self._take_turn(adapter, key, waited=False))
            await self._whisper(adapter, click, line)
        elif click.action is Action.STOP:
            found = [one for one in self._running() if one.turn.key == click.key]
            await self._stop(adapter, click, found)
        else:
            await self._approvals.click(adapter, click)

    async def _stop_thread(self, adapter: PlatformAdapter, request: StopRequest) -> None:
        await self._stop(adapter, request, list(self._answering.get(request.thread, ())))

    async def _stop(
        self, adapter: PlatformAdapter, inbound: Click | StopRequest, found: list[Answering]
    ) -> None:
        """Stop answers at once, and cancel the plans they brought."""
        person, approvers = inbound.person, self._settings.approvers
        if not found:
            await self._whisper(adapter, inbound, (wording.STOP_GONE,))
            return
        allowed = [one for one in found if may_stop(approvers, person, one.turn.asker)]
        for answering in allowed:
            answering.interrupt(Ending(byline=wording.stopped_by(person)))
        await self._whisper(adapter, inbound, (wording.STOPPING if allowed else wording.STOP_NOT_YOURS,))
        for answering in allowed:
            await answering.ended.wait()
            for key in answering.plans:
                await self._approvals.stop(adapter, key, person)

    def _running(self) -> list[Answering]:
        return [one for running in self._answering.values() for one in running]

    async def _stream_end(self, plan_key: str, patience: float) -> bool:
        """Wait until the stream that brought a plan has ended; tell whether text came after the plan."""
        for answering in self._running():
            if plan_key in answering.plans:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(patience * self._settings.retry_delay):
                        await answering.ended.wait()
                return answering.went_on
        return False

    # From start to end.

    async def recover(self) -> None:
        """Take up what an earlier process left open: questions in the order they were asked, and decisions."""
        under_way: dict[str, asyncio.Event] = {}
        for turn in await self._store.unsettled_turns():
            if (adapter := self._adapters.get(turn.thread.platform)) is not None:
                taken_up = under_way[turn.key] = asyncio.Event()
                self._lanes.submit(turn.thread, functools.partial(self._take_up, adapter, turn, taken_up))
        for plan in await self._store.unsettled_plans():
            if (adapter := self._adapters.get(plan.thread.platform)) is not None:
                self._spawn(self._resume(adapter, plan.key, under_way.get(plan.turn)))

    async def _take_up(self, adapter: PlatformAdapter, turn: Turn, taken_up: asyncio.Event) -> None:
        try:
            await self._finish(adapter, await self._recovery.turn(adapter, turn))
        finally:
            taken_up.set()

    async def _finish(self, adapter: PlatformAdapter, turn: Turn) -> None:
        self._spawn(self._signs.remove(adapter, turn))
        answering = Answering(self._bench, adapter, turn, resumed=True)
        asked = turn.session_id or turn.state is TurnState.FAILED
        await self._hold(adapter, answering, answering.restore() if asked else answering.run())
        if asked:
            await answering.ended.wait()

    async def _resume(self, adapter: PlatformAdapter, key: str, turn_first: asyncio.Event | None) -> None:
        """Settle a decision, after the question that led to it: that is where its card may have to be posted."""
        if turn_first is not None:
            await turn_first.wait()
        plan = await self._store.plan(key)
        if plan is not None:
            await self._approvals.resume(adapter, plan, await self._recovery.decision(adapter, plan))

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start takes it up.
        """
        await self.recover()
        listening = {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
        try:
            stopped = await until_set(stop, listening)
            await cancel(listening)
            await self._drain()
        finally:
            await self._lanes.close()  # first: a lane whose answer ends would begin with the next
            await cancel(listening)
            while self._tasks:
                await cancel(set(self._tasks))
        return stopped

    async def _listen(self, adapter: PlatformAdapter) -> None:
        accept = functools.partial(self.accept, adapter)
        await supervise(adapter, self._store, accept, many_welcome=bool(self._settings.allow_workspaces))

    async def _drain(self) -> None:
        """Let answers end within the grace, then mark those that did not; nothing waits for a plan."""
        self._lanes.drop_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.shutdown_grace):
                await self._lanes.idle()
                while self._approvals.acting:
                    await asyncio.wait(self._approvals.acting)
        self._interrupt(Ending(wording.INTERRUPTED, retry=True))
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_MARKING)

    def _interrupt(self, ending: Ending, thread: ThreadKey | None = None) -> None:
        threads = list(self._answering) if thread is None else [thread]
        for one in threads:
            for answering in self._answering.get(one, ()):
                answering.interrupt(ending)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("task failed", exc_info=error)
