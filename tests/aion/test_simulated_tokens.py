"""The tokens of the simulated Aion."""

import json

import pytest

from aion_bot.simulators.aion.scene import Speak
from aion_bot.simulators.aion.wire import StreamText


def contents(words: int, speak: Speak) -> list[str]:
    events = [event.decode() for event in StreamText(words).tokens(speak)]
    return [json.loads(one.partition("data: ")[2])["content"] for one in events]


@pytest.mark.parametrize("words", [1, 2, 8])
def test_a_token_has_as_many_words_as_asked_for(words: int) -> None:
    """Only the last token is shorter, and together they are the text, with its white space."""
    said = "one two\n three four five six seven eight nine ten \n"
    tokens = contents(words, Speak(said))
    assert "".join(tokens) == said
    assert {len(one.split()) for one in tokens[:-1]} == {words}
    assert len(tokens) == -(-11 // words)  # ten words, and the white space at the end


def test_pieces_of_a_scene_stay_as_they_are() -> None:
    """A scene that says its tokens is not joined."""
    assert contents(8, Speak("abc", ("a", "b", "c"))) == ["a", "b", "c"]
