"""A turn from its first message to its last: the thread opens, the answer is shown while it comes, the row is closed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from aion_bot.aion import ChatMessage
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation import notices
from aion_bot.conversation.aion_stream import AionStream
from aion_bot.conversation.gallery import due_gallery, show_gallery
from aion_bot.conversation.late_posts import end_growing, keep_words, remove_unseen
from aion_bot.conversation.mentions import send_due
from aion_bot.conversation.private_plans import ask_approvers
from aion_bot.conversation.replaced_card import show_replaced
from aion_bot.conversation.services import Services
from aion_bot.conversation.silence import Silence
from aion_bot.conversation.thread_opener import open_thread
from aion_bot.conversation.turn_mode import Mode
from aion_bot.conversation.turn_record import TurnRecord
from aion_bot.conversation.unshown_answer import close_unshown, tell_internal
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.turn import EndReason, FirstSeen, Outcome, Turn, TurnPhase
from aion_bot.ports.errors import PlatformError, TakenElsewhere
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import (
    Action,
    Button,
    Content,
    Document,
    MessageRef,
    PlanCard,
    PostedOnce,
    ThreadKey,
)
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.time_limit import where
from aion_bot.storage import recorded, retry_write

_log = structlog.get_logger(__name__)

_REPLACING = 60.0
"""Seconds that older cards may take to say that they were replaced; the next start does what is left."""

_PICTURES = 15.0
"""Seconds that the next question of a thread waits for the pictures of an answer, which take 10 s until they are posted."""


class TurnRunner:
    """Runs one turn.

    `parked` is set once the thread may go on to its next question: when the answer has ended, or a plan waits. `ended` is set
    when nothing more will be shown, `started` when the first message stands or none will, `opened` once the thread exists.
    `reason` is why it ended here. `moved_to` is where the turn has to be run instead, because its thread could not be opened.
    `sync` shows the answer, `silence` tells whether Aion has said nothing for long. `before_end` is awaited before the last
    text, and when a plan waits. `resumed`: an earlier process may have posted messages of it. `stored` is the answer that
    `Mode.COMPLETE` and `Mode.WORDS` show, `cards` how many cards an earlier process posted. `crowded`: other questions came between, and the
    answer says which is its own.
    """

    def __init__(
        self,
        services: Services,
        thread: Thread,
        turn: Turn,
        mode: Mode = Mode.ASK,
        *,
        resumed: bool = False,
        stored: ChatMessage | None = None,
        cards: int = 0,
        crowded: bool = False,
    ) -> None:
        self.thread, self.turn, self.resumed = thread, turn, resumed
        self.parked, self.ended, self.opened, self.started = (asyncio.Event() for _ in range(4))
        self.moved_to: ThreadKey | None = None
        self.reason: EndReason | None = None
        self._services, self._mode, self._stored, self._crowded = services, mode, stored, crowded
        self._retry = Button(Action.RETRY, turn.key_in_round, strings.RETRY)
        stop = (Button(Action.STOP, turn.key_in_round, strings.STOP),)
        self._view = AnswerView(thread.page_format, while_growing=stop, key=turn.key, cards=cards)
        self.before_end: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0)
        self.silence = Silence(self._view, lambda urgent: self.sync.wake(urgent=urgent))
        observer, heard = services.observer, self.silence.heard
        self._stream = AionStream(
            services, thread, turn, self._view,
            changed=partial(notices.receive_for, observer, turn, self._view, heard) if observer else heard,
            replaced=lambda key: self._replacing.spawn(show_replaced(services, thread, key)), before_last=self._before_last,
        )  # fmt: skip
        self._replacing = BackgroundTasks()
        self._log = _log.bind(turn=turn.key, platform=thread.platform, ref=reference(turn.key))
        seen = FirstSeen()
        self._record = TurnRecord(
            services.store, turn, self._stream, None if resumed and turn.posted else seen, self._log
        )
        self._delivery = self._new_delivery(resumed, seen)
        self.sync = services.registry.sync(thread, self._view, self._delivery)
        self._work: asyncio.Task[Outcome] | None = None
        self._interruption: Outcome | None = None

    def _new_delivery(self, resumed: bool, seen: FirstSeen) -> Delivery:
        turn, claims, claim = self.turn, self.thread.claims, ""
        # Nobody else can have a retry, or what has a message already: one process knows its key.
        if claims is not None and turn.origin is not None and not turn.attempt and not turn.posted:
            claim = claims.claim_of(turn.origin)
        # The sync is made of this delivery.
        shown = partial(notices.show_to, turn, self._view, lambda: self.sync, self._services.observer, seen)
        return Delivery(
            turn.name, turn.asker, turn.posted, self._on_posted, self._record.note_posting, file=turn.file, on_shown=shown,
            resumed=resumed, retried=turn.attempt > 0, answers=notices.answered_message(turn) if self._crowded else None, claim=claim, seen=seen,
        )  # fmt: skip

    @property
    def plans(self) -> list[str]:
        """Our keys of the plans that came with this answer."""
        return [key for key in self._stream.plans if key not in self._view.facts.missing]

    @property
    def counts(self) -> bool:
        """Whether it is a turn that begins and ends: what comes later above its card is no other one."""
        return self._mode is not Mode.WORDS

    @property
    def words_missing(self) -> bool:
        """Whether Aion may store words later that belong above a card which stands now."""
        return self._stream.words_missing

    @property
    def went_on(self) -> bool:
        """Whether text came after the last plan."""
        return self._view.has_plan and not self._view.parked

    def interrupt(self, outcome: Outcome) -> None:
        """End the answer now: its stream is closed, and the text so far stays with the sentence of `outcome`."""
        if self._interruption is None:
            # The first one counts: a shutdown, which comes for all, takes no Stop of a person back.
            self._interruption = outcome
            if self._work is not None:
                self._work.cancel()

    async def run(self) -> None:
        """Run the turn; whatever happens is shown in the thread, or told to the person."""
        thread, turn, resumed = self.thread, self.turn, self.resumed
        try:
            try:
                # Before anything that may stop the process: the next start gives up what has stopped two.
                await recorded(self._log, self._services.store.turns.note_start(turn.key))
                if turn.attempt:
                    await remove_unseen(self._services.store, thread, turn)
                if (origin := turn.origin) is not None:
                    await notices.add_notices(
                        self._view, thread, turn, self._services, self._replacing, crowded=self._crowded
                    )
                    # A retry is answered in the place of its failure: its thread exists.
                    if self._mode is Mode.ASK and origin.opening is not None and not turn.attempt:
                        self.moved_to = await open_thread(
                            thread, turn, origin, self._services.store, self.opened, resumed=resumed
                        )
                if self.moved_to is None:
                    self.opened.set()
                    await self._show()
            except PlatformError as error:
                await self._give_up(error)
            except Exception as error:  # noqa: BLE001  # the row is closed: a text that cannot be shown is not tried for ever
                self._log.error("answer not shown", reason=where(error))
                await self._end_unshown()
            finally:
                # Before what runs beside the answer is awaited: the next question of the thread does not wait for that.
                self._release()
            if self.reason in {EndReason.STOPPED, EndReason.WITHDRAWN} and self._stream.files is not None:
                show = self.sync.run if self.reason is EndReason.STOPPED else None
                self._replacing.spawn(self._stream.files.look_up(show))
            if self._replacing.running:
                await self._replacing.wait(_REPLACING)
        finally:
            if self._replacing.running:
                await self._replacing.cancel()

    async def record_rest(self) -> bool:
        """Write what could not be written when it was shown; a failure gets its Retry button only then.

        Returns whether the end of the turn had still to be written, and was.
        """
        if not self._record.posts_written:
            await self._record.write_posts(self.thread, self.sync.diff)
        reason = self._record.unwritten_shown
        if (outcome := self._record.unwritten_end) is not None:
            reason = outcome.reason
            try:
                if await retry_write(lambda: self._stream.record_end(outcome.reason)):
                    self._view.offer(self._retry)
                    await self.sync.run()
            except PlatformError as error:
                self._log.warning("retry button not shown", reason=repr(error))
        return reason is not None and await self._record.write_shown(reason)

    async def _show(self) -> None:
        """Show what the work brings while it comes, then show the end and close the row."""
        self._work = asyncio.create_task(self._do_work())
        # Stop may be pressed while the thread is being opened, before there is any work to cancel.
        if self._interruption is not None:
            self._work.cancel()
        if self.turn.phase is TurnPhase.PARKED:  # an earlier process showed text that this one may not know
            await asyncio.wait({self._work})
            if not self._work.cancelled() and self._work.result().untouched:
                await end_growing(self._services, self.thread, self.turn)
                await self._note_shown(EndReason.ANSWERED)
                return
        if self._mode is Mode.RESUME:
            keep_words(self.turn, self._view, self.sync.diff)
        showing = asyncio.create_task(self.sync.run())
        reassuring = asyncio.create_task(self.silence.reassure(self.ended))
        try:
            await asyncio.wait({self._work, showing}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                await showing  # the sync ends before the work only by raising: this thread can show nothing
            await asyncio.wait({self._work})
            # Cancelled without an interruption: code of the bot cancelled itself, which is a fault.
            interrupted = self._interruption or Outcome(EndReason.FAILED, strings.INTERNAL)
            await self._close(interrupted if self._work.cancelled() else self._work.result(), showing)
        finally:
            self._work.cancel()
            showing.cancel()
            reassuring.cancel()

    async def _do_work(self) -> Outcome:
        """Return how the work ended, whatever it raises."""
        try:
            if self.turn.given_up:
                return await notices.given_up(self.turn, self._services.store.plans, self._log)
            if self._mode is Mode.ASK:
                if self._delivery.claim and self.thread.claims and self.thread.claims.contested:
                    await self.started.wait()  # Aion is asked by the process that answers, and by no other
                return await self._stream.ask()
            if self._stored is not None:
                await self._stream.show_stored(self._stored)
                await self._stream.show_unposted_plans()
                return Outcome()
            if self.turn.phase is TurnPhase.ENDED:
                return await self._stream.end_again()
            return await self._stream.find_after_restart()
        except Exception as error:  # noqa: BLE001  # whatever happens, the person is told, and the log has the error
            return notices.outcome_of_failure(error, asked=self._stream.asked, log=self._log)

    async def _close(self, outcome: Outcome, showing: "asyncio.Task[None]") -> None:
        outcome = notices.as_shown(outcome, self._view)
        offers_retry = outcome.retryable and await self._record.note_failure(outcome)
        await self._before_last()
        button = offers_retry or self._record.unwritten_end is not None
        told = outcome.sentence and notices.told(outcome, self.turn.key, self._log, has_button=button)
        buttons = outcome.buttons or (self._retry,)
        shown = buttons if offers_retry else notices.buttons_below(self._services, self.turn, outcome)
        # A late answer may take the place of an interrupted one; its file could not.
        self._view.finish(told, shown, outcome.byline, in_file=outcome.reason is not EndReason.INTERRUPTED)
        self.sync.wake(urgent=True)
        ended_at = time.monotonic()
        gallery, facts, cited = None, self._view.facts, self._view.sources.cited
        if facts.images or cited or facts.data.get("image_context") or facts.data.get("metadata"):
            above = await self._stream.above.shown() if self._view.has_plan or self.resumed else ()
            gallery = due_gallery(self._services, self.thread, self.turn, outcome, self._view, above=above)
        # The thread's next question does not wait for the last edit, which the platform's limits may delay; only for
        # pictures: its answer would stand above them.
        asyncio.get_running_loop().call_later(0.0 if gallery is None else _PICTURES, self.parked.set)
        await showing
        if (observer := self._services.observer) is not None:
            observer.end_shown(self.turn, time.monotonic() - ended_at)
        if self._view.refused is not None or self._view.cut or self._view.trouble:
            notices.log_flaws(self._view, self._log)
        # Of a plan's answer the decision matters: the turn is not asked again because a page was shown plainly.
        if self._view.trouble and outcome == Outcome() and not self._view.parked:
            outcome = await self._fail_after_end()  # the last screen was the first that could not be rendered
        if (
            gallery is not None and not self._view.trouble
        ):  # due before the end is recorded: a crash in between leaves no picture out
            await recorded(self._log, self._services.store.galleries.add(gallery))
        if self._stream.kept_above:
            await self._stream.above.end()
        self.reason = outcome.reason
        if self._record.unwritten_end is None:  # otherwise `record_rest` writes both, the end first
            await self._record.note_shown(outcome.reason)
        if gallery is not None and not self._view.trouble:
            await show_gallery(self._services, self.thread, gallery, posted=self.parked.set)

    async def _before_last(self, anew: bool = False) -> None:
        """Let nobody read the whole answer under a sign that the bot works; `anew`: it takes the place of words that were kept."""
        self.sync.hold()
        self.sync.diff.past = () if anew else self.sync.diff.past
        await self.before_end()

    async def _fail_after_end(self) -> Outcome:
        """Record that an answer could only be shown as plain text, and offer Retry under it."""
        if await recorded(self._log, self._stream.record_end(EndReason.FAILED)):
            self._view.offer(self._retry)
        await self.sync.run()
        return Outcome(EndReason.FAILED, strings.PLAIN_TEXT)

    async def _end_unshown(self) -> None:
        """End a turn as failed of which not even the plain text can be shown; the person is told."""
        self._release()
        await recorded(self._log, self._stream.record_end(EndReason.FAILED))
        await tell_internal(self.thread, self.turn)
        await self._note_shown(EndReason.FAILED)

    async def _give_up(self, error: PlatformError) -> None:
        """End a turn whose answer cannot be shown: the person is told where that is possible."""
        if isinstance(error, TakenOver):
            return  # asked again meanwhile: what is shown and recorded from now on is the later attempt's
        if isinstance(error, TakenElsewhere):
            self._log.info("left to another process", reason=str(error))
            await self._note_shown(EndReason.UNDELIVERABLE, ours=False)
            return
        self._log.warning("answer not shown", reason=repr(error))
        self._release()  # telling may take a while
        await close_unshown(self._services, self.thread, self.sync, self.turn, error)
        await self._note_shown(EndReason.UNDELIVERABLE)

    async def _note_shown(self, reason: EndReason, *, ours: bool = True) -> None:
        self.reason = reason if ours else None
        await self._record.note_shown(reason)

    def _release(self) -> None:
        for event in (self.opened, self.started, self.parked, self.ended):
            event.set()

    async def _on_posted(self, content: Content | PostedOnce, message: MessageRef) -> None:
        self.started.set()
        if isinstance(content, PlanCard):
            await self._record.note_beside(
                self.thread, self._services.store.plans.note_card(content.key, message)
            )
            # Aion may have sent the plan again while this post was on its way.
            self._replacing.spawn(show_replaced(self._services, self.thread, content.key))
            self._replacing.spawn(ask_approvers(self._services, self.thread, self.turn.place, content.key))
            # A plan may wait for days: the thread goes on, while this stream stays open for what Aion says then.
            self._replacing.spawn(self._stream.above.show(content.key, self._work, self.parked.set))
            if self.turn.notify_after:
                again = self.resumed
                self._replacing.spawn(send_due(self._services, self.thread, self.turn.key, again=again))
            await self.before_end()  # nothing works while a person decides
        elif isinstance(content, Document) and content.key:
            await self._record.note_beside(self.thread, self._stream.note_file(content.key))
        else:
            await self._record.note_posted(self.thread, self.sync.diff, message)
