"""Where pages end, and what the next one repeats: headings, fences, tables, and characters of several code points."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import PlanCard
from aion_bot.ports.text import character_start, clip
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from tests.support.cases import each
from tests.support.plain_adapter import PlainAdapter, texts

WORDS = "Some words of a paragraph that fills a page."
HEAD = "| Site | Cranes |\n|---|--:|\n"
ROWS = [f"| North {number:02d} | {number} |" for number in range(40)]


@each("heading", ["## Findings", "Findings\n===", "# A\n\n## B", "- # In an item", "> ### Quoted"])
@each("filled", range(60, 130, 5))
def test_a_heading_stands_above_its_text(heading: str, filled: int) -> None:
    """Wherever a page is full, no page ends with a heading whose text is on the next one."""
    text = f"{'word ' * (filled // 5)}\n\n{heading}\n\n{WORDS} {WORDS}"
    pages = Pages(len, 160).update(text)
    for page in pages[:-1]:
        assert blocks(page)[-1].kind not in {"heading", "underlined"}
    assert "".join("".join(pages).split()) == "".join(text.split())


def test_headings_alone_fill_their_pages() -> None:
    """A text of nothing but headings has no page without words, and loses none."""
    pages = Pages(len, 100).update("## Heading\n\n" * 30)
    assert len(pages) < 6
    assert "".join(pages).count("Heading") == 30


@each("opening", ["```python\n", "~~~\n\n\n", "- ```\n  ", "> ```sh\n> "])
@each("filled", range(60, 130, 5))
def test_no_page_ends_behind_an_opening_fence(opening: str, filled: int) -> None:
    """The mark that opens code stands on the page of its first line."""
    mark = opening.partition("\n")[0].strip("-> ")
    inside = opening.rsplit("\n", 1)[1]
    text = (
        f"{'word ' * (filled // 5)}\n\n{opening}"
        + f"\n{inside}".join(["some_code = 1"] * 20)
        + f"\n{inside}{mark[:3]}"
    )
    for page in Pages(len, 160).update(text):
        assert all(block.text.strip() for block in blocks(page) if block.kind == "fence")


@pytest.mark.parametrize("around", ["", "> ", "- "])
@pytest.mark.parametrize("limit", [120, 200, 310])
def test_the_head_of_a_table_is_repeated(around: str, limit: int) -> None:
    """A table of forty rows is a table on every page, with each row once; a page without a row of it has no head."""
    inside = "  " if around == "- " else around
    table = f"\n{inside}".join([*HEAD.splitlines(), *ROWS])
    pages = Pages(len, limit).update(f"{WORDS}\n\n{around}{table}\n\n{WORDS}")
    tables = [block for page in pages for block in blocks(page) if block.kind == "table"]
    assert len(tables) > 2
    assert all(table.text.startswith(HEAD) for table in tables)
    rows = [row for table in tables for row in table.text.strip().split("\n")[2:]]
    assert [row.strip() for row in rows] == ROWS
    assert all(len(page) <= limit for page in pages)
    assert not any("Site" in block.text for page in pages for block in blocks(page) if block.kind != "table")


def test_a_head_too_long_to_repeat() -> None:
    """A head of half a page stands once; each row is there once, too."""
    head = "| " + " | ".join(f"column number {number}" for number in range(40)) + " |\n" + "|---" * 40 + "|\n"
    pages = Pages(len, 1_500).update(head + "\n".join("| cell " * 40 + "|" for _ in range(12)))
    assert "".join(pages).count("column number 7 ") == 1
    assert "".join(pages).count("| cell ") == 480


LINES = st.lists(
    st.sampled_from(["# Head", "Title\n===", "words of a line", "", "```", "| a | b |", "|---|---|", "| 1 | 2 |", "- item", "> # Q", "---"]),
    max_size=60,
)  # fmt: skip


@pytest.mark.slow
@given(LINES, st.integers(60, 120), st.lists(st.integers(0, 900), max_size=12))
def test_page_ends_do_not_depend_on_what_follows(lines: list[str], limit: int, cuts: list[int]) -> None:
    """A text that grows is cut where one is that is there at once, also at headings and tables."""
    text, growing = "\n".join(lines), Pages(len, limit)
    for cut in sorted(cuts):
        growing.update(text[:cut], grown=True)
    assert growing.update(text, grown=True) == Pages(len, limit).update(text)


FAMILY, FLAG, ACCENTED, KEYCAP, HANGUL = "👩‍👩‍👧", "🇩🇪", "e\u0301", "7\ufe0f\u20e3", "\u1112\u1161\u11ab"


@each("character", [FAMILY, FLAG, ACCENTED, KEYCAP, HANGUL, "👍🏽"])
@each("limit", range(40, 48))
def test_no_character_is_cut_in_two(character: str, limit: int) -> None:
    """What people see as one character is on one page, also where a line has nowhere else to break."""
    text = character * 60
    for pages in (Pages(len, limit).update(text), PlainPages(2 * limit).update(text)):
        assert "".join(pages) == text
        assert [one for page in pages for one in iter_graphemes(page)] == [character] * 60
    assert set(iter_graphemes(clip(text, limit))) == {character, "…"}


def test_a_character_without_an_end_is_cut() -> None:
    """A letter with a thousand marks cannot make a page that no platform takes."""
    pages = Pages(len, 100).update("e" + "\u0301" * 1_000)
    assert max(map(len, pages)) <= 100
    assert character_start("e" + "\u0301" * 1_000, 500) == 500


def failed(text: str, page: int = 1000) -> list[str]:
    view = AnswerView(PlainAdapter(page).page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
    view.begin()
    view.finish(strings.INTERRUPTED)
    return texts(view.screen())


@pytest.mark.parametrize(
    "text", ["```py\nx = 1", "- ~~~\n  code", "> ```\n> code", "1. - ```\n     code\n", "    code"]
)
def test_a_failure_in_the_middle_of_code_is_not_code(text: str) -> None:
    """What is said about the end is a paragraph of its own, whatever the text left open."""
    (page,) = failed(text)
    last = blocks(page)[-1]
    assert (last.kind, last.containers, last.text.strip()) == ("paragraph", (), f"⚠️ {strings.INTERRUPTED}")
    assert "code" in page or "x = 1" in page


def test_a_failure_without_room_on_the_last_page() -> None:
    """Where the last page is full, the sentence is a message of its own."""
    *_, last = failed("```\n" + "code\n" * 83, page=600)
    assert last == f"⚠️ {strings.INTERRUPTED}"


@pytest.mark.parametrize("text", ["Look:\n```py\nx = 1", "- ```\n  code\n"])
def test_code_ends_before_a_plan(text: str) -> None:
    """A plan's text stands behind the code that the answer left open, and outside of it."""
    view = AnswerView(PlainAdapter().page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
    assert view.show_plan(PlanCard("PLAN", "sort"), "1. **A**: sort photos")
    view.finish()
    found = [block for page in texts(view.screen()) for block in blocks(page)]
    assert [block.kind for block in found if "sort photos" in block.text] == ["paragraph"]


def test_pages_end_alike_for_any_limit() -> None:
    """No page but the last ends with a heading, an opening fence or a head without rows, at any limit."""
    text = (
        f"# Report\n\n{WORDS}\n\n## Sites\n\n{HEAD}"
        + "\n".join(ROWS[:9])
        + f"\n\n### Script\n\n```sh\nmake\n```\n\n{WORDS}"
    )
    for limit in range(80, 400, 7):
        for page, _ in itertools.pairwise(Pages(len, limit).update(text)):
            last = blocks(page)[-1]
            assert last.kind not in {"heading", "underlined"}
            assert last.kind != "table" or last.text.strip().count("\n") > 1
            assert last.kind != "fence" or last.text.strip()
