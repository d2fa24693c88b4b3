"""Pages of Markdown parse again to the blocks that the text has."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.markdown import BlockReader, blocks
from aion_bot.rendering.markdown import open_at_end
from aion_bot.rendering.pagination import Pages
from tests.support.cases import each

_FILE = Path(__file__).resolve().parents[2].parent / "shared" / "contracts" / "markdown-spec-examples.json"

Said = list[tuple[str, str]]


def said(text: str) -> Said:
    """Each letter of a text, with the kind of code that it is in, if any."""
    return [
        (block.kind if block.kind in {"fence", "code"} else "", letter)
        for block in blocks(text)
        for letter in block.text
        if letter.isalpha()
    ]


def said_on(pages: list[str]) -> Said:
    return [letter for page in pages for letter in said(page)]


def stray_fences(pages: list[str]) -> list[str]:
    """Pages that leave a fence open, or begin one that has no word in it."""
    return [page for page in pages if open_at_end(page).leaf == "fence"]


CODE = "\n".join(
    f"{{indent}}line {name} of it" for name in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
)

CASES = {
    "a fence on a list marker's line": "1. ```py\n" + CODE.format(indent="   ") + "\n   ```\n\nAnd then words.\n" * 3,
    "a fence behind a wide marker": "100. ```py\n" + CODE.format(indent="     ") + "\n     ```\n\nAnd then.",
    "a fence in a nested item": "- one\n  - two\n\n    ~~~\n" + CODE.format(indent="    ") + "\n    ~~~\n- three",
    "a quote that ends its own fence": "> ```\n" + CODE.format(indent="> ") + "\nNo code any more, but words.\n" * 3,
    "an item that ends its own fence": "- ```\n" + CODE.format(indent="  ") + "\nNo code any more, but words.\n" * 3,
    "a fence in a quote in an item": "- > ```\n" + CODE.format(indent="  > ") + "\n  > ```\n  more\n\nend",
    "indented code": "Words:\n\n" + CODE.format(indent="    ") + "\n\nAnd then words.",
    "indented code that looks like a fence": "Words:\n\n    ```\n" + CODE.format(indent="    ") + "\n\nWords.",
    "words behind a closing fence": "```\n" + CODE.format(indent="") + "\n``` no end\nmore code\n```\nwords",
    "a long fence around a short one": "````md\n```\n" + CODE.format(indent="") + "\n```\n````\nwords",
    "tildes around backticks": "~~~\n```\n" + CODE.format(indent="") + "\n~~~\nwords",
    "a long item": "10. " + "word " * 30 + "\n\n    second paragraph " + "word " * 30 + "\n\n        code\n",
    "a long line of code": "```\n" + "code " * 60 + "\n```\nwords",
    "a long line of indented code": "Words\n\n    " + "code " * 60 + "\n\nwords",
    "words that look like a fence": "word " * 20 + "``` word ~~~ " * 20 + "\n\nwords",
    "a long quote": "> " + "word " * 60 + "\n> more\n> ```\n> code\n> ```\nwords",
    "a deep list": "\n".join(f"{'  ' * depth}- item {'abcdefghij'[depth]}\n" for depth in range(10)) + "\nwords",
}  # fmt: skip


@each("limit", [60, 75, 90, 120, 200])
@each("case", CASES)
def test_code_stays_code_and_words_stay_words(case: str, limit: int) -> None:
    """Whatever is open where a page ends is open where the next one begins, and nothing else is."""
    pages = Pages(len, limit).update(CASES[case])
    assert said_on(pages) == said(CASES[case])
    assert stray_fences(pages) == []
    assert all(len(page) <= limit for page in pages)


@pytest.mark.parametrize(
    "text",
    [
        "1. ```\n   code\n   ```",
        "> ```\n> code\nwords",
        "    ```\n    code",
        "- ```\n  code\nwords",
        "a\n    ```",
    ],
)
def test_a_page_that_leaves_nothing_open_is_not_closed(text: str) -> None:
    """A fence that its list item, its quote or its own line ends gets no other end; four blanks make no fence."""
    pages = Pages(len, 200)
    assert pages.update(text) == [text]
    assert pages.closing == 0


@pytest.mark.parametrize(
    ("text", "closing"),
    [
        ("1. ```py\n   code", "\n   ```"),
        ("> ~~~~\n> code", "\n> ~~~~"),
        ("- > ```\n  > code\n", "  > ```"),
        ("```", "\n```"),
    ],
)
def test_an_open_fence_is_closed_where_it_is(text: str, closing: str) -> None:
    """The line that closes a fence for now is in the same list item or quote."""
    pages = Pages(len, 200)
    assert pages.update(text) == [text + closing]
    assert pages.closing == len(closing)


STARTS = ["", "", "", "- ", "  - ", "    ", "> ", "> - ", "- > ", "1. ", "10. ", "   ", "\t", ">", "      "]
WORDS = ["```", "```py", "~~~", "````", "word", "code words and more", "```", "``` x", "# head", "x" * 50, "a ``` b",
         "| a | b |", "|---|---|", "---", "==="]  # fmt: skip
# An item without content is left out: markdown-it-py reads a line behind it as lazy where CommonMark does not.
LINES = st.lists(
    st.one_of(
        st.builds("{}{}".format, st.sampled_from(STARTS), st.sampled_from(WORDS)),
        st.sampled_from(["", ">", "> ", "  "]),
    ),
    max_size=40,
)


@pytest.mark.slow
@given(LINES, st.integers(80, 200))
def test_pages_parse_again_to_the_same_blocks(lines: list[str], limit: int) -> None:
    """Nested in whatever way, code is code and words are words on every page, and nothing is lost."""
    text = "\n".join(lines)
    pages = Pages(len, limit).update(text)
    assert said_on(pages) == said(text)
    assert stray_fences(pages) == []
    assert all(len(page) <= limit for page in pages)


@pytest.mark.slow
@given(LINES, st.integers(80, 200), st.lists(st.integers(0, 2000), max_size=20))
def test_a_growing_text_ends_on_the_same_pages(lines: list[str], limit: int, cuts: list[int]) -> None:
    """In whatever pieces a text arrives, it ends on the pages of the text that is there at once."""
    text = "\n".join(lines)
    growing = Pages(len, limit)
    for cut in sorted(cuts):
        growing.update(text[:cut], grown=True)
    assert growing.update(text, grown=True) == Pages(len, limit).update(text)


@pytest.mark.parametrize(
    ("ends", "kept"),
    [
        ("-\n- more", ["paragraph", "paragraph"]),
        ("10) ten\n11) eleven", ["paragraph", "paragraph", "paragraph"]),
        ("2. two", ["paragraph", "paragraph"]),
        ("1. one", ["paragraph", "paragraph"]),
        ("# head", ["paragraph", "heading"]),
    ],
)
def test_what_ends_an_item_of_the_page_before(ends: str, kept: list[str]) -> None:
    """A line that ends an item, and would go on with its words where the item is not, stands apart from them."""
    _, second = Pages(len, 60).update(
        f"- an item that is long and goes on and on and on\nand has more words\n{ends}"
    )
    assert [block.kind for block in blocks(second)] == kept


def test_a_quote_behind_an_item_with_a_quote() -> None:
    """Two quotes of which one is in an item of the page before are not one, so that code in the second one stays code."""
    item = "- an item that is long and goes on and on and on\n\n  words of it\n\n  > 1. one"
    _, second = Pages(len, 66).update(f"{item}\n>     two")
    assert [block.kind for block in blocks(second)][-1] == "code"


@pytest.mark.slow
@pytest.mark.skipif(not _FILE.is_file(), reason="the published contracts are not beside this checkout")
def test_the_specification_s_examples_on_pages() -> None:
    """Each example of CommonMark's specification, put between words, keeps its code and its words on small pages."""
    wrong = []
    for example in json.loads(_FILE.read_text("utf-8"))["examples"]:
        text = f"{'word ' * 9}\n\n{example['markdown']}\n\n{'word ' * 20}"
        if said_on(Pages(len, 70).update(text)) != said(text):
            wrong.append(example["id"])
    assert wrong == []


@pytest.mark.slow
@given(LINES, st.lists(st.integers(0, 2000), max_size=20))
def test_a_growing_text_has_the_blocks_of_the_whole(lines: list[str], cuts: list[int]) -> None:
    """Reading only what is new finds the same blocks, with the same lines and containers, as reading all."""
    text = "\n".join(lines)
    reader = BlockReader()
    for cut in sorted(cuts):
        assert reader.update(text[:cut]) == blocks(text[:cut])
    assert reader.update(text) == blocks(text)
