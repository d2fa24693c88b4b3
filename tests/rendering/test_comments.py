"""HTML comments in an answer: struck from what people see, but not from code, and never half shown."""

import pytest

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from tests.support.plain_adapter import PlainAdapter


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
