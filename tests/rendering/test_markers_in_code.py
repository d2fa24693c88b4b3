"""Markers in code are text; which lines and words are code is as Markdown has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.markdown import blocks
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.line_parser import REACH
from aion_bot.rendering.references import Growing, cited
from tests.rendering.test_answer import CARD, fold, tokens
from tests.rendering.test_citations import HOSE, REPORT, answered
from tests.support.plain_adapter import PlainAdapter, texts

WORDS = {
    "code in a line": (f"Write `{HOSE}` for {HOSE}", f"Write `{HOSE}` for [1]"),
    "two backticks": (f"``a ` {HOSE}`` {HOSE}", f"``a ` {HOSE}`` [1]"),
    "other runs": (f"``{HOSE}` {REPORT}", "``[1]` [2]"),
    "a backtick alone": (f"5` long {HOSE}\nand 6` {REPORT}", "5` long [1]\nand 6` [2]"),
    "an escaped backtick": (f"\\`{HOSE}` {REPORT}`", f"\\`[1]` {REPORT}`"),
    "an escaped backslash": (f"\\\\`{HOSE}`", f"\\\\`{HOSE}`"),
    "a backtick in a name": ("[[doc:cd34|a`b.pdf]] [[doc:ce35|c`d.pdf]]", "[1] [2]"),
    "a fence": (f"```\n{HOSE}\n```\n{HOSE}", f"```\n{HOSE}\n```\n[1]"),
    "a fence that is not closed": (f"```py\n{HOSE}\n\n{HOSE}", f"```py\n{HOSE}\n\n{HOSE}"),
    "tildes": (f"~~~ {HOSE}\n{HOSE}\n```\n{HOSE}\n~~~\n{HOSE}", f"~~~ {HOSE}\n{HOSE}\n```\n{HOSE}\n~~~\n[1]"),
    "a longer fence": (f"````\n```\n{HOSE}\n````\n{HOSE}", f"````\n```\n{HOSE}\n````\n[1]"),
    "the words of a fence": (f"```{HOSE}\n{HOSE}\n```", f"```{HOSE}\n{HOSE}\n```"),
    "no fence": (f"```{HOSE} `\n{HOSE}", "```[1] `\n[1]"),
    "a fence in an item": (f"- a\n\n  ```\n  {HOSE}\n  ```\n  {HOSE}", f"- a\n\n  ```\n  {HOSE}\n  ```\n  [1]"),
    "a fence behind an item's mark": (f"1. ```\n   {HOSE}\n   ```\n{HOSE}", f"1. ```\n   {HOSE}\n   ```\n[1]"),
    "an item that ends its fence": (f"- ```\n  {HOSE}\n\n{HOSE}", f"- ```\n  {HOSE}\n\n[1]"),
    "a fence in a deeper item": (f"- a\n  - b\n\n    ```\n    {HOSE}\n    ```\n- {HOSE}", f"- a\n  - b\n\n    ```\n    {HOSE}\n    ```\n- [1]"),
    "a fence in a quote": (f"> ```\n> {HOSE}\n\n{HOSE}", f"> ```\n> {HOSE}\n\n[1]"),
    "a fence in an item's quote": (f"- > ```\n  > {HOSE}\n  > ```\n  {HOSE}", f"- > ```\n  > {HOSE}\n  > ```\n  [1]"),
    "indented backticks": (f"a\n\n    ```\n{HOSE}", "a\n\n    ```\n[1]"),
    "indented words": (f"- a\n\n      {HOSE}", "- a\n\n      [1]"),
    "code that would be longer": (f"`{'x' * REACH}{HOSE}`", f"`{'x' * REACH} [1]`"),
}  # fmt: skip


@pytest.mark.parametrize(("raw", "shown"), WORDS.values(), ids=WORDS)
def test_a_marker_in_code_is_text(raw: str, shown: str) -> None:
    """What stands in code is what the model wrote; around it citations keep their numbers."""
    assert cited(raw, Sources()) == shown


@pytest.mark.parametrize("raw", [raw for raw, _ in WORDS.values()], ids=WORDS)
def test_a_growing_answer_ends_as_the_whole_one(raw: str) -> None:
    """Each growing state is a beginning of the end: no citation becomes text again, nor text a citation."""
    growing, whole = Growing(Sources()), cited(raw + "\n", Sources())
    for end in range(len(raw) + 1):
        assert whole.startswith(growing.update(raw[:end]))
    assert growing.update(raw + "\n") == whole


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "", "> ", "- ", "1. ", "  ", "   ", "- - "]),
        st.sampled_from(["", "```", "````", "~~~", "~~~~ py", "```py", "``` `", "words", HOSE, HOSE]),
    ).map("".join),
    max_size=9,
)


@pytest.mark.slow
@given(LINES)
def test_lines_of_code_are_those_of_the_parser(lines: list[str]) -> None:
    """A marker stays in the lines of a fence, and in no others, whatever holds them."""
    text = "\n".join(lines) + "\n"
    fenced = {n for one in blocks(text) if one.kind == "fence" for n in range(one.first, one.end)}
    kept = {n for n, line in enumerate(cited(text, Sources()).split("\n")) if HOSE in line}
    assert kept == {n for n, line in enumerate(lines) if HOSE in line and n in fenced}


def test_what_code_names_is_no_source() -> None:
    """An example of the markup cites nothing: no list stands under it, also after a restart."""
    view = answered(f"Write `{HOSE}`:\n\n```\n{HOSE}\n```")
    assert texts(view.screen()) == [f"Write `{HOSE}`:\n\n```\n{HOSE}\n```"]
    assert not view.sources.cited


def test_pages_of_code_keep_their_markers() -> None:
    """A fence that goes on in the next message has its markers as they are there as well; behind it they are citations."""
    lines = "\n".join(f"{number} {HOSE}" for number in range(40))
    pages = texts(answered(f"```\n{lines}\n```\n\nTorn {HOSE}", page=300).screen())
    assert len(pages) > 3
    assert sum(page.count(HOSE) for page in pages) == 40
    assert "Torn [1]" in pages[-1]


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("[[img:ab", ""),
        ("`5 ft", "`5 ft"),
        (f"`5 ft {HOSE} long", "`5 ft [1] long"),
        (f"`{HOSE}", "`[1]"),
        (f"`{HOSE}`", f"`{HOSE}`"),
        (f"{REPORT} ", "[2]"),
    ],
)
def test_nothing_waits_above_a_card(end: str, shown: str) -> None:
    """What stands above a plan's card goes on in no line: all of it is shown while the plan waits, but for half a marker."""
    text = f"Torn {HOSE} {end}"
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(text))
    view.show_plan(CARD, "")
    assert texts(view.screen())[0].partition("**Sources")[0].strip() == f"Torn [1] {shown}".strip()
    fold(view, *tokens(" Done.", before=text))
    assert texts(view.screen())[0].strip() == f"Torn [1] {shown}".strip()
