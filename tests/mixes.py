"""Random mixes of Markdown against the properties of rendering: `python -m tests.mixes PLATFORM [SECONDS] [SEED]`.

A mix has parts of the sample answers, of the published examples and of constructs that are left open or hostile. Each has a
seed; a seed that is given is tried alone. What differs is printed with its seed, and the exit status is 1 then.
"""

import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from wcwidth import iter_graphemes

from adapters.discord import rendering as discord
from adapters.discord.markdown import convert
from adapters.slack import rendering as slack
from adapters.slack.markdown import in_markdown_block
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.markdown import open_at_end
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.screen import PageFormat
from aion_bot.simulators.discord import limits
from aion_bot.simulators.slack import reading, rules
from tests.adapters.test_markdown_samples import EXAMPLES, MEASURES, SAMPLES

LONGEST_PART = 1_500
SMALLEST_MESSAGE = 900
"""Measure of a message that holds a page of any mix, with what is closed in it."""

PARTS = [
    *(part for text in SAMPLES.values() for part in text.split("\n\n") if len(part) < LONGEST_PART),
    *(example["markdown"] for example in EXAMPLES),
]
OPEN = [
    "**bold words", "end of it** more", "*it", "words* of", "~~gone", "x~~", "`code", "of it`", "[a label", "](http://x.example)",
    "words of a line with more words in it", "- item **b", "  goes *on", "> quote *a", "> more* of", "***", "snake_case", "<b>x",
    "&amp;", "\\(x^2", "y\\)", "| a | b |\n|---|---|\n| 1 | **2** |", "## Head", "```py\ncode\n```", "1. one\n   - two",
    "<!-- c -->", "<!-- ```", "``` -->", "https://x.example/a_b", "文字**粗体**文字", "[a *b", "](/url)*", "===", "---", "_a [b_](/url)",
    "<!channel> <@U024ADA00> @everyone <@123456789012345678>", "👩‍👩‍👧🇩🇪e\u0301", "a<br>b", "+ c", "<details>", "#### small",
    f"**{'long bold words ' * 60}**", f"*{'文' * 700}*", f"`{'code ' * 150}`", f"[l {'w ' * 100}](https://x.example/a)",
]  # fmt: skip
"""Constructs whose end stands in another part, or nowhere."""


@dataclass(frozen=True)
class Mix:
    """A text, the measure of its pages, and where a stream of it is cut."""

    text: str
    limit: int
    cuts: list[int]


def mix(seed: int) -> Mix:
    """Make the mix of a seed."""
    by = random.Random(seed)
    chosen = [by.choice(PARTS if by.random() < 0.5 else OPEN) for _ in range(by.randint(1, 14))]
    text = "\n\n".join(chosen)
    if by.random() < 0.4:
        text = text.replace("\n\n", "\n", by.randint(0, 6))
    cuts = sorted(by.randint(0, len(text)) for _ in range(by.randint(0, 12)))
    return Mix(text, by.choice([350, 600, 1_840]), cuts)


def faults(made: Mix, platform: str) -> Iterator[str]:
    """Yield the properties that a mix has not on a platform."""
    measure = MEASURES[platform]
    pages = Pages(lambda page: measure(Reply(page)), made.limit).update(made.text)
    growing = Pages(lambda page: measure(Reply(page)), made.limit)
    for cut in made.cuts:
        growing.update(made.text[:cut], grown=True, goes_on=True)
    if growing.update(made.text, grown=True) != pages:
        yield "a text that grew has other pages"
    if any(measure(Reply(page)) > made.limit for page in pages):
        yield "a page is too long"
    if any(open_at_end(page).leaf == "fence" for page in pages):
        yield "a page leaves code open"
    if said(pages) != said([made.text]):
        yield "words are lost, or are code on one page only"
    if not {one for page in pages for one in iter_graphemes(page)} <= {*iter_graphemes(made.text), *"\u2060*_~` >\n#|-"}:  # fmt: skip
        yield "a character is cut in two"
    yield from _refused(pages, platform)
    draw = convert if platform == "discord" else in_markdown_block
    if any(draw(once := draw(text)) != once for text in (*pages, made.text)):
        yield "drawing twice changes it"
    yield from _screens(made, platform)


def said(pages: list[str]) -> Counter[tuple[str, str]]:
    """The letters of pages with the kind of code that they stand in; a table's head counts once."""
    found: Counter[tuple[str, str]] = Counter()
    heads: set[str] = set()
    for block in (block for page in pages for block in blocks(page)):
        lines = block.text.split("\n")
        if block.kind == "table":
            head = lines[0].strip()
            lines = lines[2:] if head in heads else lines
            heads.add(head)
        kind = block.kind if block.kind in {"fence", "code"} else ""
        found.update((kind, letter) for line in lines for letter in re.findall(r"[^\W_]", line))
    return found


def _refused(pages: list[str], platform: str) -> Iterator[str]:
    for page in pages:
        if platform == "discord":
            limits.check_message(discord.body(Reply(page)))
            continue
        arguments = slack.arguments(Reply(page))
        if rules.refusal("chat.update", arguments):
            yield "Slack refuses a page"
        if reading.pinged(arguments):
            yield "a page pings somebody"


def _screens(made: Mix, platform: str) -> Iterator[str]:
    measure, most = MEASURES[platform], max(made.limit, SMALLEST_MESSAGE)
    last = []
    for cuts in ([], made.cuts):
        view = AnswerView(PageFormat(measure, most))
        for end in (*cuts, len(made.text)):
            view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": made.text[:end]}))
            if any(one is not None and measure(one) > most for one in view.screen()):
                yield "a state is too long"
        if view.trouble:
            yield f"rendering failed: {view.trouble}"
        view.finish()
        last.append(view.screen())
    if last[0] != last[1]:
        yield "another cut of the stream ends on another screen"


def main(platform: str, seconds: float, seed: int | None) -> int:
    """Try mixes for some time, print what differs, and return the exit status."""
    first = time.time_ns() // 1_000_000 if seed is None else seed
    end, tried, differing = time.monotonic() + seconds, 0, 0
    while tried == 0 or (seed is None and time.monotonic() < end):
        made = mix(first + tried)
        for fault in faults(made, platform):
            differing += 1
            print(f"{fault}: seed {first + tried}, pages of {made.limit}: {made.text[:600]!r}", flush=True)  # noqa: T201  # a program
        tried += 1
    print(f"{platform}: {tried} mixes from seed {first}, {differing} differ")  # noqa: T201  # a program
    return int(differing > 0)


if __name__ == "__main__":
    _, name, *given = sys.argv
    sys.exit(main(name, float(given[0]) if given else 60, int(given[1]) if len(given) > 1 else None))
