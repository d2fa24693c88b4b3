"""A question: the thread opens, the answer is shown while it comes, the row is closed."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import structlog

from aion_bot.aion import AionvisionError, ChatMessage
from aion_bot.conversation.aion_stream import AionStream, Outcome, Services
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Action, Button, Content, MessageRef, PlanCard, Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import insist

_log = structlog.get_logger(__name__)

_OPENING_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to open a thread while the platform is down."""


class TurnRunner:
    """One question being answered.

    `parked` is set once the thread may go on to its next question: when the answer has ended, or when a plan waits
    for a decision while the stream stays open. `ended` is set when nothing more will be shown, `begun` when the first
    message stands or none will. `resumed` says that an earlier process began the answer.
    """

    def __init__(self, services: Services, thread: Thread, turn: Turn, *, resumed: bool = False) -> None:
        self.turn = turn
        self.parked = asyncio.Event()
        self.ended = asyncio.Event()
        self.begun = asyncio.Event()
        self._services = services
        self.thread = thread
        self._retry = Button(Action.RETRY, turn.key, strings.RETRY)
        stop = Button(Action.STOP, turn.key, strings.STOP)
        self._view = AnswerView(thread.adapter, while_growing=(stop,))
        delivery = Delivery(turn.name, turn.asker, turn.posted, self._posted, resumed=resumed)
        self._sync = services.registry.sync(self.thread, self._view, delivery)
        self._asking = AionStream(
            services, thread, turn, self._view, lambda urgent: self._sync.wake(urgent=urgent)
        )
        self._work: asyncio.Task[Outcome] | None = None
        self._interruption: Outcome | None = None
        self._owed: Outcome | None = None
        self._kept = True

    @property
    def plans(self) -> list[str]:
        """Our keys of the plans that came with this answer."""
        return list(self._asking.plans)

    @property
    def went_on(self) -> bool:
        """Whether text came after the last plan."""
        return self._view.has_plan and not self._view.waits_at_plan

    def seen(self) -> None:
        """Note that people see a sign of life, so that the first message need not hurry."""
        self._sync.may_wait()

    def interrupt(self, outcome: Outcome) -> None:
        """End the answer now: its stream is closed, and the text so far stays with the sentence of `outcome`."""
        if self._interruption is None:
            self._interruption = outcome
            if self._work is not None:
                self._work.cancel()

    async def run(self) -> None:
        """Answer the question; whatever happens is shown in the thread, or told to the person."""
        try:
            await self._open()
            await self._show_while(self._asking.ask)
        except PlatformError as error:
            await self._give_up(error)
        finally:
            self._release()

    async def restore(self) -> None:
        """Finish in place what an earlier process left open; nothing is asked again by itself."""
        ended = {TurnState.FAILED: self._marked, TurnState.DONE: self._withdrawn}
        try:
            await self._show_while(ended.get(self.turn.state, self._asking.find_after_restart))
        except PlatformError as error:
            await self._give_up(error)
        finally:
            self._release()

    async def complete(self, found: ChatMessage) -> None:
        """Show in place the answer to a question that a stop had cut off."""
        self._view.restore(found.content, found.metadata)
        try:
            await self._show_while(self._whole)
        except PlatformError as error:
            await self._give_up(error)
        finally:
            self._release()

    async def make_good(self) -> None:
        """Write down what could not be written when it was shown; a failure gets its Retry button only then."""
        if not self._kept:
            await insist(self._note_replies)
        outcome = self._owed
        if outcome is None:
            return
        try:
            if await insist(lambda: self._fail(outcome)):
                self._view.offer(self._retry)
                await self._sync.run()
        except PlatformError as error:
            _log.warning("Retry could not be shown", turn=self.turn.key, reason=repr(error))
        await insist(lambda: self._services.store.settle_turn(self.turn.key, self.turn.attempt))

    async def _note_replies(self) -> None:
        now = await self._services.store.turn(self.turn.key)
        if now is not None and now.attempt == self.turn.attempt:  # a later attempt notes its own
            await self._services.store.note_posted(self.turn.key, self._sync.replies)

    async def _whole(self) -> Outcome:
        await self._asking.show_unposted_plans()
        return Outcome()

    async def _marked(self) -> Outcome:
        return Outcome(strings.INTERRUPTED, retry=True)

    async def _withdrawn(self) -> Outcome:
        return Outcome(withdrawn=True)

    async def _give_up(self, error: PlatformError) -> None:
        """End a question whose answer cannot be shown: the person is told where that is possible."""
        if isinstance(error, TakenOver):
            return  # asked again meanwhile: what is shown and noted from now on is the later attempt's
        _log.warning("answer could not be shown", turn=self.turn.key, reason=repr(error))
        self._release()  # telling may take a while
        if self.turn.origin is not None:
            await reply_privately(self.thread, self.turn.origin, (strings.CANNOT_WRITE,))
        await self._noted(self._services.store.settle_turn(self.turn.key, self.turn.attempt))

    def _release(self) -> None:
        self.begun.set()
        self.parked.set()
        self.ended.set()

    async def _open(self) -> None:
        origin = self.turn.origin
        if origin is None:
            return
        if origin.attachments:
            self._view.notice(strings.NO_FILES)
        if origin.opening is None or self.turn.attempt:
            return
        for pause in _OPENING_PAUSES:
            try:
                await self._open_thread(origin)
            except PlatformDown:
                await asyncio.sleep(pause)
            except RateLimited:
                pass  # the gate knows for how long
            else:
                return
        await self._open_thread(origin)

    async def _open_thread(self, origin: Prompt) -> None:
        await self.thread.open(origin)

    async def _show_while(self, work: Callable[[], Awaitable[Outcome]]) -> None:
        """Run `work` while the pump shows what it brings, then show the end and close the row."""
        self._work = asyncio.create_task(self._guarded(work))
        if self._interruption is not None:
            self._work.cancel()
        showing = asyncio.create_task(self._sync.run())
        try:
            await asyncio.wait({self._work, showing}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                await showing  # it ends early only by raising: nothing can be shown here
            await self._close(await self._ending(self._work), showing)
        finally:
            self._work.cancel()
            showing.cancel()

    async def _guarded(self, work: Callable[[], Awaitable[Outcome]]) -> Outcome:
        try:
            return await work()
        except AionvisionError as error:
            kind = error_messages.kind(error)
            _log.warning("Aion did not answer", turn=self.turn.key, kind=kind, code=error.code)
            return Outcome(error_messages.sentence(error), retry=kind in strings.ASKING_AGAIN_HELPS)
        except sqlite3.Error as error:
            _log.error("journal could not be written", turn=self.turn.key, reason=str(error))
            return Outcome(strings.NO_RECORD_ANY_MORE if self._asking.sent else strings.NO_RECORD, retry=True)
        except Exception:  # noqa: BLE001  # whatever happens, the person is told; the log has the rest
            _log.exception("turn failed", turn=self.turn.key)
            return Outcome(strings.INTERNAL, retry=True)

    async def _ending(self, work: "asyncio.Task[Outcome]") -> Outcome:
        await asyncio.wait({work})
        if not work.cancelled():
            return work.result()
        return self._interruption or Outcome(strings.INTERNAL, retry=True)

    async def _close(self, outcome: Outcome, showing: "asyncio.Task[None]") -> None:
        if outcome.withdrawn:
            self._view.retract()
        elif self._view.waits_at_plan:
            outcome = Outcome()  # the card has its own way on
        elif not outcome.sentence and not outcome.byline and self._view.empty:
            outcome = Outcome(strings.NO_ANSWER, retry=True)
        try:
            failed = outcome.retry and await self._fail(outcome)  # before its button can be pressed
        except sqlite3.Error as error:
            _log.error("failure could not be written", turn=self.turn.key, reason=str(error))
            failed, self._owed = False, outcome
        self._view.finish(outcome.sentence, (self._retry,) if failed else (), outcome.byline)
        self._sync.wake(urgent=True)
        self.parked.set()
        await showing
        if self._owed is None:  # otherwise it would be closed as answered
            await self._noted(self._services.store.settle_turn(self.turn.key, self.turn.attempt))

    async def _fail(self, outcome: Outcome) -> bool:
        store = self._services.store
        return await store.close_turn(self.turn.key, TurnState.FAILED, interrupted=outcome.may_come)

    async def _noted(self, writing: Awaitable[None]) -> bool:
        """Write to the journal; a full disk costs the note, never the answer. Tells whether it was written."""
        try:
            await writing
        except sqlite3.Error as error:
            _log.error("journal could not be written", turn=self.turn.key, reason=str(error))
            return False
        return True

    async def _posted(self, slot: int, content: Content, message: MessageRef) -> None:  # noqa: ARG002  # the pump's signature
        self.begun.set()
        if isinstance(content, PlanCard):
            await self._noted(self._services.store.note_card(content.key, message))
            self.parked.set()
        elif isinstance(content, Reply):
            self._kept = await self._noted(
                self._services.store.note_posted(self.turn.key, self._sync.replies)
            )
