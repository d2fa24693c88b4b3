"""Everything that arrives from the platforms: questions go to their thread's queue, presses to their actions."""

import asyncio
import contextlib
import functools
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aion_bot.concurrency.background import BackgroundTasks, cancel, until_set
from aion_bot.concurrency.keyed_queue import KeyedQueue
from aion_bot.conversation.aion_keys import services_at
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.failed_answer import show_waiting
from aion_bot.conversation.first_contact import tell, with_files_of_thread
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.private_questions import as_asked
from aion_bot.conversation.private_reply import refused, remove_echo, reply_privately, tells
from aion_bot.conversation.retry import Retries
from aion_bot.conversation.services import Services
from aion_bot.conversation.turn import TurnRunner
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent, Refusal
from aion_bot.domain.prompts import bounded, question
from aion_bot.domain.rule_keys import AION_KEY
from aion_bot.domain.turn import EndReason, Outcome, Turn, TurnPhase
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.events import InboundEvent, MessageChange, Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.runtime.actions import Actions
from aion_bot.runtime.active_turns import ActiveTurns, TurnSlots
from aion_bot.runtime.message_changes import MessageChanges
from aion_bot.runtime.options import DispatchOptions
from aion_bot.runtime.promised_places import Allowances, PromisedPlaces
from aion_bot.runtime.replies import MentionHints, ReorderBuffer, RepliedTo, opens
from aion_bot.runtime.retention_sweep import RetentionSweep
from aion_bot.runtime.startup_recovery import StartupRecovery
from aion_bot.runtime.supervisor import PlatformHost, load_admitted, supervise
from aion_bot.runtime.waiting import WaitingQuestions
from aion_bot.storage import retry_write

MOST_WAITING = 20
"""Questions that may wait in one thread."""

_MARKING = 2.5
"""Seconds after the grace in which interrupted answers are marked."""


class Dispatcher:
    """Connects the platforms with the conversation."""

    def __init__(
        self, services: Services, adapters: Sequence[PlatformAdapter], options: DispatchOptions
    ) -> None:
        self._services, self._options, self._store = services, options, services.store
        self._adapters: Mapping[str, PlatformAdapter] = {adapter.platform: adapter for adapter in adapters}
        self._promised = PromisedPlaces()
        self._allowances = Allowances(
            services.store, services.access, self._promised, lambda place: self._services_at(place).month
        )
        self._queues: KeyedQueue[ThreadKey] = KeyedQueue()
        self._tasks = BackgroundTasks()
        self._replied_to, self._reorder_buffer = RepliedTo(), ReorderBuffer()
        self._mention_hints = MentionHints(services.store)
        seen = None if services.observer is None else services.observer.showed
        self._indicators = Indicators(services.store, self._tasks, seen)
        self._slots = TurnSlots(self._indicators, self._tasks)
        self._active = ActiveTurns(self._tasks, self._indicators, services)
        self._waiting = WaitingQuestions(services, self._tasks, self._indicators, self._active)
        self._approvals = Approvals(services, self._active.stream_end)
        self._actions = Actions(
            access=services.access,
            tasks=self._tasks,
            active=self._active,
            approvals=self._approvals,
            retries=Retries(services.store, services.access, self._allowances.left_again),
            ask_again=self._ask_again,
            waiting=self._waiting,
            services=services,
            ask=functools.partial(self._ask, pressed=True),
        )
        self._changes = MessageChanges(
            services, self._tasks, self._waiting, self._actions, self._replied_to, self._ask
        )
        self._recovery = StartupRecovery(
            services, self._adapters, queues=self._queues, tasks=self._tasks, indicators=self._indicators,
            active=self._active, approvals=self._approvals, slots=self._slots, waiting=self._waiting,
            enqueue_moved=self._enqueue_moved,
        )  # fmt: skip

    async def serve(self, stop: asyncio.Event) -> bool:
        """Serve until `stop` is set or no platform is left; False if every platform refused its token.

        Cancelling it ends everything where it is, as a crash would; the next start recovers it.
        """
        listening = set[asyncio.Task[None]]()
        try:
            # Before anything is resumed: the policies that recovery asks have to know which workspaces were admitted.
            for platform in self._adapters:
                await load_admitted(self._store, self._services.access, platform)
            # Inside, because a database that goes away in its middle leaves turns under way: the next attempt to serve
            # begins them again, on clients of its own.
            await self._recovery.start()
            # After recovery has read its rows, and before a platform is connected.
            sweep = RetentionSweep(self._store, self._options.retention_days, self._adapters)
            await sweep.load()
            sweeping = self._tasks.spawn(sweep.run())
            listening |= {asyncio.create_task(self._listen(adapter)) for adapter in self._adapters.values()}
            stopped = await until_set(stop, listening)
            # No new events from here on: what is not acknowledged is delivered to the next process.
            await cancel(listening)
            await self._recovery.stop()
            # It never ends by itself: the drain would wait for it until its last second.
            await cancel({sweeping})
            await self._drain()
        finally:
            # Once more, here and below: a cancellation comes here without what stands above.
            await self._recovery.stop()
            await self._queues.close()  # first, because a queue whose turn ends would start the next one
            await cancel(listening)
            await self._tasks.cancel()
            await self._services.late_galleries.tasks.cancel()  # last: what ended above may have begun some
        return stopped

    async def accept(self, adapter: PlatformAdapter, event: InboundEvent) -> None:
        """Take over what happened on a platform. When this returns a question is durable."""
        thread = self._services.registry.thread(adapter, event.thread)
        match event:
            case MessageChange():
                await self._changes.take(thread, event)
            case Prompt():
                if event.addressed or (question(event) and await self._takes_part(event)):
                    with self._indicators.first_signs.looking(event.key):
                        await self._ask(thread, event)
            # Presses and stops do not wait behind the thread's queue: they are about what runs in it.
            case _:
                self._tasks.spawn(self._actions.act(thread, event))

    async def unread(self, adapter: PlatformAdapter, reply: Prompt) -> None:
        """Tell a person, once in a thread of the bot's, that what they write there is not read without a mention."""
        takes_part = await self._takes_part(reply) and await self._refusal(reply) is None
        if takes_part and await self._mention_hints.claim(reply):
            thread = self._services.registry.thread(adapter, reply.thread)
            self._tasks.spawn(reply_privately(thread, reply, (strings.MENTION_ME,), hidden=True))

    async def _takes_part(self, prompt: Prompt) -> bool:
        """Return whether a thread was the bot's when this was written; of a young one that may turn out in a moment."""
        known = await self._store.threads.known(prompt.thread)
        if not known and prompt.young:
            with self._reorder_buffer.expecting(prompt.thread) as opened:
                # Looked up again inside, so that an opening between the look and the wait is not missed.
                known = await self._store.threads.known(prompt.thread) or await opens(opened)
        # Events may come late and in any order: what was written before the first question belongs to no conversation.
        return known and await self._store.turns.begun_before(prompt.thread, prompt.written_at)

    async def _ask(
        self, thread: Thread, prompt: Prompt, *, anew: bool = False, pressed: bool = False
    ) -> None:
        """Take a question over, or say why not; `anew`: its message was a withdrawn question. `pressed`: a button asks it."""
        # What a plain question does not need is not entered, here and below: docs/architecture.md, *How much a question passes*.
        if prompt.key in self._replied_to.wordings and self._replied_to.told(prompt, pressed=pressed):
            return
        prompt = await as_asked(self._services, thread.adapter, prompt)
        if prompt.thread != thread.key:  # it is private, and has a thread of its own
            thread = self._services.registry.thread(thread.adapter, prompt.thread)
        refusal = await self._refusal(prompt, asks=True)
        if refusal is not None:
            if tells(prompt, refusal):
                self._reply_once(thread, prompt, refused(thread.platform, prompt, refusal), hidden=True)
            return
        # A second delivery of a question that was accepted must not be refused as one too many. Slack delivers an edited
        # mention again: that of a question which was asked asks nothing anew.
        if not anew and await self._store.turns.accepted(prompt.key):
            return
        flaw = self._services.access.unaskable(prompt)
        if flaw == strings.HINT:
            prompt, flaw = await with_files_of_thread(self._services, thread, prompt)
        promised = prompt.key in self._promised.held and self._promised.holds(prompt)
        objection = flaw or (None if promised else self._too_busy(prompt))
        if objection is not None:
            self._reply_once(thread, prompt, objection, hidden=flaw is None)
            return
        if anew:
            await self._store.turns.release_withdrawn(prompt.key)
        await self._take(thread, prompt)

    async def _take(self, thread: Thread, prompt: Prompt) -> None:
        """Write the row of a question that nothing is wrong with, and put it into its thread's queue."""
        prompt = bounded(prompt) if prompt.quotes else prompt  # its row says what was left out of its quotes
        turn = Turn(secrets.token_hex(8), prompt.thread, prompt.person, question(prompt), origin=prompt)
        if prompt.in_place is not None:
            self._indicators.places.arriving(thread, prompt)
        accepted = await self._allowances.accept(turn, prompt)
        if accepted is not True:  # False: a second delivery, of which nothing is said
            if accepted and self._reply_once(thread, prompt, strings.used_up(accepted), hidden=True):
                self._services.access.log_used_up(thread.platform, prompt.place, prompt.person, accepted)
            return
        if self._options.busy == "replace":
            # What waits first: it may begin to run meanwhile.
            await self._waiting.replace(thread, prompt)
            await self._active.replace(prompt)
        self._indicators.first_signs.begin(turn.key)
        if self._enqueue(thread, turn):
            self._indicators.queued(thread, turn)
        if prompt.thread in self._reorder_buffer.waiting:
            self._reorder_buffer.opened(prompt.thread)

    async def objection(self, prompt: Prompt) -> str | None:
        """Return the sentence that a prompt would get instead of an answer, or None: then it is taken when it comes.

        For a platform that has to acknowledge a question where everybody sees it before it can be accepted.
        """
        prompt = await as_asked(self._services, self._adapters[prompt.thread.platform], prompt)
        refusal = await self._refusal(prompt)
        if refusal is not None:
            return refused(prompt.thread.platform, prompt, refusal)
        objection = self._services.access.unaskable(prompt) or self._too_busy(prompt)
        if objection is not None:
            return objection
        # Its place is taken before anything is awaited: another question may come at this instant.
        self._promised.hold(prompt)
        found = await self._allowances.used_up(prompt)
        if found is None:
            return None
        self._promised.release(prompt)
        return strings.used_up(found)

    async def _refusal(self, prompt: Prompt, *, asks: bool = False) -> Refusal | None:
        """Return why a prompt may not be asked; where an app `asks`, also because an app asked last in the thread."""
        last: Person | None = None
        if asks and prompt.person.apps:
            newest = await self._store.turns.newest(prompt.thread)
            repeated = newest is None or (newest.origin is not None and newest.origin.key == prompt.key)
            last = None if newest is None or repeated else newest.asker
        intent = Intent.ASK if prompt.addressed else Intent.FOLLOW_UP
        platform = prompt.thread.platform
        return await self._services.access.refusal(platform, intent, prompt.place, prompt.person, last)

    def _too_busy(self, prompt: Prompt) -> str | None:
        promised = self._promised.in_thread(prompt) if self._promised.held else 0
        if self._options.busy == "reject" and (promised or self._queues.busy(prompt.thread)):
            return strings.WAIT
        waiting = self._queues.waiting(prompt.thread) + promised
        if waiting >= MOST_WAITING and waiting - self._waiting.withdrawn_in(prompt.thread) >= MOST_WAITING:
            return strings.FULL
        return self._slots.too_busy(prompt.thread.platform, prompt.person)

    def _reply_once(self, thread: Thread, prompt: Prompt, sentence: str, *, hidden: bool = False) -> bool:
        """Tell the person why a prompt is not taken; False where that was told, perhaps by another delivery meanwhile."""
        if not self._replied_to.note(prompt):
            return False
        self._tasks.spawn(tell(self._services, thread, prompt, sentence, hidden=hidden))
        # Its place was promised, and is gone: a Retry has taken it, or the acknowledgement took too long.
        self._promised.release(prompt)
        self._tasks.spawn(remove_echo(thread, prompt))
        return True

    def _ask_again(self, thread: Thread, turn: Turn) -> None:
        """Put a retry into its queue; its message says so where it has to wait there."""
        if self._queues.busy(turn.thread) or self._slots.full:
            self._tasks.spawn(show_waiting(self._services, thread, turn))
        self._enqueue(thread, turn)

    def load(self, platform: str) -> tuple[int, int]:
        """Return how many turns of a platform are answered now, and how many wait."""
        running = self._active.running(platform)
        # A late answer runs without having waited, so that more may run than were counted.
        return running, max(0, self._slots.load(platform) - running)

    def _services_at(self, place: Place) -> Services:
        # Without a rule there is one key, for all places.
        several = AION_KEY in self._services.access.rules.named
        return services_at(self._services, place) if several else self._services

    def _enqueue(self, thread: Thread, turn: Turn) -> bool:
        """Put a turn into its thread's queue; returns whether it waits there behind another one."""
        if (observer := self._services.observer) is not None:
            observer.accepted(turn)
        number = self._slots.enter(thread.platform, turn.asker)
        waits = self._queues.submit(turn.thread, functools.partial(self._run_turn, thread, turn, number))
        if waits:
            self._waiting.begin(thread, turn)
        return waits

    def _enqueue_moved(self, thread: Thread, turn: Turn, moved_to: ThreadKey) -> None:
        """Put a turn whose thread could not be opened into the queue of the place where it is answered instead."""
        where = self._services.registry.thread(thread.adapter, moved_to)
        self._enqueue(where, replace(turn, thread=moved_to))

    async def _run_turn(self, thread: Thread, turn: Turn, number: int) -> None:
        """Answer a question whose turn it is, with its words as they are now; a withdrawn one is passed over."""
        if (observer := self._services.observer) is not None:
            observer.began(turn)
        if turn.key in self._waiting.known:
            self._waiting.first(turn)
        try:
            note = functools.partial(self._waiting.for_slot, thread, turn)
            async with self._slots.slot(thread, turn, number, tell=not turn.attempt, note=note) as started:
                if turn.attempt:
                    await self._active.await_earlier(turn)
                # Read the row again: while the turn waited, its words may have been edited, or it may have been withdrawn.
                goes_on = started or turn.key in self._waiting.withdrawn
                # What fails here would leave it to the next start.
                now = await retry_write(lambda: self._store.turns.get(turn.key)) if goes_on else None
                if now is None:
                    return
                if turn.key in self._waiting.known:
                    self._waiting.end(turn)
                await self._indicators.dequeued(thread, now)
                if now.phase is TurnPhase.QUEUED:
                    # A retry is shown in the place of its failure.
                    found = functools.partial(self._store.turns.crowded, now)
                    crowded = not now.attempt and await retry_write(found)
                    runner = TurnRunner(self._services_at(now.place), thread, now, crowded=crowded)
                    await self._active.run(runner)
                    if runner.moved_to is not None:
                        self._enqueue_moved(thread, runner.turn, runner.moved_to)
                    return
                await self._waiting.pass_over(thread, now)
        finally:
            self._slots.leave(thread.platform, turn.asker)

    async def _listen(self, adapter: PlatformAdapter) -> None:
        host = PlatformHost(
            adapter.platform,
            self._store,
            functools.partial(self.accept, adapter),
            several_workspaces_expected=self._options.several_workspaces_expected, objection=self.objection,
            unread=functools.partial(self.unread, adapter),
            access=self._services.access, observer=self._services.observer, listening=self._options.listening,
        )  # fmt: skip
        await supervise(adapter, host, refused=self._options.refused)

    async def _drain(self) -> None:
        """Let answers end within the grace, then mark those that did not; nothing waits for a plan."""
        # First, as what follows ends waiting jobs: these questions still wait, and the next start goes on with their signs.
        self._waiting.close()
        # Before the slots are closed: a job that gets none ends, and its queue would start the next one.
        self._queues.drop_waiting()
        self._slots.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.shutdown_grace):
                await self._queues.idle()
                # Looked at anew: a press that came before the stop may have begun another one meanwhile.
                while acting := self._approvals.acting | self._actions.management.running:
                    await asyncio.wait(acting)
        self._active.interrupt(Outcome(EndReason.INTERRUPTED, strings.INTERRUPTED))
        self._actions.management.interrupt()
        await self._tasks.wait(_MARKING)
