"""How long the longest step of showing an event of a megabyte holds the event loop, on each platform."""

import time
from collections.abc import Callable

import pytest

from adapters.discord import rate_limits as discord_limits
from adapters.discord import rendering as discord
from adapters.discord.inline import inline
from adapters.slack import rate_limits as slack_limits
from adapters.slack import rendering as slack
from adapters.slack.markdown import in_markdown_block
from adapters.slack.tables import around_table
from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.ports.inline import misread, spans
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import PIECE, Growing, cited
from aion_bot.rendering.screen import PageFormat

SIZE = 1_000_000
PART = 10
"""By how much a text is shorter whose longest step a step of the whole one is compared with."""

GROWTH, BASE = 4.0, 0.05
"""How much longer the longest step of a text may be that is `PART` times as long, beside `BASE` seconds: a step that reads
all of it takes `PART` times as long. A ratio of one run, as the machine may be busy."""
FORMATS = {
    "slack": PageFormat(slack.measure, slack_limits.LIMITS.page),
    "discord": PageFormat(discord.measure, discord_limits.LIMITS.page),
}
KINDS = {
    "citations": "a [[img:3f2a91bc|p]] b\n",
    "citations alone": "[[img:3f2a91bc|p]]",
    "beginnings of markers": "[[img:",
    "links": "[a](http://b.c) ",
    "brackets": "[",
    "stars": "*a ",
    "underlines": "_a ",
    "code": "`a` ",
    "elements": "<b c=d>e</b> ",
    "definitions": "[1]: http://b\n",
    "rows": "|a|b|\n",
    "items": "- **a** b\n",
    "quotes": "> a\n",
    "fences": "```\na\n```\n",
    "words": "word ",
    "lines": "a\n",
}


def steps(text: str, page_format: PageFormat) -> dict[str, float]:
    """The longest of each kind of step, in seconds, for a text that comes at once and ends."""
    for remembering in (spans, misread, inline, in_markdown_block, around_table):
        remembering.cache_clear()
    view, longest = AnswerView(page_format), dict[str, float]()

    def step(name: str, work: Callable[[], object]) -> object:
        begun = time.thread_time()
        found = work()
        longest[name] = max(longest.get(name, 0.0), time.thread_time() - begun)
        return found

    step("fold", lambda: view.fold(ChatToken(ChatTokenType.TOKEN, None, {"accumulated": text})))
    for last in (False, True):
        if last:
            step("finish", view.finish)
        while not step("advance", view.advance):
            pass
        step("screen", view.screen)
    assert not view.trouble
    return longest


def longest(text: str, platform: str) -> tuple[float, str]:
    """The longest step of showing a text, and its name."""
    return max((seconds, name) for name, seconds in steps(text, FORMATS[platform]).items())


@pytest.mark.slow
@pytest.mark.parametrize("platform", FORMATS)
def test_no_step_of_a_megabyte_holds_the_loop(platform: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a megabyte in one event consists of, its steps are hardly longer than a tenth's; the longest is printed.

    The best of three runs counts: the processor's time also grows with what else the machine does. A run that is good enough is
    the last one, as a better one would change nothing.
    """
    worst: dict[str, tuple[float, float, str]] = {}
    for kind, unit in KINDS.items():
        part, _ = min(longest(unit * (SIZE // PART // len(unit)), platform) for _ in range(3))
        found = [longest(unit * (SIZE // len(unit)), platform)]
        while min(found)[0] > BASE + GROWTH * part and len(found) < 3:
            found.append(longest(unit * (SIZE // len(unit)), platform))
        seconds, name = min(found)
        worst[kind] = (seconds, part, name)
    with capsys.disabled():
        for kind, (seconds, part_seconds, name) in worst.items():
            print(f"{platform:8} {kind:22} {name:8} {seconds:.3f} s, of a tenth {part_seconds:.3f} s")  # noqa: T201  # the figures are the purpose
    assert {kind: one for kind, one in worst.items() if one[0] > BASE + GROWTH * one[1]} == {}


@pytest.mark.slow
def test_pieces_make_the_text_that_reading_at_once_makes() -> None:
    """Markers stand across the ends of pieces, and each is cited as in a short text; so does a text that grows."""
    unit = "a [[doc:91bc3f2a|report.pdf|p:5]] and [[img:3f2a91bc|pump.jpg]].\n"
    for shift in range(0, len(unit), 7):
        text = "x" * shift + unit * (2 * PIECE // len(unit) + 100)
        expected = "x" * shift + "a [1] and [2].\n" * (2 * PIECE // len(unit) + 100)
        assert cited(text, Sources()) == expected
        growing, calls = Growing(Sources()), 1
        shown = growing.update(text, 1)
        while growing.behind:
            shown, calls = growing.update(text, 1), calls + 1
        assert shown == expected
        assert calls == 3


@pytest.mark.slow
def test_an_answer_in_pieces_numbers_its_sources_and_lists_them() -> None:
    """Cutting a long answer step by step shows what cutting it at once shows, with the list of sources in the file."""
    text = "".join(f"Line {at} [[doc:{at % 5:08x}|file {at % 5}.pdf]]\n" for at in range(6_000))
    screens = []
    for piecewise in (True, False):
        view = AnswerView(FORMATS["slack"])
        view.fold(ChatToken(ChatTokenType.TOKEN, None, {"accumulated": text}))
        while piecewise and not view.advance():
            pass
        view.finish()
        assert not piecewise or not view.advance()
        while piecewise and not view.advance():
            pass
        screens.append(view.screen())
        assert sorted(view.sources.cited) == [1, 2, 3, 4, 5]
    assert screens[0] == screens[1]


def test_an_answer_whose_reading_fails_is_whole_as_plain_text() -> None:
    """Where rendering fails while a long text is read, all of it is in the file as it was written."""
    text = "A line with [[img:3f2a91bc|a name]].\n" * 3_000
    view = AnswerView(FORMATS["slack"])
    view.fold(ChatToken(ChatTokenType.TOKEN, None, {"accumulated": text}))
    view.finish()
    view.advance()
    assert view.fall_back(ValueError())
    (document,) = [one for one in view.screen() if getattr(one, "name", "") and hasattr(one, "text")]
    assert document.text.strip() == text.strip()
