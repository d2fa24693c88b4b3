"""Whether those who matter for a plan that waits have left: its requester, and those who are reminded of it."""

from collections.abc import Iterable

import structlog

from aion_bot.conversation.quorum import show_open
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import Plan
from aion_bot.ports.messages import Person
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)

_MOST_LOOKED_UP = 10
"""People whom a platform is asked about for one reminder."""


async def note_departure(services: Services, thread: Thread, plan: Plan) -> bool:
    """Return whether the requester of a plan that waits has left; a change is recorded, and its card says so.

    Where the platform does not answer, what was known before holds.
    """
    place, platform = plan.place, thread.platform
    left = await services.access.standings.has_left(platform, place, plan.requester.id)
    if left is None or left == plan.requester_left:
        return plan.requester_left
    if await retry_write(lambda: services.store.plans.note_left(plan.key, left)):
        if left:
            _log.info("plan requester left", plan=plan.key, platform=platform)
        else:
            _log.info("plan requester came back", plan=plan.key, platform=platform)
        await show_open(services, thread, plan.key)
    return left


async def look_for_requester(services: Services, thread: Thread, plan: Plan) -> None:
    """Record and show whether the requester of a plan that waits has left."""
    await note_departure(services, thread, plan)


async def still_here(
    services: Services, thread: Thread, plan: Plan, people: Iterable[Person]
) -> list[Person]:
    """Return those who have not left, the first ten at most; who cannot be looked up counts as here."""
    standings, where = services.access.standings, (thread.platform, plan.place)
    return [
        one for one in list(people)[:_MOST_LOOKED_UP] if await standings.has_left(*where, one.id) is not True
    ]
