"""The words of Slack's blocks and attachments, as the mrkdwn that `text` would have. No I/O.

Blocks, their elements and texts: https://docs.slack.dev/reference/block-kit
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Payload = Mapping[str, Any]

_CONTROLS = frozenset({
    "actions", "button", "checkboxes", "context_actions", "divider", "feedback_buttons", "icon_button", "input",
    "overflow", "radio_buttons", "static_select", "users_select", "conversations_select", "channels_select", "datepicker",
})  # fmt: skip
"""Blocks and elements that hold no words of a message, only labels of what can be pressed."""

_PARTS = (
    "pretext", "title", "subtitle", "text", "caption", "description", "body", "fields", "columns", "elements", "rows",
    "blocks", "tasks", "cards", "details", "output", "alt_text",
)  # fmt: skip
"""Where blocks and attachments keep their words, in reading order."""

_DEEPEST = 12
"""Levels of blocks in blocks that are read; Slack's own blocks need six."""

_LINES = frozenset({"rich_text_section", "rich_text_quote", "rich_text_preformatted"})
_TEXTS = frozenset({"plain_text", "mrkdwn", "raw_text", "raw_number"})
_TABLES = frozenset({"table", "data_table"})


def items(of: Payload, name: str) -> Sequence[Payload]:
    """Return a list of objects of a payload, whatever else it holds."""
    found = of.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def words(node: Payload) -> str:
    """Return the lines of a block or an attachment, as Slack's mrkdwn; empty where it has no words."""
    return "\n".join(_lines(node, 0))


def _lines(node: Payload, depth: int) -> Iterator[str]:
    kind = node.get("type")
    if kind in _CONTROLS or depth > _DEEPEST:
        return
    if kind in _LINES:
        yield "".join(_inline(element) for element in items(node, "elements"))
    elif kind in _TABLES:
        yield from _rows(node, depth)
    elif kind in _TEXTS:
        text = str(node.get("text") or node.get("value") or "")
        yield text if kind == "mrkdwn" else _literal(text)
    else:
        yield from _parts(node, depth)


def _parts(node: Payload, depth: int) -> Iterator[str]:
    """Return the lines of everything in a block that may hold words."""
    for name in _PARTS:
        part = node.get(name)
        if isinstance(part, str) and part:
            # Attachments and `markdown` blocks hold mrkdwn or Markdown as it is.
            yield part
        elif isinstance(part, Mapping):
            yield from _lines(part, depth + 1)
        else:
            for one in items(node, name):
                yield from _lines(one, depth + 1)
    if "title" in node and isinstance(node.get("value"), str):
        yield node["value"]  # a field of an attachment


def _rows(table: Payload, depth: int) -> Iterator[str]:
    """Return each row of a table as one line of Markdown."""
    caption = table.get("caption")
    if isinstance(caption, str) and caption:
        yield _literal(caption)
    rows = table.get("rows")
    for row in rows if isinstance(rows, list) else ():
        cells = row if isinstance(row, list) else items(row, "cells") if isinstance(row, Mapping) else ()
        # A line end in a cell would end the row.
        texts = (
            " ".join(" ".join(_lines(one, depth + 1)).split()) for one in cells if isinstance(one, Mapping)
        )
        yield f"| {' | '.join(texts)} |"


def _inline(element: Payload) -> str:
    """Write an element of rich text as Slack's `text` has it."""
    write = _ELEMENTS.get(str(element.get("type")))
    return "" if write is None else write(element)


def _link(element: Payload) -> str:
    url, label = (_literal(str(element.get(name) or "")) for name in ("url", "text"))
    return f"<{url}|{label}>" if label else f"<{url}>"


def _literal(text: str) -> str:
    return html.escape(text, quote=False)


_ELEMENTS: Mapping[str, Callable[[Payload], str]] = {
    "text": lambda one: _literal(str(one.get("text") or "")),
    "link": _link,
    "user": lambda one: f"<@{one.get('user_id')}>",
    "usergroup": lambda one: f"<!subteam^{one.get('usergroup_id')}>",
    "channel": lambda one: f"<#{one.get('channel_id')}>",
    "broadcast": lambda one: f"<!{one.get('range')}>",
    "emoji": lambda one: f":{one.get('name')}:",
    "date": lambda one: _literal(str(one.get("fallback") or "")),
}
"""How each element of rich text is written in `text`."""
