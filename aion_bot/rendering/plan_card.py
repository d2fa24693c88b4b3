"""A plan's row as the card that shows it. No I/O."""

from dataclasses import replace

from aion_bot.domain import strings
from aion_bot.domain.turn import Plan, PlanStatus
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import Action, Button, Content, Line, PlanCard, Reply
from aion_bot.rendering.answer import page_limit
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.screen import Screen

_ROOM = 700
"""What a card leaves free for the record of its decision, in the platform's measure."""

Approvers = str | frozenset[str]
"""`requester`, `anyone` or the ids of those who may decide."""

_UNDER_WAY = {
    PlanStatus.DECIDING: strings.ASKING_AION,
    PlanStatus.RUNNING: strings.RUNNING,
    PlanStatus.BUSY: strings.BUSY,
    PlanStatus.UNKNOWN: strings.UNKNOWN,
}


def plan_card(plan: Plan, approvers: Approvers, adapter: PlatformAdapter) -> tuple[PlanCard, str]:
    """Draw a plan as a card; where no card can hold it, also as Markdown to stand above a short one."""
    facts: list[Line] = [] if plan.operations is None else [strings.operations(plan.operations)]
    if plan.status is PlanStatus.PENDING:
        facts.append(strings.deciders(approvers, plan.requester))
    card = PlanCard(
        title=strings.PLAN_TITLE,
        description=plan.description,
        steps=plan.steps,
        facts=tuple(facts),
        record=record(plan),
        buttons=_buttons(plan),
        key=plan.key,
    )
    bare = replace(card, facts=(), record=(), buttons=())
    if adapter.measure(bare) <= adapter.limits.page - _ROOM:
        return card, ""
    return replace(card, description=strings.PLAN_ABOVE, steps=()), in_full(plan)


def in_full(plan: Plan) -> str:
    """Write a plan as Markdown."""
    steps = [f"{number}. **{step.agent}**: {step.description}" for number, step in enumerate(plan.steps, 1)]
    return "\n\n".join(part for part in (plan.description, "\n".join(steps)) if part)


def record(plan: Plan) -> tuple[Line, ...]:
    """What became of a plan, as the lines of its card."""
    outcome = _UNDER_WAY.get(plan.status, plan.detail)
    lines: list[Line] = []
    if plan.status is not PlanStatus.PENDING and plan.action and plan.decider:
        lines.append(strings.decided(plan.action, plan.decider))
    if outcome:
        lines.append((outcome,))
    return tuple(lines)


def _buttons(plan: Plan) -> tuple[Button, ...]:
    if plan.status is not PlanStatus.PENDING:
        return ()
    return (
        Button(Action.APPROVE, plan.key, strings.APPROVE),
        Button(Action.CANCEL, plan.key, strings.CANCEL),
    )


class PlanCardView:
    """A card on its own after the decision, and the result under it."""

    def __init__(self, plan: Plan, approvers: Approvers, adapter: PlatformAdapter) -> None:
        self.plan = plan
        self.ended = False
        self._approvers = approvers
        self._adapter = adapter
        self._limit = page_limit(adapter)
        self._result = ""

    def show(self, plan: Plan, result: str = "") -> None:
        """Show a newer state of the plan, and the text of its result where there is one."""
        self.plan, self._result = plan, result

    def screen(self) -> Screen:
        """Return the card, then the result in pages."""
        card, _ = plan_card(self.plan, self._approvers, self._adapter)
        pages = Pages(lambda text: self._adapter.measure(Reply(text)), self._limit).update(self._result)
        contents: list[Content] = [card, *(Reply(page) for page in pages)]
        return tuple(contents)

    def shrink(self) -> bool:
        """Use pages of half the size from now on."""
        self._limit //= 2
        return self._limit > 200
