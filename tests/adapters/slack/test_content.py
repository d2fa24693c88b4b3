"""Words and files beside a message's text, from recorded payloads."""

import json
from pathlib import Path

import pytest

from adapters.slack import content, events
from aion_bot.ports.events import Prompt, Quote, QuoteSource
from tests.adapters.slack.samples import FOLDER, ME, sample


def asked(situation: str) -> Prompt:
    prompt = events.prompt_from_event(sample(situation), ME)
    assert prompt is not None
    return prompt


FORWARDED = Quote(QuoteSource.FORWARDED, "The north roof of site 7 leaks & drips.", "Ben")
TABLE = Quote(
    QuoteSource.INSERTED, "| Pole | State |\n| 12 | bent, see #C024ROOFSphoto (https://example.org/12) |"
)


@pytest.mark.parametrize(
    ("situation", "text", "quotes", "files"),
    [
        ("forward_with_a_comment", "do we have photos of this?", (FORWARDED,), 1),
        ("forward_without_a_comment", "", (FORWARDED,), 1),
        (
            "forward_of_blocks_alone",
            "",
            (
                Quote(
                    QuoteSource.FORWARDED,
                    "Sensor 4\n*Wet* since #roofs\nLevel: 3\na wet floor",
                    "Ben",
                ),
            ),
            1,
        ),
        (
            "forward_of_a_forward",
            "",
            (
                Quote(
                    QuoteSource.FORWARDED,
                    f"look at this\n{FORWARDED.text}\nPump 3 stopped\nSite\n7",
                    "Cy",
                ),
            ),
            1,
        ),
        ("table_in_a_mention", "which of these are bent?", (TABLE,), 0),
        ("table_alone_in_a_thread", "", (TABLE,), 0),
        ("link_preview_on_a_mention", "is https://example.org/7 about site 7?", (), 0),
        (
            "link_to_a_message_on_a_mention",
            "is this done? https://sites.slack.com/archives/C024ROOFS/p1789990000000100",
            (),
            0,
        ),
    ],
)
def test_words_and_files_beside_the_text(
    situation: str, text: str, quotes: tuple[Quote, ...], files: int
) -> None:
    """Forwards, tables and blocks become quotes with whose words they are, their files count; link previews are neither."""
    prompt = asked(situation)
    assert (prompt.text, prompt.quotes, prompt.attachments) == (text, quotes, files)


def test_shortcut_reads_blocks_and_attachments() -> None:
    """An alarm without text is read from its blocks and attachments; labels of its buttons are not its words."""
    prompt = events.prompt_from_shortcut(sample("shortcut_on_an_alarm"), ME, shared=False)
    assert prompt is not None
    said = "*Pump 3* stopped & leaks\nsince 09:14 <UTC>\npump\nMeasured:\nPressure\n0.2 bar\nSite\n7"
    assert prompt.quotes == (Quote(QuoteSource.ASKED_ABOUT, said, "Alarms"),)


def test_shortcut_on_a_forward_quotes_both() -> None:
    """A shortcut on a message that forwards another one quotes the comment and the forwarded words, each by its author."""
    prompt = events.prompt_from_shortcut(sample("shortcut_on_a_forward"), ME, shared=False)
    assert prompt is not None
    assert [(one.source, one.text) for one in prompt.quotes] == [
        (QuoteSource.ASKED_ABOUT, "have a look"),
        (QuoteSource.FORWARDED, FORWARDED.text),
    ]
    assert prompt.attachments == 1


@pytest.mark.parametrize("broken", [None, "x", [None, 3, "x"], {"rows": 3}, [{"rows": [None, [None]]}]])
def test_blocks_of_an_unknown_shape_say_nothing(broken: object) -> None:
    """Whatever stands where blocks or attachments are expected raises nothing, and the text is still asked."""
    payload = sample("mention_as_message")
    shared = {"is_share": True, "message_blocks": broken, "text": None, "files": broken}
    payload["event"] |= {"blocks": broken, "attachments": [shared, broken]}
    prompt = events.prompt_from_event(payload, ME)
    assert prompt is not None
    assert (prompt.text, prompt.quotes) == ("what is damaged on site 7?", ())


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (
            {"attachments": [{"is_share": True, "fallback": "ben: a leak", "author_name": "Ben"}]},
            "ben: a leak",
        ),
        ({"attachments": [{"is_share": True, "attachments": [{"fallback": "Pump 3 down"}]}]}, "Pump 3 down"),
        ({"attachments": [{"is_share": True, "fallback": "[no preview available]", "files": [{}]}]}, None),
        ({"blocks": [{"type": "table", "rows": [[{"type": "raw_number", "value": 0}]]}]}, "| 0 |"),
        ({"attachments": [{"is_share": True, "fallback": "ben: a.png", "files": [{"name": "a.png"}]}]}, None),
        ({"attachments": [{"is_share": True, "title": "a.png", "files": [{"name": "a.png"}]}]}, None),
        ({"attachments": [{"fallback": "a.png", "title": "Plan", "files": [{"title": "Plan"}]}]}, None),
        ({"attachments": [{"title": "a.png", "text": "Torn?", "files": [{"name": "a.png"}]}]}, "Torn?"),
        (
            {
                "attachments": [
                    {"is_share": True, "attachments": [{"fallback": "b", "files": [{"name": "b"}]}]}
                ]
            },
            None,
        ),
    ],
)
def test_words_that_only_a_fallback_or_a_number_holds(beside: dict[str, object], said: str | None) -> None:
    """A forward, and a card in one, are read from their fallback where they have no other words; zero is a number.

    The names of files, which Slack repeats beside them, are nobody's words.
    """
    payload = sample("mention_as_message")
    payload["event"] |= beside
    prompt = events.prompt_from_event(payload, ME)
    assert prompt is not None
    assert [one.text for one in prompt.quotes] == ([] if said is None else [said])


WORDS = {"type": "rich_text", "elements": []}
TYPED: dict[str, object] = {"text": "What?", "blocks": [WORDS]}


@pytest.mark.parametrize(
    ("message", "alone"),
    [
        ({"text": "What?"}, True),
        (TYPED, True),
        (TYPED | {"text": " "}, False),
        (TYPED | {"files": [{"id": "F1"}]}, False),
        (TYPED | {"attachments": [{"fallback": "A card"}]}, False),
        (
            {"text": "What?", "blocks": [WORDS, {"type": "image", "slack_file": {"id": "F1"}}]},
            False,
        ),
        ({"text": "What?", "blocks": [{"type": "table"}]}, False),
        ({"text": "What?", "blocks": [None]}, False),
        ({"text": "What?", "blocks": "none"}, False),
    ],
)
def test_a_message_of_typed_words_has_nothing_beside_them(message: dict[str, object], alone: bool) -> None:
    """Only such a message is not searched for quotes and files; searched, it would have none."""
    assert content.is_text_alone(message) is alone
    if alone:
        assert content.quotes(message, str) == ()
        assert content.file_count(message) == 0
        assert content.files(message, "T1") == ()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_no_recorded_message_hides_something_beside_typed_words(path: Path) -> None:
    """Whatever Slack was seen to send as text alone has no quote and no file."""
    message = json.loads(path.read_text(encoding="utf-8")).get("event") or {}
    searched = content.quotes(message, str), content.file_count(message), content.files(message, "T1")
    assert not content.is_text_alone(message) or searched == ((), 0, ())
