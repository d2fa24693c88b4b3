"""One message that reminds those who may decide a plan of it."""

import structlog

from aion_bot.conversation.departures import still_here
from aion_bot.conversation.one_message import OneMessage
from aion_bot.conversation.plan_copies import copy_key
from aion_bot.conversation.quorum import shown_policy
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY, AccessPolicy
from aion_bot.domain.plan import Plan
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import Person, Reply
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


async def remind(services: Services, thread: Thread, plan: Plan) -> None:
    """Mention those in the plan's thread who may still decide it; once for each plan, over restarts as well.

    A process that ends between the record and the message leaves it out: a second one would disturb people for nothing.
    """
    if not await retry_write(lambda: services.store.plans.remind(plan.key)):
        return
    asked = _asked(plan, shown_policy(services, thread, plan.place))
    people = await still_here(services, thread, plan, asked)
    copies = await services.store.plan_copies.of_plan(plan.key, thread.platform)
    if not plan.place.private or plan.requester in people or not copies:
        await _post(services, thread, plan, f"{plan.key}r", people)
    for copy in copies:  # of a private plan, each where nobody else reads
        if copy.person in people:
            where = services.registry.thread(thread.adapter, copy.message.thread)
            await _post(services, where, plan, f"{copy_key(plan, copy.person)}r", [copy.person])


async def _post(services: Services, thread: Thread, plan: Plan, name: str, people: list[Person]) -> None:
    view = OneMessage(Reply("", byline=strings.reminder(people), notifies=True))
    try:
        await services.registry.sync(thread, view, Delivery(name, plan.requester)).run()
    except PlatformError as error:
        _log.warning("reminder not posted", plan=plan.key, platform=thread.platform, reason=repr(error))


def _asked(plan: Plan, policy: AccessPolicy) -> list[Person]:
    """Return who is mentioned: the requester or those on the list, but for who has approved; nobody where all may decide."""
    if policy.approvers == "anyone":
        return []
    named = (
        [Person(one) for one in sorted(policy.approvers - NOBODY)]
        if isinstance(policy.approvers, frozenset)
        else [plan.requester]
    )
    approved = {one.id for one in plan.approvals} | ({plan.requester.id} if policy.four_eyes else set())
    return [one for one in named if one.id not in approved]
