"""Properties of rendering over the specifications' examples and over answers as models write them."""

import html
import itertools
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from wcwidth import iter_graphemes

from adapters.discord import rendering as discord
from adapters.discord.markdown import convert
from adapters.slack import rendering as slack
from adapters.slack.markdown import in_markdown_block
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.demo.page import markdown as drawn
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Reply
from aion_bot.ports.plain_words import plain_words
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.markdown import open_at_end
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.screen import PageFormat
from aion_bot.simulators.discord import limits
from aion_bot.simulators.slack import reading, rules

ROOT = Path(__file__).parents[1]
SAMPLES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "samples/markdown").glob("*.md"))}
CONTRACT = ROOT.parents[1] / "shared/contracts/markdown-spec-examples.json"
EXAMPLES = json.loads(CONTRACT.read_text("utf-8"))["examples"] if CONTRACT.is_file() else []
COMMONMARK = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MEASURES = {"discord": discord.measure, "slack": slack.measure}


def letters(shown: str) -> str:
    """The letters and digits that a person reads of drawn HTML, in order."""
    words = unicodedata.normalize("NFKC", html.unescape(re.sub(r"<[^>]*>", "", shown)))
    return "".join(sign for sign in words if sign.isalnum())


def is_kept(words: str, shown: str) -> bool:
    """Tell whether each of the letters is shown, in order; others, such as an address, may stand between."""
    rest = iter(shown)
    return all(sign in rest for sign in words)


@pytest.mark.skipif(not EXAMPLES, reason="the published contracts are not beside this checkout")
def test_no_word_of_the_specifications_is_lost() -> None:
    """What the specifications' own HTML shows of each example is shown on both platforms, and in plain words."""
    lost = []
    for example in EXAMPLES:
        written, words = example["markdown"], example["text"]
        on_discord = letters(drawn.on_discord(convert(written), {}))
        on_slack = letters(drawn.on_slack(in_markdown_block(written), {}))
        plain = "".join(sign for sign in plain_words(written) if sign.isalnum())
        lost += [(example["id"], where) for where, shown in (("discord", on_discord), ("slack", on_slack), ("plain", plain)) if not is_kept(words, shown)]  # fmt: skip
    assert lost == []


@pytest.mark.parametrize("name", SAMPLES)
def test_no_word_of_an_answer_is_lost(name: str) -> None:
    """What Markdown shows of an answer is shown on Discord and in notifications.

    A table that Discord shows as a list has no name for its first column.
    """
    text = SAMPLES[name]
    shown = Counter(letters(COMMONMARK.render(text)))
    tables = [block.text.split("|")[1] for block in blocks(text) if block.kind == "table"]
    # A task has a box, and a mail address no scheme.
    others = Counter(letters("".join([*tables, "mailto"])) + "x" * text.count("[x]"))
    for words in (drawn.on_discord(convert(text), {}), html.escape(plain_words(text))):
        assert shown - Counter(letters(words)) <= others


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("platform", MEASURES)
def test_pages_of_an_answer(name: str, platform: str) -> None:
    """Pages keep the platform's limit, leave nothing open, are their own pages, and have each word of the answer once."""
    measure, text = MEASURES[platform], SAMPLES[name]
    for limit in (350, 600, 1_840):
        pages = Pages(lambda page: measure(Reply(page)), limit).update(text)
        assert all(measure(Reply(page)) <= limit for page in pages)
        assert not any(open_at_end(page).leaf == "fence" for page in pages)
        for page, _ in itertools.pairwise(pages):
            assert blocks(page)[-1].kind not in {"heading", "underlined"}
        assert all(Pages(len, 10_000).update(page) == [page] for page in pages)
        assert said(pages) == said([text])


def said(pages: list[str]) -> Counter[tuple[str, str]]:
    """The words of pages with the kind of block that they stand in; a table's head counts once."""
    found: Counter[tuple[str, str]] = Counter()
    heads: set[str] = set()
    for block in itertools.chain(*map(blocks, pages)):
        lines = block.text.split("\n")
        if block.kind == "table":
            lines = lines[2:] if lines[0] in heads else lines
            heads.add(block.text.split("\n")[0])
        # Words between marks are cut where a line is; the paragraph of a cut heading is none.
        kind = block.kind if block.kind in {"fence", "code", "table"} else ""
        found.update((kind, word) for line in lines for word in re.findall(r"\w+", line))
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_any_cut_of_the_stream_ends_on_the_same_screen(name: str) -> None:
    """In whatever pieces an answer comes, and whoever looks in between, it ends on the same messages."""
    text, page = SAMPLES[name], PageFormat(discord.measure, 700)
    screens = []
    for step in (len(text), 997, 211):
        view = AnswerView(page)
        for end in (*range(step, len(text), step), len(text)):
            view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": text[:end]}))
            assert all(one is None or discord.measure(one) <= 700 for one in view.screen())
        view.finish()
        screens.append(view.screen())
    assert screens[0] == screens[1] == screens[2]


@pytest.mark.parametrize("name", SAMPLES)
def test_messages_are_taken_and_ping_nobody(name: str) -> None:
    """Both platforms take each page, with mentions of everybody in every line of it."""
    hostile = re.sub(r"(?m)$", " <!channel> <@U024ADA00> @everyone <@123456789012345678>", SAMPLES[name])
    for text in (SAMPLES[name], hostile):
        for page in Pages(lambda page: slack.measure(Reply(page)), 3_000).update(text):
            arguments = slack.arguments(Reply(page))
            assert rules.refusal("chat.update", arguments) is None
            assert reading.pinged(arguments) == []
        for page in Pages(lambda page: discord.measure(Reply(page)), 1_900).update(text):
            limits.check_message(discord.body(Reply(page)))


@pytest.mark.parametrize("name", ["emoji", "cjk", "arabic", "signs", "long_prose"])
def test_no_character_of_an_answer_is_cut(name: str) -> None:
    """What people see as one character is whole on every page, however small it is."""
    text = SAMPLES[name]
    for limit in range(60, 75):
        pages = Pages(len, limit).update(text)
        seen = {one for page in pages for one in iter_graphemes(page)}
        assert seen <= {*iter_graphemes(text), "\u2060"}


@pytest.mark.parametrize("draw", [convert, in_markdown_block], ids=["discord", "slack"])
def test_drawing_twice_changes_nothing(draw: Callable[[str], str]) -> None:
    """What a platform shows is its own dialect: of each answer, of each of its paragraphs, and of each published example."""
    texts = {*SAMPLES.values(), *(example["markdown"] for example in EXAMPLES)}
    texts.update(part for text in SAMPLES.values() for part in text.split("\n\n"))
    changed = [text for text in sorted(texts) if draw(once := draw(text)) != once]
    assert changed == []


@pytest.mark.parametrize("text", [
    "> words\n---", "> words\n#### A small heading", "> words\n| a | b |\n|---|---|\n| [c](https://x.example) | d |",
    "> words\nmore\n---\n", "> words\nmore\n===", "> words\nmore\n--", "- words\n---", "- words\nmore\n===", "words<br>===", "words<br>---",
    "*a [*b*](/url)*", "**a [**b**](https://x.example) c**", "_a [b_](/url)", "**a [b**](https://x.example)", "~~a [b~~](/url)",
    "*a [b](https://x.example/*c)", "![a [b](/url)](/url2)", "![a *b*](https://x.example/i.png)", "[![a](i.png)](https://x.example)",
    "**\n---\n*", "*t\n#### s", "*a\n=", "=\n*n", "<!--`-->", "```\n](](\n```", "`a` ](b) ](c)", "a||\n-|", "[](*)`", "[a](b*c*d)", "> a\n2\n=",
    "- a\n  - b\n    > c\n\n    d", "<details>\n    e", "- <details>\n      e", "[x](docs/__init__.py)", "foo __*__", "<a_b@c.example>",
    "-     b\n\tt", "-\nt\n#$$^$$", "a\n\n$$x^2$$", "---\n-", "---\n-\n  a", "#### a\n-\n  b",
    "1.     a\n   b\n-", "a\n- ```\n  b\n  ```", "> b\n- a\n- ```", "> b\n- a\n+ ```\n  x\n  ```",
    "> b\n- a\n- ~~~\n  x\n  ~~~\n- c", "1.  a\n    > b\n- a\n- ```",
    "*s <details>*", "\n<details>", "***<br>***", "*<b> s*", "x **_s <b>_** y", "*<details>*", "http://x_", ". \n\n<details>\n\n *", "---\n0) o\n\n    2",
    "x <https://x.example/site 7> y", "[r]: https://x.example/r\n[s]: <https://x.example/site 7>",
])  # fmt: skip
def test_drawing_other_constructs_twice(text: str) -> None:
    """The same holds where a quote, a line of signs alone or a link's label has other constructs beside it."""
    for draw in (convert, in_markdown_block):
        assert draw(once := draw(text)) == once
