"""What the simulators' inspectors refuse because nobody could have it read out."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.schemas import reading

WORDS = {"type": "plain_text", "text": "Approve"}
SIGN = {"type": "plain_text", "text": "👍"}
IMAGE = {"type": "image", "slack_file": {"id": "F1"}, "title": WORDS}
SIDES = {"positive_button": {"text": SIGN}, "negative_button": {"text": SIGN}}


@pytest.mark.parametrize(
    "body",
    [
        {"text": "", "blocks": [{"type": "section", "text": WORDS}]},
        {"text": "…", "blocks": [{"type": "markdown", "text": "The **whole** answer."}]},
        {"text": "A picture", "blocks": [{**IMAGE, "alt_text": "…"}]},
        {"text": "Rate", "blocks": [{"type": "actions", "elements": [{"type": "button", "text": SIGN}]}]},
        {"text": "Rate", "blocks": [{"type": "x", "elements": [{"type": "feedback_buttons", **SIDES}]}]},
        {"view": {"type": "modal", "title": SIGN}},
        {"view": {"type": "modal", "title": WORDS, "blocks": [{"type": "input", "label": SIGN}]}},
        {"view": {"type": "home", "blocks": [{"type": "x", "accessory": {"type": "static_select"}}]}},
    ],
)
def test_slack_payloads_without_words_are_refused(body: Mapping[str, Any]) -> None:
    """Blocks with words need a text with some, pictures an alternative, buttons and fields words, selects a placeholder."""
    with pytest.raises(AssertionError):
        reading.check_slack("chat.postMessage", body)


@pytest.mark.parametrize(
    "body",
    [
        {"attachments": [{"id": 0, "filename": "roof.png"}]},
        {"components": [{"type": 1, "components": [{"type": 2, "custom_id": "a", "label": "👍"}]}]},
        {"components": [{"type": 1, "components": [{"type": 3, "custom_id": "a"}]}]},
        {"data": {"title": "Why?", "custom_id": "a", "components": [{"type": 18, "component": {"type": 4}}]}},
        {"data": {"title": "", "custom_id": "a", "components": []}},
    ],
)
def test_discord_payloads_without_words_are_refused(body: Mapping[str, Any]) -> None:
    """Pictures need a description, buttons a label with words, selects a placeholder, forms a title and labels."""
    with pytest.raises(AssertionError):
        reading.check_discord("POST /channels/{channel_id}/messages", body)


def test_what_has_words_passes() -> None:
    """An emoji beside words, and a button with an emoji and a label of its own for screen readers."""
    button = {"type": "button", "text": SIGN, "accessibility_label": "This answer is good"}
    blocks = [{**IMAGE, "alt_text": "A roof"}, {"type": "actions", "elements": [button]}]
    reading.check_slack("chat.update", {"text": "A roof", "blocks": blocks})
    row = {"type": 1, "components": [{"type": 2, "custom_id": "a", "label": "👍 Good"}]}
    described = {"id": 0, "filename": "roof.png", "description": "A roof"}
    reading.check_discord("PATCH", {"attachments": [described], "components": [row]})
