"""No state of an answer that grows shows half a construct, and the states of a stream only add to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.markdown import delta
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.inline import spans
from aion_bot.ports.markdown import blocks, table_cells
from aion_bot.ports.messages import Reply
from aion_bot.ports.unfinished import closing_marks, settled
from aion_bot.rendering.answer import ROOM, AnswerView
from aion_bot.rendering.screen import PageFormat
from tests.support.cases import each
from tests.support.plain_adapter import PlainAdapter

ANSWER = """# Roofs of site 7

I found **12 photos** of *damaged* roofs, `IMG_2041.jpg` is the worst; see [the report](https://x.example/report_(1)) or
https://x.example/raw_data for ~~all~~ most of them &amp; more.

| Site | Photos |
|---|--:|
| **North** | 7 |
| `south_2` | 5 |

1. Open the folder
   - [ ] tag it
   - [x] share it with ***everybody* else**

```python
for photo in photos:  # **not bold
    tag(photo, "damaged")
```

> Quoted **words** and ![a roof](https://x.example/roof.png)

Done. H<sub>2</sub>O is 2 * 3 in snake_case_names.
"""


def state(text: str, *, page: int = 3000) -> list[Reply]:
    view = AnswerView(PlainAdapter(page).page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
    view.begin()
    return [one for one in view.screen() if isinstance(one, Reply)]


def half_constructs(text: str) -> list[str]:
    """What a reader would see as markup: marks without a partner, open links, rows that are not whole."""
    found: list[str] = []
    last = blocks(text)[-1:]
    for block in last:
        if block.kind in {"paragraph", "heading"}:
            found += [
                span.kind for span in spans(block.text) if span.kind == "sign" and "2 *" not in block.text
            ]
            found += [sign for sign in ("](", "`") if sign in "".join(_words(block.text))]
            found += ["row"] if block.text.startswith("|") else []
        if block.kind == "table":
            widths = {len(table_cells(row)) for row in block.text.strip().split("\n")}
            found += ["row"] if len(widths) > 1 else []
        if block.kind == "fence" and not block.text.strip():
            found.append("fence")
        if block.kind in {"rule", "underlined"}:
            found.append(block.kind)
    return found


def _words(text: str) -> list[str]:
    pieces, done = [], 0
    for span in spans(text):
        pieces.append(text[done : span.start])
        done = span.end
    return [*pieces, text[done:]]


@pytest.mark.slow
def test_no_state_shows_half_a_construct() -> None:
    """At each of its characters an answer with every construct shows whole ones alone."""
    wrong = [
        (end, half)
        for end in range(12, len(ANSWER))
        for one in state(ANSWER[:end])
        if (half := half_constructs(one.text))
    ]
    assert wrong == []


@pytest.mark.slow
def test_states_keep_up_with_the_text() -> None:
    """No more than a short phrase waits, and nothing but marks is added."""
    for end in range(12, len(ANSWER)):
        (one,) = state(ANSWER[:end])
        shown = one.text[: len(one.text) - one.closing]
        assert ANSWER.startswith(shown.rstrip())
        assert end - len(shown.rstrip()) <= 65


@each(
    ("text", "shown", "closing"),
    [
        ("Hello **bold wor", "Hello **bold wor**", 2),
        ("Hello **bold*", "Hello **bold**", 2),
        ("Hello **", "Hello ", 0),
        ("a *it **both", "a *it **both***", 3),
        ("x `code", "x `code`", 1),
        ("x ``co` d", "x ``co` d``", 2),
        ("see [label](https://x.ex", "see ", 0),
        ("see ![alt](http", "see ", 0),
        ("see [1] and", "see [1] and", 0),
        ("see [1]", "see [1]", 0),
        ("see [a]", "see ", 0),
        ("so **https://x.exa", "so ", 0),
        ("or `` ", "or ", 0),
        ("or `` `b`", "or `` `b` ``", 3),
        ("so\n\n\\[\na = b\n", "so\n\n", 0),
        ("a\n```", "a\n", 0),
        (r"so \(m_1 = ", "so ", 0),
        ("a\n````md\n``", "a\n", 0),
        ("so https://x.exa", "so ", 0),
        ("a &am", "a ", 0),
        ("AT&T is", "AT&T is", 0),
        ("a <b", "a ", 0),
        ("a < b", "a < b", 0),
        ("so: 2 * 3", "so: 2 * 3", 0),
        ("snake_case", "snake_case", 0),
        ("a\n\n- [x] ", "a\n\n", 0),
        ("a\n\n- **item", "a\n\n- **item**", 2),
        ("a\n\n1. ", "a\n\n", 0),
        ("a\n\n| a | b |\n|--", "a\n\n", 0),
        ("a\n\n| a | b |\n|--|--|\n| c", "a\n\n| a | b |\n|--|--|\n", 0),
        ("a\n\n| a bar", "a\n\n", 0),
        ("> **bold\n> wor", "> **bold\n> wor**", 2),
        ("a\n> **bold\n> - wor", "a\n> **bold\n> - wor", 0),
        ("**a\n> wor", "**a\n> wor", 0),
        ("a\n```py\n", "a\n", 0),
        ("a\n```py\nx", "a\n```py\nx\n```", 4),
        ("a\n```py\nx\n``", "a\n```py\nx\n```", 3),
        ("> - ```\n>   x\n", "> - ```\n>   x\n>   ```", 7),
        ("so it is $$E = m", "so it is ", 0),
        ("so it is\n$$\nE = m", "so it is\n", 0),
        ("so it is $", "so it is ", 0),
        ("so it is $$a_b$$, and $$c", "so it is $$a_b$$, and ", 0),
        ("so it is `$$` here", "so it is `$$` here", 0),
        ("so it costs $5 or", "so it costs $5 or", 0),
        ("so see <https:", "so see ", 0),
        ("so see <https://x.exa", "so see ", 0),
        ("so __init__.py is", "so __init__.py is", 0),
        ("so __MACOSX__.zip, __te", "so __MACOSX__.zip, __te__", 2),
        ('so <a href="https://x.exa', "so ", 0),
        ("so <b cla", "so ", 0),
        ("so <b ", "so ", 0),
        ("so <mailto:a", "so ", 0),
        ("so <ada@b.ex", "so ", 0),
        ("List<a:b and", "List<a:b and", 0),
        ("an un*frigg", "an un", 0),
        ("an un*frigg and", "an un*frigg and", 0),
        ("a ***b**", "a ***b***", 1),
        ("*args and", "*args and", 0),
        ("a *.png and", "a *.png and", 0),
        ("a **kwargs, *b", "a **kwargs, *b*", 1),
        ("see [a b][g", "see ", 0),
        ("see [a b][g]", "see ", 0),
        ("see [a b][g],", "see a b,", 0),
        ("see arr[i][j] of", "see arr[i][j] of", 0),
        ("see `[a][b]` of", "see `[a][b]` of", 0),
        ("see [1][2] of", "see [1][2] of", 0),
        ("so\\\n", "so", 0),
        ("Look:\n\na | b\n--- | -", "Look:\n\n", 0),
        ("a | b\n--- | ---\n1 | 2\n3", "a | b\n--- | ---\n1 | 2\n", 0),
        ("- x\n\n  | a | b |\n ", "- x\n\n", 0),
        ("a\n\n_ _ _\n", "a\n\n_ _ _\n", 0),
        ("so a <b and c", "so a <b and c", 0),
        ('so <a href="https://x.example">rep', 'so <a href="https://x.example">rep', 0),
        ("so src/_old_/x and", "so src/_old_/x and", 0),
    ],
)  # fmt: skip
def test_what_waits_and_what_is_closed(text: str, shown: str, closing: int) -> None:
    """A construct waits for its other half; emphasis and code are closed where the text ends by now."""
    (one,) = state(text)
    assert (one.text, one.closing) == (shown, closing)


@pytest.mark.parametrize(
    "text", ["[" + "a" * 500, "a *" + "b " * 800, "| a" * 600, "x" + "`" * 400, "&" + "a" * 99, "- " * 400]
)
def test_nothing_waits_for_ever(text: str) -> None:
    """What is no construct after some hundred characters is shown as it is."""
    assert settled(text + " end") > len(text) - 1_600


def test_an_answer_that_fails_is_closed_but_whole() -> None:
    """Where an answer ends with a failure no word of it waits any more, and its marks are closed."""
    for text, shown in (
        ("Two **ro", "Two **ro**"),
        ("See [the", "See [the"),
        ("| a |", "| a |"),
        ("x `y", "x `y`"),
    ):
        view = AnswerView(PlainAdapter().page_format)
        view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
        view.finish(strings.INTERRUPTED)
        (one,) = view.screen()
        assert isinstance(one, Reply)
        assert one.text == f"{shown}\n\n⚠️ {strings.INTERRUPTED}"


def test_an_answer_that_ends_is_as_it_is() -> None:
    """The final text is the model's, also where its marks have no partner."""
    view = AnswerView(PlainAdapter().page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, "Two **ro", {"accumulated": "Two **ro"}))
    view.finish()
    assert view.screen() == (Reply("Two **ro"),)


@pytest.mark.slow
def test_a_stream_only_grows_and_shows_no_half_mark() -> None:
    """Slack appends to a stream: what was shown once stays, and a mark waits for the one that closes it."""
    shown, before = "", None
    for end in range(12, len(ANSWER)):
        (one,) = state(ANSWER[:end])
        piece = delta(before, one, last=False)
        assert piece is not None, ANSWER[:end][-40:]
        shown, before = shown + piece, one
        assert "sign" not in half_constructs(shown.replace("\u2060", ""))


@given(st.text(alphabet="ab *_`[](|)\n#-~&<", max_size=120))
def test_closing_closes(text: str) -> None:
    """Whatever the text, what closes a mark is the mark itself."""
    marks = closing_marks(text)
    assert all(text.startswith(mark.strip(), start) for start, mark in marks)
    assert 0 <= settled(text) <= len(text)


@pytest.mark.parametrize("text", ["Some words of it\r~~~", "a b c d\r\n\r```\r", "a b c d\r\r- ```py\rx"])
def test_carriage_returns_end_lines(text: str) -> None:
    """A text whose lines end with carriage returns is Markdown in each state, and not shown as it is."""
    view = AnswerView(PlainAdapter().page_format)
    for end in range(1, len(text) + 1):
        view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": text[:end]}))
        view.screen()
        assert not view.trouble


def test_rows_of_a_long_table_wait_for_their_end() -> None:
    """However long a table is, no state shows half a row of it."""
    row = "| P-%03d | leaks at `valve_%d` | **24** °C |\n"
    head = "| Pump | Note | Temperature |\n|---|---|---|\n"
    text = f"These are the pumps:\n\n{head}{''.join(row % (n, n) for n in range(150))}"
    for end in (*range(900, 1_000), *range(4_000, 4_100)):
        shown = "".join(one.text for one in state(text[:end], page=20_000))
        assert shown == text[: text.rfind("\n", 0, end) + 1]


@pytest.mark.parametrize("tag", ["<details>", "<br>", "</summary>", "&nbsp;"])
def test_a_page_that_half_a_tag_would_fill_ends_behind_it(tag: str) -> None:
    """A tag or an entity measures less than its beginning: an answer that grew has the same pages as one that came at once."""
    words = f"{'words ' * 80}\n\n"
    short = lambda reply: len(reply.text.replace(tag, ""))  # noqa: E731  # a platform that does not draw the tag
    format_ = PageFormat(short, len(words) + ROOM + 1)
    screens = []
    for ends in ([], range(len(words), len(words) + len(tag))):
        view = AnswerView(format_)
        for end in (*ends, len(words) + len(tag)):
            view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": (words + tag)[:end]}))
            assert all(short(one) <= format_.limit for one in view.screen() if isinstance(one, Reply))
        view.finish()
        screens.append(view.screen())
    assert screens[0] == screens[1]
    assert len(screens[0]) == 1


@pytest.mark.parametrize("rows", ["", "bar | baz\n"])
def test_a_row_without_bars_at_its_sides_waits_for_its_first_bar(rows: str) -> None:
    """It is no paragraph below the table for a moment; a line below words with a bar is shown as it comes."""
    table = f"abc | def\n--- | ---\n{rows}"
    assert settled(f"{table}ba") == len(table)
    assert settled("abc | def\nba") == len("abc | def\nba")
    assert settled(f"{table}{'words ' * 30}") > len(table)


def test_half_a_link_below_words_with_a_bar_waits() -> None:
    """What is no table keeps the rules of words: half a link, an address or a mark waits there too."""
    words = "https://example.com/a||b is one\n"
    for half in ("[usa", "[usage](#us", "**", "https://exa"):
        assert settled(f"{words}{half}") == len(words)
        assert settled(f"{words}{words}{half}") == 2 * len(words)
