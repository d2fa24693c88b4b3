"""A turn from its first message to its last: the thread opens, the answer is shown while it comes, the row is closed."""

import asyncio
import itertools
import sqlite3
from collections.abc import Awaitable
from dataclasses import replace
from enum import Enum, auto

import structlog

from aion_bot.aion import AionvisionError, ChatMessage
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.aion_stream import AionStream
from aion_bot.conversation.close_message import close_message
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.replaced_card import show_replaced
from aion_bot.conversation.services import Services
from aion_bot.conversation.silence import Silence, tell_of_wait
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.quotes import also_read
from aion_bot.domain.turn import EndReason, Outcome, Turn, TurnPhase
from aion_bot.ports.errors import (
    CannotDraw,
    Forbidden,
    PlatformDown,
    PlatformError,
    QuestionGone,
    RateLimited,
    TakenElsewhere,
)
from aion_bot.ports.events import Prompt
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Button, Content, Document, MessageRef, PlanCard, ThreadKey
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.bounds import MOST_TEXT
from aion_bot.rendering.plan_card import PlanFormat
from aion_bot.rendering.time_limit import where
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)

_OPEN_AGAIN = Backoff(0.5, attempts=6)
"""For opening a thread while the platform is down."""

_REPLACING = 60.0
"""Seconds that older cards may take to say that they were replaced; the next start does what is left."""


class Mode(Enum):
    """What a runner does."""

    ASK = auto()
    """Ask Aion."""
    RESUME = auto()
    """Finish in place what an earlier process left; nothing is asked again by itself."""
    COMPLETE = auto()
    """Show a stored answer in the place of its interruption."""


class TurnRunner:
    """Runs one turn.

    `parked` is set once the thread may go on to its next question: when the answer has ended, or when a plan waits
    for a decision while the stream stays open. `ended` is set when nothing more will be shown, `started` when the
    first message stands or none will. `resumed`: an earlier process may have posted messages of it. `stored` is the
    answer that `Mode.COMPLETE` shows, `cards` how many cards of its plans an earlier process posted.
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
    ) -> None:
        self.thread = thread
        self.turn = turn
        self.parked = asyncio.Event()
        self.ended = asyncio.Event()
        self.started = asyncio.Event()
        self.opened = asyncio.Event()
        """Set once the thread exists."""
        self.moved_to: ThreadKey | None = None
        """Where the turn has to be run instead, because its thread could not be opened."""
        self._services = services
        self._turns = services.store.turns
        self._plans = services.store.plans
        self._mode = mode
        self._stored = stored
        self._retry = Button(Action.RETRY, turn.key, strings.RETRY)
        stop = Button(Action.STOP, turn.key, strings.STOP)
        self._view = AnswerView(thread.page_format, while_growing=(stop,), key=turn.key, cards=cards)
        self._silence = Silence(self._view)
        self._sync = services.registry.sync(thread, self._view, self._delivery(resumed))
        plan_format = PlanFormat(thread.page_format, services.access.policy(thread.platform).approvers)
        self._stream = AionStream(
            services,
            turn,
            self._view,
            plan_format,
            changed=self._changed,
            replaced=lambda key: self._replacing.spawn(show_replaced(services, thread, key)),
        )
        self._replacing = BackgroundTasks()
        self._log = _log.bind(turn=turn.key, platform=thread.platform, ref=reference(turn.key))
        self._work: asyncio.Task[Outcome] | None = None
        self._interruption: Outcome | None = None
        self._unrecorded_end: Outcome | None = None
        self._posts_recorded = True

    def _delivery(self, resumed: bool) -> Delivery:
        turn, retried = self.turn, self.turn.attempt > 0
        delivery = Delivery(turn.name, turn.asker, turn.posted, self._on_posted)
        return replace(delivery, resumed=resumed, retried=retried)

    @property
    def plans(self) -> list[str]:
        """Our keys of the plans that came with this answer."""
        return list(self._stream.plans)

    @property
    def went_on(self) -> bool:
        """Whether text came after the last plan."""
        return self._view.has_plan and not self._view.parked

    def silent(self, seconds: float) -> bool:
        """Return whether Aion works and has said nothing for so long."""
        return self._silence.lasts(seconds)

    def _changed(self, urgent: bool) -> None:
        self._silence.heard()
        self._sync.wake(urgent=urgent)

    def indicator_shown(self) -> None:
        """Note that people see an indicator, so that the first message need not hurry."""
        self._sync.may_wait()

    def interrupt(self, outcome: Outcome) -> None:
        """End the answer now: its stream is closed, and the text so far stays with the sentence of `outcome`."""
        if self._interruption is None:
            self._interruption = outcome
            if self._work is not None:
                self._work.cancel()

    async def run(self) -> None:
        """Run the turn; whatever happens is shown in the thread, or told to the person."""
        try:
            await self._run()
            await self._replacing.wait(_REPLACING)
        finally:
            await self._replacing.cancel()

    async def _run(self) -> None:
        try:
            # Before anything that may stop the process: the next start gives up what has stopped two.
            await self._record(self._turns.note_start(self.turn.key))
            if self._mode is Mode.ASK and not await self._open_thread():
                return
            self.opened.set()
            await self._show()
        except PlatformError as error:
            await self._give_up(error)
        except Exception as error:  # noqa: BLE001  # the row is closed: a text that cannot be shown is not tried for ever
            self._log.error("answer not shown", reason=where(error))
            await self._end_unshown()
        finally:
            self._release()

    async def record_rest(self) -> bool:
        """Write what could not be written when it was shown; a failure gets its Retry button only then.

        Returns whether the end of the turn had still to be written.
        """
        if not self._posts_recorded:
            await retry_write(self._record_posts)
        outcome = self._unrecorded_end
        if outcome is None:
            return False
        try:
            if await retry_write(lambda: self._stream.record_end(outcome.reason)):
                self._view.offer(self._retry)
                await self._sync.run()
        except PlatformError as error:
            self._log.warning("retry button not shown", reason=repr(error))
        await retry_write(lambda: self._stream.record_shown(outcome.reason))
        return True

    async def _open_thread(self) -> bool:
        """Make the thread exist; False if the turn is to be run elsewhere."""
        origin = self.turn.origin
        if origin is None:
            return True
        if origin.attachments:
            self._view.notice(strings.NO_FILES)
        read = also_read(origin.quotes)
        if read:
            self._view.notice(read)
        if self.thread.mentions_only and not origin.place.direct and await self._turns.is_first(self.turn):
            self._view.footnote(strings.GO_ON)
        # A retry is answered in the place of its failure: its thread exists.
        if origin.opening is None or self.turn.attempt:
            return True

        def worth_retrying(error: Exception) -> bool | float:
            # After a refusal the limiter knows for how long to wait.
            return 0.0 if isinstance(error, RateLimited) else isinstance(error, PlatformDown)

        telling = asyncio.create_task(tell_of_wait(self.thread, origin, self.opened))
        try:
            attempts = itertools.count(self.turn.starts)
            await retry(
                lambda: self.thread.open(origin, again=next(attempts) > 0),
                backoff=_OPEN_AGAIN,
                on=worth_retrying,
            )
        except (Forbidden, CannotDraw) as error:
            if origin.in_place is None:
                raise
            self._log.info("thread not opened, answering in place", reason=repr(error))
            await self._turns.move(self.turn.key, origin.in_place)
            self.moved_to = origin.in_place
            return False
        finally:
            telling.cancel()
        return True

    async def _show(self) -> None:
        """Show what the work brings while it comes, then show the end and close the row."""
        self._work = asyncio.create_task(self._work_guarded())
        # Stop may be pressed while the thread is being opened, before there is any work to cancel.
        if self._interruption is not None:
            self._work.cancel()
        showing = asyncio.create_task(self._sync.run())
        reassuring = asyncio.create_task(self._silence.reassure(self.ended, self._sync.wake))
        try:
            await asyncio.wait({self._work, showing}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                await showing  # it ends early only by raising: nothing can be shown here
            await asyncio.wait({self._work})
            # Cancelled without an interruption: something inside cancelled itself, which is our fault.
            interrupted = self._interruption or Outcome(EndReason.FAILED, strings.INTERNAL)
            await self._close(interrupted if self._work.cancelled() else self._work.result(), showing)
        finally:
            self._work.cancel()
            showing.cancel()
            reassuring.cancel()

    async def _work_guarded(self) -> Outcome:
        """Return how the work ended, whatever it raises: the person is told, the log has the rest."""
        try:
            return await self._do_work()
        except AionvisionError as error:
            kind = error_messages.kind(error)
            self._log.warning("turn failed", reason=kind, code=error.code)
            return Outcome(error_messages.end_reason(kind), error_messages.sentence(error))
        except sqlite3.Error as error:
            self._log.error("turn failed", reason="database write failed", error=str(error))
            sentence = strings.NO_RECORD_ANY_MORE if self._stream.asked else strings.NO_RECORD
            return Outcome(EndReason.FAILED, sentence)
        except Exception:  # noqa: BLE001  # whatever happens, the person is told; the log has the rest
            self._log.exception("turn failed", reason="unexpected error")
            return Outcome(EndReason.FAILED, strings.INTERNAL)

    async def _do_work(self) -> Outcome:
        if self.turn.given_up:
            self._log.error("turn given up", starts=self.turn.starts)
            plans = await self._plans.of_turn(self.turn.key)
            if self.turn.phase is TurnPhase.PARKED and all(plan.message for plan in plans):
                return Outcome(sentence=strings.PLAN_LEAD)  # its card is shown, and has a way on of its own
            return Outcome(EndReason.FAILED, strings.GIVEN_UP)
        if self._mode is Mode.ASK:
            return await self._stream.ask()
        if self._mode is Mode.COMPLETE and self._stored is not None:
            self._view.show_stored(self._stored.content, self._stored.metadata)
            await self._stream.show_unposted_plans()
            return Outcome()
        if self.turn.phase is TurnPhase.ENDED:
            # The process before decided the end and could not show it.
            ended = Outcome(self.turn.reason or EndReason.FAILED)
            return Outcome(ended.reason, strings.INTERRUPTED) if ended.retryable else ended
        return await self._stream.find_after_restart()

    async def _close(self, outcome: Outcome, showing: "asyncio.Task[None]") -> None:
        outcome = self._as_shown(outcome)
        offers_retry = False
        if outcome.retryable:
            try:  # recorded before the button can be pressed
                offers_retry = await self._stream.record_end(outcome.reason)
            except sqlite3.Error as error:
                self._log.error("database write failed", what="end of turn", reason=str(error))
                self._unrecorded_end = outcome
        self._view.finish(
            self._told(outcome, offers_retry or self._unrecorded_end is not None),
            (self._retry,) if offers_retry else (),
            outcome.byline,
            # A late answer may take the place of an interrupted one; its file could not.
            in_file=outcome.reason is not EndReason.INTERRUPTED,
        )
        self._sync.wake(urgent=True)
        # The thread's next question does not wait for the last edit, which the platform's limits may delay.
        self.parked.set()
        await showing
        self._log_trouble()
        if self._view.trouble and outcome == Outcome() and not self._view.parked:
            outcome = await self._fail_after_end()  # the last screen was the first that could not be rendered
        if self._unrecorded_end is None:  # otherwise the row would say that it was answered
            await self._record(self._stream.record_shown(outcome.reason))

    def _as_shown(self, outcome: Outcome) -> Outcome:
        """Return how an answer ended by what there is to show of it."""
        if outcome.reason is EndReason.WITHDRAWN:
            self._view.retract()
        elif self._view.parked:
            return Outcome()  # the card has its own way on
        elif outcome == Outcome() and self._view.empty:
            return Outcome(EndReason.FAILED, strings.NO_ANSWER)
        elif outcome == Outcome() and self._view.trouble:
            return Outcome(EndReason.FAILED, strings.PLAIN_TEXT)
        return outcome

    def _told(self, outcome: Outcome, has_button: bool) -> str:
        """Return the sentence under an answer; that of a failure has its reference, and is logged with it.

        Without `has_button` it says nothing of Retry: the words of a question whose writer deleted it are gone.
        """
        if not outcome.failed:
            return outcome.sentence
        sentence = outcome.sentence if has_button else strings.without_retry(outcome.sentence)
        self._log.warning("failure told", outcome=outcome.reason, sentence=sentence)
        return with_reference(sentence, self.turn.key)

    def _log_trouble(self) -> None:
        if self._view.refused is not None:
            self._log.warning("file refused", reason=self._view.refused)
        if self._view.cut:
            self._log.warning("answer cut", limit=MOST_TEXT)
        if self._view.trouble:
            self._log.error("rendering failed", reason=self._view.trouble)

    async def _fail_after_end(self) -> Outcome:
        """Record that an answer could only be shown as plain text, and offer Retry under it."""
        if await self._record(self._stream.record_end(EndReason.FAILED)):
            self._view.offer(self._retry)
        await self._sync.run()
        return Outcome(EndReason.FAILED, strings.PLAIN_TEXT)

    async def _end_unshown(self) -> None:
        """End a turn as failed of which not even the plain text can be shown; the person is told."""
        self._release()
        await self._record(self._stream.record_end(EndReason.FAILED))
        if self.turn.origin is not None:
            await reply_privately(
                self.thread, self.turn.origin, (with_reference(strings.INTERNAL, self.turn.key),)
            )
        await self._record(self._stream.record_shown(EndReason.FAILED))

    async def _give_up(self, error: PlatformError) -> None:
        """End a turn whose answer cannot be shown: the person is told where that is possible."""
        if isinstance(error, TakenOver):
            return  # asked again meanwhile: what is shown and recorded from now on is the later attempt's
        self._log.warning("answer not shown", reason=repr(error))
        if isinstance(error, TakenElsewhere):
            # The other process answers.
            await self._record(self._stream.record_shown(EndReason.UNDELIVERABLE))
            return
        self._release()  # telling may take a while
        origin = self.turn.origin
        # Whoever deletes their question wants no answer.
        deleted = isinstance(error, QuestionGone) and origin is not None and origin.source is not None
        sentence = with_reference(error_messages.not_shown(error), self.turn.key)
        if not isinstance(error, PlatformDown):
            await close_message(self._services, self.thread, self._sync, self.turn, sentence)
        if origin is not None and not deleted:
            await reply_privately(self.thread, origin, (sentence,))
            await self._remove_echo(origin)
        await self._record(self._stream.record_shown(EndReason.UNDELIVERABLE))

    async def _remove_echo(self, origin: Prompt) -> None:
        """Remove the acknowledgement of a question that has no answer: it would stand there for everybody."""
        if origin.echo is not None:
            try:
                await self.thread.delete(origin.echo)
            except PlatformError as error:
                self._log.info("acknowledgement not removed", reason=repr(error))

    def _release(self) -> None:
        self.opened.set()
        self.started.set()
        self.parked.set()
        self.ended.set()

    async def _on_posted(self, content: Content | Document, message: MessageRef) -> None:
        self.started.set()
        if isinstance(content, PlanCard):
            await self._record(self._plans.note_card(content.key, message))
            # Aion may have sent the plan again while this post was on its way.
            self._replacing.spawn(show_replaced(self._services, self.thread, content.key))
            # A plan may wait for days: the thread goes on, while this stream stays open for what Aion says then.
            self.parked.set()
        else:
            recording = self._turns.note_posted(self.turn.key, self._sync.replies)
            self._posts_recorded = await self._record(recording)

    async def _record_posts(self) -> None:
        now = await self._turns.get(self.turn.key)
        if now is not None and now.attempt == self.turn.attempt:  # a later attempt records its own
            await self._turns.note_posted(self.turn.key, self._sync.replies)

    async def _record(self, writing: Awaitable[object]) -> bool:
        """Write to the database; a full disk costs the record, never the answer. Returns whether it was written."""
        try:
            await writing
        except sqlite3.Error as error:
            self._log.error("database write failed", reason=str(error))
            return False
        return True
