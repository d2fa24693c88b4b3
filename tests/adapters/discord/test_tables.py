"""Tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from adapters.discord.tables import WIDEST, show
from aion_bot.ports.markdown import begins_table
from aion_bot.ports.markdown import table_cells as cells

CELLS = st.text(st.characters(categories=["L", "N", "Zs"]), max_size=20).map(str.strip)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("| a | b |", ["a", "b"]),
        ("a | b", ["a", "b"]),
        ("|a||c|", ["a", "", "c"]),
        (r"| a \| b | c |", [r"a \| b", "c"]),
        ("| `x|y` | z |", ["`x|y`", "z"]),
        ("| only |", ["only"]),
        ("| |", [""]),
    ],
)
def test_cells(line: str, expected: list[str]) -> None:
    """A row is split at its pipes, but not inside code or after a backslash."""
    assert cells(line) == expected


@pytest.mark.parametrize(
    ("line", "following", "begins"),
    [
        ("| a | b |", "|---|:-:|", True),
        ("a | b", "- | -", True),
        ("| a | b |", "|---|", False),
        ("| a | b |", "| 1 | 2 |", False),
        ("a list", "---", False),
        ("| a |", "|---|", True),
    ],
)
def test_what_begins_a_table(line: str, following: str, *, begins: bool) -> None:
    """A table begins where a row is followed by as many runs of dashes."""
    assert begins_table(line, following) is begins


def test_a_narrow_table_is_aligned() -> None:
    """Columns line up, wide characters and emoji included."""
    shown = show([["Site", "Status"], ["北京", "**ok**"], ["7", "damaged"]])
    assert shown == "```\nSite  Status\n────  ───────\n北京  ok\n7     damaged\n```"


def test_a_wide_table_is_a_list() -> None:
    """What would wrap is told row by row, with the name of each column."""
    shown = show([["Site", "What", "When"], ["7", "x" * 60, ""], ["8", "y", "now"]])
    assert shown == f"**7**\n- What: {'x' * 60}\n**8**\n- What: y\n- When: now"


def test_links_stay_clickable() -> None:
    """A table with links is a list, for in a code block they would be dead."""
    shown = show([["Site", "Report"], ["7", "[open](https://x.example)"]])
    assert shown == "**7**\n- Report: [open](https://x.example)"


def test_a_row_longer_than_the_head() -> None:
    """More cells than columns are shown without a name."""
    assert show([["a"], ["1", "2"]]) == "```\na\n─  ─\n1  2\n```"


def test_a_table_without_rows() -> None:
    """A head alone is shown."""
    assert show([["a", "b"]]) == "```\na  b\n─  ─\n```"


@pytest.mark.slow
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=6))
def test_an_aligned_table_is_never_too_wide(table: list[list[str]]) -> None:
    """No aligned line is wider than a window."""
    shown = show(table)
    if shown.startswith("```"):
        assert max(wcswidth(line) for line in shown.split("\n")) <= WIDEST


@pytest.mark.parametrize("sign", ["#", "-#", ">"])
def test_a_cell_is_no_heading_and_no_small_print(sign: str) -> None:
    """In the list of a table no cell is larger or smaller than its words, whichever column it stands in."""
    link = f"{sign} [open](https://x.example)"
    for line in show([["a", link, ""], [link, link, link]]).split("\n"):
        assert not line.removeprefix("- ").startswith((f"{sign} ", "-# "))
