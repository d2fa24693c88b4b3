"""Links by reference."""

import pytest
from markdown_it import MarkdownIt

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.reference_links import with_links, without_definitions
from tests.support.plain_adapter import PlainAdapter, texts

ONE = "[1]: https://x.example/1"


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        (f"See [the report][1].\n\n{ONE}", "See [the report](https://x.example/1)."),
        (f'See [the report][1].\n\n{ONE} "Title"\nand more', "See [the report](https://x.example/1).\n\nand more"),
        ("[Site 7][] and [site  7].\n\n[site 7]: <https://x.example/7>", "[Site 7](https://x.example/7) and [site  7](https://x.example/7)."),
        ("![a roof][r]\n\n[R]: https://x.example/r_(1)", "![a roof](<https://x.example/r_(1)>)"),
        (f"- [**bold**][1]\n- `[code][1]`\n\n```\n[code][1]\n{ONE}\n```\n\n{ONE}", f"- [**bold**](https://x.example/1)\n- `[code][1]`\n\n```\n[code][1]\n{ONE}\n```"),
        (f"As said [1].\n\n{ONE}", f"As said [1].\n\n{ONE}"),
        (f"[a][2] and [b](https://x.example)\n\n{ONE}", f"[a][2] and [b](https://x.example)\n\n{ONE}"),
        ("[a]: no address\n\n[a]", "[a]: no address\n\n[a]"),
        ("`]: http`", "`]: http`"),
        ("[^1]: https://x.example", "[^1]: https://x.example"),
    ],
)  # fmt: skip
def test_links_by_reference(text: str, linked: str) -> None:
    """A link has its address where it stands, and a definition that is used goes; code and single numbers stay."""
    assert with_links(text) == linked
    assert with_links(linked) == linked


def test_an_answer_ends_with_links() -> None:
    """The final text has links, on whichever page they stand."""
    text = f"See [the report][1].\n\n{'word ' * 300}\n\n{ONE}\n"
    view = AnswerView(PlainAdapter(1000).page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
    view.finish()
    first, *_, last = texts(view.screen())
    assert first.startswith("See [the report](https://x.example/1).")
    assert "x.example" not in last


@pytest.mark.parametrize("definition", [
    "[1]: https://x.example/1", "  [1]: https://x.example/1", "[ 1 ]: https://x.example/1", "[1]:\nhttps://x.example/1",
    "[1]: </1>", "> [1]: /1", "- [1]: /1", "[2]: /2\n[1]: /1", "[01]: /1\n\n[1]: /1",
])  # fmt: skip
def test_no_citation_is_linked_by_a_definition(definition: str) -> None:
    """In a file, a citation stays a number whatever the text defines it as; without citations a definition stays."""
    text = f"As said [1].\n\n{definition}\n\nThe end."
    assert 'href="' in MarkdownIt().render(text)
    assert 'href="' not in MarkdownIt().render(without_definitions(text, {1: "source"}))
    assert without_definitions(text, {}) == text


def test_code_with_a_definition_stays() -> None:
    """What looks like a definition in code is code."""
    text = "As said [1].\n\n```\n[1]: https://x.example\n```\n\n    [1]: https://x.example"
    assert without_definitions(text, {1: "source"}) == text
