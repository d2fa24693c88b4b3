"""Whether a press on a plan's card counts, and whether it decides the plan."""

import time
from collections.abc import Callable
from dataclasses import replace

import structlog

from aion_bot.conversation.departures import note_departure
from aion_bot.conversation.private_reply import failed, refused
from aion_bot.conversation.quorum import Quorum, overdue, quorum_of, show_open, shown_policy
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import Intent, Refusal
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.events import Click
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Action, Line
from aion_bot.rendering.approvals import deciders_of, needed
from aion_bot.rendering.card_buttons import can_be_approved
from aion_bot.rendering.plan_record import in_words
from aion_bot.storage import recorded, retry_write

_log = structlog.get_logger(__name__)

_COMPLETE = Quorum(1, 0)
"""Where nobody's approval is missing, or nobody's counts any more."""


class Presses:
    """Judges each press by the policy in force at that moment. `clock`: seconds since 1970."""

    def __init__(self, services: Services, clock: Callable[[], float] = time.time) -> None:
        self._services, self._clock = services, clock
        self._plans, self._access = services.store.plans, services.access

    async def judge(self, thread: Thread, click: Click) -> tuple[Line, Plan | None]:
        """Return what the person is told, if anything, and the plan if the press claimed its decision.

        An approval that is not the last one needed is recorded and shown on the card.
        """
        plan = await self._plans.get(click.key)
        # A press can be forged: a key counts in the thread of its plan alone, and on a copy of its card for whoever got that.
        copies = self._services.store.plan_copies
        if plan is None or (
            plan.thread != click.thread and not await copies.is_of(plan.key, click.person, click.thread)
        ):
            unknown = with_reference(strings.UNKNOWN_PLAN, click.key)
            return await self._refuse(click, None, "unknown plan", (unknown,))
        # The words of a plan that is over are erased: the reply tells its record.
        approves = plan.phase is PlanPhase.PENDING and click.action is Action.APPROVE
        found = await self._refusal(thread, click, plan) or (
            self._objection(click, plan) if approves else None
        )
        if found is not None:
            return await self._refuse(click, plan, *found)
        if _is_late(click, plan):
            return await self._refuse(click, plan, "made in an earlier round", (strings.PLAN_MOVED_ON,))
        required, _ = needed(plan, self._access.policy(thread.platform, click.place))
        # A single approval is the decision itself.
        counts = approves and required > 1 and await self._plans.approve(plan.key, click.person, click.round)
        claimed, quorum = await self._claim(click, plan)
        # Read after the claim: the row has what somebody else decided in between.
        now = await retry_write(lambda: self._plans.get(plan.key)) or plan
        if claimed:
            # A card that could not be edited has a newer one, which the row names.
            return (), replace(now, message=now.message or click.message, place=click.place)
        if counts and (now.phase is PlanPhase.PENDING or now.action is Action.APPROVE):
            await show_open(self._services, thread, plan.key)
            return self._beside(click, quorum), None
        return await self._too_late(click, now, quorum)

    async def offer_again(self, thread: Thread, click: Click) -> None:
        """Draw a card again that has no buttons of its round, so that no press counts.

        Its last drawing failed, or its row is of before: of a backup that was restored.
        """
        plan = await self._plans.get(click.key)
        if plan is None or not _is_late(click, plan) or plan.thread.platform != thread.platform:
            return
        if plan.key in self._services.agents_at_work:
            return  # the decision whose end brings the buttons back is drawing them
        is_ahead = click.round is not None and click.round > plan.round
        if is_ahead or any(one.key == plan.key for one in await self._plans.not_shown()):
            await show_open(self._services, thread, plan.key)

    def _beside(self, click: Click, quorum: Quorum) -> Line:
        """Return what the card does not say of an approval that was recorded."""
        if not (quorum.missing and quorum.unchecked):
            return ()
        return (failed(click.thread.platform, click, strings.APPROVALS_UNCHECKED),)

    async def _refusal(self, thread: Thread, click: Click, plan: Plan) -> tuple[str, Line] | None:
        """Return why a person may not do what they pressed, for the record and for them; None if they may."""
        intent = Intent.APPROVE if click.action is Action.APPROVE else Intent.DECIDE
        platform = thread.platform
        refusal = await self._access.judge(platform, intent, click.place, click.person, plan.requester)
        if refusal is None:
            return None
        if refusal not in {Refusal.NOT_THEIRS, Refusal.OWN_PLAN}:
            return refusal, (refused(platform, click, refusal),)
        policy = shown_policy(self._services, thread, click.place)
        if policy.approvers == "requester" and plan.phase is PlanPhase.PENDING:
            plan = replace(plan, requester_left=await note_departure(self._services, thread, plan))
        who = deciders_of(plan, policy)
        return refusal, strings.own_plan(who) if refusal is Refusal.OWN_PLAN else strings.not_yours(who)

    def _objection(self, click: Click, plan: Plan) -> tuple[str, Line] | None:
        """Return why nobody may approve a plan, as `_refusal` does."""
        # Its card has no such button, but a press names only what it wants.
        if not can_be_approved(plan):
            return "nothing of the plan can be shown", (with_reference(strings.PLAN_NOT_SHOWN, plan.key),)
        policy = self._access.policy(click.thread.platform, click.place)
        if policy.plans_refused:
            return "key may not decide plans", (with_reference(strings.KEY_REFUSED, plan.key),)
        if overdue(plan, policy, self._clock()):
            return "deadline passed", (strings.DEADLINE_PASSED,)
        return None

    async def _claim(self, click: Click, plan: Plan) -> tuple[bool, Quorum]:
        """Claim the decision if the press makes it; returns also what is missing."""
        if click.action is not Action.APPROVE:
            claimed = await self._plans.claim(plan.key, click.action, click.person, attempts=click.round)
            return claimed, _COMPLETE
        # Read again: others may have approved while the platform was asked about the presser.
        now = await self._plans.get(plan.key)
        if now is None or now.phase is not PlanPhase.PENDING:
            return False, _COMPLETE
        quorum = await quorum_of(self._access, now, click.place, click.person)
        if quorum.missing:
            return False, quorum
        # A single approval has no row: the claim itself records who it was.
        rows = quorum.needed if quorum.needed > 1 else 0
        return await self._plans.claim(plan.key, click.action, click.person, rows, click.round), quorum

    async def _too_late(self, click: Click, now: Plan, quorum: Quorum) -> tuple[Line, None]:
        """Say why a press that its person may make changes nothing."""
        if now.phase is PlanPhase.REPLACED:
            return await self._refuse(
                click, now, "replaced by a newer card", (strings.PLAN_REPLACED_PRESSED,)
            )
        if _is_late(click, now):
            return await self._refuse(click, now, "made in an earlier round", (strings.PLAN_MOVED_ON,))
        if quorum.missing and now.phase is PlanPhase.PENDING:
            told = self._beside(click, quorum) or strings.approved_before(quorum.missing)
            return await self._refuse(click, now, "approved before", told)
        return await self._refuse(click, now, "decided already", strings.already(in_words(now)))

    async def _refuse(self, click: Click, plan: Plan | None, reason: str, told: Line) -> tuple[Line, None]:
        """Record a press that does not count, and return what the person is told."""
        _log.info(
            "press refused",
            plan=None if plan is None else plan.key,
            action=click.action,
            person=click.person.id,
            reason=str(reason),
            ref=reference(click.key),
        )
        noted = self._services.store.audit.note_refusal(click.key, click.action, click.person, str(reason))
        await recorded(_log, noted, "refusal")
        return told, None


def _is_late(click: Click, plan: Plan) -> bool:
    """Tell whether a press was made on buttons of another round of a plan than those that wait for one now."""
    return plan.phase is PlanPhase.PENDING and click.round not in {None, plan.round}
