"""Plans of private questions: those who may decide, and nobody else, get a copy of the card in their direct messages."""

from dataclasses import replace
from functools import partial

import structlog

from aion_bot.conversation.plan_copies import copy_key, show_copies, show_copy
from aion_bot.conversation.quorum import plan_format, shown_policy
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY, Intent
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.events import Click, Place, Prompt
from aion_bot.ports.messages import Content, Document, MessageRef, Person, PostedOnce, Reply
from aion_bot.ports.private_threads import PrivateThreads
from aion_bot.rendering.plan_card import plan_card
from aion_bot.storage import recorded, retry_write
from aion_bot.storage.plan_copies import PlanCopy

_log = structlog.get_logger(__name__)

MOST_ASKED = 20
"""People who get a copy at most: each is a message, and the card names no more."""


async def where_it_counts(services: Services, click: Click) -> Click:
    """Return a press in direct messages as made where its private question was asked: the rules of that place count.

    Only for whoever asked, and for whoever has a copy of its plan's card: a key may be forged. The message stays the one that
    was pressed, so that the presser alone is answered.
    """
    if not click.place.direct:
        return click
    turns, key = services.store.turns, click.key.partition("-")[0]
    plan = await services.store.plans.get(key)
    turn = await turns.get(key if plan is None else plan.turn)
    if turn is None or not turn.place.private:
        return click
    own = turn.thread == click.thread and turn.asker.id == click.person.id
    copied = plan is not None and await services.store.plan_copies.is_of(plan.key, click.person, click.thread)
    if not (own or copied):
        return click
    return replace(click, place=replace(turn.place, person_workspace=click.place.person_workspace))


async def ask_approvers(services: Services, thread: Thread, place: Place, key: str) -> None:
    """Send a copy of the card of a plan that waits to each person on the list of approvers, once; nothing for a plan that is not private."""
    plan = await retry_write(lambda: services.store.plans.get(key)) if place.private else None
    if plan is None or plan.phase is not PlanPhase.PENDING or not isinstance(thread.adapter, PrivateThreads):
        return
    for person in await _named(services, thread, plan):
        if not await _may_decide(services, thread, plan, person):
            continue
        if await retry_write(partial(services.store.plan_copies.claim, key, person)):
            try:
                await _send_copy(services, thread, plan, person)
            except PlatformDown as error:  # the next start tries again
                _log.warning("plan copy not posted", plan=key, platform=thread.platform, reason=repr(error))
            except PlatformError as error:
                _log.warning("plan copy refused", plan=key, platform=thread.platform, reason=repr(error))
                await recorded(_log, services.store.plan_copies.note_refused(key, person), "plan copy")


async def _named(services: Services, thread: Thread, plan: Plan) -> list[Person]:
    """Return those on the list of approvers, and then those in its groups, but for whoever asked, who has the card itself.

    The members of groups are known where the platform lists them.
    """
    policy = shown_policy(services, thread, plan.place)
    listed = policy.approvers - NOBODY if isinstance(policy.approvers, frozenset) else frozenset[str]()
    members = await services.access.standings.members(thread.platform, policy.approver_roles)
    ordered = [*sorted(listed), *sorted(members - listed)]
    return [Person(one) for one in ordered if one != plan.requester.id][:MOST_ASKED]


async def _may_decide(services: Services, thread: Thread, plan: Plan, person: Person) -> bool:
    # The roles and the organisation that it names are those of whoever asked.
    place = replace(
        plan.place, roles=None, person_workspace="" if plan.place.workspace else plan.place.person_workspace
    )
    return await services.access.allows(thread.platform, Intent.DECIDE, place, person, plan.requester)


async def _send_copy(services: Services, thread: Thread, plan: Plan, person: Person) -> None:
    """Post who asks, below it a plan that no card can hold as a file, and then the card. Raises `PlatformError`."""
    key, form = copy_key(plan, person), plan_format(services, thread, plan.place)
    about = Prompt(f"{plan.key}/{person.id}", thread.key, plan.place, person, "")
    asks = Reply("", byline=(plan.requester, strings.ASKS_YOU_TO_DECIDE))
    where = await thread.open_private(about, asks, nonce=f"{key}-q")
    target = services.registry.thread(thread.adapter, where)
    _, in_full = plan_card(plan, form)
    if in_full:
        await target.post_file(Document(strings.PLAN_FILE, in_full), nonce=f"{key}-f")

    async def note(_: Content | PostedOnce, message: MessageRef) -> None:
        await retry_write(lambda: services.store.plan_copies.note_posted(PlanCopy(plan.key, person, message)))

    await show_copy(services, target, plan, person, form, on_posted=note)
    # It may have been decided while the card was on its way.
    now = await retry_write(lambda: services.store.plans.get(plan.key))
    if now is not None and (
        now.phase is not PlanPhase.PENDING or now.approvals != plan.approvals or now.round != plan.round
    ):
        await show_copies(services, thread, now, form)
