"""A press on a plan's card: permission, claim, plan action, and the card that shows each step of it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus

import structlog

from aion_bot.aion import AionvisionError, ChatMessage, PlanActionResponse
from aion_bot.conversation.aion_keys import of_session
from aion_bot.conversation.decision_card import ANSWERS, DecisionCard, card_of
from aion_bot.conversation.gallery import packed, show_gallery
from aion_bot.conversation.mentions import send_due
from aion_bot.conversation.plan_copies import show_copies
from aion_bot.conversation.plan_outcome import (
    Decided,
    answered,
    ended_plan,
    never_seen,
    seen_in_session,
    unreported_end,
)
from aion_bot.conversation.presses import Presses
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.quorum import plan_format, quorum_of, show_open
from aion_bot.conversation.refused_keys import note_refused_key
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_history import is_answer
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.plan import UNDER_WAY, Plan, PlanPhase
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.events import Click
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, MessageRef, Person
from aion_bot.ratelimit.request_pace import ASKER
from aion_bot.rendering.plan_record import in_words
from aion_bot.storage import retry_write
from aion_bot.storage.galleries import DueGallery

_log = structlog.get_logger(__name__)

_RESULT_BEGINS = 2.0
"""Seconds in which a stream that is open begins to tell the result of a plan that is done."""

StreamEnd = Callable[[str, float], Awaitable[bool]]
"""Waits until the stream that brought the plan of this key has ended, if it is still open in this process, for so many
seconds at most; returns whether text came after the plan."""


class Approvals:
    """Decides plans. At most one action is under way for a plan, whoever presses how often.

    Once a decision is claimed, what has to be written for it is written as soon as the disk takes it.
    """

    def __init__(self, services: Services, stream_end: StreamEnd) -> None:
        self.acting: set[asyncio.Future[PlanActionResponse]] = set()
        """Plan actions on their way: what a shutdown should wait for."""
        self._services = services
        self._plans = services.store.plans
        self._access = services.access
        self._presses = Presses(services)
        self._stream_end = stream_end

    async def click(self, thread: Thread, click: Click) -> None:
        """Carry a decision out, which its card shows, or say privately why the press does not count."""
        answer, claimed = await self._presses.judge(thread, click)
        if claimed is None:
            if answer:
                await reply_privately(thread, click, answer, hidden=True)
            await self._presses.offer_again(thread, click)
            return
        # A copy of the card may have been pressed, which stands elsewhere.
        where = self._services.registry.thread(thread.adapter, claimed.thread)
        unshown = await self._show(where, claimed, self._carry_out)
        if not unshown and claimed.approvals:
            # Where an approval of several lapsed meanwhile, the card says whose.
            await show_open(self._services, where, claimed.key)
        now = await retry_write(lambda: self._plans.get(claimed.key)) if unshown else None
        if unshown and now:
            # Told first: in a thread without replies, Slack shows a private reply to nobody.
            told = (*strings.decided_unseen(in_words(now)), with_reference("", now.key))
            _log.warning("plan card not updated", plan=now.key, ref=reference(now.key))
            await reply_privately(thread, click, told, hidden=True)
            decided = now.phase is not PlanPhase.PENDING and not isinstance(unshown, PlatformDown)
            if decided and now.message is not None:
                try:
                    await thread.delete(now.message)  # its buttons do nothing any more
                except PlatformError as error:
                    _log.info("plan card not deleted", plan=now.key, reason=repr(error))

    async def stop(self, thread: Thread, key: str, person: Person) -> None:
        """Cancel a plan because the answer that brought it was stopped, or in time nobody approved it (`DEADLINE`).

        Nothing if it is decided already.
        """
        claimed = await retry_write(lambda: self._plans.claim(key, Action.CANCEL, person))
        if claimed and (plan := await retry_write(lambda: self._plans.get(key))):
            await self._show(thread, plan, self._carry_out)

    async def resume(
        self, thread: Thread, plan: Plan, posted: tuple[MessageRef, ...], file: MessageRef | None
    ) -> None:
        """Finish a decision that an earlier process left under way, or show one that it could not show any more.

        `posted` are its card and the messages of its result, `file` is the file behind these.
        """
        if plan.phase is PlanPhase.CLAIMED:
            work: Work = self._never_sent
        elif plan.phase is PlanPhase.SENT:
            work = self._answer_lost
        elif plan.phase in UNDER_WAY:
            work = self._watch
        else:
            # Its result was shown before that was recorded, and is no part of the card now: it stays.
            work, posted, file = self._as_it_is, posted[: 1 + bool(plan.pending)], None
        await self._show(thread, plan, work, posted, file)

    async def _show(
        self,
        thread: Thread,
        plan: Plan,
        work: "Work",
        posted: tuple[MessageRef, ...] = (),
        file: MessageRef | None = None,
    ) -> PlatformError | None:
        """Run `work` while the card shows how it goes, then show and record the outcome; `posted` and `file` are taken over.

        Returns why the card could not show it, if so: what was decided stands all the same.
        """
        if plan.message is None:
            _log.warning("plan has no card", plan=plan.key)
            return None

        again = bool(posted)
        card = card_of(self._services, thread, plan, posted or (plan.message,), file, resumed=again)
        self._services.agents_at_work[plan.key] = card.heard
        showing = asyncio.create_task(card.sync.run())
        try:
            await self._end(thread, card, await work(plan, card), showing)
            for gallery in await retry_write(lambda: self._services.store.galleries.due(plan.key)):
                await show_gallery(self._services, thread, gallery, resumed=again)
            await send_due(self._services, thread, plan.key)
        except TakenOver:
            pass  # its buttons came back, and were pressed before the platform confirmed that: the later decision is shown
        except PlatformError as error:
            _log.warning("plan card not shown", plan=plan.key, reason=repr(error))
            return error
        finally:
            showing.cancel()
            await card.recording.cancel()
            # The key may be gone: buttons that came back may have been pressed before this was over.
            self._services.agents_at_work.pop(plan.key, None)
        return None

    async def _end(
        self, thread: Thread, card: DecisionCard, decided: Decided, showing: "asyncio.Task[None]"
    ) -> None:
        plan, card.view.pending = ended_plan(card.view.plan, decided), decided.pending
        back = decided.phase is PlanPhase.PENDING

        async def keep() -> None:
            move = partial(
                self._plans.move, plan.key, plan.phase, detail=plan.detail, said=plan.said, steps=plan.steps,
                pending=decided.pending, attempts=plan.round,
            )  # fmt: skip
            if await retry_write(partial(move, answer=decided.answer, doubt=decided.doubt)):
                self._note_decision(plan, decided.answer)

        if (
            decided.pictures and not back and thread.galleries is not None
        ):  # due from the moment on in which all is shown
            due = DueGallery(plan.key, thread.key, plan.requester, packed(decided.pictures), of_plan=True)
            await retry_write(lambda: self._services.store.galleries.add(due))
        # The phase that brings buttons back is written before they can be pressed. A result is shown before its card
        # refers to it, and both before the plan is closed: a crash in between leaves no result unshown and no plan claimed.
        late = bool(decided.result) and not back
        if not late:
            await keep()
            plan = await self._as_recorded(plan)
        card.view.show(card.view.plan if late else plan, decided.result, decided.sources)
        card.view.ended = True
        card.sync.wake(urgent=True)
        await showing
        if late:
            card.view.show(plan, decided.result, decided.sources)
            # Once more: the first run ended when the result stood, with the card still in the step before.
            await card.sync.run()
            await keep()
        await show_copies(self._services, thread, plan, plan_format(self._services, thread, plan.place))
        if card.view.refused is not None:
            _log.warning("file refused", plan=plan.key, ref=reference(plan.key), reason=card.view.refused)
        await retry_write(lambda: self._plans.note_shown(plan.key, plan.round))

    async def _as_recorded(self, plan: Plan) -> Plan:
        """Read a plan again: it has the attempt with its outcome, and a newer card may have replaced this one. Raises `TakenOver`."""
        now = await retry_write(lambda: self._plans.get(plan.key))
        if now is not None and now.round > plan.round:
            # What an earlier process left was decided anew before this had begun: the later decision is shown, not this one's end.
            raise TakenOver("a later decision shows this plan")
        return replace(now, steps=plan.steps) if now and not now.erased else now or plan

    def _note_decision(self, plan: Plan, answer: str) -> None:
        if plan.decider is not None and plan.action is not None:
            _log.info(
                "plan decided", plan=plan.key, action=plan.action, person=plan.decider.id, digest=plan.digest,
                outcome=plan.phase, answer=answer,
            )  # fmt: skip
            if (observer := self._services.observer) is not None:
                observer.plan_decided(plan.thread.platform, plan.action, plan.phase)

    async def _carry_out(self, plan: Plan, card: DecisionCard) -> Decided:
        if (message := plan.message) is not None:
            # The row may lack it: the record of a post is best effort (`TurnRecord.note_beside`). The press names it.
            await retry_write(lambda: self._plans.note_card(plan.key, message))
        services = await retry_write(lambda: of_session(self._services, plan.session_id))
        try:
            messages = await services.history.messages(plan.session_id)
        except AionvisionError as error:
            return Decided(PlanPhase.PENDING, strings.refused(error_messages.sentence(error, retry=False)))
        # People may have lost what let them approve since they pressed.
        rules = self._access.rules
        if await self._has_lapsed(plan):
            return Decided(PlanPhase.PENDING, strings.APPROVAL_LAPSED)
        # Read before the action: a message that is stored afterwards may be its result.
        seen = tuple(message.id for message in messages)
        if not await retry_write(lambda: self._plans.note_sent(plan.key, seen)):
            return Decided(PlanPhase.PENDING, strings.PLAN_REPLACED)
        # Other rules may have come into force while that was written.
        if self._access.rules is not rules and await self._has_lapsed(plan):
            return Decided(PlanPhase.PENDING, strings.APPROVAL_LAPSED)
        return await self._send(replace(plan, phase=PlanPhase.SENT, seen=seen), card)

    async def _send(self, plan: Plan, card: DecisionCard) -> Decided:
        """Tell Aion of a decision whose row says that Aion may know it."""
        card.view.show(plan)
        aion = (await retry_write(lambda: of_session(self._services, plan.session_id))).aion
        chats = aion.chats
        act = chats.approve_plan if plan.action is Action.APPROVE else chats.cancel_plan
        # Before it is awaited: the key may be replaced meanwhile (`KeyClients.rotate`), and a refusal is of this one.
        key = aion.key_digest
        # A task of its own, so that a shutdown can wait for it without waiting for the watch that may follow.
        acting = asyncio.ensure_future(act(plan.session_id, plan.plan_id))
        self.acting.add(acting)
        acting.add_done_callback(self.acting.discard)
        try:
            response = await acting
        except AionvisionError as error:
            return await self._not_answered(plan, card, error, key)
        if response.status == "accepted":
            return await self._watch(await card.move(plan, PlanPhase.RUNNING), card)
        decided = answered(plan, response)
        # Where the stream that brought the plan goes on, it tells the result below the card, which does not repeat it.
        told_below = await self._stream_end(plan.key, _RESULT_BEGINS)
        return replace(decided, said="") if told_below else decided

    async def _has_lapsed(self, plan: Plan) -> bool:
        """Return whether too few of those who approved a plan may approve it now."""
        if plan.action is not Action.APPROVE or plan.decider is None:
            return False
        return (await quorum_of(self._access, plan, plan.place, plan.decider)).missing > 0

    async def _not_answered(
        self, plan: Plan, card: DecisionCard, error: AionvisionError, key: str
    ) -> Decided:
        _log.warning(
            "plan action failed",
            plan=plan.key, code=error.code, status=error.status_code, ref=reference(plan.key),
        )  # fmt: skip
        if error.status_code == 404:
            if plan.doubt or await self._decided_on_another_card(plan):
                return Decided(PlanPhase.SETTLED, strings.SETTLED, answer="404")
            return Decided(PlanPhase.EXPIRED, strings.EXPIRED, answer="404")
        if error.status_code == 409:
            return await self._watch(await card.move(plan, PlanPhase.BUSY), card)
        if error.status_code == HTTPStatus.FORBIDDEN:
            await note_refused_key(self._services.store, self._access, key)
            card.view.offer_no_approval()
            return Decided(PlanPhase.PENDING, strings.refused(strings.KEY_REFUSED), answer="403")
        # Without a status the request may have arrived. Any answer with another status says that nothing was done.
        if error.maybe_acted and error.status_code is None:
            return await self._answer_lost(plan, card)
        answer = str(error.status_code or "")
        return Decided(
            PlanPhase.PENDING, strings.refused(error_messages.sentence(error, retry=False)), answer=answer
        )

    async def _decided_on_another_card(self, plan: Plan) -> bool:
        """Return whether an attempt on another card of the same plan may have decided it."""
        cards = await retry_write(lambda: self._plans.of_plan(plan.session_id, plan.plan_id))
        attempts = [attempt for one in cards if one.key != plan.key for attempt in one.attempts]
        # An attempt with such an end changed nothing, unless it came to it out of doubt: then nobody saw what Aion did.
        undone = {None, PlanPhase.PENDING, PlanPhase.EXPIRED}
        return any(
            one.source in {PlanPhase.UNKNOWN, PlanPhase.BUSY} or one.phase not in undone for one in attempts
        )

    async def _answer_lost(self, plan: Plan, card: DecisionCard) -> Decided:
        return await self._watch(await card.move(replace(plan, doubt=True), PlanPhase.UNKNOWN), card)

    async def _as_it_is(self, plan: Plan, card: DecisionCard) -> Decided:  # noqa: ARG002  # one signature for all work
        return Decided(plan.phase, plan.detail, pending=plan.pending)

    async def _never_sent(self, plan: Plan, card: DecisionCard) -> Decided:  # noqa: ARG002  # one signature for all work
        return Decided(PlanPhase.PENDING, strings.refused(strings.NEVER_TOLD))

    async def _watch(self, plan: Plan, card: DecisionCard) -> Decided:  # noqa: ARG002  # one signature for all work
        """Look at the session until a result shows, and say what is known."""
        ASKER.set(
            replace(ASKER.get(), urgent=False)
        )  # the decision is sent: looking for its result is not urgent
        answer = ANSWERS.get(plan.phase, "")
        polling = self._services.polling
        backoff = polling.accepted if plan.phase is PlanPhase.RUNNING else polling.in_doubt
        # Where the stream that brought the plan is still open, Aion tells the result there.
        if await self._stream_end(plan.key, backoff.total):
            phase, told = unreported_end(plan)
            return Decided(phase, told, answer=answer, doubt=False)
        services = await retry_write(lambda: of_session(self._services, plan.session_id))
        found = await services.history.wait(
            plan.session_id,
            lambda messages: self._take_result(plan, messages),
            backoff,
            undecided=lambda: retry_write(lambda: self._services.store.turns.awaits_name(plan.session_id)),
            unnamed=polling.unnamed,
        )
        if found is not None:
            return seen_in_session(plan, found, answer)
        return never_seen(plan.phase, answer)

    async def _take_result(self, plan: Plan, messages: Sequence[ChatMessage]) -> ChatMessage | None:
        """Take the message that came of the plan, if it is among these: no other plan or turn can have it then."""
        new = [one.id for one in messages if is_answer(one) and one.id not in plan.seen]
        taken = await retry_write(lambda: self._plans.claim_result(plan.key, new)) if new else None
        return next((one for one in messages if one.id == taken), None)


Work = Callable[[Plan, DecisionCard], Awaitable[Decided]]
"""What is done for a decision while its card shows it."""
