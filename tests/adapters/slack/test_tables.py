"""Tables of an answer as Slack's own block."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import rendering
from adapters.slack.markdown import delta
from adapters.slack.tables import around_table
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.demo.page import slack_payload
from aion_bot.ports.markdown import blocks as markdown_blocks
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.screen import PageFormat
from aion_bot.simulators.slack import reading, rules
from tests.adapters.slack.texts import texts
from tests.schemas import slack as contracts

TABLE = "| Site | Roofs |\n|:-:|--:|\n| **North** | 2**10 |\n| [plan](https://x.example/p) | |\n| `a\\|b` | __init__.py |"


def blocks(text: str) -> list[dict[str, Any]]:
    """The blocks of an answer, once Slack's rules and contracts found nothing wrong with them."""
    arguments = rendering.arguments(Reply(text))
    for method in ("chat.postMessage", "chat.update"):
        assert rules.refusal(method, arguments) is None
    if contracts.BESIDE:
        contracts.check_blocks(arguments["blocks"])
    return list(arguments["blocks"])


def test_a_table_is_slack_s_own() -> None:
    """Words before and behind a table are Markdown; cells have their styles, links and literal signs."""
    before, table, behind = blocks(f"Look:\n\n{TABLE}\n\nThat is *all*.")
    assert (before["text"], behind["text"]) == ("Look:\n", "\nThat is *all*.")
    assert [one["align"] for one in table["column_settings"]] == ["center", "right"]
    head, north, plan, code = table["rows"]
    assert head == [{"type": "raw_text", "text": "Site"}, {"type": "raw_text", "text": "Roofs"}]
    assert north[0]["elements"][0]["elements"] == [{"type": "text", "text": "North", "style": {"bold": True}}]
    assert north[1] == {"type": "raw_text", "text": "2**10"}
    link = {"type": "link", "url": "https://x.example/p", "text": "plan"}
    assert plan[0]["elements"][0]["elements"] == [link]
    assert plan[1] == {"type": "raw_text", "text": "\u00a0"}
    assert code[0]["elements"][0]["elements"] == [{"type": "text", "text": "a|b", "style": {"code": True}}]
    assert code[1] == {"type": "raw_text", "text": "__init__.py"}


@pytest.mark.parametrize(
    "text",
    [
        f"{TABLE}\n\nand\n\n{TABLE}",
        f"> {TABLE.replace(chr(10), chr(10) + '> ')}",
        "| a | b |\n|---|---|",
        "| a |\n|---|\n" + "| b |\n" * 100,
        f"{'| a ' * 21}|\n{'|---' * 21}|\n{'| b ' * 21}|",
        f"```\n{TABLE}\n```",
    ],
)
def test_other_tables_stay_markdown(text: str) -> None:
    """A message has one table of Slack's own at most; one in a quote, and one that is too large, stay as they are."""
    assert [block["type"] for block in blocks(text)] == ["markdown"]


WORDS = "Words between the tables, as a model writes them."
OTHER = "| Crane | Load | Place behind the northern hall |\n|---|---|---|\n| C1 | 4 t | north |\n| C2 | 6 t | east |"
THREE = f"## Roofs\n\n{TABLE}\n\n{WORDS}\n\n### Cranes\n\n{OTHER}\n\n{TABLE}\n\n{WORDS}"


def shown(view: AnswerView) -> list[list[dict[str, Any]]]:
    return [blocks(one.text) for one in view.screen() if isinstance(one, Reply)]


@pytest.mark.parametrize("step", [1, 50, 10_000])
@pytest.mark.slow
def test_each_table_is_slack_s_own(step: int) -> None:
    """Of several tables each stands in a message of its own, below its heading, as soon as it has a row, and at the end."""
    view = AnswerView(PageFormat(rendering.measure, rendering.FALLBACK))
    for end in (*range(20, len(THREE), step), len(THREE)):
        view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": THREE[:end]}))
        view.begin()
        for message in shown(view):
            # A table is Markdown only until its first row is whole, and none of the messages has two.
            written = [
                parsed
                for one in message
                if one["type"] == "markdown"
                for parsed in markdown_blocks(one["text"])
            ]
            assert not any(one.kind == "table" and one.text.strip().count("\n") > 1 for one in written)
            assert not any(one.kind == "paragraph" and "|" in one.text for one in written)
            assert sum(one["type"] == "table" for one in message) <= 1
    view.finish()
    first, second, third = shown(view)
    assert [one["type"] for one in first] == ["markdown", "table", "markdown"]
    assert first[2]["text"].strip() == WORDS
    assert [one["type"] for one in second] == ["markdown", "table"]
    assert second[0]["text"].strip() == "### Cranes"
    assert [one["type"] for one in third] == ["table", "markdown"]


def test_a_table_behind_one_in_a_quote() -> None:
    """A table in a quote or a list is Markdown, beside one that is Slack's own."""
    quoted = TABLE.replace("\n", "\n> ")
    assert [one["type"] for one in blocks(f"> {quoted}\n\n{TABLE}")] == ["markdown", "table"]


def test_a_link_that_misleads_is_none() -> None:
    """A label in a cell that names another address shows where it would lead."""
    _, table, _ = around_table("| a |\n|---|\n| [paypal.com](https://evil.example/x) |") or ("", {}, "")
    (element,) = table["rows"][1][0]["elements"][0]["elements"]
    assert element == {"type": "text", "text": "paypal.com (https://evil.example/x)"}


def test_a_table_counts_like_its_markdown() -> None:
    """A page with a table measures about what it has as Markdown, so that a table is cut where a page is full."""
    text = "| Site | Roofs |\n|---|---|\n" + "| North 7 | damaged |\n" * 90
    assert abs(rendering.measure(Reply(text)) - len(text)) < 0.1 * len(text)


def test_a_stream_with_a_table_ends_with_an_edit() -> None:
    """A stream shows Markdown; an edit replaces it by Slack's own table."""
    assert delta(Reply("Look:\n"), Reply(f"Look:\n\n{TABLE}"), last=True) is None


def test_the_page_draws_a_table() -> None:
    """The demo's page shows heads, styles and links of a table."""
    drawn = slack_payload.draw(
        {"blocks": blocks(TABLE)}, {}, lambda *_: slack_payload.Html(""), lambda _: None
    )
    for part in (
        "<th><span>Site</span></th>",
        "<b><span>North</span></b>",
        'href="https://x.example/p"',
        "__init__.py",
    ):
        assert part in drawn


@settings(max_examples=30)  # Slack's rules and pings are looked for in each
@given(st.lists(st.lists(texts(4), min_size=2, max_size=2), min_size=1, max_size=4))
def test_cells_mention_nobody(rows: list[list[str]]) -> None:
    """Whatever stands in its cells, Slack takes the table, and nobody is notified."""
    lines = (" | ".join(one.replace("\n", " ").replace("\r", " ") for one in row) for row in rows)
    text = "| a | b |\n|---|---|\n" + "\n".join(f"| {line} |" for line in lines)
    arguments = rendering.arguments(Reply(text))
    assert rules.refusal("chat.update", arguments) is None
    assert reading.pinged(arguments) == []
