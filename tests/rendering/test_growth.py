"""Reading text of people and models takes time in proportion to its length, whatever it says."""

import gc
import time
from collections.abc import Callable

import pytest

from adapters.discord import rendering as discord
from adapters.discord.markdown import convert, inline
from adapters.slack import rendering as slack
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import PlanCard, Reply, Step
from aion_bot.ports.text import escaped, visible
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plan_card import riskiest_step
from aion_bot.rendering.references import Growing, readable

LENGTH = 8_000
MOST = 2.5
"""How many times as long twice the text may take."""
_TOO_SHORT_TO_TELL = 0.01

HOSTILE: dict[str, Callable[[int], str]] = {
    "heading with blanks": lambda n: "#### a" + " " * n + "b",
    "rule of a table with blanks": lambda n: "| a |\n|-" + " " * n + "-|x",
    "rule of a table with bars": lambda n: "|a" * (n // 4) + "|\n" + "|-" * (n // 4) + "|",
    "wide table of short rows": lambda n: "|a" * 50 + "|\n" + "|-" * 50 + "|\n" + "|\n" * (n // 2),
    "table with unclosed code": lambda n: "|a|b|\n|-|-|\n|" + "`a|" * (n // 3),
    "rule with blanks": lambda n: "-" + " " * n + "-x",
    "blanks": lambda n: " " * n,
    "line ends": lambda n: "\n" * n,
    "carriage returns": lambda n: "\r" * n,
    "one word": lambda n: "x" * n,
    "lines": lambda n: "a\n" * (n // 2),
    "everybody": lambda n: "@here " * (n // 6),
    "everybody in an address": lambda n: "https://x/" + "@here" * (n // 5),
    "mentions": lambda n: "<@" * (n // 2),
    "small print": lambda n: "-# a\n" * (n // 5),
    "hidden characters": lambda n: "\u202e\u200d" * (n // 2),
    "backticks": lambda n: "`" * n,
    "runs of backticks": lambda n: " ".join("`" * size for size in range(1, int((2 * n) ** 0.5))),
    "backticks and letters": lambda n: "`a" * (n // 2),
    "brackets": lambda n: "[" * n,
    "double brackets": lambda n: "[[" * (n // 2) + "](",
    "pictures": lambda n: "![" * (n // 2) + "](",
    "links without an end": lambda n: "[a](" * (n // 4),
    "links with angle brackets": lambda n: "[a](<" * (n // 5),
    "links in links": lambda n: "[" * (n // 8) + "a" + "](b)" * (n // 8),
    "parentheses": lambda n: "[a](" + "(" * n,
    "stars": lambda n: "*" * n,
    "stars and letters": lambda n: "*a " * (n // 3),
    "stars and underlines": lambda n: "**a_ " * (n // 5),
    "backslashes": lambda n: "\\" * n,
    "bars": lambda n: "|" * n,
    "quotes in quotes": lambda n: "> " * (n // 2),
    "lines of quotes in quotes": lambda n: ("> " * 40 + "a\n") * (n // 82),
    "empty quotes": lambda n: ">\n" * (n // 2),
    "items in items": lambda n: "- " * (n // 2),
    "lines of items in items": lambda n: ("- " * 40 + "a\n") * (n // 82),
    "deeper and deeper items": lambda n: "\n".join("  " * depth + "- a" for depth in range(int(n**0.5))),
    "items": lambda n: "- a\n" * (n // 4),
    "items apart": lambda n: "- a\n\n" * (n // 5),
    "open fence": lambda n: "```\n" + "a\n" * (n // 2),
    "fences": lambda n: "```\na\n```\n" * (n // 10),
    "fences in items": lambda n: "1. ```\n   a\n" * (n // 12),
    "fences inside a line": lambda n: "``` " * (n // 4),
    "indented code": lambda n: "a\n\n" + "    a\n" * (n // 6),
    "lines with a line under them": lambda n: "a\n===\n" * (n // 6),
    "markers": lambda n: "[[img:a]] " * (n // 10),
    "markers without an end": lambda n: "[[img:" * (n // 6),
    "a marker full of brackets": lambda n: "[[img:a|" + "[[" * (n // 2),
}  # fmt: skip


def _grown(text: str) -> None:
    growing, pages = Growing(), Pages(len, 500)
    for end in range(0, len(text), len(text) // 20):
        pages.update(growing.update(text[:end]))


READERS: dict[str, Callable[[str], object]] = {
    "blocks": blocks,
    "pages": lambda text: Pages(len, 500).update(text),
    "references": readable,
    "an answer that grows": _grown,
    "conversion for Discord": convert,
    "a line for Discord": inline,
    "a measure for Discord": lambda text: discord.measure(Reply(text)),
    "a measure for Slack": lambda text: slack.measure(Reply(text)),
    "a card for Discord": lambda text: discord.measure(PlanCard("", text, (Step(text, text),), said=text)),
    "a card for Slack": lambda text: slack.measure(PlanCard("", text, (Step(text, text),), said=text)),
    "visible characters": visible,
    "escaped characters": escaped,
    "the riskiest step": lambda text: riskiest_step([Step("", text)]),
}


def seconds(reader: Callable[[str], object], text: str) -> float:
    """Return the processor's time for one reading; other processes and the garbage of other tests do not count."""
    gc.disable()
    try:
        begun = time.thread_time()
        reader(text)
        return time.thread_time() - begun
    finally:
        gc.enable()


def grows_too_fast(reader: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Tell whether twice the text takes more than `MOST` times as long; each length as its fastest of a few runs."""
    short, long = text(LENGTH), text(2 * LENGTH)
    fast, slow = seconds(reader, short), seconds(reader, long)
    for _ in range(6):
        if slow <= max(_TOO_SHORT_TO_TELL, MOST * fast):
            return False
        slow = min(slow, seconds(reader, long))
        fast = min(fast, seconds(reader, short))
    return True


@pytest.mark.parametrize("reader", READERS)
def test_twice_the_text_takes_about_twice_as_long(reader: str) -> None:
    """Nothing that anybody writes takes time that grows faster than it is long."""
    assert [name for name, text in HOSTILE.items() if grows_too_fast(READERS[reader], text)] == []


@pytest.mark.parametrize("measure", [discord.measure, slack.measure])
@pytest.mark.parametrize(
    "name", ["items", "fences in items", "links without an end", "wide table of short rows"]
)
def test_pages_by_a_platform_s_measure(measure: Callable[[Reply], int], name: str) -> None:
    """The measures of the platforms make pages in linear time, too."""
    assert not grows_too_fast(
        lambda text: Pages(lambda page: measure(Reply(page)), 1_900).update(text), HOSTILE[name]
    )
