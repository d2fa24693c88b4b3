"""Everything that arrives from the platforms: questions go to their thread's queue, presses to their actions."""

import asyncio
import contextlib
import functools
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import structlog

from aion_bot.concurrency.background import BackgroundTasks, cancel, until_set
from aion_bot.concurrency.keyed_queue import KeyedQueue
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.services import Services
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent, Refusal, decide
from aion_bot.domain.prompts import question, readable, unaskable
from aion_bot.domain.turn import EndReason, Outcome, Turn, TurnPhase
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt, StopRequest
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.actions import Actions
from aion_bot.runtime.active_turns import ActiveTurns
from aion_bot.runtime.admission import Admission
from aion_bot.runtime.reorder_buffer import ReorderBuffer, opens
from aion_bot.runtime.startup_recovery import StartupRecovery
from aion_bot.runtime.supervisor import supervise

_log = structlog.get_logger(__name__)

MOST_WAITING = 20
"""Questions that may wait in one thread."""

MOST_IN_PROCESS = 2000
"""Questions that may wait or be answered in the whole process."""

_REMEMBERED_REPLIES = 1000
"""Prompts that were answered privately and are remembered, so that their second delivery is not answered again."""

_MARKING = 2.5
"""Seconds after the grace in which interrupted answers are marked."""


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """`busy`: what happens to a question while its thread is busy. `shutdown_grace`: seconds that answers may take to
    end after a stop. `several_workspaces_expected`: an allow list says which workspaces may use the bot.
    """  # noqa: D205  # three fields, no summary

    busy: Literal["queue", "replace", "reject"] = "queue"
    shutdown_grace: float = 20.0
    several_workspaces_expected: bool = False


class Dispatcher:
    """Connects the platforms with the conversation."""

    def __init__(
        self, services: Services, adapters: Sequence[PlatformAdapter], options: DispatchOptions
    ) -> None:
        self._services = services
        self._options = options
        self._store = services.store
        self._adapters: Mapping[str, PlatformAdapter] = {adapter.platform: adapter for adapter in adapters}
        self._admission = Admission(services.store, services.access)
        self._queues: KeyedQueue[ThreadKey] = KeyedQueue()
        self._tasks = BackgroundTasks()
        self._replied_to: OrderedDict[str, None] = OrderedDict()
        self._reorder_buffer = ReorderBuffer()
        self._indicators = Indicators(services.store, self._tasks)
        self._active = ActiveTurns(self._tasks, self._indicators)
        self._approvals = Approvals(services, self._active.stream_end)
        self._actions = Actions(
            access=services.access,
            tasks=self._tasks,
            active=self._active,
            approvals=self._approvals,
            retries=Retries(services.store, services.access),
            enqueue=self._enqueue,
        )
        self._recovery = StartupRecovery(
            services,
            self._adapters,
            queues=self._queues,
            tasks=self._tasks,
            indicators=self._indicators,
            active=self._active,
            approvals=self._approvals,
            enqueue_moved=self._enqueue_moved,
        )

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start recovers it.
        """
        for platform in self._adapters:
            await self._admission.load(platform)
        await self._recovery.start()
        listening = {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
        try:
            stopped = await until_set(stop, listening)
            # No new events from here on: what is not acknowledged is delivered to the next process.
            await cancel(listening)
            await self._recovery.stop()
            await self._drain()
        finally:
            await self._recovery.stop()
            await self._queues.close()  # first: a queue whose turn ends would start the next one
            await cancel(listening)
            await self._tasks.cancel()
        return stopped

    async def accept(self, adapter: PlatformAdapter, event: InboundEvent) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        thread = self._services.registry.thread(adapter, event.thread)
        match event:
            # Presses and stops do not wait behind the thread's queue: they are about what runs in it.
            case Click():
                self._tasks.spawn(self._actions.click(thread, event))
            case StopRequest():
                self._tasks.spawn(self._actions.stop_thread(thread, event))
            case MessageChange():
                await self._change(thread, event)
            case Prompt():
                if event.addressed or await self._takes_part(event):
                    await self._ask(thread, event)

    async def _takes_part(self, prompt: Prompt) -> bool:
        """Return whether a thread is the bot's; of a young one that may turn out in a moment."""
        threads = self._store.threads
        if not prompt.young:
            return await threads.known(prompt.thread)
        with self._reorder_buffer.expecting(prompt.thread) as opened:
            # Looked up inside, so that an opening between the look and the wait is not missed.
            return await threads.known(prompt.thread) or await opens(opened)

    async def _ask(self, thread: Thread, prompt: Prompt) -> None:
        if prompt.key in self._replied_to:
            return
        refusal = self._refusal(prompt)
        if refusal is not None:
            if prompt.addressed:
                self._reply_once(thread, prompt, strings.refusal(refusal, prompt.place.lacks), hidden=True)
            return
        objection, hidden = unaskable(prompt), False
        # A second delivery of a question that was accepted must not be refused as one too many.
        if objection is None and not await self._store.turns.accepted(prompt.key):
            objection, hidden = self._too_busy(prompt.thread), True
        if objection is not None:
            self._reply_once(thread, prompt, objection, hidden=hidden)
            return
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, question(prompt), origin=prompt)
        # The platform delivers at least once: the prompt's key is unique, and the second delivery ends here.
        if not await self._store.turns.accept(turn, prompt):
            return
        if self._options.busy == "replace":
            self._replace(prompt)
        if self._queues.busy(prompt.thread):
            self._indicators.queued(thread, turn)
        self._enqueue(thread, turn)
        self._reorder_buffer.opened(prompt.thread)

    def objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt would get instead of an answer, or None if it would be taken.

        For a platform that has to acknowledge a question where everybody sees it before it can be accepted.
        """
        refusal = self._refusal(prompt)
        if refusal is not None:
            return strings.refusal(refusal, prompt.place.lacks)
        return unaskable(prompt) or self._too_busy(prompt.thread)

    def _refusal(self, prompt: Prompt) -> Refusal | None:
        intent = Intent.ASK if prompt.addressed else Intent.FOLLOW_UP
        return self._services.access.refusal(prompt.thread.platform, intent, prompt.place, prompt.person)

    def _replace(self, prompt: Prompt) -> None:
        """End the answers to the person's own questions in a thread; others' go on, and the question waits for them."""
        policy = self._services.access.policy(prompt.thread.platform)
        for runner in self._active.find(thread=prompt.thread):
            # Not logged: nobody asked for the end of somebody else's answer.
            if decide(policy, Intent.REPLACE, prompt.place, prompt.person, runner.turn.asker) is None:
                runner.interrupt(Outcome(EndReason.STOPPED, strings.REPLACED))

    def _too_busy(self, thread: ThreadKey) -> str | None:
        if self._options.busy == "reject" and self._queues.busy(thread):
            return strings.WAIT
        full = self._queues.waiting(thread) >= MOST_WAITING or self._queues.load >= MOST_IN_PROCESS
        return strings.FULL if full else None

    def _reply_once(self, thread: Thread, prompt: Prompt, sentence: str, *, hidden: bool = False) -> None:
        self._replied_to[prompt.key] = None
        if len(self._replied_to) > _REMEMBERED_REPLIES:
            self._replied_to.popitem(last=False)
        self._tasks.spawn(reply_privately(thread, prompt, (sentence,), hidden=hidden))

    async def _change(self, thread: Thread, change: MessageChange) -> None:
        """Edit or withdraw a question that still waits; one that Aion was asked stays as it was asked."""
        text = readable(change.text or "")
        if text:
            policy = self._services.access.policy(thread.platform)
            # Not logged: most edits are of messages that the bot was never asked by.
            if decide(policy, Intent.EDIT, change.place, change.person) is not None:
                return
            await self._store.turns.edit_queued(change.prompt, text)
        elif await self._store.turns.withdraw(change.prompt):
            _log.info("question withdrawn", platform=thread.platform)

    def _enqueue(self, thread: Thread, turn: Turn) -> None:
        self._queues.submit(turn.thread, functools.partial(self._run_turn, thread, turn.key))

    def _enqueue_moved(self, thread: Thread, runner: TurnRunner) -> None:
        """Put a turn whose thread could not be opened into the queue of the place where it is answered instead."""
        if runner.moved_to is not None:
            where = self._services.registry.thread(thread.adapter, runner.moved_to)
            self._enqueue(where, replace(runner.turn, thread=runner.moved_to))

    async def _run_turn(self, thread: Thread, key: str) -> None:
        """Answer a question whose turn it is, as its words are now; a withdrawn one is passed over."""
        # Read again: the words may have been edited, and the turn withdrawn, while it waited.
        turn = await self._store.turns.get(key)
        if turn is None:
            return
        await self._indicators.dequeued(thread, turn)
        if turn.phase is TurnPhase.QUEUED:
            runner = TurnRunner(self._services, thread, turn)
            await self._active.run(runner)
            self._enqueue_moved(thread, runner)
            return
        await self._store.turns.note_shown(turn.key, turn.attempt)
        self._tasks.spawn(self._indicators.clear(thread, turn))

    async def _listen(self, adapter: PlatformAdapter) -> None:
        await supervise(
            adapter,
            self._store,
            functools.partial(self.accept, adapter),
            several_workspaces_expected=self._options.several_workspaces_expected,
            objection=self.objection,
            admission=self._admission,
        )

    async def _drain(self) -> None:
        """Let answers end within the grace, then mark those that did not; nothing waits for a plan."""
        self._queues.drop_waiting()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.shutdown_grace):
                await self._queues.idle()
                while self._approvals.acting:
                    await asyncio.wait(self._approvals.acting)
        self._active.interrupt(Outcome(EndReason.INTERRUPTED, strings.INTERRUPTED))
        await self._tasks.wait(_MARKING)
