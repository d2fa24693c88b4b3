"""At the start: what an earlier process left open is resumed, in the order in which it was asked."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from aion_bot.aion import ChatMessage
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import Backoff
from aion_bot.concurrency.keyed_queue import KeyedQueue
from aion_bot.conversation.aion_keys import of_session, services_at
from aion_bot.conversation.approval import Approvals
from aion_bot.conversation.gallery import show_gallery
from aion_bot.conversation.indicators import Indicators
from aion_bot.conversation.mentions import send_due
from aion_bot.conversation.private_plans import ask_approvers
from aion_bot.conversation.reasons import show_again
from aion_bot.conversation.recovery import Recovery
from aion_bot.conversation.services import Services
from aion_bot.conversation.shared_line import SharedLine
from aion_bot.conversation.sharing import resume_share
from aion_bot.conversation.turn import TurnRunner
from aion_bot.conversation.turn_mode import Mode
from aion_bot.conversation.uploads import look_up_again
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import PlanPhase
from aion_bot.domain.turn import EndReason, Turn, TurnPhase, Words
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import ThreadKey
from aion_bot.runtime.active_turns import ActiveTurns, TurnSlots
from aion_bot.runtime.deadlines import Deadlines
from aion_bot.runtime.waiting import WaitingQuestions
from aion_bot.storage import retry_write
from aion_bot.storage.timeline import FIRST_SIGN, FIRST_TEXT


class StartupRecovery:
    """Resumes turns and decisions, removes indicators that were left, and looks for answers that came late."""

    def __init__(
        self,
        services: Services,
        adapters: Mapping[str, PlatformAdapter],
        *,
        queues: KeyedQueue[ThreadKey],
        tasks: BackgroundTasks,
        indicators: Indicators,
        active: ActiveTurns,
        approvals: Approvals,
        slots: TurnSlots,
        waiting: WaitingQuestions,
        enqueue_moved: Callable[[Thread, Turn, ThreadKey], None],
    ) -> None:
        self._services = services
        self._store = services.store
        self._access = services.access
        self._adapters = adapters
        self._queues = queues
        self._tasks = tasks
        # Apart from `tasks`, for whose end a drain waits: an answer that comes late, or never, must not hold that up.
        self._late = BackgroundTasks()
        self._indicators = indicators
        self._active = active
        self._approvals = approvals
        self._slots, self._waiting = slots, waiting
        self._enqueue_moved = enqueue_moved
        self._recovery = Recovery(services)
        self._deadlines = Deadlines(services, adapters, approvals, tasks)

    async def start(self) -> None:
        """Put everything that was left open into its thread's queue, in order."""
        # Before anything is asked: the next question in such a session widens it first.
        self._services.uploads.narrowed |= (
            await self._store.files.narrowed() | await self._store.galleries.narrowed()
        )
        # Read before any turn ends: what ends in this process shows its pictures itself.
        galleries = await self._store.galleries.due()
        recovered = await self._resume_turns()
        await self._resume_plans(recovered)
        await self._send_due()
        for gallery in galleries:
            if (thread := self._thread(gallery.thread)) is not None:
                self._tasks.spawn(show_gallery(self._services, thread, gallery, resumed=True))
        await self._resume_shares()
        await self._look_up_files()
        for line in await self._store.shared_lines.left():
            if (thread := self._thread(line.channel)) is not None:
                self._tasks.spawn(SharedLine(self._store, thread, line).remove())
        # Their threads show how they ended; only an indicator may be left.
        for turn in await self._store.turns.not_cleared():
            if (thread := self._thread(turn.thread)) is not None:
                self._indicators.adopt(turn)
                self._tasks.spawn(self._indicators.clear(thread, turn))
        await self._look_for_late_answers()

    async def _look_for_late_answers(self) -> None:
        """Begin to look for answers, and for words above cards, that Aion may still store."""
        for turn in await self._store.turns.without_words():
            thread = self._thread(turn.thread)
            if thread is not None and not await self._access.lapsed(turn, turn.thread, turn.asker):
                self._late.spawn(self._find_words(thread, turn))
        for turn in await self._store.turns.interrupted():
            if (thread := self._thread(turn.thread)) is None:
                continue
            if await self._access.lapsed(turn, turn.thread, turn.asker):
                await self._store.turns.give_up_interrupted(turn.key)
            else:
                # Outside of the thread's queue: the answer may come late, or never.
                self._late.spawn(self._find_late_answer(thread, turn))

    async def _resume_shares(self) -> None:
        for known in await self._store.shares.unfinished():
            turn = await self._store.turns.get(known.turn)
            if turn is not None and (thread := self._thread(turn.thread)) is not None:
                self._tasks.spawn(resume_share(self._services, thread, turn, known))

    async def _send_due(self) -> None:
        """Post the mentions and the reasons that an earlier process had still to post."""
        for mention in await self._store.mentions.due():
            if (thread := self._thread(mention.thread)) is not None:
                self._tasks.spawn(send_due(self._services, thread, mention.owner, again=True))
        for reason in await self._store.reasons.due():
            if (thread := self._thread(reason.thread)) is not None:
                self._tasks.spawn(show_again(self._services, thread, reason))

    async def _look_up_files(self) -> None:
        for file in await self._store.files.cut_off():
            turn = await self._store.turns.get(file.turn)
            if turn is not None and (thread := self._thread(turn.thread)) is not None:
                self._tasks.spawn(look_up_again(services_at(self._services, turn.place), thread, turn, file))

    async def _resume_turns(self) -> dict[str, asyncio.Event]:
        """Put turns into their queues; returns what is set once each is recovered, by its key."""
        recovered: dict[str, asyncio.Event] = {}
        signs = await self._store.waiting_signs.left()
        for turn in await self._store.turns.unfinished():
            if (thread := self._thread(turn.thread)) is None:
                continue
            if await self._access.lapsed(turn, turn.thread, turn.asker):
                # Without a word in the chat: the operator has narrowed the lists, and they allow no post there.
                asked = turn.phase is not TurnPhase.QUEUED
                note_shown = self._store.turns.note_shown
                await note_shown(turn.key, turn.attempt, EndReason.STOPPED, unnamed=asked)
            else:
                done = recovered[turn.key] = asyncio.Event()
                # In the order of the rows, so that a person's oldest question stays the first.
                number = self._slots.enter(thread.platform, turn.asker)
                waits = self._queues.submit(
                    turn.thread, partial(self._resume_turn, thread, turn, number, done)
                )
                if turn.phase is TurnPhase.QUEUED and (waits or turn.key in signs):
                    self._waiting.begin(thread, turn, signs)
        for key, message in signs.items():
            left = await self._store.turns.get(key)
            if left is not None and (thread := self._thread(left.thread)) is not None:
                self._waiting.leave(thread, left, message)
        return recovered

    async def _resume_plans(self, recovered: Mapping[str, asyncio.Event]) -> None:
        """Go on with decisions. They do not wait for their thread's queue, only for the turn that brought the plan."""
        for plan in await self._store.plans.not_shown():
            if (thread := self._thread(plan.thread)) is None:
                continue
            turn = await self._store.turns.get(plan.turn)
            # Of a lapsed one the row stays as it is: a start that allows it again shows what became of it. Whoever decided
            # learns it also where only the asker may not use the bot any more.
            people = [plan.requester] if plan.decider is None else [plan.requester, plan.decider]
            if not all([await self._access.lapsed(turn, plan.thread, one) for one in people]):
                self._tasks.spawn(self._resume_plan(thread, plan.key, recovered.get(plan.turn)))

        for plan in await self._store.plans.waiting():
            if plan.place.private and (thread := self._thread(plan.thread)) is not None:
                self._tasks.spawn(ask_approvers(self._services, thread, plan.place, plan.key))
        # After the rows were read: what it cancels from now on is no decision of an earlier process.
        self._late.spawn(self._deadlines.run())

    async def stop(self) -> None:
        """Stop looking for late answers, and at plans that wait; the next start goes on."""
        await self._late.cancel()

    def _thread(self, key: ThreadKey) -> Thread | None:
        """Bind a thread; None where its platform is not connected in this process."""
        adapter = self._adapters.get(key.platform)
        return None if adapter is None else self._services.registry.thread(adapter, key)

    async def _resume_turn(self, thread: Thread, turn: Turn, number: int, recovered: asyncio.Event) -> None:
        self._waiting.first(turn)
        try:
            # What fails here, and below before a runner has it, would leave it to the next start.
            turn = await retry_write(partial(self._recovery.turn, thread, turn))
            self._indicators.adopt(turn)
            await self._observe(turn)
            if turn.phase is not TurnPhase.QUEUED:
                # Without a slot: it asks Aion nothing.
                await self._indicators.dequeued(thread, turn)
                cards = await retry_write(partial(self._recovery.cards, turn))
                services = await retry_write(partial(of_session, self._services, turn.session_id))
                runner = TurnRunner(services, thread, turn, Mode.RESUME, resumed=True, cards=cards)
                await self._active.run(runner)
                # A resumed turn posts its cards before its plans are resumed.
                await runner.ended.wait()
                if runner.words_missing or turn.words is Words.MISSING:
                    self._late.spawn(self._find_words(thread, turn))
                return
            # Without private replies: the earlier process has told each person that they wait.
            note = partial(self._waiting.for_slot, thread, turn)
            async with self._slots.slot(thread, turn, number, tell=False, note=note) as started:
                if started or turn.key in self._waiting.withdrawn:
                    self._waiting.end(turn)
                    await self._indicators.dequeued(thread, turn)
                    await self._ask(thread, turn)
        finally:
            self._slots.leave(thread.platform, turn.asker)
            # Also after a failure: what was decided about a plan of the turn waits for this.
            recovered.set()

    async def _ask(self, thread: Thread, turn: Turn) -> None:
        """Ask a question whose turn it is, with its words as they are now; a withdrawn one is passed over."""
        # Read anew: while it waited it may have been edited, or taken back. What its thread shows was found, and is in no row.
        now = await retry_write(partial(self._store.turns.get, turn.key)) or turn
        if now.phase is not TurnPhase.QUEUED:
            await self._waiting.pass_over(thread, now)
            return
        turn = replace(now, posted=turn.posted, file=turn.file, growing=turn.growing)
        crowded = not turn.attempt and await retry_write(partial(self._store.turns.crowded, turn))
        services = services_at(self._services, turn.place)
        runner = TurnRunner(services, thread, turn, Mode.ASK, resumed=True, crowded=crowded)
        await self._active.run(runner)
        if runner.moved_to is not None:
            self._enqueue_moved(thread, runner.turn, runner.moved_to)

    async def _observe(self, turn: Turn) -> None:
        """Tell the observer of a turn that goes on; when it was accepted stands in its timeline."""
        if (observer := self._services.observer) is None:
            return
        seen: dict[str, float] = {}
        noted = await retry_write(partial(self._store.timeline.of_turn, turn.key, turn.attempt))
        for when, event in noted:
            seen.setdefault(event, when)
        if seen:
            signed, worded = FIRST_SIGN in seen or bool(turn.posted), FIRST_TEXT in seen or bool(turn.posted)
            waited = max(0.0, time.time() - min(seen.values()))
            observer.resumed(turn, waited, signed=signed, worded=worded)

    async def _resume_plan(self, thread: Thread, key: str, turn_recovered: asyncio.Event | None) -> None:
        """Finish a decision, after the turn that led to it: that is where its card may have to be posted."""
        if turn_recovered is not None:
            await turn_recovered.wait()
        plan = await retry_write(partial(self._store.plans.get, key))
        if plan is None:
            return
        found = await self._recovery.decision(thread, plan)
        # Read again: somebody may have decided anew while the thread was read, and this would take the card over from that decision.
        now = await retry_write(partial(self._store.plans.get, key))
        if now is not None and now.round == plan.round:
            await self._approvals.resume(thread, now, *found)

    async def _find_words(self, thread: Thread, turn: Turn) -> None:
        """Show the words above a plan's card that nobody has seen, once Aion has stored them: it may do so after the decision alone."""
        backoff = self._services.polling.accepted
        found = await self._recovery.stored(turn, backoff)
        if found is None:
            async for _ in Backoff(backoff.initial, cap=backoff.cap).tries():
                plans = await retry_write(partial(self._store.plans.of_turn, turn.key))
                if all(plan.phase is not PlanPhase.PENDING for plan in plans):
                    break
            found = await self._recovery.stored(turn, backoff)
        if found is None:
            await retry_write(partial(self._store.turns.note_words_shown, turn.key))
        else:
            self._queues.submit(turn.thread, partial(self._show_words, thread, turn, found))

    async def _show_words(self, thread: Thread, turn: Turn, found: ChatMessage) -> None:
        now = await retry_write(partial(self._store.turns.get, turn.key))
        if now is not None and now.attempt == turn.attempt and now.reason is EndReason.ANSWERED:
            await self._show_stored(thread, now, found, Mode.WORDS)
        # After a kill in between the next start shows them once more, in place.
        await retry_write(partial(self._store.turns.note_words_shown, turn.key))

    async def _find_late_answer(self, thread: Thread, turn: Turn) -> None:
        found = await self._recovery.late_answer(turn)
        if found is not None:
            self._queues.submit(turn.thread, partial(self._complete, thread, turn, found))

    async def _complete(self, thread: Thread, turn: Turn, found: ChatMessage) -> None:
        """Show a late answer in the place of its interruption, unless the question was asked again."""
        if await retry_write(partial(self._recovery.claim_late_answer, turn, found)):
            now = await retry_write(partial(self._store.turns.get, turn.key)) or turn
            await self._show_stored(thread, now, found, Mode.COMPLETE)

    async def _show_stored(self, thread: Thread, turn: Turn, found: ChatMessage, mode: Mode) -> None:
        # The stop before may have left messages whose record was lost.
        turn = await retry_write(partial(self._recovery.turn, thread, turn))
        cards = await retry_write(partial(self._recovery.cards, turn))
        services = await retry_write(partial(of_session, self._services, turn.session_id))
        runner = TurnRunner(services, thread, turn, mode, resumed=True, stored=found, cards=cards)
        await self._active.run(runner)
