"""Putting one question to Aion: session, stream, and the stored answer where the stream broke."""

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, ChatToken, ChatTokenType
from aion_bot.conversation.session_history import SessionHistory, answer_to
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.turn import Plan, Turn
from aion_bot.ports.messages import Line, Step
from aion_bot.ports.text import one_line
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.plan_card import Approvers, plan_card
from aion_bot.storage import BRIEFLY, Store, insist

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended: whole, or with a sentence, whether asking again can help, and who ended it.

    `may_come`: nothing is wrong with Aion, which may store the answer all the same; the next start looks for it.
    `withdrawn`: the person took the question back before Aion had it, and nothing is shown.
    """

    sentence: str = ""
    retry: bool = False
    byline: Line = ()
    may_come: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Services:
    """What answering needs."""

    store: Store
    aion: AionVision
    sessions: SessionHistory
    registry: Registry
    approvers: Approvers


class _SessionGoneError(Exception):
    """The stream itself said that the session does not exist any more."""


class AionStream:
    """One question on its way through Aion into a transcript; `wake` is called when that has changed.

    `plans` are Aion's ids of the plans that the answer brought, by ours; `sent` says whether Aion may have the question.
    """

    def __init__(
        self,
        services: Services,
        thread: Thread,
        turn: Turn,
        view: AnswerView,
        wake: Callable[[bool], None],
    ) -> None:
        self.plans: dict[str, str] = {}
        self.sent = bool(turn.session_id)
        self._services = services
        self._thread = thread
        self._turn = turn
        self._view = view
        self._wake = wake

    async def ask(self) -> Outcome:
        """Ask in the thread's session, or in a new one where that is gone. Raises what the client raises."""
        session = await self._services.store.session(self._turn.thread)
        if not session:
            return await self._ask_anew()
        try:
            return await self._stream(session)
        except _SessionGoneError:
            pass
        except AionvisionError as error:
            if not error_messages.session_gone(error):
                raise
        self._view.notice(strings.NEW_SESSION)
        return await self._ask_anew()

    async def _ask_anew(self) -> Outcome:
        """Ask in a new session. One that is gone at once is Aion's failure."""
        try:
            return await self._stream(await self._new_session())
        except _SessionGoneError:
            return Outcome(strings.trouble("SERVER_ERROR"), retry=True)

    async def _new_session(self) -> str:
        session = await self._services.aion.chats.create_session(title=one_line(self._turn.text, 100))
        await self._services.store.bind(self._turn.thread, session.id)
        return session.id

    async def _stream(self, session: str) -> Outcome:
        if not await self._services.store.note_stream(self._turn.key, session, ""):
            return Outcome(withdrawn=True)
        self._turn, self.sent = replace(self._turn, session_id=session), True
        try:
            stream = self._services.aion.chats.send_stream(self._turn.text, session_id=session)
            async with aclosing(stream) as tokens:
                async for token in tokens:
                    if (outcome := await self._take(token)) is not None:
                        return outcome
        except AionvisionError as error:
            if self._view.waits_at_plan:
                return Outcome()
            if not _may_have_been_asked(error):
                raise
            _log.info("stream broke", turn=self._turn.key, code=error.code)
            return await self.find_again()
        return Outcome()

    async def _take(self, token: ChatToken) -> Outcome | None:
        """Fold one event; returns how the answer ended where this event ends it."""
        if token.type is ChatTokenType.PLAN_PENDING_APPROVAL:
            await self._take_plan(token)
            return None
        if _says_session_gone(token) and self._view.empty:
            raise _SessionGoneError
        before = self._view.facts.answer_id
        self._view.fold(token)
        self._wake(False)
        facts = self._view.facts
        if facts.answer_id != before:
            await self._note_answer(facts.answer_id)
        if facts.error is not None:
            return self._reported(facts.error)
        return Outcome() if facts.complete and not self._view.waits_at_plan else None

    async def _note_answer(self, answer_id: str) -> None:
        """Record Aion's id of the answer; a full disk costs the note, never the answer."""
        try:
            await self._services.store.note_stream(self._turn.key, self._turn.session_id, answer_id)
        except sqlite3.Error as error:
            _log.error("journal could not be written", turn=self._turn.key, reason=str(error))

    def _reported(self, data: dict[str, object]) -> Outcome:
        kind = error_messages.event_kind(data)
        if kind is not None:
            return Outcome(strings.trouble(kind), retry=kind in strings.ASKING_AGAIN_HELPS)
        return Outcome(strings.reported(str(data.get("message") or data.get("error") or "")), retry=True)

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
                Step(strings.agent(one["agent_name"]), one["description"]) for one in data["invocations"]
            ),
            operations=data["estimated_operations"],
            turn=self._turn.key,
        )
        await insist(lambda: self._services.store.add_plan(plan), BRIEFLY)
        self.show_plan(plan)

    def show_plan(self, plan: Plan) -> None:
        """Put the card of a plan into the transcript."""
        self.plans[plan.key] = plan.plan_id
        self._view.show_plan(*plan_card(plan, self._services.approvers, self._thread.adapter))
        self._wake(True)

    async def find_again(self) -> Outcome:
        """Look for the stored answer; the question is never sent again by itself."""
        self._view.say(strings.FETCHING)
        self._wake(False)
        found = await self._services.sessions.stored_answer(self._turn.session_id, self._take_stored)
        return self._restored(found) or Outcome(strings.CUT, retry=True)

    async def show_unposted_plans(self) -> None:
        """Put the plans of this answer into the transcript whose cards an earlier process could not post any more."""
        for plan in await self._services.store.plans_of(self._turn.key):
            if plan.message is None:
                self.show_plan(plan)

    async def find_after_restart(self) -> Outcome:
        """Look for the stored answer of a question that an earlier process asked.

        Where a plan of it waits, one look is enough: its card has a way on of its own.
        """
        plans = await self._services.store.plans_of(self._turn.key)
        look = self._services.sessions.look if plans else self._services.sessions.stored_answer
        outcome = self._restored(await look(self._turn.session_id, self._take_stored))
        await self.show_unposted_plans()
        if outcome is not None or plans:
            return Outcome() if outcome else Outcome(strings.PLAN_LEAD)
        return Outcome(strings.INTERRUPTED, retry=True)

    async def _take_stored(self, messages: Sequence[ChatMessage]) -> ChatMessage | None:
        """Take the stored answer to this question, unless it belongs to a plan or to another question."""
        turn = replace(self._turn, answer_id=self._view.facts.answer_id or self._turn.answer_id)
        found = await stored_for(self._services.store, turn, messages)
        if found is None or not await self._claimed(turn, found):
            return None
        return found

    async def _claimed(self, turn: Turn, found: ChatMessage) -> bool:
        """Take a stored answer; a full disk costs the note, never the answer, as nobody else can take it then."""
        try:
            return await insist(
                lambda: self._services.store.claim_answer(turn.key, turn.session_id, found.id), BRIEFLY
            )
        except sqlite3.OperationalError as error:
            _log.error("journal could not be written", turn=turn.key, reason=str(error))
            return True

    def _restored(self, found: ChatMessage | None) -> Outcome | None:
        if found is None:
            return None
        self._view.restore(found.content, found.metadata)
        return Outcome()


async def stored_for(store: Store, turn: Turn, messages: Sequence[ChatMessage]) -> ChatMessage | None:
    """Find the answer to a question among a session's messages that are no plan's and no other question's."""
    taken = await store.taken(turn.session_id, turn.key)
    return answer_to(turn.text, turn.answer_id, [one for one in messages if one.id not in taken])


def _says_session_gone(token: ChatToken) -> bool:
    said = str((token.data or {}).get("error", ""))
    return token.type is ChatTokenType.AUTH_ERROR and "session" in said.lower()


def _may_have_been_asked(error: AionvisionError) -> bool:
    """Tell whether the answer may come to be stored all the same: it was cut, or only a gateway gave up."""
    return error.maybe_acted and error.status_code in {None, 504}
