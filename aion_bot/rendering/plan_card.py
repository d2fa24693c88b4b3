"""A plan's row as the card that shows it, and the result under it."""

from dataclasses import dataclass, replace

from aion_bot.domain import strings
from aion_bot.domain.access import Approvers
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.messages import Action, Button, Content, Line, PlanCard, Reply
from aion_bot.rendering.answer import ROOM
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.screen import PageFormat, Screen
from aion_bot.rendering.time_limit import time_limit

_RECORD_ROOM = 700
"""What a card leaves free for the record of its decision, in the platform's measure."""

_SMALLEST_PAGE = 200
"""Measure of a page under which a message that the platform refuses as too long is given up."""

_UNDER_WAY = {
    PlanPhase.CLAIMED: strings.ASKING_AION,
    PlanPhase.SENT: strings.ASKING_AION,
    PlanPhase.RUNNING: strings.RUNNING,
    PlanPhase.BUSY: strings.BUSY,
    PlanPhase.UNKNOWN: strings.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class PlanFormat:
    """How plans are drawn: the size of a message, and who may decide."""

    page: PageFormat
    approvers: Approvers


def plan_card(plan: Plan, plan_format: PlanFormat) -> tuple[PlanCard, str]:
    """Draw a plan as a card; where no card can hold it, also as Markdown to stand above a short one."""
    facts: list[Line] = [] if plan.operations is None else [strings.operations(plan.operations)]
    buttons: tuple[Button, ...] = ()
    if plan.phase is PlanPhase.PENDING:
        facts.append(strings.deciders(plan_format.approvers, plan.requester))
        buttons = (
            Button(Action.APPROVE, plan.key, strings.APPROVE),
            Button(Action.CANCEL, plan.key, strings.CANCEL),
        )
    card = PlanCard(
        title=strings.PLAN_TITLE,
        description=plan.description,
        steps=plan.steps,
        facts=tuple(facts),
        record=record(plan),
        buttons=buttons,
        key=plan.key,
    )
    bare = replace(card, facts=(), record=(), buttons=())
    if _fits(bare, plan_format.page):
        return card, ""
    return replace(card, description=strings.PLAN_ABOVE, steps=()), in_full(plan)


def _fits(card: PlanCard, page: PageFormat) -> bool:
    try:
        with time_limit():
            return page.measure(card) <= page.limit - _RECORD_ROOM
    except Exception:  # noqa: BLE001  # a card that cannot be drawn is as good as one that is too long
        return False


def in_full(plan: Plan) -> str:
    """Write a plan as Markdown."""
    steps = [f"{number}. **{step.agent}**: {step.description}" for number, step in enumerate(plan.steps, 1)]
    return "\n\n".join(part for part in (plan.description, "\n".join(steps)) if part)


def record(plan: Plan) -> tuple[Line, ...]:
    """What became of a plan, as the lines of its card."""
    lines: list[Line] = []
    if plan.phase is not PlanPhase.PENDING and plan.action and plan.decider:
        lines.append(strings.decided(plan.action, plan.decider))
    if outcome := _UNDER_WAY.get(plan.phase, plan.detail):
        lines.append((outcome,))
    return tuple(lines)


class PlanCardView:
    """A card on its own after the decision, and the result under it."""

    def __init__(self, plan: Plan, plan_format: PlanFormat) -> None:
        self.plan = plan
        self.ended = False
        self._format = plan_format
        self._limit = plan_format.page.limit - ROOM
        self._result = ""
        self._plain = False

    def show(self, plan: Plan, result: str = "") -> None:
        """Show a newer state of the plan, and the text of its result where there is one."""
        self.plan, self._result = plan, result

    def screen(self) -> Screen:
        """Return the card, then the result in pages."""
        card, _ = plan_card(self.plan, self._format)
        contents: list[Content] = [card, *self._result_pages()]
        return tuple(contents)

    def _result_pages(self) -> list[Reply]:
        if not self._plain:
            try:
                with time_limit():
                    pages = Pages(lambda text: self._format.page.measure(Reply(text)), self._limit)
                    return [Reply(page) for page in pages.update(self._result)]
            except Exception as error:  # noqa: BLE001  # whatever a text does to rendering, its plain text is shown
                self.fall_back(error)
        return [Reply(page, plain=True) for page in PlainPages(self._limit).update(self._result)]

    def fall_back(self, error: Exception) -> bool:
        """Show the result as plain text from now on, because of what rendering raised; False if it is shown so already."""
        del error
        before, self._plain = self._plain, True
        return not before

    def shrink(self) -> bool:
        """Use pages of half the size from now on; False if there is no smaller."""
        self._limit //= 2
        return self._limit > _SMALLEST_PAGE
