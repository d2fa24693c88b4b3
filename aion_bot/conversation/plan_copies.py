"""What the copies of a private plan's card show: the card, in the direct messages of each person who may decide."""

import hashlib
from dataclasses import dataclass, replace

import structlog

from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery, OnPosted
from aion_bot.delivery.sync import TakenOver
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import Plan
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import MessageRef, Person, PlanCard
from aion_bot.rendering.plan_card import PlanFormat, plan_card
from aion_bot.rendering.screen import Screen
from aion_bot.storage import retry_write

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _CopyView:
    """One card that is ready at once; as for `delivery.view.View`."""

    card: PlanCard
    ended: bool = True

    def advance(self) -> bool:
        return True

    def screen(self) -> Screen:
        return (self.card,)

    def shrink(self) -> bool:
        return False

    def fall_back(self, error: Exception) -> bool:
        del error
        return False

    def refuse_file(self, reason: str) -> None:
        """Do nothing: a file has no place in it."""


def copy_key(plan: Plan, person: Person) -> str:
    """Name the posts of a copy: Discord may take the nonce of the card itself for that message, wherever it stands."""
    return hashlib.sha256(f"{plan.key} {person.id}".encode()).hexdigest()[:16]


async def show_copy(
    services: Services,
    target: Thread,
    plan: Plan,
    person: Person,
    plan_format: PlanFormat,
    *,
    posted: tuple[MessageRef, ...] = (),
    on_posted: OnPosted | None = None,
) -> None:
    """Show a plan as its row is in one copy. What Aion says of the outcome is for whoever asked. Raises `PlatformError`."""
    key = copy_key(plan, person)
    card, in_full = plan_card(replace(plan, said=""), plan_format)
    if in_full:  # the whole plan stands in a file above it
        card, _ = plan_card(replace(plan, said="", in_file=True), plan_format)
    delivery = Delivery(key, person, posted, on_posted, owns_cards=True)
    await services.registry.sync(target, _CopyView(replace(card, key=key)), delivery).run()


async def show_copies(services: Services, thread: Thread, plan: Plan, plan_format: PlanFormat) -> None:
    """Show a plan as its row is in all copies that stand; a copy that cannot be edited keeps buttons that are answered privately."""
    copies = services.store.plan_copies
    for copy in await retry_write(lambda: copies.of_plan(plan.key, thread.platform)):
        target = services.registry.thread(thread.adapter, copy.message.thread)
        try:
            await show_copy(services, target, plan, copy.person, plan_format, posted=(copy.message,))
        except TakenOver:
            pass  # a later change of the plan shows itself
        except PlatformError as error:
            _log.warning("plan copy not shown", plan=plan.key, platform=thread.platform, reason=repr(error))
