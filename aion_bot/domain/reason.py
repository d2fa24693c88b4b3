"""Why somebody decided a plan as they did. No I/O."""

from dataclasses import dataclass

from aion_bot.domain import strings
from aion_bot.domain.plan import Plan
from aion_bot.domain.prompts import marked, named
from aion_bot.ports.forms import MOST_WORDS
from aion_bot.ports.messages import Action, Person, ThreadKey
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line, visible

_PLAN_ID = 100
"""Characters of Aion's id of a plan that are repeated to it."""
_TOLD = 2 * MOST_WORDS
"""Characters of a reason as Aion gets it: each line has a mark."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of `person` for having pressed `action`; `place` numbers those of a plan from 1, `thread` is the plan's."""

    plan: str
    place: int
    thread: ThreadKey
    person: Person
    action: Action
    words: str

    @property
    def name(self) -> str:
        """What the nonces of its post begin with: the same in every process."""
        return f"{self.plan}w{self.place}"


def decision_of(plan: Plan, person: Person) -> Action | None:
    """Return what somebody has decided about a plan: their approval that stands, or their newest press; None for nothing."""
    if any(one.id == person.id for one in plan.approvals):
        return Action.APPROVE
    return next((one.action for one in reversed(plan.attempts) if one.person.id == person.id), None)


def reason_words(written: str) -> str:
    """Return what is kept of a form's words: what can be seen, bounded, without secrets; "" for nothing."""
    # `splitlines` knows every character that a reader may take for a line end.
    return visible("\n".join(KNOWN.strike(written[:MOST_WORDS]).splitlines())).strip()


def quoted_reason(plan: Plan, person: Person, action: Action, words: str) -> str:
    """Return what Aion is told of a reason behind the words of a question: quoted, so that none of it passes for the question."""
    label = strings.reason_label(named(person.name), action, one_line(plan.plan_id, _PLAN_ID))
    return f"\n\n{label}\n{marked(words, _TOLD)}"
