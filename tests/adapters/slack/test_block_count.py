"""How many blocks Slack makes of one markdown block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import rendering
from aion_bot.ports.messages import Reply

PIECES = [
    "> ",
    "- ",
    "# ",
    "1. ",
    "```",
    "~~~",
    "---",
    "===",
    "| a |",
    "|---|",
    "a",
    "    ",
    "\t",
    "*",
    "- | -",
    " ",
]
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=5).map("".join), max_size=12).map("\n".join)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("words\n\n- item\n- item", 0),
        ("# a\n\nb\n===\n\n---\n\n> c\n> # d\n\n| e |\n|---|", 6),
        ("1. ```\n   # code\n   ```\n\nwords\n\n    # code\n\n```\n# code", 2),
        ("- > a\n  > b", 0),
    ],
)
def test_own_blocks(text: str, blocks: int) -> None:
    """Headings, rules, tables, fences and outermost quotes are blocks of their own, but nothing inside code is."""
    assert rendering._own_blocks(text) == blocks


@given(TEXTS)
def test_the_quick_count_is_never_too_small(text: str) -> None:
    """Where the quick count says that there are few blocks, there are."""
    assert rendering._own_blocks(text) <= rendering._possible_blocks(text)


def test_many_blocks_make_a_page_smaller() -> None:
    """Text of many blocks measures more than its characters, text of few exactly these."""
    assert rendering.measure(Reply("# h\n" * 40)) > 1000
    assert rendering.measure(Reply("- item\n" * 40)) == len("- item\n" * 40)


def test_blocks_that_a_page_holds_cost_no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page holds twenty of them, so they make no text larger than one; each edit of a growing answer is measured."""
    monkeypatch.setattr(rendering, "markdown_blocks", None)  # parsing would raise
    assert rendering.measure(Reply("# h\n" * 20)) <= rendering.FALLBACK
    with pytest.raises(TypeError):
        rendering.measure(Reply("# h\n" * 21))
