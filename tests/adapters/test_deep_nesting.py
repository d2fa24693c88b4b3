"""Lists and quotes that are deeper than anybody writes by hand."""

import pytest

from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Reply
from aion_bot.rendering.pagination import Pages
from tests.adapters.test_markdown_samples import MEASURES
from tests.mixes import said

BEHIND = "\n\nwords\n\n```py\ncode\n```\n\n## Head\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"


def nested(depth: int, sign: str) -> str:
    """A list, or quotes, of so many levels, with code and more behind them."""
    before = "> " if sign == ">" else "  "
    return (
        "\n".join(f"{before * level}{sign} level {level} {'words ' * 8}" for level in range(depth)) + BEHIND
    )


@pytest.mark.parametrize("sign", ["-", ">"])
@pytest.mark.parametrize("depth", [10, 11, 12, 13, 14, 24, 25, 60])
@pytest.mark.slow
def test_what_stands_behind_deep_nesting_is_what_it_is(depth: int, sign: str) -> None:
    """Code, headings and tables are found behind it, on one page and on many, and no word is lost or becomes code."""
    text = nested(depth, sign)
    assert [one.kind for one in blocks(text)][-4:] == ["paragraph", "fence", "heading", "table"]
    for measure in MEASURES.values():
        for limit in (400, 900, 1_840):
            pages = Pages(lambda page, measure=measure: measure(Reply(page)), limit).update(text)
            assert said(pages) == said([text])
