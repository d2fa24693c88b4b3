"""How far the steps of a plan are known to be."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from aion_bot.aion.types import parse_plan_action
from aion_bot.conversation import plan_outcome, plan_steps
from aion_bot.conversation.plan_outcome import answered, ended_plan
from aion_bot.conversation.plan_steps import CalmWake, agent_words, at_end, at_work
from aion_bot.conversation.proposal import read_pending
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.ports.messages import Action, Person, PlanCard, Step, StepState, ThreadKey
from aion_bot.rendering.plan_card import PlanCardView, PlanFormat, pending_card, plan_card
from aion_bot.storage.serialization import pack_steps
from tests.support.plain_adapter import PlainAdapter

STEPS = (Step("Find", "a"), Step("Look", "b"), Step("Count", "c", parallel=True), Step("Move", "d"))


def marks(steps: tuple[Step, ...]) -> str:
    return "".join(step.state.strip() or "." for step in steps)


@pytest.mark.parametrize(
    ("agents", "shown"),
    [
        ([], "...."),
        (["Find"], "⏳..."),
        (["Find", "Find"], "⏳..."),
        (["Find", "Look"], "✅⏳.."),
        (["Find", "Look", "Count"], "✅⏳⏳."),
        (["Find", "Count", "Look"], "✅⏳⏳."),
        (["Find", "Look", "Move"], "✅✅.⏳"),
        (["Move"], "...⏳"),
        (["Somebody"], "...."),
    ],
)
def test_events_tick_steps(agents: list[str], shown: str) -> None:
    """The named agent works; what ran before it is done, but for what may run at the same time."""
    steps = STEPS
    for agent in agents:
        steps = at_work(steps, agent)
    assert marks(steps) == shown


@pytest.mark.parametrize(
    ("phase", "results", "shown"),
    [
        (PlanPhase.DONE, [], "✅✅✅✅"),
        (PlanPhase.SETTLED, [], "✅..."),
        (PlanPhase.FAILED, [{"agent_name": "Look", "success": False}], "✅❌.."),
        (PlanPhase.FAILED, [{"agent_name": "Find", "success": False}, {"agent_name": "Move", "success": True}], "❌..✅"),
        (PlanPhase.SETTLED, [{"agent_name": 7}, {}], "✅..."),
        (PlanPhase.DONE, [{"agent_name": "Nobody"}], "✅✅✅✅"),
    ],
)  # fmt: skip
def test_results_tick_steps(phase: PlanPhase, results: list[dict[str, Any]], shown: str) -> None:
    """Of a plan that is done every step is; otherwise those whose agent has a result, and no step still seems to run."""
    steps = at_end(
        at_work(at_work(STEPS, "Find"), "Look"), phase, results, lambda one: one.get("success") is False
    )  # type: ignore[attr-defined]  # a result
    assert marks(steps) == shown


def test_two_steps_of_one_agent_have_their_own_results() -> None:
    """Results count in order."""
    steps = (Step("Find", "a"), Step("Find", "b"))
    results = [{"agent_name": "Find", "ok": True}, {"agent_name": "Find", "ok": False}]
    assert marks(at_end(steps, PlanPhase.FAILED, results, lambda one: one["ok"] is False)) == "✅❌"  # type: ignore[index]  # a result


async def test_the_marks_change_calmly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many changes at once the first is shown at once, and the last with the next one."""
    monkeypatch.setattr(plan_steps, "_CALM", 0.05)
    shown = asyncio.Event()
    count = 0

    def wake() -> None:
        nonlocal count
        count += 1
        shown.set()

    calm = CalmWake(wake)
    for expected in (1, 2):
        for _ in range(5):
            calm()
        await shown.wait()
        shown.clear()
        assert count == expected


PLAN = Plan("k", "p", "s", ThreadKey("slack", "T/C/1"), Person("U1"), "Sort", STEPS, action=Action.APPROVE)


def test_results_are_folded() -> None:
    """The first results are named, the rest is counted; what the card says already is not said again."""
    data = {
        "message": "Sorted.",
        "results": {"moved": 1, "copied": 2, "found": 3, "seen": 4, "left": 5},
        "agent_results": [
            {"agent_name": "Find", "summary": "a"},
            {"agent_name": "Look", "summary": "Saw [[img:x|x.jpg]]"},
        ],
    }
    decided = answered(PLAN, parse_plan_action(data, "p", "approve", accepted=False))
    assert ended_plan(PLAN, decided).said == (
        "Sorted. (moved: 1; copied: 2; found: 3; 2 more) · Look: Saw x.jpg"
    )


def test_a_result_of_many_lines_is_words() -> None:
    """In one line the marks of lists, tables and code mean nothing, and a boolean says nothing to people."""
    said = "Moved:\n\n- **a**\n- b\n\n| Folder | Photos |\n|---|---|\n| Site 7 | 12 |\n\n```\nok\n```"
    data = {"message": said, "results": {"ok": True, "moved": 2}}
    decided = answered(PLAN, parse_plan_action(data, "p", "approve", accepted=False))
    assert ended_plan(PLAN, decided).said == "Moved: • a • b Folder, Photos Site 7, 12 ok (moved: 2)"


def test_only_results_that_are_shown_are_worded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand agents with results cost the words of a few."""
    worded: list[object] = []

    def count(name: object) -> str:
        worded.append(name)
        return "Agent"

    monkeypatch.setattr(plan_outcome, "agent_words", count)
    monkeypatch.setattr(plan_steps, "agent_words", count)
    data = {"agent_results": [{"agent_name": f"A{at}", "summary": f"found {at}"} for at in range(20_000)]}
    decided = answered(PLAN, parse_plan_action(data, "p", "approve", accepted=False))
    assert ended_plan(PLAN, decided).said.endswith("found 2 · 19997 more")
    assert len(worded) < 2000


def test_what_needs_another_confirmation_is_a_card_of_its_own() -> None:
    """It stands below the plan's card and has no buttons, as Aion documents no way to confirm it; it says how to go on."""
    data = {
        "pending_actions": [
            {"agent_name": "FolderOrganizationAgent", "description": "Delete 3 folders"},
            {"message": "Share them"},
            {"id": 7},
        ]
    }
    decided = answered(PLAN, parse_plan_action(data, "p", "approve", accepted=False))
    view = PlanCardView(PLAN, PlanFormat(PlainAdapter().page_format, AccessPolicy(approvers="anyone")))
    view.pending = decided.pending
    card, pending = view.screen()
    assert isinstance(pending, PlanCard)
    assert [(step.agent, step.description) for step in pending.steps] == [
        ("Folder organization", "Delete 3 folders"),
        ("Aion", "Share them"),
    ]
    assert pending.facts == (strings.unreadable(1), (strings.PENDING_HOW,))
    assert not pending.buttons
    assert pending.key != PLAN.key
    assert isinstance(card, PlanCard)


@pytest.mark.parametrize(
    ("phase", "detail", "title", "said"),
    [
        (PlanPhase.CANCELLED, strings.DROPPED, "🚫 Cancelled", ("By Ada.", strings.DROPPED)),
        (PlanPhase.EXPIRED, strings.EXPIRED, "⌛ Closed", ("Approved by Ada.", strings.EXPIRED)),
    ],
)
def test_a_card_says_once_how_it_ended(
    phase: PlanPhase, detail: str, title: str, said: tuple[str, ...]
) -> None:
    """The title or a line of the record tells that a plan was cancelled or has expired, not both."""
    action = Action.CANCEL if phase is PlanPhase.CANCELLED else Action.APPROVE
    plan = replace(PLAN, phase=phase, detail=detail, action=action, decider=Person("U1", "Ada"))
    card, _ = plan_card(plan, PlanFormat(PlainAdapter().page_format, AccessPolicy(approvers="anyone")))
    assert card.title == f"{title} · {strings.PLAN_TITLE}"
    words = ["".join(p.name if isinstance(p, Person) else p for p in line) for line in card.record]
    assert tuple(words) == said


@pytest.mark.parametrize("count", [1, 50])
def test_the_card_of_what_is_pending_fits(count: int) -> None:
    """Many long words are counted instead of shown."""
    found = read_pending([{"description": "*" * 5000}] * count)
    page = PlainAdapter(page=600).page_format
    card = pending_card("k", found, page)
    assert page.measure(card) <= page.limit
    assert len(card.steps) < max(2, count)


def test_agents_are_named_as_on_the_card() -> None:
    """An event's name and a step's heading are the same words, whatever is hidden in them."""
    assert (
        agent_words("FolderOrganizationAgent") == agent_words("folder_organization") == "Folder organization"
    )
    assert agent_words(None) == agent_words("\u200b") == "Aion"


def test_what_is_known_of_a_step_is_stored_but_not_that_it_runs() -> None:
    """A later process reads which steps were done or failed; nobody tells it when one that ran has ended."""
    marked = tuple(
        replace(step, state=state)
        for step, state in zip(
            STEPS, (StepState.DONE, StepState.FAILED, StepState.RUNNING, StepState.WAITING), strict=True
        )
    )
    packed = json.loads(pack_steps(marked))
    assert [one[3:] for one in packed] == [["✅ "], ["❌ "], [], []]


def test_a_failed_step_stays_failed_where_its_result_is_not_read_again() -> None:
    """After a restart the outcome is shown as it was recorded."""
    failed = tuple(replace(step, state=StepState.FAILED) for step in STEPS[:1])
    assert marks(at_end(failed, PlanPhase.FAILED, (), bool)) == "❌"
