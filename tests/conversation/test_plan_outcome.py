"""Only what is done is called done."""

from dataclasses import replace
from typing import Any

import pytest

from aion_bot.aion import ChatMessage, ImageReference, MessageRole, PlanActionResponse
from aion_bot.aion.types import parse_plan_action
from aion_bot.conversation.plan_outcome import answered, never_seen, seen_in_session
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
        ({"pending_actions": [{}, {"id": "x"}]}, PlanPhase.SETTLED, strings.MORE_TO_CONFIRM),
        ({"agent_results": [{}]}, PlanPhase.SETTLED, strings.UNREADABLE_OUTCOME),
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
    assert decided.failed is (phase is not PlanPhase.DONE)


@pytest.mark.parametrize("listed", [["delete"], [7], ["x", None], "delete", {"id": "x"}, [[]]])
def test_pending_actions_that_are_no_objects_count(listed: object) -> None:
    """Something that waits for a confirmation keeps an outcome from being done, whether it can be read or not."""
    decided = answered(
        PLAN, parse_plan_action({"success": True, "pending_actions": listed}, "p", "approve", accepted=False)
    )
    assert decided.phase is PlanPhase.SETTLED
    assert decided.detail == strings.MORE_TO_CONFIRM
    # The card below counts what cannot be shown, and nothing else does.
    assert decided.pending
    assert not any(decided.pending)


@pytest.mark.parametrize("said", ["Traceback: no such file", "at http://10.0.0.7 with key sk-live"])
@pytest.mark.parametrize("fields", [{"success": False}, {"results": {"failed": 1}}])
def test_a_failure_is_not_told_in_aion_s_words(said: str, fields: dict[str, Any]) -> None:
    """A failed plan has a fixed sentence: what Aion says about it may hold an address, a key or a trace."""
    assert answered(PLAN, response(message=said, **fields)).said == ""


@pytest.mark.parametrize("action", list(Action)[:2])
@pytest.mark.parametrize(
    ("metadata", "phase", "detail"),
    [
        (None, PlanPhase.SETTLED, strings.SEE_BELOW),
        ({"image_context": []}, PlanPhase.SETTLED, strings.SEE_BELOW),
        ({"success": False}, PlanPhase.FAILED, strings.NOT_DONE),
        ({"agent_results": [{"success": False}]}, PlanPhase.FAILED, strings.PARTLY_DONE),
        ({"pending_actions": ["delete"]}, PlanPhase.SETTLED, strings.MORE_TO_CONFIRM),
    ],
)
def test_a_message_of_the_session_is_no_report(
    metadata: dict[str, Any] | None, phase: PlanPhase, detail: str, action: Action
) -> None:
    """After a 202 or a lost answer nothing is called done; what the message's metadata says against it counts."""
    message = ChatMessage("m", MessageRole.ASSISTANT, "Sorted.", metadata=metadata)
    decided = seen_in_session(replace(PLAN, action=action), message, "202")
    assert (decided.phase, decided.detail) == (phase, detail)
    assert "Done" not in decided.detail
    assert decided.result == ("" if phase is PlanPhase.FAILED else "Sorted.")
    assert decided.failed is (detail != strings.SEE_BELOW)


def attempt(action: Action, source: PlanPhase) -> Attempt:
    return Attempt(Person("U1"), action, 1, source, PlanPhase.PENDING, "")


LOST, NEVER = PlanPhase.UNKNOWN, PlanPhase.CLAIMED


@pytest.mark.parametrize(
    ("phase", "before", "action", "expected"),
    [
        (PlanPhase.RUNNING, [], Action.APPROVE, PlanPhase.SETTLED),
        (PlanPhase.RUNNING, [], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.RUNNING, [attempt(Action.APPROVE, LOST)], Action.CANCEL, PlanPhase.CANCELLED),
        (PlanPhase.BUSY, [], Action.APPROVE, PlanPhase.SETTLED),
        (PlanPhase.BUSY, [], Action.CANCEL, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [], Action.APPROVE, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [], Action.CANCEL, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [attempt(Action.APPROVE, LOST)], Action.CANCEL, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [attempt(Action.CANCEL, LOST)], Action.APPROVE, PlanPhase.SETTLED),
        (PlanPhase.UNKNOWN, [attempt(Action.APPROVE, NEVER)], Action.CANCEL, PlanPhase.SETTLED),
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
    decided = seen_in_session(plan, ChatMessage("m", MessageRole.ASSISTANT, "text"), "lost")
    assert (decided.phase, decided.result) == (expected, "text")
    assert "Done" not in decided.detail
    others = {one.action for one in before if one.source is LOST} - {action}
    another = phase is not PlanPhase.RUNNING and (
        bool(others) or (phase is PlanPhase.BUSY and action is Action.CANCEL)
    )
    assert (decided.detail == strings.ANOTHER_DECIDED) is another


@pytest.mark.parametrize("phase", [PlanPhase.RUNNING, PlanPhase.BUSY, PlanPhase.UNKNOWN])
def test_a_plan_that_was_given_up_is_in_doubt(phase: PlanPhase) -> None:
    """Aion may have acted: a result may still be stored, and a 404 of a later attempt is no expiry."""
    assert never_seen(phase, "").doubt is True
    assert seen_in_session(PLAN, ChatMessage("m", MessageRole.ASSISTANT, "text"), "lost").doubt is None


def test_a_result_cites_its_sources() -> None:
    """The message that Aion stored after a decision has citations, and the sources that its data has."""
    images = [ImageReference("ab12-full", "a.jpg")]
    message = ChatMessage(
        "m", MessageRole.ASSISTANT, "Moved[[img:ab12|a.jpg]] to[[doc:x|b.pdf]]", image_context=images
    )
    decided = seen_in_session(PLAN, message, "202")
    assert decided.result == "Moved [1] to b.pdf"
    assert [source.name for source in decided.sources.cited.values()] == ["a.jpg"]


def test_pictures_of_agents_are_those_of_the_outcome() -> None:
    """Also of a result that is stored later; each once, with what Aion says of it, and whatever else stands there."""
    image = {
        "image_id": "i1",
        "filename": "a.png",
        "description": "A pump",
        "full_url": "https://a.example/a",
    }
    brought = [
        {"images": [image, 3], "summary": "one"},
        {"image_context": [image], "images": "x"},
        {"images": None},
    ]
    metadata = {"agent_results": brought}
    stored = ChatMessage(
        id="m", role=MessageRole.ASSISTANT, content="Moved.", created_at=None, metadata=metadata
    )
    for decided in (answered(PLAN, response(agent_results=brought)), seen_in_session(PLAN, stored, "202")):
        (found,) = decided.pictures
        assert (found.id, found.name, found.description) == ("i1", "a.png", "A pump")
        assert found.addresses == ("https://a.example/a",)
