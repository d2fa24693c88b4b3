"""The bot: what comes in goes to its lane; on the way out, work is drained in order."""

import asyncio
import contextlib
import functools
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import structlog

from aion_bot.aion import AionVision
from aion_bot.concurrency.background import BackgroundTasks, cancel, until_set
from aion_bot.concurrency.keyed_queue import KeyedQueue
from aion_bot.config import Settings
from aion_bot.conversation.aion_stream import Outcome, Services
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.session_history import SessionHistory
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain import access, strings
from aion_bot.domain.prompts import question, readable, unaskable
from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt, StopRequest
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.actions import Actions
from aion_bot.runtime.active_turns import ActiveTurns
from aion_bot.runtime.reorder_buffer import ReorderBuffer, comes
from aion_bot.runtime.startup_recovery import StartupRecovery
from aion_bot.runtime.supervisor import supervise
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

WAITING = 20
"""Questions that may wait in one thread."""

LOAD = 2000
"""Questions that may wait or be answered in the whole process."""

_TOLD = 1000
"""How many refused or empty messages are remembered, so that their second delivery is not answered again."""

_MARKING = 2.5
"""Seconds after the grace in which interrupted answers are marked."""


class Dispatcher:
    """Everything between the platforms and Aion."""

    def __init__(
        self, settings: Settings, store: Store, aion: AionVision, adapters: Sequence[PlatformAdapter]
    ) -> None:
        self._settings = settings
        self._store = store
        self._adapters: Mapping[str, PlatformAdapter] = {adapter.platform: adapter for adapter in adapters}
        self._queues: KeyedQueue[ThreadKey] = KeyedQueue()
        self._tasks = BackgroundTasks()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._openings = ReorderBuffer()
        sessions, registry, approvers = (
            SessionHistory(aion, settings.retry_delay),
            Registry(),
            settings.approvers,
        )
        self._registry = registry
        self._indicators = Indicators(store, self._tasks)
        self._running = ActiveTurns(self._tasks, self._indicators, settings.retry_delay)
        self._services = Services(store, aion, sessions, registry, approvers)
        self._approvals = Approvals(store, aion, sessions, registry, approvers, self._running.stream_end)
        self._clicks = Actions(
            settings=settings,
            tasks=self._tasks,
            running=self._running,
            approvals=self._approvals,
            retries=Retries(store, approvers),
            ask_again=self._submit,
        )
        self._taking_up = StartupRecovery(
            services=self._services,
            adapters=self._adapters,
            queues=self._queues,
            tasks=self._tasks,
            indicators=self._indicators,
            running=self._running,
            approvals=self._approvals,
        )

    # What comes in.

    async def accept(self, adapter: PlatformAdapter, event: InboundEvent) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        thread = self._registry.thread(adapter, event.thread)
        match event:
            case Click():
                self._tasks.spawn(self._clicks.take(thread, event))
            case StopRequest():
                self._tasks.spawn(self._clicks.stop_thread(thread, event))
            case MessageChange():
                await self._amend(thread, event)
            case Prompt():
                if event.addressed or await self._takes_part(event):
                    await self._prompt(thread, event)

    async def _takes_part(self, prompt: Prompt) -> bool:
        """Tell whether a thread is the bot's; of a young one that may turn out in a moment."""
        if not prompt.young:
            return await self._store.knows(prompt.thread)
        with self._openings.expecting(prompt.thread) as opened:
            return await self._store.knows(prompt.thread) or await comes(opened)

    async def _prompt(self, thread: Thread, prompt: Prompt) -> None:
        objection = self._objection(prompt)
        if objection is None and not await self._store.accepted(prompt.key):
            objection = self._crowded(prompt.thread)
        if objection is not None:
            self._tell_once(thread, prompt, objection)
            return
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, question(prompt), origin=prompt)
        if not await self._store.accept(turn, prompt):
            return
        if self._settings.busy == "replace":
            self._running.interrupt(Outcome(strings.REPLACED), prompt.thread)
        if self._queues.busy(prompt.thread):
            self._indicators.waits(thread, turn)
        self._submit(thread, turn)
        self._openings.opened(prompt.thread)

    def _objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt gets instead of an answer; "" where it is passed over in silence."""
        if prompt.key in self._told:
            return ""
        refusal = access.refusal(self._settings, prompt.place, prompt.person)
        if refusal is not None:
            return refusal if prompt.addressed else ""
        return unaskable(prompt)

    def _crowded(self, thread: ThreadKey) -> str | None:
        if self._settings.busy == "reject" and self._queues.busy(thread):
            return strings.WAIT
        full = self._queues.waiting(thread) >= WAITING or self._queues.load >= LOAD
        return strings.FULL if full else None

    def _tell_once(self, thread: Thread, prompt: Prompt, sentence: str) -> None:
        if not sentence:
            return
        self._told[prompt.key] = None
        if len(self._told) > _TOLD:
            self._told.popitem(last=False)
        self._tasks.spawn(reply_privately(thread, prompt, (sentence,)))

    async def _amend(self, thread: Thread, amendment: MessageChange) -> None:
        """Change or withdraw a question that still waits; one that has begun stays as it was asked."""
        text = readable(amendment.text or "")
        if text:
            await self._store.amend(amendment.prompt, text)
        elif await self._store.withdraw(amendment.prompt):
            _log.info("question withdrawn", platform=thread.platform)

    # Turns.

    def _submit(self, thread: Thread, turn: Turn) -> None:
        self._queues.submit(turn.thread, functools.partial(self._take_turn, thread, turn.key))

    async def _take_turn(self, thread: Thread, key: str) -> None:
        """Answer a question when its lane has come to it, as its words are now; a withdrawn one is passed over."""
        turn = await self._store.turn(key)
        if turn is None:
            return
        await self._indicators.begins(thread, turn)
        if turn.state is not TurnState.OPEN:
            await self._store.settle_turn(turn.key, turn.attempt)
            self._tasks.spawn(self._indicators.tidy(thread, turn))
            return
        runner = TurnRunner(self._services, thread, turn)
        await self._running.hold(runner, runner.run())

    # From start to end.

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start takes it up.
        """
        await self._taking_up.begin()
        listening = {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
        try:
            stopped = await until_set(stop, listening)
            await cancel(listening)
            await self._taking_up.end()
            await self._drain()
        finally:
            await self._taking_up.end()
            await self._queues.close()  # first: a lane whose answer ends would begin with the next
            await cancel(listening)
            await self._tasks.cancel()
        return stopped

    async def _listen(self, adapter: PlatformAdapter) -> None:
        accept = functools.partial(self.accept, adapter)
        await supervise(adapter, self._store, accept, many_welcome=bool(self._settings.allow_workspaces))

    async def _drain(self) -> None:
        """Let answers end within the grace, then mark those that did not; nothing waits for a plan."""
        self._queues.drop_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.shutdown_grace):
                await self._queues.idle()
                while self._approvals.acting:
                    await asyncio.wait(self._approvals.acting)
        self._running.interrupt(Outcome(strings.INTERRUPTED, retry=True, may_come=True))
        await self._tasks.wait(_MARKING)
