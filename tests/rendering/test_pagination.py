"""Cutting an answer into messages."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aion_bot.ports.markdown import blocks
from aion_bot.rendering.markdown import WORD_JOINER, open_at_end
from aion_bot.rendering.pagination import Pages

LINES = st.lists(
    st.one_of(
        st.text(alphabet="abc äß文🙂`~>*-\t ", max_size=60),
        st.sampled_from(["```python", "```", "~~~", "~~~~ text", "> quoted", "- item", "| a | b |", ""]),
    ),
    max_size=60,
)


def balanced(page: str) -> bool:
    return open_at_end(page).leaf != "fence"


def signs(text: str) -> str:
    """What is left of a text without fences and white space."""
    lines = [line for line in text.split("\n") if not line.strip(" \t>").startswith(("```", "~~~"))]
    return "".join("".join(lines).split())


def words(text: str) -> str:
    """What is left of these without marks of emphasis, which a page closes and opens again, and without word joiners."""
    return signs(text).translate(dict.fromkeys(map(ord, f"*~`{WORD_JOINER}")))


def underlines(text: str, of: Callable[[str], str]) -> dict[int, int]:
    """Where the lines that underline a heading begin in what `of` leaves of the text, and how long they are there."""
    lines = text.split("\n")
    return {
        len(of("\n".join(lines[: block.end - 1]))): len(of(lines[block.end - 1]))
        for block in blocks(text)
        if block.kind == "underlined"
    }


def keeps_words(pages: list[str], text: str) -> bool:
    """Whether the pages have the words of the text, in order and nothing else but the marks of quotes that go on.

    An underline alone is left out at the beginning of a page: the words of its heading are on the page before.
    """
    written, left_out, at = words(text), underlines(text, words), 0
    for number, page in enumerate(pages):
        shown = words(page)
        repeated = len(shown) - len(shown.lstrip(">")) if number else 0
        starts = [at, at + left_out.get(at, 0)] if number else [at]
        tried = [(start, shown[quotes:]) for start in starts for quotes in range(repeated + 1)]
        found = next(((start, one) for start, one in tried if written.startswith(one, start)), None)
        if found is None:
            return False
        at = found[0] + len(found[1])
    return at + left_out.get(at, 0) >= len(written)


def keeps_signs(pages: list[str], text: str) -> bool:
    """Whether every sign of the text, marks as well, is there in order: pages may add marks, and take none away."""
    written, left_out, at = signs(text), underlines(text, signs), 0
    for page in pages:
        shown = signs(page)
        if page is not pages[0] and shown[:1] not in {"-", "="}:
            at += left_out.get(at, 0)
        for sign in shown:
            at += written[at : at + 1] == sign
    return at + left_out.get(at, 0) >= len(written)


@given(LINES, st.integers(60, 300))
def test_nothing_is_lost_and_every_page_fits(lines: list[str], limit: int) -> None:
    """Whatever the text, each page is within the limit, its fences balance, and all words are there in order."""
    text = "\n".join(lines)
    pages = Pages(len, limit).update(text)
    assert all(len(page) <= limit for page in pages)
    assert all(balanced(page) for page in pages)
    assert keeps_words(pages, text)
    assert keeps_signs(pages, text)


@pytest.mark.slow
@example(
    ["> ", ">", "> ", "> quoted", "```python", "```", "| a | b |", "`>>>>>>>>>>>>a", "-"], 60, [25, 40, 55]
)
@given(LINES, st.integers(60, 300), st.lists(st.integers(0, 2000), max_size=20))
def test_any_growth_ends_on_the_same_pages(lines: list[str], limit: int, cuts: list[int]) -> None:
    """A text shown while it grows, in whatever pieces, ends on pages that hold the same words within the limit."""
    text = "\n".join(lines)
    pages = Pages(len, limit)
    for cut in sorted(cuts):
        assert all(len(page) <= limit for page in pages.update(text[:cut]))
    grown = pages.update(text)
    assert all(len(page) <= limit for page in grown)
    assert keeps_words(grown, text)
    assert keeps_signs(grown, text)


def test_a_fence_is_closed_and_opened_again_with_its_language() -> None:
    """Code that is longer than a page stays code on every page, with its language."""
    text = "Look:\n```python\n" + "\n".join(f"x = {n}" for n in range(60)) + "\n```\nDone."
    pages = Pages(len, 200).update(text)
    assert len(pages) > 2
    assert all(page.startswith("```python\n") for page in pages[1:])
    assert all(page.endswith("```") for page in pages[:-1])
    assert pages[-1].endswith("Done.")


def test_a_page_breaks_between_paragraphs() -> None:
    """Where there is a blank line in the second half of a page, the page ends there."""
    text = "one " * 30 + "\n\n" + "two " * 30
    first, second = Pages(len, 160).update(text)
    assert first.strip() == ("one " * 30).strip()
    assert second.strip() == ("two " * 30).strip()


def test_late_updates_cost_what_early_ones_did() -> None:
    """Full pages are not looked at again: a hundred updates late in an answer measure no more than early ones."""
    costs: list[int] = []

    def measure(text: str) -> int:
        costs[-1] += len(text)
        return len(text)

    pages = Pages(measure, 500)
    text = ""
    for _ in range(1000):
        costs.append(0)
        text += "word " * 4
        pages.update(text)
    assert sum(costs[900:]) <= 1.1 * sum(costs[100:200])


def test_a_long_text_costs_what_it_is_long() -> None:
    """Cutting a text that comes at once, as the final one does, measures four times as much where it is four times as long."""

    def measured(length: int) -> int:
        seen = []
        Pages(lambda text: seen.append(len(text)) or len(text), 500).update("word " * length)
        return sum(seen)

    assert measured(40_000) <= 4.4 * measured(10_000)


@given(st.text(alphabet="a?)", max_size=400), st.integers(20, 60), st.integers(0, 5))
def test_a_page_holds_as_much_as_fits(text: str, limit: int, dear: int) -> None:
    """Where there is nowhere better to break, one more character would not fit, whatever characters count."""

    def measure(page: str) -> int:
        return len(page) + dear * page.count("?") - page.count(")") // 2

    pages = Pages(measure, limit).update(text)
    for page, following in itertools.pairwise(pages):
        assert measure(page) <= limit < measure(page + following[0])


def test_what_fits_on_no_page_is_cut_all_the_same() -> None:
    """Where the platform's measure calls everything too large, nothing is lost and the end is found."""
    assert Pages(lambda _: 200, 100).update("ab") == ["a", "b"]


def test_what_only_closes_an_open_fence_is_told() -> None:
    """As long as the text ends inside a fence, the end of the last page is not the text's own."""
    pages = Pages(len, 200)
    (page,) = pages.update("Look:\n```python\nx = 1")
    assert page[len(page) - pages.closing :] == "\n```"
    pages.update("Look:\n```python\nx = 1\n```\n")
    assert pages.closing == 0


@pytest.mark.parametrize("text", ["", "\n\n", "   "])
def test_blank_text_has_no_page(text: str) -> None:
    """Blank text is no message."""
    assert Pages(len, 100).update(text) == []


def test_a_text_that_did_not_change_is_not_measured_again() -> None:
    """Measuring renders a page, and every screen is made twice: cut into pages first, and then taken."""
    measured: list[str] = []

    def measure(page: str) -> int:
        measured.append(page)
        return len(page)

    pages = Pages(measure, 200)
    shown = pages.update("word " * 60)
    del measured[:]
    assert pages.update("word " * 60) == shown
    assert measured == []
    pages.update("word " * 60 + "more")
    assert len(measured) == 1


@pytest.mark.parametrize("bound", [{"most": 3}, {"within": 450}], ids=["pages", "characters"])
def test_what_is_not_shown_any_more_is_not_looked_at(bound: dict[str, int]) -> None:
    """Behind the last page that is wanted an answer may grow for long: the pages stay those of the whole, and nothing is measured."""
    measured: list[str] = []

    def measure(page: str) -> int:
        measured.append(page)
        return len(page)

    pages, text = Pages(measure, 200), ""
    for number in range(300):
        text += f"{'# Part' if number % 40 == 0 else ''} word{number}{chr(10) if number % 7 == 0 else ' '}"
        before = len(measured)
        shown = pages.update(text, grown=True, goes_on=True, **bound)
        looked_at = len(measured) - before
        whole = Pages(len, 200)
        assert (shown, pages.over) == (whole.update(text, goes_on=True, **bound), whole.over)
    assert pages.over
    assert looked_at == 0
