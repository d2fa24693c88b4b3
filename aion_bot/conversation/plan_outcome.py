"""What Aion's answer to a decision means: done, done in part, or waiting for another confirmation."""

from collections.abc import Mapping
from dataclasses import dataclass

from aion_bot.aion import PlanActionResponse
from aion_bot.domain import strings
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.messages import Action


@dataclass(frozen=True, slots=True)
class Decided:
    """Where a decision led: the plan's next phase, a sentence, and the text of the result if the session has one.

    `said` are Aion's own words about the outcome. `answer` is what Aion answered, in short, for the record: an HTTP status,
    `lost`, or empty where it was not asked.
    """

    phase: PlanPhase
    detail: str = ""
    result: str = ""
    said: str = ""
    answer: str = ""


def answered(plan: Plan, response: PlanActionResponse) -> Decided:
    """Read a 200; only an answer in which nothing failed and nothing waits is called done."""
    said = strings.in_aions_words(response.message, response.results)
    if not response.success:
        return Decided(PlanPhase.FAILED, strings.NOT_DONE, said=_unclaimed(said), answer="200")
    if plan.action is Action.CANCEL:
        return Decided(PlanPhase.CANCELLED, strings.DROPPED, answer="200")
    if response.pending_actions:
        return Decided(PlanPhase.SETTLED, strings.MORE_TO_CONFIRM, said=_unclaimed(said), answer="200")
    if _partly_failed(response):
        return Decided(PlanPhase.FAILED, strings.PARTLY_DONE, said=_unclaimed(said), answer="200")
    return Decided(PlanPhase.DONE, strings.DONE, said=said, answer="200")


def _partly_failed(response: PlanActionResponse) -> bool:
    """Tell whether an agent or the counts say that a part failed; the contract describes neither, so any sign counts."""
    agents = response.agent_results or ()
    counts = response.results or {}
    return any(map(_failed, agents)) or any(
        value not in (None, False, 0, "", [], {}) for name, value in counts.items() if _names_failure(name)
    )


def _failed(agent: Mapping[str, object]) -> bool:
    return (
        agent.get("success") is False
        or _names_failure(str(agent.get("status") or ""))
        or any(agent.get(name) for name in agent if _names_failure(name))
    )


# "failed", "failures", "error", "errors"; the contract names no field.
def _names_failure(word: str) -> bool:
    return any(sign in word.lower() for sign in ("fail", "error"))


def _unclaimed(said: str) -> str:
    """Leave out words that claim a success which the rest of the answer denies."""
    return "" if said.lower().startswith(strings.DONE[:-1].lower()) else said
