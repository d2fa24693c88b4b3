"""The card of a plan that Aion sent again: it says so, and loses its buttons."""

import structlog

from aion_bot.conversation.quorum import show_card
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import PlanPhase
from aion_bot.ports.errors import PlatformError
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


async def show_replaced(services: Services, thread: Thread, key: str) -> None:
    """Show that a newer card replaced this one, if that is so and the card was posted; `thread` is on its platform.

    Presses are refused as soon as the newer plan has a row; this makes the card say so.
    """
    plans = services.store.plans
    plan = await retry_write(lambda: plans.get(key))
    # Decided while the newer one arrived, or not posted yet: then it is shown by the decision, or after its post.
    if plan is None or plan.phase is not PlanPhase.REPLACED or plan.message is None:
        return
    if plan.erased:
        return  # another task has shown it already, and its words are gone
    try:
        await show_card(services, thread, plan)
    except PlatformError as error:
        _log.warning("plan card not shown", plan=plan.key, reason=repr(error))
    else:
        await retry_write(lambda: plans.note_shown(plan.key))
