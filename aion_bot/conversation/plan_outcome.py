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


def followed(plan: Plan, result: str, answer: str) -> Decided:
    """Read that the session shows what came of a plan; `result` is its text, "" where the answer's stream has it.

    After a 202 it came of this attempt. After a 409 or a lost answer another one may have decided, and of several that
    want different things nobody knows which.
    """
    wanted = {one.action for one in plan.attempts[:-1] if one.source is PlanPhase.UNKNOWN} | {plan.action}
    cancels = plan.action is Action.CANCEL
    of_another = plan.phase is PlanPhase.BUSY and cancels
    if plan.phase is not PlanPhase.RUNNING and (of_another or len(wanted) > 1):
        return Decided(PlanPhase.SETTLED, strings.ANOTHER_DECIDED, result, answer=answer)
    if cancels:
        return Decided(PlanPhase.CANCELLED, strings.CANCELLED_SEE_BELOW, result, answer=answer)
    return Decided(PlanPhase.DONE, strings.SEE_BELOW, result, answer=answer)


_DEEPEST = 4
"""Levels of an answer that are looked through."""


def _partly_failed(response: PlanActionResponse) -> bool:
    """Tell whether an agent or the counts say that a part failed; the contract describes neither, so any sign counts."""
    return _denies(response.agent_results or (), _DEEPEST) or _denies(response.results or {}, _DEEPEST)


def _denies(value: object, levels: int) -> bool:
    if isinstance(value, list | tuple):
        return levels > 0 and any(_denies(one, levels - 1) for one in value)
    if not isinstance(value, Mapping):
        return False
    return any(
        (name in _SUCCESS and one is False)
        or (name in _STATES and _names_failure(str(one), _UNFINISHED))
        or (_names_failure(name) and one not in (None, False, 0, "", [], {}))
        or (levels > 0 and _denies(one, levels - 1))
        for name, one in value.items()
    )


# The contract names no field; these are what others call them.
_SUCCESS = frozenset({"success", "ok", "succeeded"})
_STATES = frozenset({"status", "state", "outcome", "result"})
_FAILURES = ("fail", "error")
_UNFINISHED = (
    *_FAILURES,
    "cancel",
    "skip",
    "partial",
    "incomplete",
    "abort",
    "denied",
    "timeout",
    "timed out",
)


def _names_failure(word: str, signs: tuple[str, ...] = _FAILURES) -> bool:
    return any(sign in word.lower() for sign in signs)


def _unclaimed(said: str) -> str:
    """Leave out words that claim a success which the rest of the answer denies."""
    return "" if said.lower().startswith(strings.DONE[:-1].lower()) else said
