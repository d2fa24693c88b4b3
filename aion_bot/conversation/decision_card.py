"""The card of a plan while its decision is carried out: it ticks the steps, and shows and records each phase."""

from dataclasses import replace
from functools import partial

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.plan_steps import CalmWake, at_work
from aion_bot.conversation.quorum import plan_format
from aion_bot.conversation.services import Services
from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import MessageSync
from aion_bot.delivery.thread import Thread
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.messages import Action, Content, MessageRef, PlanCard, PostedOnce
from aion_bot.rendering.plan_card import PlanCardView
from aion_bot.storage import Store, recorded, retry_write

_log = structlog.get_logger(__name__)

ANSWERS = {PlanPhase.RUNNING: "202", PlanPhase.BUSY: "409", PlanPhase.UNKNOWN: "lost"}
"""What Aion answered where a phase waits for more, for the record."""


class DecisionCard:
    """A card that shows each step of a decision. `recording` are the writes of how far the steps are."""

    def __init__(self, store: Store, view: PlanCardView, sync: MessageSync) -> None:
        self.view, self.sync, self.recording = view, sync, BackgroundTasks()
        self._store, self._wake = store, CalmWake(self._tick)

    def heard(self, agent: str) -> None:
        """Show that an agent works on the plan; the stream that brought it may name several a second."""
        steps = at_work(self.view.plan.steps, agent)
        # What works while a plan is being cancelled does not carry it out.
        approved = self.view.plan.action is Action.APPROVE
        if steps != self.view.plan.steps and approved and not self.view.ended:
            self.view.show(replace(self.view.plan, steps=steps))
            self._wake()

    def _tick(self) -> None:
        self.sync.wake()
        if not self.view.ended:
            self.recording.spawn(self._note_steps())

    async def _note_steps(self) -> None:
        """Record how far the steps are: what tells it ends with this process. A full disk costs the record alone."""
        plan = self.view.plan
        await recorded(_log, self._store.plans.note_steps(plan.key, plan.steps), "steps of a plan")

    async def move(self, plan: Plan, to: PlanPhase) -> Plan:
        """Record and show that the plan has moved."""
        answer = ANSWERS.get(to, "")
        move = partial(
            self._store.plans.move, plan.key, to, answer=answer, doubt=plan.doubt, attempts=plan.round
        )
        await retry_write(move)
        moved = replace(plan, phase=to, detail="", steps=self.view.plan.steps)
        self.view.show(moved)
        self.sync.wake(urgent=True)
        return moved


def card_of(
    services: Services,
    thread: Thread,
    plan: Plan,
    shown: tuple[MessageRef, ...],
    file: MessageRef | None,
    *,
    resumed: bool,
) -> DecisionCard:
    """Make what shows a decision in these messages of a plan's card; `file` is the plan in words, where it is long."""

    async def on_posted(content: Content | PostedOnce, message: MessageRef) -> None:
        # The platform did not let the card be edited, so there is another one.
        if isinstance(content, PlanCard) and content.key == plan.key:
            await retry_write(lambda: services.store.plans.note_card(plan.key, message))

    view = PlanCardView(plan, plan_format(services, thread, plan.place))
    delivery = Delivery(
        plan.key, plan.requester, shown, on_posted, file=file, owns_cards=True, resumed=resumed
    )
    return DecisionCard(services.store, view, services.registry.sync(thread, view, delivery))
