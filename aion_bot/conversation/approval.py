"""A click on a plan: permission → claim → plan action → card."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from aion_bot.aion import AionVision, AionvisionError, ChatMessage, PlanActionResponse
from aion_bot.aion.references import resolve_content
from aion_bot.conversation.private_reply import reply_privately
from aion_bot.conversation.session_history import SessionHistory, said
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.delivery.sync import MessageSync
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.domain.access import may_decide
from aion_bot.domain.turn import Plan, PlanStatus
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Click
from aion_bot.ports.messages import Action, Line, MessageRef, Person
from aion_bot.ports.text import one_line
from aion_bot.rendering.plan_card import Approvers, PlanCardView, record
from aion_bot.storage import Store, insist

_log = structlog.get_logger(__name__)

_DETAIL = 400
"""Characters of Aion's own words on a card at most."""

_UNDER_WAY = {PlanStatus.DECIDING, PlanStatus.RUNNING, PlanStatus.BUSY, PlanStatus.UNKNOWN}

_PATIENCE = {PlanStatus.RUNNING: 600.0, PlanStatus.BUSY: 60.0, PlanStatus.UNKNOWN: 60.0}
"""How long a session is watched for a result, in first pauses."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a decision led: the plan's next status, a sentence, and the text of the result if the session has one."""

    status: PlanStatus
    detail: str = ""
    result: str = ""


StreamEnd = Callable[[str, float], Awaitable[bool]]
"""Waits until the stream that brought the plan of this key has ended, if it is still open in this process, for so many
first pauses at most; tells whether text came after the plan."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Decides plans. At most one action is under way for a plan, whoever clicks how often.

    Once a decision is claimed, what has to be written for it is written as soon as the disk takes it.
    """

    store: Store
    aion: AionVision
    sessions: SessionHistory
    registry: Registry
    approvers: Approvers
    stream_end: StreamEnd
    acting: set[asyncio.Future[PlanActionResponse]] = field(default_factory=set)
    """Plan actions on their way: what a shutdown should wait for."""

    async def click(self, thread: Thread, click: Click) -> None:
        """Answer a click privately, and carry the decision out if it counts."""
        answer, claimed = await self._judge(click)
        decision = self._show(thread, claimed, self._carry_out) if claimed else asyncio.sleep(0)
        await asyncio.gather(reply_privately(thread, click, answer), decision)

    async def _judge(self, click: Click) -> tuple[Line, Plan | None]:
        """Return what the person is told, and the plan if the click claimed its decision."""
        plan = await self.store.plan(click.key)
        if plan is None or plan.thread != click.thread:
            return (strings.UNKNOWN_PLAN,), None
        if not may_decide(self.approvers, click.person, plan.requester):
            return strings.not_yours(strings.deciders(self.approvers, plan.requester)), None
        claimed = await self.store.claim_plan(plan.key, click.action, click.person)
        now = await insist(lambda: self.store.plan(plan.key)) or plan
        if claimed:
            return (strings.WORKING_ON_IT,), replace(now, message=click.message)
        return strings.already(record(now)), None

    async def stop(self, thread: Thread, key: str, person: Person) -> None:
        """Cancel a plan because the answer that brought it was stopped; nothing if it is decided already."""
        claimed = await insist(lambda: self.store.claim_plan(key, Action.CANCEL, person))
        if claimed and (plan := await insist(lambda: self.store.plan(key))):
            await self._show(thread, plan, self._carry_out)

    async def resume(self, thread: Thread, plan: Plan, posted: tuple[MessageRef, ...]) -> None:
        """Settle a decision that an earlier process left under way, or show one that it could not show any more."""
        if plan.status not in _UNDER_WAY:
            work: Work = self._as_it_is
        elif plan.status is PlanStatus.DECIDING:
            work = self._lost if plan.seen else self._never_sent
        else:
            work = self._watch
        await self._show(thread, plan, work, posted)

    async def _show(
        self, thread: Thread, plan: Plan, work: "Work", posted: tuple[MessageRef, ...] = ()
    ) -> None:
        """Run `work` while the card shows how it goes, then show and keep the outcome; `posted` are taken over."""
        if plan.message is None:
            _log.warning("plan without a card", plan=plan.key)
            return
        screen = PlanCardView(plan, self.approvers, thread.adapter)
        delivery = Delivery(
            plan.key, plan.requester, posted or (plan.message,), owns_cards=True, resumed=bool(posted)
        )
        sync = self.registry.sync(thread, screen, delivery)
        showing = asyncio.create_task(sync.run())
        try:
            outcome = await work(plan, Showing(self.store, screen, sync))
            await self._end(screen, sync, outcome, showing)
        except PlatformError as error:
            _log.warning("card could not be shown", plan=plan.key, reason=repr(error))
        finally:
            showing.cancel()

    async def _end(
        self, screen: PlanCardView, sync: MessageSync, outcome: Decision, showing: "asyncio.Task[None]"
    ) -> None:
        plan = replace(screen.plan, status=outcome.status, detail=one_line(outcome.detail, _DETAIL))
        back = outcome.status is PlanStatus.PENDING
        if back:
            plan = replace(plan, action=None, decider=None)
        if back or not outcome.result:
            await self._keep(plan)  # before its buttons can be pressed again
        screen.show(plan, outcome.result)
        screen.ended = True
        sync.wake(urgent=True)
        await showing
        if outcome.result:
            await self._keep(plan)
        await insist(lambda: self.store.settle_plan(plan.key))

    async def _keep(self, plan: Plan) -> None:
        await insist(
            lambda: self.store.move_plan(plan.key, plan.status, detail=plan.detail, doubt=plan.doubt)
        )

    async def _carry_out(self, plan: Plan, showing: "Showing") -> Decision:
        if (card := plan.message) is not None:
            await insist(lambda: self.store.note_card(plan.key, card))
        try:
            seen = [message.id for message in await self.sessions.messages(plan.session_id)]
        except AionvisionError as error:
            return Decision(PlanStatus.PENDING, strings.refused(error_messages.sentence(error)))
        await insist(lambda: self.store.note_seen(plan.key, seen))
        plan = replace(plan, seen=tuple(seen))
        chats = self.aion.chats
        act = chats.approve_plan if plan.action is Action.APPROVE else chats.cancel_plan
        acting = asyncio.ensure_future(act(plan.session_id, plan.plan_id))
        self.acting.add(acting)
        acting.add_done_callback(self.acting.discard)
        try:
            response = await acting
        except AionvisionError as error:
            return await self._not_answered(plan, showing, error)
        if response.status == "accepted":
            return await self._watch(await showing.move(plan, PlanStatus.RUNNING), showing)
        return _answered(plan, response)

    async def _not_answered(self, plan: Plan, showing: "Showing", error: AionvisionError) -> Decision:
        _log.warning("plan action failed", plan=plan.key, code=error.code, status=error.status_code)
        if error.status_code == 404:
            return (
                Decision(PlanStatus.SETTLED, strings.SETTLED)
                if plan.doubt
                else Decision(PlanStatus.EXPIRED, strings.EXPIRED)
            )
        if error.status_code == 409:
            return await self._watch(await showing.move(plan, PlanStatus.BUSY), showing)
        if error.maybe_acted and error.status_code is None:
            return await self._lost(plan, showing)
        return Decision(PlanStatus.PENDING, strings.refused(error_messages.sentence(error)))

    async def _lost(self, plan: Plan, showing: "Showing") -> Decision:
        return await self._watch(await showing.move(replace(plan, doubt=True), PlanStatus.UNKNOWN), showing)

    async def _as_it_is(self, plan: Plan, showing: "Showing") -> Decision:  # noqa: ARG002  # one signature for all
        return Decision(plan.status, plan.detail)

    async def _never_sent(self, plan: Plan, showing: "Showing") -> Decision:  # noqa: ARG002  # one signature for all
        return Decision(PlanStatus.PENDING, strings.refused(strings.INTERRUPTED))

    async def _watch(self, plan: Plan, showing: "Showing") -> Decision:  # noqa: ARG002  # one signature for all
        """Look at the session until a result shows, and say what is known."""
        ended = PlanStatus.DONE if plan.action is Action.APPROVE else PlanStatus.CANCELLED
        patience = _PATIENCE[plan.status]
        if await self.stream_end(plan.key, patience):
            return Decision(ended, strings.SEE_BELOW)
        found = await self.sessions.wait(
            plan.session_id,
            lambda messages: self._take_result(plan, messages),
            patience,
            undecided=lambda: insist(lambda: self.store.asks(plan.session_id)),
        )
        if found is not None:
            return Decision(ended, strings.SEE_BELOW, _words(found))
        match plan.status:
            case PlanStatus.RUNNING:
                return Decision(PlanStatus.SETTLED, strings.UNSEEN_END)
            case PlanStatus.BUSY:
                return Decision(PlanStatus.PENDING, strings.STILL_BUSY)
            case _:
                return Decision(PlanStatus.PENDING, strings.STILL_UNKNOWN)

    async def _take_result(self, plan: Plan, messages: Sequence[ChatMessage]) -> ChatMessage | None:
        """Take the message that came of the plan, if it is among these: no other plan or question can have it then."""
        new = [one.id for one in messages if said(one) and one.id not in plan.seen]
        taken = await insist(lambda: self.store.claim_result(plan.key, new)) if new else None
        return next((one for one in messages if one.id == taken), None)


@dataclass(frozen=True, slots=True)
class Showing:
    """A card that shows each step of a decision."""

    store: Store
    screen: PlanCardView
    sync: MessageSync

    async def move(self, plan: Plan, to: PlanStatus) -> Plan:
        """Keep and show that the plan has moved."""
        await insist(lambda: self.store.move_plan(plan.key, to, doubt=plan.doubt))
        moved = replace(plan, status=to, detail="")
        self.screen.show(moved)
        self.sync.wake(urgent=True)
        return moved


Work = Callable[[Plan, Showing], Awaitable[Decision]]


def _answered(plan: Plan, response: PlanActionResponse) -> Decision:
    if not response.success:
        return Decision(PlanStatus.FAILED, strings.not_done(response.message))
    if plan.action is Action.CANCEL:
        return Decision(PlanStatus.CANCELLED, strings.DROPPED)
    return Decision(PlanStatus.DONE, strings.done(response.message, response.results))


def _words(message: ChatMessage) -> str:
    return resolve_content(message.content, message.metadata or {})
