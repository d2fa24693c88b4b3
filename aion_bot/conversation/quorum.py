"""Whether enough people have approved a plan who may approve it now, and the card of a plan that waits for more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.plan_copies import show_copies
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain.access import NOBODY, AccessPolicy, Intent, Refusal
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Place
from aion_bot.ports.forms import OpensForms
from aion_bot.ports.messages import Person
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ports.settings import IdKind
from aion_bot.rendering.approvals import needed
from aion_bot.rendering.plan_card import PlanCardView, PlanFormat
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Quorum:
    """Where the approvals of a plan stand: how many different people are needed, and how many are missing.

    `unchecked`: the platform did not say of somebody who has approved whether they still may.
    """

    needed: int
    missing: int
    unchecked: bool = False


async def quorum_of(access: AccessControl, plan: Plan, place: Place, presser: Person) -> Quorum:
    """Count those who have approved and may approve at this moment, by the policy in force.

    `presser` has pressed last, at `place`, whose roles are theirs; of the others the platform is asked.
    """
    platform = plan.thread.platform
    others = [one for one in plan.approvals if one.id != presser.id]
    lapsed = await _lapsed(access, plan, place, others)
    count = len(others) - len(lapsed)
    count += await access.allows(platform, Intent.APPROVE, place, presser, plan.requester)
    required, _ = needed(plan, access.policy(platform, place))
    return Quorum(required, max(0, required - count), Refusal.UNKNOWN_STANDING in lapsed.values())


async def _lapsed(
    access: AccessControl, plan: Plan, place: Place, people: Sequence[Person]
) -> Mapping[str, Refusal]:
    """Return, by id, why the approvals of people do not count now who are not the ones that press."""
    # Who belongs to another organisation is told of the presser alone, and in a direct message there is nobody else.
    where = replace(place, roles=None, person_workspace="" if place.workspace else place.person_workspace)
    platform, found = plan.thread.platform, {}
    for one in people:
        refusal = await access.judge(platform, Intent.APPROVE, where, one, plan.requester, absent=True)
        if refusal is not None:
            found[one.id] = refusal
    return found


def overdue(plan: Plan, policy: AccessPolicy, now: float) -> bool:
    """Return whether nobody may approve a plan any more; `now` in seconds since 1970."""
    # What a deadline has ended stays so, whatever the clock and the policy say later.
    return plan.out_of_time or 0 < policy.approval_expires <= now - plan.proposed_at


def plan_format(services: Services, thread: Thread, place: Place) -> PlanFormat:
    """Return how plans are drawn that were asked for at a place, by what holds there now."""
    forms = isinstance(thread.adapter, OpensForms)
    return PlanFormat(thread.page_format, shown_policy(services, thread, place), forms)


def shown_policy(services: Services, thread: Thread, place: Place) -> AccessPolicy:
    """Return what holds at a place, without approvers whom its platform cannot mention: a list may name those of several."""
    policy = services.access.policy(thread.platform, place)
    form = id_forms_of(thread.adapter).get(IdKind.PERSON)
    if form is None or not isinstance(policy.approvers, frozenset):
        return policy
    here = frozenset(one for one in policy.approvers if form.fits(one))
    return replace(policy, approvers=here or NOBODY)


async def show_open(services: Services, thread: Thread, key: str) -> None:
    """Show on the card of a plan that waits who has approved it, and what holds now; `thread` is on its platform."""
    plan = await retry_write(lambda: services.store.plans.get(key))
    if plan is None or plan.phase is not PlanPhase.PENDING or plan.message is None:
        return
    found = await _lapsed(services.access, plan, plan.place, plan.approvals)
    # Of whom the platform says nothing now, the next press finds out.
    lapsed = frozenset(one for one, why in found.items() if why is not Refusal.UNKNOWN_STANDING)
    # Read again: somebody may have approved or decided while the platform was asked.
    plan = await retry_write(lambda: services.store.plans.get(key)) or plan
    if plan.phase is not PlanPhase.PENDING:
        return
    # Nothing is awaited from here until the sync stands: a decision that comes now makes a later one, which takes over.
    try:
        await show_card(services, thread, plan, lapsed)
    except TakenOver:
        pass  # the decision shows the card
    except PlatformError as error:
        _log.warning("plan card not shown", plan=plan.key, reason=repr(error))


async def show_card(
    services: Services, thread: Thread, plan: Plan, lapsed: frozenset[str] = frozenset()
) -> None:
    """Show a plan as its row is on its card, which was posted. Raises `PlatformError` where it cannot be shown.

    `lapsed` as for `PlanFormat`.
    """
    if plan.message is None:
        return
    # The card may stand in another thread, where both share a session.
    where = services.registry.thread(thread.adapter, plan.thread)
    view = PlanCardView(plan, replace(plan_format(services, where, plan.place), lapsed=lapsed))
    view.ended = True
    delivery = Delivery(plan.key, plan.requester, (plan.message,), owns_cards=True)
    await services.registry.sync(where, view, delivery).run()
    await show_copies(services, thread, plan, plan_format(services, where, plan.place))
