"""Emphasis, code and links where a page ends in them: closed there, opened again on the next page, or moved there whole."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.discord import rendering as discord
from adapters.discord.markdown import convert
from adapters.slack import rendering as slack
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import ROOM, AnswerView
from aion_bot.rendering.markdown import healed
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.screen import PageFormat
from tests.support.cases import each

COMMONMARK = MarkdownIt("commonmark").enable("strikethrough")
STYLES = frozenset({"em", "strong", "s", "code", "a"})
MEASURES = {"discord": discord.measure, "slack": slack.measure}
Styled = list[tuple[str, frozenset[str]]]


class _Letters(HTMLParser):
    """Each letter of drawn Markdown with the styles that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: Styled = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the signature
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.remove(tag)

    def handle_data(self, data: str) -> None:
        self.found += [
            (sign, STYLES.intersection(self.open)) for sign in data if sign.isalnum() or sign in "*_~`["
        ]


def styled(text: str) -> Styled:
    letters = _Letters()
    letters.feed(COMMONMARK.render(text))
    return letters.found


WORDS = " ".join(f"word{number}" for number in range(24))
TEXTS = {
    "bold": f"Some words **{WORDS}** and more",
    "italic": f"Some words *{WORDS}* and more",
    "by underlines": f"Some words __{WORDS}__ and _{WORDS}_.",
    "struck": f"Some words ~~{WORDS}~~ and more",
    "bold and italic": f"Some words ***{WORDS}*** and more",
    "one in the other": f"**{WORDS} *{WORDS}* {WORDS}** ~~and **{WORDS}** more~~",
    "one ends before the other": f"***{WORDS}* {WORDS}** and more",
    "code": f"Some words `{WORDS}` and ``{WORDS} ` {WORDS}`` more",
    "code in bold": f"Some **{WORDS} `{WORDS}`** more",
    "a link": f"{WORDS} [a link of some words](https://x.example/page) {WORDS} [{WORDS[:50]}](https://x.example) {WORDS}",
    "a link in bold": f"{WORDS} **{WORDS} [a link of some words](https://x.example/page) {WORDS}** {WORDS}",
    "a heading": f"## Some **{WORDS}** words\n\nMore words of it.",
    "over lines": f"**{WORDS.replace(' word8', chr(10) + 'word8').replace(' word16', chr(10) + 'word16')}** and more",
    "Chinese": "这是**" + "字" * 250 + "**和更多",
}  # fmt: skip
AROUND = {
    "nothing": ("", ""),
    "a quote": ("> ", "> "),
    "an item": ("- ", "  "),
    "an item in a quote": ("> 1. ", ">    "),
}


@pytest.mark.slow
@each("around", AROUND)
@each("name", TEXTS)
def test_letters_keep_their_styles(name: str, around: str) -> None:
    """Wherever a page ends, each letter is emphasised, code or a link as it is in the whole text, and no mark is shown."""
    first, more = AROUND[around]
    text = first + TEXTS[name].replace("\n", f"\n{more}")
    for limit in (100, 117, 143, 160):
        pages = Pages(len, limit).update(text)
        assert len(pages) > 1
        assert all(len(page) <= limit for page in pages)
        assert [one for page in pages for one in styled(page)] == styled(text)


@pytest.mark.slow
@pytest.mark.parametrize("platform", MEASURES)
@pytest.mark.parametrize("name", TEXTS)
def test_pages_that_are_full_while_the_answer_goes_on(name: str, platform: str) -> None:
    """In each state of the answer every page has the letters of the text with their styles, and no mark; at the end as well."""
    text, page_format = TEXTS[name] + "\n\nDone.", PageFormat(MEASURES[platform], ROOM + 410)
    text = text.replace("Some", f"{WORDS}\n\nSome", 1)
    view, wanted = AnswerView(page_format), styled(text)
    for end in (*range(200, len(text), 7), len(text)):
        view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": text[:end]}))
        view.begin()
        shown = [one.text for one in view.screen() if isinstance(one, Reply)]
        assert all(MEASURES[platform](Reply(page)) <= page_format.limit for page in shown)
        letters = [one for page in shown for one in styled(page)]
        assert letters == wanted[: len(letters)]
    view.finish()
    assert [one for page in view.screen() if isinstance(page, Reply) for one in styled(page.text)] == wanted


def test_marks_on_discord() -> None:
    """Discord gets marks as well where a page begins inside of emphasis."""
    pages = Pages(len, 120).update(TEXTS["bold and italic"])
    for page in pages:
        assert convert(page).count("***") == 2


def test_a_mark_without_a_partner_is_none_on_the_next_page() -> None:
    """Where a paragraph ends without what closes a mark, the next page does not begin with it."""
    _, *rest = Pages(len, 120).update(f"Give it *args and {WORDS}\n\nMore **words** of it.")
    assert "".join(rest).count("*") == 4


def test_marks_that_go_on_never_begin_code() -> None:
    """Two marks of tildes side by side, of which those between have no partner, would make code of the whole page."""
    first, second = Pages(len, 12).update("a ~~*a ~~>e f")
    assert (first, second) == ("a ~~*a*~~", "~~>e f")
    assert [block.kind for block in blocks(second)] == ["paragraph"]


def test_what_only_closes_is_told() -> None:
    """The marks that close the last page for now are not the text's own, and wait for more of it."""
    pages = Pages(len, 120)
    *_, last = pages.update(f"Some **{WORDS}")
    assert (last[:2], last[-2:], pages.closing) == ("**", "**", 2)
    assert healed(last, pages.closing, growing=True) == (last, 2)
    *_, last = pages.update(f"Some **{WORDS}** and")
    assert (last[-6:], pages.closing) == ("** and", 0)


LINES = st.lists(
    st.sampled_from(["**bold words", "end of it** more", "*it", "words* of", "~~gone", "x~~", "`code", "of it`", "[a label", "](http://x.example)",
                     "words of a line", "", "- item **b", "> quote *a", "***", "snake_case", "<b>x", "&amp;", "\\(x^2", "y\\)"]),
    max_size=40,
)  # fmt: skip


@pytest.mark.slow
@given(LINES, st.integers(60, 140), st.lists(st.integers(0, 900), max_size=12))
def test_pages_do_not_depend_on_what_follows(lines: list[str], limit: int, cuts: list[int]) -> None:
    """A text that grows is cut where one is that is there at once, also in emphasis, code and links."""
    text, growing = "\n".join(lines), Pages(len, limit)
    for cut in sorted(cuts):
        growing.update(text[:cut], grown=True)
    pages = Pages(len, limit).update(text)
    assert growing.update(text, grown=True) == pages
    assert all(len(page) <= limit for page in pages)
