"""Only what is done is called done."""

from dataclasses import replace
from typing import Any

import pytest

from aion_bot.aion import PlanActionResponse
from aion_bot.conversation.plan_outcome import answered, followed
from aion_bot.domain import strings
from aion_bot.domain.plan import Attempt, Plan, PlanPhase
from aion_bot.ports.messages import Action, Person, ThreadKey

PLAN = Plan("k", "p", "s", ThreadKey("slack", "T/C/1"), Person("U1"), "Sort", action=Action.APPROVE)


def response(**fields: Any) -> PlanActionResponse:
    given = {"success": True, "plan_id": "p", "message": "Done: all sorted.", "action_taken": "approve"}
    return PlanActionResponse(**{**given, **fields})


@pytest.mark.parametrize(
    ("fields", "phase", "detail"),
    [
        ({}, PlanPhase.DONE, strings.DONE),
        ({"agent_results": [{"agent_name": "A", "success": True}]}, PlanPhase.DONE, strings.DONE),
        ({"pending_actions": [], "results": {"failed": 0, "errors": []}}, PlanPhase.DONE, strings.DONE),
        ({"agent_results": [{"status": "completed", "error": None}]}, PlanPhase.DONE, strings.DONE),
        ({"pending_actions": [{"id": "x"}]}, PlanPhase.SETTLED, strings.MORE_TO_CONFIRM),
        ({"agent_results": [{"success": True}, {"success": False}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"agent_results": [{"status": "failed"}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"agent_results": [{"error": "no such folder"}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"results": {"failed_operations": 2}}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"success": False}, PlanPhase.FAILED, strings.NOT_DONE),
        ({"results": {"status": "failed"}}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"agent_results": [{"status": "skipped"}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"agent_results": [{"result": {"success": False}}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"results": {"move": {"errors": ["x"]}}}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"results": {"move": {"errors": []}, "status": "ok"}}, PlanPhase.DONE, strings.DONE),
    ],
)
def test_what_an_answer_means(fields: dict[str, Any], phase: PlanPhase, detail: str) -> None:
    """A failed agent, a count of failures or another confirmation keeps an outcome from being done."""
    decided = answered(PLAN, response(**fields))
    assert (decided.phase, decided.detail) == (phase, detail)
    # Aion's own words stand in a quote; they do not claim what the rest of its answer denies.
    assert phase is PlanPhase.DONE or not decided.said.startswith("Done")


def attempt(action: Action, source: PlanPhase) -> Attempt:
    return Attempt(Person("U1"), action, 1, source, PlanPhase.PENDING, "")


LOST, NEVER = PlanPhase.UNKNOWN, PlanPhase.CLAIMED


@pytest.mark.parametrize(
    ("phase", "before", "action", "expected"),
    [
        (PlanPhase.RUNNING, [], Action.APPROVE, PlanPhase.DONE),
        (PlanPhase.RUNNING, [], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.RUNNING, [attempt(Action.APPROVE, LOST)], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.BUSY, [], Action.APPROVE, PlanPhase.DONE),
        (PlanPhase.BUSY, [], Action.CANCEL, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [], Action.APPROVE, PlanPhase.DONE),
        (PlanPhase.UNKNOWN, [], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.UNKNOWN, [attempt(Action.APPROVE, LOST)], Action.CANCEL, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [attempt(Action.CANCEL, LOST)], Action.APPROVE, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [attempt(Action.APPROVE, NEVER)], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.BUSY, [attempt(Action.CANCEL, LOST)], Action.APPROVE, PlanPhase.SETTLED),
    ],
)
def test_what_a_message_of_the_session_says(
    phase: PlanPhase, before: list[Attempt], action: Action, expected: PlanPhase
) -> None:
    """It is one person's decision only where no other attempt, which wanted something else, can have led to it."""
    plan = replace(
        PLAN, phase=phase, action=action, attempts=(*before, Attempt(Person("U2"), action, 2, None, None, ""))
    )
    decided = followed(plan, "text", "lost")
    assert (decided.phase, decided.result) == (expected, "text")
    assert ("Done" in decided.detail) == (expected is PlanPhase.DONE)
