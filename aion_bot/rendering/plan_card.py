"""A plan's row as the card that shows it, and the result under it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.failures import with_reference
from aion_bot.ports.messages import PARALLEL, Document, Line, PlanCard, Reply, Step, StepState
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line
from aion_bot.rendering.answer import ROOM
from aion_bot.rendering.answer_parts import joined
from aion_bot.rendering.approvals import approval_facts
from aion_bot.rendering.card_buttons import can_be_approved, card_buttons
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.headline import SENTENCE, first_sentence, headline
from aion_bot.rendering.pagination import MOST_MESSAGES, MOST_WRITTEN, Pages, cut_text
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.plan_record import MOST_ATTEMPTS, is_decided, record
from aion_bot.rendering.risks import riskiest_step
from aion_bot.rendering.screen import PageFormat, Screen
from aion_bot.rendering.sources import MOST_IN_FILE, source_list, with_sources
from aion_bot.rendering.time_limit import time_limit

_RECORD_ROOM = 1100
"""What a card leaves free for the record of its decisions, in the platform's measure."""

_FEWER_ATTEMPTS = (2, 1)
"""How many it tells where the platform's message has no room for so many."""

_SMALLEST_PAGE = 200
"""Measure of a page under which a message that the platform refuses as too long is given up."""


@dataclass(frozen=True, slots=True)
class PlanFormat:
    """How plans are drawn: the size of a message, and what holds for plans at their place.

    `forms`: the platform can ask those who decided for a reason. `lapsed` are the ids of people whose approval does not count
    any more.
    """

    page: PageFormat
    policy: AccessPolicy
    forms: bool = False
    lapsed: frozenset[str] = frozenset()


def plan_card(plan: Plan, plan_format: PlanFormat) -> tuple[PlanCard, str]:
    """Draw a plan as a card; where no card can hold it, also as Markdown to stand above a short one."""
    card = PlanCard(
        title=strings.plan_title(plan.phase, plan.action),
        headline=headline(plan.description),
        description=plan.description,
        steps=plan.steps,
        facts=_facts(plan, plan_format),
        record=record(plan),
        buttons=card_buttons(plan, plan_format.policy, forms=plan_format.forms),
        key=plan.key,
        said=plan.said,
        decided_at=plan.attempts[-1].at if is_decided(plan) and plan.attempts else 0,
    )
    # Words that cannot be drawn are left out: the rest of the card is needed all the same.
    if plan.said and not _fits(PlanCard("", "", said=plan.said), plan_format.page):
        card = replace(card, said="")
    if _fits(_words_of(card), plan_format.page):
        return _within(card, plan, plan_format.page), ""
    riskiest = riskiest_step(plan.steps)
    short = replace(
        card,
        description=first_sentence(plan.description),
        steps=() if riskiest is None else (riskiest,),
    )
    if not _fits(_words_of(short), plan_format.page):
        short = replace(card, headline="", description="", steps=())
    above = strings.plan_above(
        len(plan.steps) + plan.unreadable, riskiest=bool(short.steps), in_file=plan.in_file
    )
    return _within(replace(short, facts=(above, *card.facts)), plan, plan_format.page), in_full(plan)


def _within(card: PlanCard, plan: Plan, page: PageFormat) -> PlanCard:
    """Leave out what a message has no room for: Aion's words about the outcome, then attempts between the first and last.

    A card that the platform refuses as too long would keep its buttons after the decision.
    """
    for said, most in (
        (card.said, MOST_ATTEMPTS),
        ("", MOST_ATTEMPTS),
        *(("", fewer) for fewer in _FEWER_ATTEMPTS),
    ):
        card = replace(card, said=said, record=record(plan, most))
        if _fits(card, page, room=0):
            return card
    return replace(card, headline="")


def _words_of(card: PlanCard) -> PlanCard:
    """Return a card with nothing but its title and the model's words about the plan."""
    return PlanCard(card.title, card.description, card.steps, headline=card.headline)


def _fits(card: PlanCard, page: PageFormat, room: int = _RECORD_ROOM) -> bool:
    written = len(card.description) + sum(len(step.agent) + len(step.description) for step in card.steps)
    if written > MOST_WRITTEN * page.limit:
        return False  # known without drawing it, which could hold up everybody for seconds
    try:
        with time_limit():
            return page.measure(card) <= page.limit - room
    except Exception:  # noqa: BLE001  # a card that cannot be drawn is as good as one that is too long
        return False


def in_full(plan: Plan) -> str:
    """Write a plan as Markdown."""
    steps = [
        f"{number}. {PARALLEL if step.parallel else ''}**{step.agent}**: {step.description}"
        for number, step in enumerate(plan.steps, 1)
    ]
    return "\n\n".join(part for part in (plan.description, "\n".join(steps)) if part)


def _facts(plan: Plan, plan_format: PlanFormat) -> tuple[Line, ...]:
    facts: list[Line] = [] if plan.operations is None else [strings.operations(plan.operations)]
    if plan.unreadable:
        facts.append(strings.unreadable(plan.unreadable))
    if any(step.parallel for step in plan.steps):
        facts.append((strings.PARALLEL_STEPS,))
    done = sum(step.state is StepState.DONE for step in plan.steps)
    if done and plan.phase is not PlanPhase.DONE:
        facts.append(strings.steps_done(done, len(plan.steps)))
    if plan.phase is PlanPhase.PENDING:
        if not can_be_approved(plan):
            facts.append((with_reference(strings.PLAN_NOT_SHOWN, plan.key),))
        elif plan_format.policy.plans_refused:
            facts.append((with_reference(strings.KEY_REFUSED, plan.key),))
        closed, lapsed = (strings.DEADLINE_PASSED,), plan_format.lapsed
        facts += [closed] if plan.out_of_time else approval_facts(plan, plan_format.policy, lapsed)
    return tuple(facts)


_MOST_PENDING = 8
"""Of what needs another confirmation, as many are shown."""


def pending_key(plan_key: str) -> str:
    """Name the card of what needs another confirmation, for the nonce of its post; it is no plan's key."""
    return f"{plan_key}m"


def pending_card(plan_key: str, pending: Sequence[Step | None], page: PageFormat) -> PlanCard:
    """Draw what needs another confirmation as a card of its own, which has no buttons.

    Aion documents no call that confirms a part of a plan: a button would promise what nobody can do.
    """
    readable = [
        Step(one.agent, one_line(one.description, SENTENCE // 2)) for one in pending if one is not None
    ]
    for count in range(min(_MOST_PENDING, len(readable)), -1, -1):
        missing = len(pending) - count
        facts = [strings.unreadable(missing)] if missing else []
        shown = tuple(readable[:count])
        card = PlanCard(
            strings.PENDING_TITLE, "", shown, (*facts, (strings.PENDING_HOW,)), key=pending_key(plan_key)
        )
        # The last one has no steps, and is taken whether it fits or not.
        if _fits(card, page, room=0):
            break
    return card


class PlanCardView:
    """A card on its own after the decision, and the result under it."""

    def __init__(self, plan: Plan, plan_format: PlanFormat) -> None:
        self.plan = plan
        self.ended = False
        self.pending: Sequence[Step | None] = ()
        """What needs another confirmation: a card of its own below this one."""
        self._format = plan_format
        self._limit = plan_format.page.limit - ROOM
        self._result, self._sources = "", Sources()
        self._plain = False
        self.refused: str | None = None
        """Why no file can be posted; None where nothing refused it."""
        self._pages = self._new_pages()

    def show(self, plan: Plan, result: str = "", sources: Sources | None = None) -> None:
        """Show a newer state of the plan, and the text of its result where there is one, with what it cites."""
        self.plan, self._result = plan, KNOWN.strike(cut_text(result))
        self._sources = sources or Sources()

    def offer_no_approval(self) -> None:
        """Show no Approve, because Aion refuses plan actions to the key."""
        policy = replace(self._format.policy, plans_refused=True)
        self._format = replace(self._format, policy=policy)

    def _measure(self, text: str) -> int:
        return self._format.page.measure(Reply(text))

    def _new_pages(self) -> Pages | PlainPages:
        return PlainPages(self._limit) if self._plain else Pages(self._measure, self._limit)

    def advance(self) -> bool:
        """Cut the result into one page more; True once it is cut."""
        self._cut(1)
        return not self._pages.pending

    def screen(self) -> Screen:
        """Return the card, then the result in pages, and behind too many of them a document with all of it."""
        card, _ = plan_card(self.plan, self._format)
        cards = (
            (card, pending_card(self.plan.key, self.pending, self._format.page)) if self.pending else (card,)
        )
        replies = [Reply(page, plain=self._plain) for page in self._cut()]
        if not self._pages.over:
            return (*cards, *replies)
        if self.refused is not None:
            note = with_reference(strings.no_file(self.refused), self.plan.key)
            return (*cards, *replies[:-1], replace(replies[-1], note=note))
        replies[-1] = replace(replies[-1], note=strings.WHOLE_IN_FILE)
        whole = joined(self._result, source_list(self._sources, MOST_IN_FILE))
        document = [Document(strings.ANSWER_FILE, whole)] if self.ended else []
        return (*cards, *replies, *document)

    def _cut(self, effort: int = sys.maxsize) -> list[str]:
        most = MOST_MESSAGES - 1 - bool(self.pending)  # the cards are among them
        try:
            with time_limit():
                pages = self._pages.update(self._result, most=most, effort=effort)
                if self._plain or self._pages.over or self._pages.pending:
                    return pages
                return with_sources(pages, self._sources, self._measure, self._limit, most)
        except Exception as error:
            # Whichever error rendering a text raises, the plain text is shown.
            if not self.fall_back(error):
                raise
        # Without a limit to its time: plain pages are cut in one pass.
        return self._pages.update(self._result, most=most)

    def fall_back(self, error: Exception) -> bool:
        """Show the result as plain text from now on, because of what rendering raised; False if it is shown so already."""
        del error
        before, self._plain = self._plain, True
        self._pages = self._new_pages()
        return not before

    def refuse_file(self, reason: str) -> None:
        """Show no document, and say why."""
        self.refused = reason

    def shrink(self) -> bool:
        """Use pages of half the size from now on; False if there is no smaller."""
        if self._limit // 2 <= _SMALLEST_PAGE:
            return False
        self._limit //= 2
        self._pages = self._new_pages()
        return True
