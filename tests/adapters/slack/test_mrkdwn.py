"""Slack's markup: read as words, and never written by anybody but the bot itself."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import mrkdwn
from aion_bot.ports.messages import Person
from aion_bot.simulators.slack import reading
from tests.adapters.slack.samples import ME, sample
from tests.adapters.slack.texts import HOSTILE, texts
from tests.support.cases import each


def test_entities_are_read_as_their_writer_saw_them() -> None:
    """Names, channels, links and characters read as in Slack; nothing is unescaped twice."""
    assert mrkdwn.to_plain_text(sample("mention_with_entities")["event"]["text"], ME.user) == (
        "is 3 < 4 & 5 > 4? See the plan (https://example.org/a?b=1&c=2), https://example.org/x, "
        "ada@example.org, #roofs and @ben. @crew &lt;done&gt;"
    )


@each(
    ("written", "read"),
    [
        ("<@U07AION00>", ""),
        ("<@U07AION00|aion>, hello", "hello"),
        ("hello <@U07AION00>", "hello"),
        ("hello <@U07AION00> there", "hello there"),
        ("hello <@U07AION00>!", "hello!"),
        ("one\n<@U07AION00>\ntwo", "one\n\ntwo"),
        ("<@U024BEN00> and <@W1>", "@U024BEN00 and @W1"),
        ("<!here> <!channel|channel>", "@here @channel"),
        ("<!subteam^S1>", "@S1"),
        ("<!date^1392734382^{date}|18 February>", "18 February"),
        ("<#C1>", "#C1"),
        ("<https://example.org|example.org>", "https://example.org"),
        ("<tel:+49|+49>", "+49"),
        ("a < b", "a < b"),
        ("&amp;amp;", "&amp;"),
    ],
)
def test_reading(written: str, read: str) -> None:
    """Each entity has one reading, also where Slack left out the name."""
    assert mrkdwn.to_plain_text(written, ME.user) == read


def test_long_run_of_blanks_is_read_in_linear_time() -> None:
    """Ten times as many blanks, with no mention after them, take about ten times as long; 100 would be quadratic."""

    def seconds(count: int) -> float:
        written = f"a{' ' * count}b"
        begun = time.process_time()
        assert mrkdwn.to_plain_text(written, ME.user) == written
        return time.process_time() - begun

    # Slack takes 40,000 characters.
    assert min(seconds(40_000) for _ in range(2)) < 30 * min(seconds(4_000) for _ in range(3)) + 0.05


@given(st.text())
def test_words_without_markup_stay_as_they_are(words: str) -> None:
    """What a person types arrives unchanged but for the space around it."""
    sent = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert mrkdwn.to_plain_text(sent, ME.user) == words.strip()


@given(texts())
def test_no_text_pings(text: str) -> None:
    """Whatever the text, it can ping nobody as markdown, as mrkdwn, or as plain text."""
    assert reading.pinged({"blocks": [{"type": "markdown", "text": mrkdwn.in_markdown(text)}]}) == []
    assert reading.pinged({"text": mrkdwn.in_mrkdwn(text)}) == []
    assert reading.pinged({"text": mrkdwn.in_markdown(text)}) == []


@each("text", HOSTILE)
def test_text_that_would_ping_looks_the_same(text: str) -> None:
    """Making a text inert adds nothing that can be seen, and the simulator would have noticed the ping."""
    assert mrkdwn.in_markdown(text).replace(mrkdwn.WORD_JOINER, "") == text
    assert reading.pinged({"blocks": [{"type": "markdown", "text": text}]}) != []


def test_persons_of_a_line_are_mentioned() -> None:
    """The bot's own sentences mention people, and nothing else in them can."""
    line = ("Only ", Person("U024ADA00", "Ada"), " may decide, <!channel> & all.")
    assert mrkdwn.in_mrkdwn(line) == "Only <@U024ADA00> may decide, &lt;!channel&gt; &amp; all."


def test_parts_of_a_line_cannot_become_a_ping_together() -> None:
    """Where one part ends with a special character and the next begins with a name, nobody is pinged."""
    for line in (
        ("@", "channel"),
        ("<", "!here>"),
        ("&", "lt;!here>"),
        ("@", Person("?", "here")),
        ("<@", "U1>"),
    ):
        assert reading.pinged({"text": mrkdwn.in_mrkdwn(line)}) == []


@pytest.mark.parametrize("forged", ["!channel", "U1> <!here", "", "u024ada00"])
def test_person_with_a_strange_id_is_written_by_name(forged: str) -> None:
    """An id that is not Slack's cannot become another entity."""
    assert reading.pinged({"text": mrkdwn.in_mrkdwn((Person(forged, "Ada <!here>"),))}) == []


def test_a_name_is_one_visible_line() -> None:
    """An app chooses its name for each message: it ends no sentence of the bot's, and turns none around."""
    app = Person("B1", "Site\n*Done.*\u202e round\u200b", frozenset({"B1"}))
    assert mrkdwn.in_mrkdwn(("Only ", app, " may decide.")) == "Only Site *Done.* round may decide."
