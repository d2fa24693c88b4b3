"""A question: session → stream → answer."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from aion_bot import trouble, wording
from aion_bot.aion import AionVision, AionvisionError, ChatToken, ChatTokenType
from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.cutting import one_line
from aion_bot.port.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.port.messages import Action, Button, Content, MessageRef, PlanCard, Prompt, Reply, Step
from aion_bot.records import Plan, Turn, TurnState
from aion_bot.relay.card import Approvers, plan_card
from aion_bot.relay.desk import Desk
from aion_bot.relay.transcript import Transcript
from aion_bot.sessions import Sessions
from aion_bot.store import Store

_log = structlog.get_logger(__name__)

_OPENING_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to open a thread while the platform is down."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: whole, or with a sentence, and whether asking again can help."""

    sentence: str = ""
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """What answering needs."""

    store: Store
    aion: AionVision
    sessions: Sessions
    desk: Desk
    approvers: Approvers


class SessionGoneError(Exception):
    """The stream itself said that the session does not exist any more."""


class Answering:
    """One question being answered.

    `parked` is set once the thread may go on to its next question: when the answer has ended, or when a plan waits
    for a decision while the stream stays open. `ended` is set when nothing more will be shown. `plans` are Aion's ids
    of the plans it brought, by ours.
    """

    def __init__(
        self, bench: Bench, adapter: PlatformAdapter, turn: Turn, *, prompt: Prompt | None = None
    ) -> None:
        self.thread = turn.thread
        self.parked = asyncio.Event()
        self.ended = asyncio.Event()
        self.plans: dict[str, str] = {}
        self._bench = bench
        self._adapter = adapter
        self._turn = turn
        self._prompt = prompt
        self._shown = list(turn.posted)
        self._transcript = Transcript(adapter)
        # Messages taken over from an earlier attempt have used the turn's own name for their nonces.
        name = secrets.token_hex(8) if turn.posted else turn.key
        self._pump = bench.desk.pump(
            adapter, turn.thread, self._transcript, name=name, posted=turn.posted, on_posted=self._posted
        )
        self._asking: asyncio.Task[Ending] | None = None
        self._interruption: Ending | None = None

    @property
    def went_on(self) -> bool:
        """Whether text came after the last plan."""
        return self._transcript.has_plan and not self._transcript.waits_at_plan

    def interrupt(self, ending: Ending) -> None:
        """End the answer now: its stream is closed, and the text so far stays with the sentence of `ending`."""
        if self._interruption is None:
            self._interruption = ending
            if self._asking is not None:
                self._asking.cancel()

    async def run(self) -> None:
        """Answer the question; whatever happens is shown in the thread, or told to the person."""
        try:
            await self._open()
            await self._show_while(self._ask)
        except PlatformError as error:
            _log.warning("answer could not be shown", turn=self._turn.key, reason=repr(error))
            await self._bench.store.close_turn(self._turn.key, TurnState.DONE)
            await self._tell_privately()
        finally:
            self._release()

    async def restore(self) -> None:
        """Finish in place what an earlier process left open; nothing is asked again by itself."""
        try:
            await self._show_while(self._find_again)
        except PlatformError as error:
            _log.warning("open answer could not be finished", turn=self._turn.key, reason=repr(error))
            await self._bench.store.close_turn(self._turn.key, TurnState.DONE)
        finally:
            self._release()

    def _release(self) -> None:
        self.parked.set()
        self.ended.set()

    async def _open(self) -> None:
        if self._prompt is None:
            return None
        if self._prompt.attachments:
            self._transcript.notice(wording.NO_FILES)
        if self._prompt.opening is None:
            return None
        for pause in _OPENING_PAUSES:
            try:
                return await self._adapter.open(self._prompt)
            except RateLimited as error:
                await asyncio.sleep(error.retry_after)
            except PlatformDown:
                await asyncio.sleep(pause)
        await self._adapter.open(self._prompt)

    async def _tell_privately(self) -> None:
        if self._prompt is None:
            return
        try:
            await self._adapter.whisper(self._prompt, (wording.CANNOT_WRITE,))
        except PlatformError as error:
            _log.error("nobody could be told", turn=self._turn.key, reason=repr(error))

    async def _show_while(self, work: Callable[[], Awaitable[Ending]]) -> None:
        """Run `work` while the pump shows what it brings, then show the end and close the row."""
        self._asking = asyncio.create_task(self._guarded(work))
        if self._interruption is not None:
            self._asking.cancel()
        showing = asyncio.create_task(self._pump.run())
        try:
            await asyncio.wait({self._asking, showing}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                await showing  # it ends early only by raising: nothing can be shown here
            await self._close(await self._ending(self._asking), showing)
        finally:
            self._asking.cancel()
            showing.cancel()

    async def _guarded(self, work: Callable[[], Awaitable[Ending]]) -> Ending:
        try:
            return await work()
        except AionvisionError as error:
            kind = trouble.kind(error)
            _log.warning("Aion did not answer", turn=self._turn.key, kind=kind, code=error.code)
            return Ending(trouble.sentence(error), retry=kind in wording.ASKING_AGAIN_HELPS)
        except Exception:  # noqa: BLE001  # whatever happens, the person is told; the log has the rest
            _log.exception("turn failed", turn=self._turn.key)
            return Ending(wording.INTERNAL, retry=True)

    async def _ending(self, asking: "asyncio.Task[Ending]") -> Ending:
        await asyncio.wait({asking})
        if not asking.cancelled():
            return asking.result()
        return self._interruption or Ending(wording.INTERNAL, retry=True)

    async def _close(self, ending: Ending, showing: "asyncio.Task[None]") -> None:
        key = self._turn.key
        if self._transcript.waits_at_plan:
            ending = Ending()  # the card has its own way on
        elif not ending.sentence and self._transcript.empty:
            ending = Ending(wording.NO_ANSWER, retry=True)
        if ending.retry:
            await self._bench.store.close_turn(key, TurnState.FAILED)  # before its button can be pressed
        buttons = (Button(Action.RETRY, key, wording.RETRY),) if ending.retry else ()
        self._transcript.finish(ending.sentence, buttons)
        self._pump.wake(urgent=True)
        self.parked.set()
        await showing
        await self._bench.store.close_turn(key, TurnState.DONE)

    async def _ask(self) -> Ending:
        store, thread = self._bench.store, self._turn.thread
        session = await store.session(thread)
        if not session:
            return await self._stream(await self._new_session())
        try:
            return await self._stream(session)
        except SessionGoneError:
            pass
        except AionvisionError as error:
            if not trouble.session_gone(error):
                raise
        self._transcript.notice(wording.NEW_SESSION)
        return await self._stream(await self._new_session())

    async def _new_session(self) -> str:
        session = await self._bench.aion.chats.create_session(title=one_line(self._turn.text, 100))
        await self._bench.store.bind(self._turn.thread, session.id)
        return session.id

    async def _stream(self, session: str) -> Ending:
        await self._bench.store.note_stream(self._turn.key, session, "")
        self._turn = replace(self._turn, session_id=session)
        try:
            stream = self._bench.aion.chats.send_stream(self._turn.text, session_id=session)
            async with aclosing(stream) as tokens:
                async for token in tokens:
                    if (ending := await self._take(token)) is not None:
                        return ending
        except AionvisionError as error:
            if self._transcript.waits_at_plan:
                return Ending()
            if not _may_have_been_asked(error):
                raise
            _log.info("stream broke", turn=self._turn.key, code=error.code)
            return await self._find_again()
        return Ending()

    async def _take(self, token: ChatToken) -> Ending | None:
        """Fold one event; returns how the answer ended where this event ends it."""
        if token.type is ChatTokenType.PLAN_PENDING_APPROVAL:
            await self._take_plan(token)
            return None
        if token.type is ChatTokenType.AUTH_ERROR and self._transcript.empty:
            raise SessionGoneError
        before = self._transcript.facts.answer_id
        await self._reopen_for(token)
        self._transcript.fold(token)
        self._pump.wake()
        facts = self._transcript.facts
        if facts.answer_id != before:
            await self._bench.store.note_stream(self._turn.key, self._turn.session_id, facts.answer_id)
        if facts.error is not None:
            return self._reported(facts.error)
        return Ending() if facts.complete and not self._transcript.waits_at_plan else None

    async def _reopen_for(self, token: ChatToken) -> None:
        if token.type is ChatTokenType.TOKEN and self._transcript.waits_at_plan:
            await self._bench.store.reopen_turn(self._turn.key)

    def _reported(self, data: dict[str, object]) -> Ending:
        kind = trouble.event_kind(data)
        if kind is not None:
            return Ending(wording.trouble(kind), retry=kind in wording.ASKING_AGAIN_HELPS)
        return Ending(wording.reported(str(data.get("message") or data.get("error") or "")), retry=True)

    async def _take_plan(self, token: ChatToken) -> None:
        data = token.plan
        if data is None or not data["plan_id"] or data["plan_id"] in self.plans.values():
            _log.warning("plan without an id of its own ignored", turn=self._turn.key)
            return
        plan = Plan(
            key=secrets.token_hex(8),
            plan_id=data["plan_id"],
            session_id=self._turn.session_id,
            thread=self._turn.thread,
            requester=self._turn.asker,
            description=data["description"],
            steps=tuple(
                Step(wording.agent(one["agent_name"]), one["description"]) for one in data["invocations"]
            ),
            operations=data["estimated_operations"],
        )
        await self._bench.store.add_plan(plan)
        self.plans[plan.key] = plan.plan_id
        self._transcript.show_plan(*plan_card(plan, self._bench.approvers, self._adapter))
        self._pump.wake(urgent=True)

    async def _find_again(self) -> Ending:
        """Look for the stored answer; the question is never sent again by itself."""
        turn = self._turn
        answer_id = self._transcript.facts.answer_id or turn.answer_id
        self._transcript.say(wording.FETCHING)
        self._pump.wake()
        others = await self._bench.store.answers(turn.session_id) - {answer_id}
        found = await self._bench.sessions.stored_answer(
            turn.session_id, answer_id=answer_id, question=turn.text, others=others
        )
        if found is None:
            return Ending(wording.CUT, retry=True)
        await self._bench.store.note_stream(turn.key, turn.session_id, found.id)
        self._transcript.restore(found.content, found.metadata)
        return Ending()

    async def _posted(self, slot: int, content: Content, message: MessageRef) -> None:  # noqa: ARG002  # the pump's signature
        if isinstance(content, PlanCard):
            await self._bench.store.note_card(content.buttons[0].key, message)
            await self._bench.store.close_turn(self._turn.key, TurnState.DONE)
            self.parked.set()
        elif isinstance(content, Reply):
            self._shown.append(message)
            await self._bench.store.note_posted(self._turn.key, self._shown)


def _may_have_been_asked(error: AionvisionError) -> bool:
    """Tell whether the answer may come to be stored all the same: it was cut, or only a gateway gave up."""
    return error.maybe_acted and error.status_code in {None, 504}
