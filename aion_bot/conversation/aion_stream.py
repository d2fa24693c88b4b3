"""One question on its way through Aion: session, stream, and the stored answer where the stream broke."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import cached_property, partial
from http import HTTPStatus

import structlog

from aion_bot.aion import AionvisionError, ChatMessage, ChatToken, ChatTokenType
from aion_bot.conversation.aion_keys import is_ours, pictures_are_ours
from aion_bot.conversation.context import about
from aion_bot.conversation.earlier import said_before, say_how_many
from aion_bot.conversation.footer import footer
from aion_bot.conversation.library import Library
from aion_bot.conversation.notices import outcome_of_event
from aion_bot.conversation.picture_questions import see_all_again
from aion_bot.conversation.pictures_above import PicturesAbove
from aion_bot.conversation.plan_steps import agent_words
from aion_bot.conversation.proposal import find_place, read_plan
from aion_bot.conversation.quorum import plan_format
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_binding import bind_new, binding
from aion_bot.conversation.session_end import SessionGoneError, why_replaced
from aion_bot.conversation.session_history import answer_data
from aion_bot.conversation.stored_answer import take_stored_answer
from aion_bot.conversation.uploads import QuestionFiles
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.plan import UNKNOWN_PLACE, Plan, PlanPhase
from aion_bot.domain.prompts import with_attached
from aion_bot.domain.rule_keys import FOOTER
from aion_bot.domain.turn import EndReason, Outcome, Turn, TurnPhase
from aion_bot.ports.failures import reference
from aion_bot.ports.text import one_line
from aion_bot.rendering.answer import AnswerView
from aion_bot.storage import BRIEFLY, recorded, retry_write
from aion_bot.storage.choices import Binding

_log = structlog.get_logger(__name__)

_TITLE = 100
"""Characters of a session's title at most."""


class AionStream:
    """Asks one question and folds what comes into a view.

    `asked` says whether Aion may have the question; `answer_id` is Aion's id of the answer once it is known, also where a full disk kept it
    from the row; `plans` are Aion's ids of the plans that the answer brought, by ours. `files` is None for a question that begins its
    thread and has none. `words_missing`: those above a plan's card are not shown yet (`Words.MISSING`). `kept_above`: pictures above a card
    may be recorded. `changed` is called after each change of the view; its argument: whether that is urgent. `replaced` is called with the
    key of each plan whose card a newer one replaced, `before_last` is awaited before the last words, with whether they replace all others.
    """

    def __init__(
        self, services: Services, thread: Thread, turn: Turn, view: AnswerView, *, changed: Callable[[bool], None],
        replaced: Callable[[str], object], before_last: Callable[[bool], Awaitable[None]],
    ) -> None:  # fmt: skip
        self.asked, self.words_missing = turn.phase is not TurnPhase.QUEUED, False
        self.answer_id, self._name_recorded = turn.answer_id, True
        self.plans, self._bound, self._said_before = dict[str, str](), Binding(), ""
        self._services, self._turns, self._thread, self._turn = services, services.store.turns, thread, turn
        self._view, self.kept_above, self._refused = view, False, False
        self._changed, self._replaced, self._before_last = changed, replaced, before_last
        begins = turn.origin is not None and turn.origin.opening is not None and not turn.origin.files
        self.files = None if begins else QuestionFiles(services, thread, turn, view, changed)
        self._log = _log.bind(turn=turn.key, ref=reference(turn.key))

    @cached_property
    def above(self) -> PicturesAbove:
        """The pictures above the cards of the answer, of which most have none."""
        return PicturesAbove(self._services, self._thread, self._turn, self._view)

    @property
    def unnamed(self) -> bool:
        """Whether Aion may store an answer whose id nobody knows."""
        return self.asked and not self._refused and self.answer_id is None

    async def ask(self) -> Outcome:
        """Bring the question's files, and ask in the thread's session, or in a new one where that is gone.

        Raises what the client raises.
        """
        if self.files is not None and (held := await self.files.bring()) is not None:
            return held
        origin = self._turn.origin
        # A direct conversation is the bot's own: all that people write there are questions.
        if origin and origin.source and not origin.place.direct:
            self._said_before = await said_before(self._services, self._thread, self._turn, self._view)
        began = time.monotonic()
        outcome = await self._ask()
        if outcome.answered:
            await self._add_footer(time.monotonic() - began)
        missing = outcome.answered and self.files and self.files.found and self.files.incomplete
        return Outcome(EndReason.INCOMPLETE) if missing else outcome

    async def end_again(self) -> Outcome:
        """Return how a turn ends whose end an earlier process recorded and did not show."""
        if self.files is not None and (held := await self.files.show_again()) is not None:
            return held
        ended = Outcome(self._turn.reason or EndReason.FAILED)
        if ended.reason is EndReason.INCOMPLETE:
            found = await self.find_after_restart()
            return ended if found.answered else found
        return Outcome(ended.reason, strings.INTERRUPTED) if ended.retryable else ended

    async def _ask(self) -> Outcome:
        origin = self._turn.origin
        if origin and origin.pictures and not await pictures_are_ours(self._services, self._turn):
            # A retry, as a press asks nothing then.
            return Outcome(EndReason.FAILED, strings.PICTURES_GONE)
        self._bound = await binding(self._services, self._turn)
        session = self._bound.session
        if self._bound.crossed or (session is not None and not await is_ours(self._services, session)):
            self._view.notice(strings.OTHER_KEY)
            await self._services.store.threads.unbind(self._turn.thread)
            session, self._bound = None, Binding()
        if session is not None:
            try:
                return await self._stream(session)
            except SessionGoneError:
                why = await why_replaced(self._services, session)
            except AionvisionError as error:
                why = await why_replaced(self._services, session, error)
                if why is None:
                    raise
            self._view.notice(why or strings.NEW_SESSION)
            # The id is of an answer that the old session will never store.
            self._view.facts.answer_id = self.answer_id = None
        new = await self._services.aion.chats.create_session(title=one_line(self._turn.text, _TITLE))
        self._bound = await bind_new(self._services, self._turn, new.id, self._bound)
        try:
            return await self._stream(new.id)
        except SessionGoneError:  # a session that is gone at once is Aion's failure
            return Outcome(EndReason.FAILED, strings.trouble("SERVER_ERROR"))

    async def find_after_restart(self) -> Outcome:
        """Look for the stored answer of a question that an earlier process asked.

        Where a plan of it waits, one look is enough: the card's buttons let people go on.
        """
        parked = self._turn.phase is TurnPhase.PARKED
        if self.files is not None:
            await self.files.show_again()
        await say_how_many(self._services, self._turn, self._view)
        history, session = self._services.history, self._turn.session_id or ""
        if session in self._services.uploads.narrowed:  # somebody asked about some pictures alone
            await see_all_again(self._services.aion, session, self._services.uploads.narrowed)
        if parked:
            found = await history.look(session, self._take_stored)
        else:
            found = await history.wait(session, self._take_or_say, self._services.polling.stored_answer)
        if found is not None:
            await self.show_stored(found)
        elif parked and self._turn.growing and len(self._turn.posted) == 1:
            self._view.show_stored(self._turn.growing[1], None)  # Aion has stored no words yet
        await self.show_unposted_plans(worded=found is not None)
        if found is not None or self._view.parked:
            return Outcome()
        return Outcome(untouched=True) if parked else Outcome(EndReason.FAILED, strings.INTERRUPTED)

    async def show_stored(self, found: ChatMessage) -> None:
        """Show an answer that Aion stored after a stop of the bot; its time is from the question until it was stored."""
        await self._before_last(True)
        self._view.show_stored(found.content, answer_data(found))
        now, asked_at, stored_at = time.time(), self._turn.asked_at, found.created_at
        ended_at = now if stored_at is None else stored_at.timestamp()
        # Aion's clock may differ from this one: a time that cannot be is not used.
        await self._add_footer((ended_at if asked_at <= ended_at <= now else now) - asked_at)

    async def _add_footer(self, seconds: float) -> None:
        if self._services.access.rules.value(FOOTER, self._turn.place):
            await self._before_last(False)
            self._changed(True)  # the words do not wait for the line below them
            session, facts = self._turn.session_id or "", self._view.facts
            self._view.footnote(await footer(self._services.aion, session, facts, seconds))

    async def show_unposted_plans(self, *, worded: bool = True) -> None:
        """Put the plans of this answer into the view whose cards an earlier process could not post any more; `worded`: its words stand above."""
        turn, of_turn = self._turn, partial(self._services.store.plans.of_turn, self._turn.key)
        unposted = [plan for plan in await retry_write(of_turn, BRIEFLY) if plan.message is None]
        self.words_missing = not worded and bool(unposted)
        if self.words_missing:  # first: the next process may have this row alone
            await retry_write(partial(self._turns.note_words_missing, turn.key, turn.attempt), BRIEFLY)
        for plan in unposted:
            await self._show_plan(plan)

    async def note_file(self, plan_key: str) -> None:
        """Record that the file of a plan was posted: its card may follow."""
        self._view.facts.filed.add(plan_key)
        await self._services.store.plans.note_file(plan_key)

    def record_end(self, reason: EndReason) -> Awaitable[bool]:
        """Record how the turn ended, with the name of its answer; returns as `Turns.end`."""
        turn = self._turn
        return self._turns.end(turn.key, reason, self.answer_id, attempt=turn.attempt, unnamed=self.unnamed)

    async def _stream(self, session: str, *, disputed: bool = False) -> Outcome:
        """Ask in a session, once what the question is about is selected there; `disputed`: Aion had lost that once."""
        services = self._services
        narrowed = session in services.uploads.narrowed  # what an earlier question left
        if narrowed and not await Library(services.aion, services.uploads, services.polling).see_all(session):
            self._view.notice(strings.MODE_LOST)
        bound, origin = self._bound, self._turn.origin
        if not (bound.chosen or bound.holds or (origin and origin.pictures)):
            return await self._stream_in(session, [])
        async with about(services, session, self._turn, bound, self._view) as found:
            if isinstance(found, Outcome):
                return found
            try:
                return await self._stream_in(session, found)
            except AionvisionError as error:
                # Then it was not asked: the session lacks some of `expected_image_ids`.
                if disputed or not found or error.status_code != HTTPStatus.CONFLICT:
                    raise
                self._log.info("picture selection refused", code=error.code)
        # Once what was selected is set back, so that it is selected anew; once only, as Aion may never hold to it.
        return await self._stream(session, disputed=True)

    async def _stream_in(self, session: str, pictures: Sequence[str]) -> Outcome:
        before = self._said_before
        attached = await self.files.add_to(session, before) if self.files and self.files.found else before
        # From here on a crash leaves ASKING: the next start looks for an answer and never asks again by itself.
        if (asked := await self._turns.start_asking(self._turn.key, session, attached)) is None:
            return Outcome(EndReason.WITHDRAWN)
        text, attached = asked
        self._turn = replace(self._turn, session_id=session, text=text, attached=attached)
        self.asked, self._refused = True, False
        try:
            stream = self._services.aion.chats.send_stream(
                with_attached(text, attached),
                session_id=session,
                force_detailed_analysis=self._turn.origin is not None and self._turn.origin.detailed,
                expected_image_ids=pictures or None,
            )
            async with aclosing(stream) as tokens:
                async for token in tokens:
                    if (outcome := await self._take(token)) is not None:
                        return outcome
        except AionvisionError as error:
            self._refused = not error.maybe_acted
            # A plan waits, and its card lets people decide: the end of the stream costs nothing.
            if self._view.parked:
                return Outcome()
            # An answer can be stored only if Aion may have the question: the stream was cut, or a gateway gave up.
            if not (error.maybe_acted and error.status_code in {None, 504}):
                raise
            self._log.info("stream broke", code=error.code)
            return await self._find_again()
        return Outcome()

    async def _take(self, token: ChatToken) -> Outcome | None:
        """Fold one event; returns the outcome where this event ends the answer."""
        if token.type is ChatTokenType.PLAN_PENDING_APPROVAL:
            await self._take_plan(token)
            return None
        said = str((token.data or {}).get("error", ""))
        # Aion uses one event type for a refused key and for a session that is gone; only its words tell them apart.
        session_gone = token.type is ChatTokenType.AUTH_ERROR and "session" in said.lower()
        # A new session is tried only while nothing is shown: halves of two answers must not stand together.
        if session_gone and self._view.empty:
            raise SessionGoneError
        for key in self.plans:
            if (heard := self._services.agents_at_work.get(key)) and (token.data or {}).get("agent_name"):
                heard(agent_words((token.data or {})["agent_name"]))
        before, parked = self._view.facts.answer_id, self._view.parked
        self._view.fold(token)
        if parked and not self._view.parked:
            # Before the thread shows it; a full disk costs the record alone.
            await recorded(self._log, self._turns.note_went_on(self._turn.key), "text after a plan")
        self._changed(False)
        facts = self._view.facts
        # After a plan the stream stays open: Aion goes on in it once somebody has decided.
        if whole := facts.complete and not self._view.parked:
            await self._before_last(False)
        if facts.answer_id is not None and facts.answer_id != before:
            await self._name_answer(facts.answer_id)
        if facts.error is not None:
            return outcome_of_event(facts.error, self._log)
        return Outcome() if whole else None

    async def _name_answer(self, answer_id: str) -> None:
        """Record Aion's id of the answer; where a full disk does not take it, the end of the turn records it."""
        self.answer_id = answer_id
        naming = self._turns.name_answer(self._turn.key, answer_id)
        self._name_recorded = False
        self._name_recorded = await recorded(self._log, naming, "answer id")

    async def _take_plan(self, token: ChatToken) -> None:
        plan = read_plan(token.data or {}, self._turn)
        if plan is None:
            self._log.warning("plan ignored", reason="it has no id of its own")
            return
        plans = self._services.store.plans
        older = await retry_write(partial(plans.of_plan, plan.session_id, plan.plan_id), BRIEFLY)
        # Aion may repeat a plan in one stream; where nothing has changed its card is there already.
        if older and older[-1].key in self.plans and older[-1].digest == plan.digest:
            return
        # A card whose row is missing could be pressed and would do nothing.
        await retry_write(lambda: plans.add(plan), BRIEFLY)
        if self.answer_id is not None and not self._name_recorded:
            # A decision in doubt waits until this answer has an id, and Aion waits for the decision: neither would end.
            await self._name_answer(self.answer_id)
        await self._show_plan(plan)
        for one in older:
            if one.phase is PlanPhase.PENDING:
                self._log.info("plan replaced", plan=one.key, by=plan.key)
                self._replaced(one.key)

    async def _show_plan(self, plan: Plan) -> None:
        # Where the card stands depends on the pages above it, which a long text is cut into one by one.
        while not self._view.advance():  # noqa: ASYNC110  # a page at a time: others have their turn
            await asyncio.sleep(0)
        self.kept_above = True
        await recorded(self._log, self.above.keep(plan.key), "pictures")
        place = UNKNOWN_PLACE if self._turn.origin is None else self._turn.origin.place
        if not find_place(self._view, plan, plan_format(self._services, self._thread, place)):
            self._log.warning("plan not shown", plan=plan.key, reason="the answer has no room for it")
            return
        self.plans[plan.key] = plan.plan_id
        self._changed(True)

    async def _find_again(self) -> Outcome:
        """Look for the stored answer; the question is never sent again by itself."""
        self._view.say(strings.FETCHING)
        self._changed(False)
        session, polling = self._turn.session_id or "", self._services.polling
        found = await self._services.history.wait(session, self._take_stored, polling.stored_answer)
        if found is None:
            return Outcome(EndReason.FAILED, strings.CUT)
        self._view.show_stored(found.content, answer_data(found))
        return Outcome()

    async def _take_or_say(self, messages: Sequence[ChatMessage]) -> ChatMessage | None:
        if (found := await self._take_stored(messages)) is None:  # people learn that it is not given up
            self._view.say(strings.FETCHING_AFTER_RESTART)
            self._changed(False)
        return found

    async def _take_stored(self, messages: Sequence[ChatMessage]) -> ChatMessage | None:
        """Take the stored answer to this question, unless it belongs to a plan or to another question."""
        # The stream's name of the answer first: this row was read before Aion had named it.
        turn = replace(self._turn, answer_id=self._view.facts.answer_id or self._turn.answer_id)
        found = await take_stored_answer(self._services.store, turn, messages, self._log)
        self.answer_id = self.answer_id if found is None else found.id
        return found
