"""What a person who hears messages read out, or sees them in a notification, needs in what the bot sends.

Slack reads a message's `text` where it cannot show blocks, and to screen readers:
https://docs.slack.dev/reference/methods/chat.postMessage. A picture is read by its `alt_text` (Discord: the description of
the attachment), a button by its `accessibility_label` or else its label, a field by its label.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

WRITES = frozenset({"chat.postMessage", "chat.postEphemeral", "chat.update"})
_WORD = re.compile(r"[^\W_]")
_EMOJI_NAME = re.compile(r":[a-z0-9_+-]{1,60}:")
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
_INPUT = 4
_SELECTS = frozenset({3, 5, 6, 7, 8})
"""Discord's kinds of select menus; `_INPUT` is a text field."""


def check_slack(method: str, body: Mapping[str, Any]) -> None:
    """Refuse a call of Slack's Web API that shows what cannot be read out. Raises AssertionError."""
    if method in WRITES and any(says(node.get("text")) for node in _nodes(body.get("blocks") or [])):
        assert says(body.get("text")), f"{method}: blocks without a text that says anything"
    wrong = [problem for node in _nodes(body) if (problem := _slack_problem(node))]
    assert not wrong, f"{method}: {wrong}"


def check_discord(name: str, body: Mapping[str, Any]) -> None:
    """Refuse a request to Discord that shows what cannot be read out. Raises AssertionError."""
    wrong = [problem for node in _nodes(body) if (problem := _discord_problem(node))]
    assert not wrong, f"{name}: {wrong}"


def says(words: object) -> bool:
    """Whether a text or a text object has a letter or a digit beside the names of emoji."""
    text = words.get("text") if isinstance(words, Mapping) else words
    return isinstance(text, str) and _WORD.search(_EMOJI_NAME.sub("", text)) is not None


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object inside a body. Most of it are texts and numbers, which are told apart first: it is asked for often."""
    inside = [value]
    while inside:
        one = inside.pop()
        if isinstance(one, str | int | float | None):
            continue
        if isinstance(one, Mapping):
            yield one
            inside += one.values()
        elif isinstance(one, list):
            inside += one


def _slack_problem(node: Mapping[str, Any]) -> str | None:
    kind = str(node.get("type"))
    if kind == "image" and not says(node.get("alt_text")):
        return "a picture without alt_text"
    if kind == "button" and not any(map(says, (node.get("accessibility_label"), node.get("text")))):
        return "a button without words"
    if kind == "feedback_buttons":
        sides = (node.get("positive_button") or {}, node.get("negative_button") or {})
        if not all(says(one.get("accessibility_label")) or says(one.get("text")) for one in sides):
            return "a rating without words"
    if kind == "input" and not says(node.get("label")):
        return "a field without a label"
    if kind.endswith("_select") and not says(node.get("placeholder")):
        return "a select without a placeholder"
    return "a form without a title" if kind == "modal" and not says(node.get("title")) else None


def _discord_problem(node: Mapping[str, Any]) -> str | None:
    if "filename" in node and _PICTURE.search(str(node["filename"])) and not says(node.get("description")):
        return f"the picture {node['filename']} without a description"
    kind = node.get("type") if "custom_id" in node else None
    holder = node.get("component") or next(iter(node.get("components") or ()), None)
    if isinstance(holder, Mapping) and holder.get("type") == _INPUT:
        return None if says(node.get("label")) or says(holder.get("label")) else "a field without a label"
    if "components" in node and "custom_id" in node and not says(node.get("title")):
        return "a form without a title"
    if kind == 2 and not says(node.get("label")):
        return "a button without words"
    return (
        "a select without a placeholder" if kind in _SELECTS and not says(node.get("placeholder")) else None
    )
