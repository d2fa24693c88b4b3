"""What is appended to a stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import mrkdwn
from adapters.slack.markdown import MAX_BYTES, delta, in_markdown_block
from aion_bot.ports.messages import Action, Button, Person, Reply
from aion_bot.simulators.slack.reading import pinged
from tests.adapters.slack.texts import HOSTILE, texts


def streamed(*replies: Reply) -> str | None:
    """What a stream shows after these, the last of which ends it; None if one could not be appended."""
    shown: Reply | None = None
    text = ""
    for number, reply in enumerate(replies, start=1):
        piece = delta(shown, reply, last=number == len(replies))
        if piece is None:
            return None
        text, shown = text + piece, reply
    return text


def test_what_is_new_is_appended() -> None:
    """The first piece is everything, each other what came since; nothing new is no text."""
    assert delta(None, Reply("Two roofs"), last=False) == "Two roofs"
    assert delta(Reply("Two roofs"), Reply("Two roofs leak"), last=False) == " leak"
    assert delta(Reply("Two roofs"), Reply("Two roofs"), last=True) == ""
    assert delta(None, Reply(" \n"), last=False) == ""


def test_what_closes_the_text_comes_last() -> None:
    """A fence that is closed only because the text is not at its end stays open, until it ends there."""
    half, more = Reply("```\na\n```", closing=4), Reply("```\na\nb\n```", closing=4)
    assert delta(None, half, last=False) == "```\na"
    assert delta(half, more, last=False) == "\nb"
    assert delta(more, more, last=True) == "\n```"


def test_what_is_not_text_is_not_streamed() -> None:
    """Notes, bylines and buttons are left to an edit."""
    button = Button(Action.STOP, "k", "Stop")
    dressed = Reply("one", note="Looking", byline=("by ", Person("U0ADA", "Ada")), buttons=(button,))
    assert delta(Reply("one"), dressed, last=True) == ""


def test_other_text_cannot_be_appended() -> None:
    """A text that is not a longer one needs an edit."""
    assert delta(Reply("Two roofs"), Reply("Three roofs"), last=False) is None
    assert delta(Reply("Two roofs"), Reply("Two"), last=True) is None


@pytest.mark.parametrize("character", ["a", "ä", "家", "🏠"])
def test_a_stream_holds_so_many_bytes(character: str) -> None:
    """The whole text is counted as UTF-8, also what the stream shows already."""
    most = MAX_BYTES // len(character.encode())
    shown = Reply(character * (most - 1))
    assert delta(shown, Reply(character * most), last=True) == character
    assert delta(shown, Reply(character * (most + 1)), last=True) is None


def test_invisible_characters_count_too() -> None:
    """What makes a mention inert takes bytes as well."""
    text = "<!here> " * (MAX_BYTES // 8)
    assert len(text.encode()) <= MAX_BYTES
    assert delta(None, Reply(text), last=True) is None


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_mention_pings_in_pieces(hostile: str) -> None:
    """Wherever it is cut, however often, a mention comes whole and inert, or not at all."""
    text = f"so {hostile} said"
    pieces = [Reply(text[:end]) for end in range(4, len(text) + 1)]
    whole = streamed(*pieces)
    assert whole == mrkdwn.in_markdown(text)
    assert pinged({"text": whole}) == []


@pytest.mark.slow
@given(text=texts(), cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=6))
def test_pieces_make_the_whole(text: str, cuts: list[int]) -> None:
    """What a stream shows in the end is what a post would show, unless it says that it cannot be appended."""
    replies = [Reply(text[:cut]) for cut in sorted(cuts)]
    whole = streamed(*replies, Reply(text))
    assert whole is None or whole == in_markdown_block(text)


@given(text=texts(), cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=6))
def test_no_state_of_a_stream_pings(text: str, cuts: list[int]) -> None:
    """Nor does any text that is seen on the way."""
    shown, seen = None, ""
    for reply in [Reply(text[:cut]) for cut in sorted(cuts)]:
        piece = delta(shown, reply, last=False)
        if piece is None:
            break
        shown, seen = reply, seen + piece
        assert pinged({"text": seen, "blocks": [{"type": "markdown", "text": seen}]}) == []


def test_ordinary_words_are_not_held_back() -> None:
    """The last word is held back from where it may become a mention, and not for ever."""
    assert delta(None, Reply("mail a@b"), last=False) == "mail a"
    assert delta(Reply("mail a@b"), Reply("mail a@b.org and"), last=False) == "@b.\u2060org and"
    assert delta(None, Reply("x&" * 80), last=False) == "x&" * 50 + "x"
