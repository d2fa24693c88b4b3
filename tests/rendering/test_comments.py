"""HTML comments in an answer: struck from what people see, but not from code, and never half shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.ports.comments import LONGEST_COMMENT
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.markers import Comment, MarkerReader
from aion_bot.rendering.references import Growing, cited
from tests.rendering.test_answer import fold, tokens
from tests.rendering.test_citations import HOSE, REPORT, answered
from tests.support.plain_adapter import PlainAdapter, texts


def screens(text: str, *, page: int = 3_000) -> list[list[str]]:
    """What is shown at each character, and at the end."""
    view = AnswerView(PlainAdapter(page).page_format)
    shown = []
    for end in range(1, len(text) + 1):
        view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": text[:end]}))
        view.begin()
        shown.append([one.text for one in view.screen() if isinstance(one, Reply)])
    view.finish()
    return [*shown, [one.text for one in view.screen() if isinstance(one, Reply)]]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <!-- b --> c", "a c"),
        ("a <!-- b\nc --> d", "a d"),
        ("<!-- one\nmore\n\n- x -->\n\nc", "c"),
        ("- item <!-- x -->\n- <!-- y\n  z -->\n- w", "- item \n- \n- w"),
        ("> <!-- q\n> r -->\n> s", "> \n> s"),
        ("end <!--> x <!---> y.", "end x y."),
        ("a\n\n<!-- never\nends\n\nrest", "a\n\n\n\nrest"),
        ("| a | b |\n|---|---|\n| 1 <!-- c --> | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("**a <!-- x --> b** c", "**a b** c"),
    ],
)
def test_comments_are_struck(text: str, shown: str) -> None:
    """A comment of one or more lines, in a list, a quote or a table, or without an end, is in no state of an answer."""
    *growing, last = screens(text)
    assert last == [shown]
    assert not any("<!" in page or "-->" in page for pages in growing for page in pages)


@pytest.mark.parametrize(
    "text",
    [
        "`<!-- a -->` b",
        "```html\n<!-- b -->\n```",
        "a\n\n    <!-- c -->",
        "\\<!-- a -->",
        "Start with <!-- and\n\nmore -->",
    ],
)
def test_code_and_words_keep_them(text: str) -> None:
    """In code, behind a backslash, and inside of a line without an end in its paragraph, it is words."""
    assert screens(text)[-1] == [text]


def test_a_message_of_comments_alone() -> None:
    """Where nothing else is on a page there is no such page."""
    assert screens("<!-- only -->")[-1] == []
    pages = screens(f"{'word ' * 60}\n\n<!-- {'x ' * 150} -->\n\n{'word ' * 60}", page=560)[-1]
    assert not any("<!" in page or "-->" in page or "x" in page for page in pages)


def test_a_fence_in_a_comment() -> None:
    """What looks like a fence in a comment opens no code behind it."""
    assert screens("<!-- p\n```\nx\n-->\n\nend")[-1] == ["end"]


KINDS = {
    "a block": (f"Torn.\n\n<!-- {HOSE} -->\n\nSee {REPORT}.", "Torn.\n\n\n\nSee [1]."),
    "inside a line": (f"Torn <!-- {HOSE} --> see {REPORT}", "Torn see [1]"),
    "over lines": (f"<!-- a\n{HOSE}\n\nb {HOSE} -->\n{REPORT}", "[1]"),
    "over lines of a paragraph": (f"Torn <!-- a\n{HOSE} --> see {REPORT}", "Torn see [1]"),
    "without an end": (f"See {REPORT}\n\n<!-- {HOSE}", "See [1]\n\n"),
    "without an end, above words": (f"See {REPORT}\n\n<!-- {HOSE}\n\nmore", "See [1]\n\n\n\nmore"),
    "in a quote": (f"> <!-- {HOSE}\n> {HOSE} -->\n> {REPORT}", "> \n> [1]"),
    "a quote that ends before": (f"> <!-- {HOSE}\n\nwords {REPORT} -->", "> \n\nwords [1] -->"),
    "in an item": (f"- <!-- a\n\n  {HOSE} -->\n- {REPORT}", "- \n- [1]"),
    "an item that ends before": (f"- <!-- {HOSE}\n\nwords {REPORT} -->", "- \n\nwords [1] -->"),
    "two in a line": (f"a <!-- {HOSE} --> b <!-- {HOSE} --> {REPORT}", "a b [1]"),
    "an empty one": (f"<!-->{REPORT}<!---> b", "[1] b"),
    "with a fence": (f"<!--\n```\n-->\n\n{REPORT}", "[1]"),
    "behind a fence": (f"```\nx\n```\n<!-- {HOSE} -->\n{REPORT}", "```\nx\n```\n\n[1]"),
    "a marker over its end": (f"<!-- [[img:ab12| --> a ]] {REPORT}", "a ]] [1]"),
    "a marker over its beginning": ("[[doc:cd34|a <!-- b]] c --> d", "[1] c --> d"),
}
"""Comments that name HOSE or nothing, with REPORT as the only source outside of them, and what is shown."""

LITERAL = {
    "code in a line": f"`<!-- {HOSE} -->`",
    "a fence": f"```\n<!-- {HOSE} -->\n```",
    "a fence in an item": f"- ```\n  <!-- {HOSE}\n  -->\n  ```",
}
"""Comments in code, which are text as the markers in them are."""


@pytest.mark.parametrize(("raw", "shown"), KINDS.values(), ids=KINDS)
def test_a_source_in_a_comment_is_none(raw: str, shown: str) -> None:
    """What only a comment names has no number, while the answer grows, at its end, and when it is read again."""
    growing, sources = Growing(Sources()), Sources()
    states = [growing.update(raw[:end]) for end in range(len(raw) + 1)]
    assert cited(raw, sources).lstrip(" ") == shown
    assert [one.name for one in sources.cited.values()] == ["report.pdf" if "report" in raw else "a <!-- b"]
    assert not any("hose" in state or "ab12" in state or "<" in state for state in states)
    assert all(cited(raw, Sources()).startswith(state) for state in states)
    view = answered(raw)
    assert "hose" not in "".join(texts(view.screen()))
    assert [one.id for one in view.sources.cited.values()] == ["cd34-full"]


@pytest.mark.parametrize("raw", LITERAL.values(), ids=LITERAL)
def test_a_comment_in_code_is_text(raw: str) -> None:
    """It is shown with the marker in it, which cites nothing."""
    sources = Sources()
    assert cited(raw, sources) == raw
    assert not sources.cited


def test_a_comment_is_as_long_as_its_bound() -> None:
    """A longer one is words up to an empty line, and so are the markers in it; it does not keep an answer waiting."""
    inside = "x" * (LONGEST_COMMENT - 8)
    assert cited(f"<!--{inside}-->b", Sources()) == "b"
    assert cited(f"<!--{inside}x-->b", Sources()) == f"<!--{inside}x-->b"
    assert cited(f"<!--a\n\n{inside}-->b", Sources()) == f"\n{inside}-->b".lstrip("\n")
    growing = Growing(Sources())
    assert growing.update(f"a\n\n<!--{inside[:-20]}") == "a\n\n"
    assert growing.update(f"a\n\n<!--{inside} and more of it") == f"a\n\n<!--{inside} and more of it"


@pytest.mark.parametrize("begun", ["<", "<!", "<!-", "<!--", "<!-- a", "<!-- a -", "<!-- a --"])
def test_nothing_half_is_shown(begun: str) -> None:
    """What may be the beginning of a comment waits; in the end a sign alone is a word."""
    view = fold(AnswerView(PlainAdapter().page_format), *tokens(f"It is torn. {begun}"))
    assert texts(view.screen()) == ["It is torn. "]
    view.finish()
    assert texts(view.screen()) == [f"It is torn. {begun}"]


PARTS = st.lists(
    st.sampled_from([
        "<!--", "-->", "<!-- c -->", "<!-->", "<!--->", "\n", "\n", "\n\n", "`", "``", "```", "~~~", "    ", "- ", "> ", "1. ",
        "words", "\\", "[", "<", "<!-", "===", "| a |", "|---|", "\r\n", "\t", HOSE, REPORT, "[[img:a<!-- x -->|b]]", "[[im",
    ]),
    max_size=30,
).map("".join)  # fmt: skip


@pytest.mark.slow
@given(PARTS, st.lists(st.integers(0, 200), max_size=12))
def test_a_text_that_grew_is_read_as_the_whole_one(text: str, cuts: list[int]) -> None:
    """However a text is cut, the same markers and comments are found, and what was shown of it never changes."""
    reader, growing, found, shown = MarkerReader(), Growing(Sources()), [], ""
    for cut in sorted(cuts):
        before, shown = shown, growing.update(text[:cut])
        assert shown.startswith(before)
        found += reader.read(text[:cut])[1]
    assert found + reader.read(text, ends=True)[1] == MarkerReader().read(text, ends=True)[1]
    assert cited(text, Sources()).startswith(shown.rstrip(" "))


@given(PARTS)
def test_a_comment_of_a_block_is_that_of_the_parser(text: str) -> None:
    """What CommonMark reads as a whole comment at the beginning of a block is shown nowhere."""
    text = text.replace("\r", "").replace("|", "")
    tokens_of_blocks = MarkdownIt("commonmark").disable("reference").parse(f"{text}\n\nend")
    struck = [
        text[one.start : one.end]
        for one in MarkerReader().read(f"{text}\n\nend", ends=True)[1]
        if isinstance(one, Comment)
    ]
    for one in tokens_of_blocks:
        if (
            one.type == "html_block"
            and one.level == 0
            and one.content.startswith("<!--")
            and "-->" in one.content[2:]
        ):
            assert one.content[: one.content.index("-->", 2) + 3] in struck
