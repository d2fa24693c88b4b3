"""Only what is done is called done."""

from typing import Any

import pytest

from aion_bot.aion import PlanActionResponse
from aion_bot.conversation.plan_outcome import answered
from aion_bot.domain import strings
from aion_bot.domain.plan import Plan, PlanPhase
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
    ],
)
def test_what_an_answer_means(fields: dict[str, Any], phase: PlanPhase, detail: str) -> None:
    """A failed agent, a count of failures or another confirmation keeps an outcome from being done."""
    decided = answered(PLAN, response(**fields))
    assert (decided.phase, decided.detail) == (phase, detail)
    # Aion's own words stand in a quote; they do not claim what the rest of its answer denies.
    assert phase is PlanPhase.DONE or not decided.said.startswith("Done")
