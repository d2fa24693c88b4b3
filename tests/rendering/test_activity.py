"""The line that says what Aion is doing."""

from typing import Any

import pytest

from aion_bot.aion import ChatTokenType
from aion_bot.rendering.activity import Activity
from tests.support.cases import each

AGENTS = {
    "ImageSearchAgent": "Searching images…",
    "DocumentSearchAgent": "Searching documents…",
    "LinkSearchAgent": "Searching links…",
    "VisualAnalysisAgent": "Looking at images…",
    "DocumentAnalysisAgent": "Reading documents…",
    "LinkAnalysisAgent": "Reading links…",
    "AnalyticsAgent": "Counting and comparing…",
    "CrossReferenceAgent": "Comparing sources…",
    "FolderOrganizationAgent": "Organizing folders…",
    "ReportSynthesisAgent": "Writing the report…",
}


def lines(*events: tuple[str, dict[str, Any]]) -> list[str]:
    activity = Activity()
    return [activity.line(ChatTokenType(kind), data) for kind, data in events]


@each(("agent", "words"), AGENTS.items())
@each("kind", ["tool_invocation", "thinking_step", "status"])
def test_each_agent_has_words_for_what_it_does(agent: str, words: str, kind: str) -> None:
    """Whichever event names it, also in other spellings."""
    assert lines((kind, {"agent_name": agent})) == [words]
    assert lines((kind, {"agent_name": agent.removesuffix("Agent")})) == [words]


def test_the_line_counts_what_is_found() -> None:
    """A search is one line: its words, then its count, which a second event of the same search does not change."""
    assert lines(
        ("thinking", {"status": "processing"}),
        ("status", {"message": "Searching documents...", "agent_name": "DocumentSearchAgent"}),
        ("thinking_step", {"agent_name": "DocumentSearchAgent", "message": "I wonder"}),
        ("tool_invocation", {"agent_name": "DocumentSearchAgent", "tool_name": "search"}),
        ("tool_result", {"result_count": 5}),
        ("document_results", {"documents": [{}] * 5, "count": 5}),
        ("tool_invocation", {"agent_name": "DocumentAnalysisAgent"}),
        ("tool_result", {"agent_name": "DocumentAnalysisAgent", "result_count": 0}),
        ("thinking", {}),
    ) == [
        "Thinking…",
        "Searching documents…",
        "",
        "",
        "Searching documents… 5 found",
        "Searching documents… 5 found",
        "Reading documents…",
        "Reading documents… nothing found yet",
        "",
    ]  # fmt: skip


def test_each_count_is_its_own_agents() -> None:
    """Of agents that search at the same time, each one's results are counted behind its own words, whichever began last."""
    both = (("tool_invocation", {"agent_name": "ImageSearchAgent"}), ("tool_invocation", {"agent_name": "DocumentSearchAgent"}))  # fmt: skip
    for found in (
        ("tool_result", {"agent_name": "image_search", "result_count": 5}),
        ("image_results", {"count": 5}),
    ):
        assert lines(*both, found, ("document_results", {"count": 2}))[1:] == [
            "Searching documents…",
            "Searching images… 5 found",
            "Searching documents… 2 found",
        ]
    looked = lines(
        ("tool_invocation", {"agent_name": "VisualAnalysisAgent"}), ("image_results", {"count": 5})
    )
    assert looked[-1] == "Looking at images… 5 found"


def test_a_count_that_is_said_is_not_said_again() -> None:
    """Aion's own words may have it."""
    said = ("status", {"message": "Found 5 documents", "agent_name": "DocumentSearchAgent"})
    assert lines(said, ("document_results", {"count": 5}), ("document_results", {"count": 6})) == [
        "Found 5 documents…",
        "Found 5 documents…",
        "Found 5 documents… 6 found",
    ]


@pytest.mark.parametrize("words", ["…", "\u200b", "\ud83d", "\x00\u202e..."])
def test_a_status_without_words_leaves_the_line_as_it_is(words: str) -> None:
    """It names nobody either: what follows still belongs to who is at work. Characters that nobody sees are no words."""
    at_work = ("tool_invocation", {"agent_name": "ImageSearchAgent"})
    assert lines(("tool_invocation", {"agent_name": words})) == [""]
    assert lines(at_work, ("status", {"message": words}), ("tool_result", {"result_count": 2})) == [
        "Searching images…",
        "",
        "Searching images… 2 found",
    ]


@pytest.mark.parametrize("kind", ["thinking", "thinking_step"])
def test_reasoning_is_shown_to_nobody(kind: str) -> None:
    """Whatever field a thinking event has it in."""
    secret = {
        "message": "HIDDEN",
        "reasoning": "HIDDEN",
        "status": "HIDDEN",
        "phase": "HIDDEN",
        "content": "HIDDEN",
    }
    (bare, named) = lines((kind, secret), (kind, {**secret, "agent_name": "AnalyticsAgent"}))
    assert "HIDDEN" not in bare + named


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Looking at [[img:a1|crane.jpg]]", "Looking at crane.jpg…"),
        ("Reading **all** of [it](https://x.example)…", "Reading all of it…"),
        ("Counting [[ref:damaged]] things", "Counting some things…"),
        ("Opening __init__.py", "Opening __init__.py…"),
        ("...", "Searching images…"),
    ],
)
def test_a_status_is_plain_words(message: str, line: str) -> None:
    """No marker and no markup; a status without words names its agent."""
    assert lines(("status", {"message": message, "agent_name": "ImageSearchAgent"})) == [line]


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("image_results", {"images": [{}, {}]}, "Searching images… 2 found"),
        ("document_results", {"count": 3}, "Searching documents… 3 found"),
        ("tool_result", {"result_count": 3, "tool_name": "find_links"}, "Find links… 3 found"),
        ("tool_result", {"result_count": -1, "tool_name": "search"}, ""),
        ("tool_result", {"result_count": "many"}, ""),
        ("tool_result", {"result_count": 4}, ""),
        ("tool_result", {"result_count": 10**30, "tool_name": "search"}, ""),
        ("image_results", {"images": "x"}, ""),
        ("tool_invocation", {}, ""),
        ("tool_invocation", {"agent_name": 7}, ""),
        ("tool_invocation", {"agent_name": "__"}, ""),
        ("tool_invocation", {"agent_name": "image  search  agent"}, "Searching images…"),
        ("tool_invocation", {"agent_name": "x" * 1_000_000}, f"X{'x' * 999}…"),
        ("ping", {"message": "x"}, ""),
    ],
)  # fmt: skip
def test_events_that_come_alone_or_are_malformed(kind: str, data: dict[str, Any], line: str) -> None:
    """A count without an agent says what was searched where its event tells that, and nothing otherwise."""
    assert lines((kind, data)) == [line]
