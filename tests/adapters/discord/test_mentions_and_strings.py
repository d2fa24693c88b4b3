"""Mentions inside messages, and how the adapter quotes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import strings
from adapters.discord.events import thread_name
from adapters.discord.mentions import readable, without
from adapters.discord.strings import UNTITLED

NAMES = {"@1": "Ada", "@&2": "crew", "#3": "site-7"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<@1> and <@!1>", "@Ada and @Ada"),
        ("<@&2> in <#3>", "@crew in #site-7"),
        ("<@9> in <#9> for <@&9>", "<@9> in <#9> for <@&9>"),
        ("<:roof:12> <a:spin:34>", ":roof: :spin:"),
        ("</ask:55> and </aion new:55>", "/ask and /aion new"),
        ("at <t:1767225600:R>", "at 2026-01-01 00:00 UTC"),
        ("at <t:999999999999>", "at <t:999999999999>"),
        ("2 < 3 <b>", "2 < 3 <b>"),
    ],
)
def test_mentions_become_names(written: str, read: str) -> None:
    """Mentions that something explains are replaced; everything else stays."""
    assert readable(written, NAMES) == read


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        ("<@5> what?", "what?"),
        ("<@5>, what?", "what?"),
        ("<@5>: what?", "what?"),
        ("hey <@5> what?", "hey what?"),
        ("what?\n<@5>", "what?"),
        ("<@5>", ""),
        ("<@5> <@6> too", "<@6> too"),
    ],
)
def test_a_mention_is_removed(written: str, rest: str) -> None:
    """The bot's own mention leaves nothing behind."""
    assert without(written, "<@5>") == rest


@given(st.text(), st.integers(min_value=10, max_value=300))
def test_a_quote_fits(text: str, limit: int) -> None:
    """A quote keeps to its limit, and each of its lines is quoted."""
    quoted = strings.quote(text, limit)
    assert all(line.startswith("> ") for line in quoted.split("\n"))
    lines = len(text.strip().splitlines())
    assert len(quoted) <= max(limit, 3 * lines)


@given(st.text(max_size=6_000), st.text(max_size=50))
def test_acknowledgements_fit(text: str, name: str) -> None:
    """An acknowledgement fits into one message, whatever was asked."""
    link = "https://discord.com/channels/1/2/3"
    for told in (
        strings.question_by("1", text),
        strings.question_about(name, link, text),
        strings.question(text),
    ):
        assert 1 <= len(told.strip()) <= strings.MESSAGE_LENGTH


@given(st.text())
def test_a_thread_has_a_name(text: str) -> None:
    """A thread's name is one line of at most a hundred characters, and never empty."""
    named = thread_name(text)
    assert 1 <= len(named) <= 100
    assert named.split() == named.strip().split(" ") or named == UNTITLED
