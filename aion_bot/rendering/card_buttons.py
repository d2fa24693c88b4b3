"""The buttons of a plan's card."""

from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import DEADLINE, Plan, PlanPhase
from aion_bot.ports.messages import Action, Button
from aion_bot.ports.rounds import in_round
from aion_bot.rendering.risks import deletes


def card_buttons(plan: Plan, policy: AccessPolicy, *, forms: bool) -> tuple[Button, ...]:
    """Return what people can press on a card; `forms`: the platform can ask those who decided for a reason."""
    reason = Button(Action.REASON, plan.key, strings.ADD_REASON)
    return (*_deciding(plan, policy), *((reason,) if forms and _has_deciders(plan) else ()))


def can_be_approved(plan: Plan) -> bool:
    """Tell whether a card shows what would be done: nobody may approve what nobody can read."""
    return bool(plan.steps) or (bool(plan.description.strip()) and not plan.unreadable)


def _deciding(plan: Plan, policy: AccessPolicy) -> tuple[Button, ...]:
    if plan.was_refused:
        return (Button(Action.ANOTHER_PLAN, plan.key, strings.ANOTHER_PLAN),)
    if plan.phase is not PlanPhase.PENDING:
        return ()
    caution = strings.DELETES if deletes(plan.description, plan.steps) else ""
    key = in_round(plan.key, plan.round)
    approve = Button(Action.APPROVE, key, strings.APPROVE, caution)
    cancel = Button(Action.CANCEL, key, strings.CANCEL)
    closed = policy.plans_refused or plan.out_of_time or not can_be_approved(plan)
    return (cancel,) if closed else (approve, cancel)


def _has_deciders(plan: Plan) -> bool:
    """Tell whether somebody has decided who can say why; a deadline is nobody, and of a replaced card the newer one counts."""
    if plan.phase is PlanPhase.REPLACED:
        return False
    return bool(plan.approvals) or any(one.person != DEADLINE for one in plan.attempts)
