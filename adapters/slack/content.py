"""Words and files that stand in a Slack message beside its `text`: blocks, tables, attachments and forwards. No I/O.

A forwarded message is an attachment with `is_share`: its words are in `text` or `message_blocks`, its files in `files`. A table
that was pasted is a block of the type `table`, in the message or in an attachment. A link preview is an attachment with
`from_url` or `original_url` and without `is_share`; nobody said it. What is read of blocks and attachments is the mrkdwn that
`text` would have. Blocks, their elements and texts: https://docs.slack.dev/reference/block-kit. Attachments:
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from adapters.slack import ids
from aion_bot.ports.events import MOST_FILES, Quote, QuoteSource
from aion_bot.ports.files import Attachment, attachment

Payload = Mapping[str, Any]

Plain = Callable[[str], str]
"""Turns Slack's `text` into what people read."""

_NO_PREVIEW = "[no preview available]"
"""The `fallback` that Slack gives an attachment without one."""

_MOST_FORWARDS = 3
"""Forwards inside each other that are read."""

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


def quotes(message: Payload, plain: Plain, *, about: str | None = None) -> tuple[Quote, ...]:
    """Return the words of a message that are not in its `text`: its own first, then those of each forwarded message.

    `about`: the message is one that a question is about, by somebody of this name; then its `text` counts, too.
    """
    text = message.get("text") or ""
    own = [*_beside(text, items(message, "blocks")), *_cards(message)]
    first = Quote(QuoteSource.INSERTED, plain("\n".join(own)))
    if about is not None:
        first = Quote(QuoteSource.ASKED_ABOUT, plain("\n".join([text, *own])), about)
    forwards = (
        Quote(QuoteSource.FORWARDED, plain(_forwarded(one)), str(one.get("author_name") or ""))
        for one in filter(is_forward, items(message, "attachments"))
    )
    return tuple(quote for quote in (first, *forwards) if quote.text)


def is_text_alone(message: Payload) -> bool:
    """Tell whether a message has nothing beside its text: no file, nothing attached, no block but that of typed words."""
    blocks, typed = message.get("blocks") or [], str(message.get("text") or "").strip()
    if message.get("files") or message.get("attachments") or not isinstance(blocks, list):
        return False
    return not blocks or (
        bool(typed) and all(isinstance(one, Mapping) and one.get("type") == "rich_text" for one in blocks)
    )


def file_count(message: Payload) -> int:
    """Count the files of a message and of what it forwards, and the pictures of its blocks and cards."""
    parts = [message, *_parts_of(message)]
    linked = [one for one in parts[1:] if one.get("image_url")]
    return len(_pictures(parts)) + len(linked) + len(_file_objects(parts))


def files(message: Payload, team: str) -> tuple[Attachment, ...]:
    """Return the files of a message and of what it forwards, and those that its blocks show, `MOST_FILES` at most.

    A picture that a block only names by its address is no file of Slack's.
    """
    parts = [message, *_parts_of(message)]
    shown = [found for one in _pictures(parts) if isinstance(found := one.get("slack_file"), Mapping)]
    by_id: dict[str, Attachment] = {}
    for one in [*_file_objects(parts), *shown]:
        found = ids.file_id(team, one.get("id"))
        if found is not None and len(by_id) < MOST_FILES:
            name = one.get("name") or one.get("title")
            by_id.setdefault(found, attachment(found, name, one.get("size"), one.get("mimetype")))
    return tuple(by_id.values())


def _parts_of(message: Payload) -> list[Payload]:
    """Return the attachments of a message and of what it forwards."""
    parts: list[Payload] = []
    level = [message]
    # Level by level, so that the depth is bounded whatever a payload nests.
    # One more, as the first level holds the attachments of the message itself.
    for _ in range(_MOST_FORWARDS + 1):
        level = [one for part in level for one in _attached(part)]
        parts += level
    return parts


def _pictures(parts: Sequence[Payload]) -> list[Payload]:
    """Return the pictures in the blocks of a message and of its attachments."""
    blocks = [block for one in parts for block in (*items(one, "blocks"), *_message_blocks(one))]
    return [one for one in blocks if one.get("type") == "image"]


def _file_objects(parts: Sequence[Payload]) -> list[Payload]:
    """Return the files of a message and of its attachments; of one that was deleted only a tombstone is left."""
    found = [file for one in parts for file in items(one, "files")]
    return [file for file in found if file.get("mode") != "tombstone"]


def is_forward(attachment: Payload) -> bool:
    """Tell whether an attachment is a message that somebody forwarded."""
    shared = attachment.get("is_share") or attachment.get("is_msg_unfurl")
    return bool(shared) and not _is_preview(attachment)


def author(message: Payload) -> str:
    """Name who wrote a message, where it says so."""
    names = [message.get("username")]
    for profile in (message.get("user_profile") or {}, message.get("bot_profile") or {}):
        names += [profile.get("display_name"), profile.get("real_name"), profile.get("name")]
    return next((str(name) for name in names if name), "")


def _is_preview(attachment: Payload) -> bool:
    linked = attachment.get("from_url") or attachment.get("original_url")
    return bool(linked) and not attachment.get("is_share")


def _message_blocks(attachment: Payload) -> list[Payload]:
    """Return the blocks of a forwarded message."""
    inside = [one.get("message") for one in items(attachment, "message_blocks")]
    return [block for one in inside if isinstance(one, Mapping) for block in items(one, "blocks")]


def _forwarded(attachment: Payload, depth: int = _MOST_FORWARDS) -> str:
    """Return the words of a forwarded message: its text and blocks, its cards, and what it forwards itself."""
    text = attachment.get("text") or ""
    said = [text, *_beside(text, [*_message_blocks(attachment), *items(attachment, "blocks")])]
    if depth:
        inside = _attached(attachment)
        said += [_forwarded(one, depth - 1) if is_forward(one) else _card(one) for one in inside]
    return "\n".join(one for one in said if one) or _card(attachment)


def _attached(message: Payload) -> list[Payload]:
    return [one for one in items(message, "attachments") if not _is_preview(one)]


def _cards(message: Payload) -> Iterator[str]:
    """Return the words of attachments that are neither forwards nor link previews: tables, and cards of apps."""
    for one in items(message, "attachments"):
        if not (is_forward(one) or _is_preview(one)):
            yield _card(one)


def _card(attachment: Payload) -> str:
    """Return the words of an attachment, or those that stand for it where it has none.

    Nobody said the names of its files, which Slack repeats there.
    """
    if files := items(attachment, "files"):
        names = {str(one.get(field) or "").strip() for one in files for field in ("name", "title")}
        return "\n".join(line for line in _lines(attachment, 0) if line.strip() not in names)
    fallback = str(attachment.get("fallback") or "")
    return words(attachment) or ("" if fallback == _NO_PREVIEW else fallback)


def _beside(text: str, blocks: Sequence[Payload]) -> Iterator[str]:
    """Return the words of blocks that `text` does not have: Slack repeats there what a person typed."""
    for block in blocks:
        if text.strip() and block.get("type") == "rich_text":
            continue
        said = words(block)
        # Slack repeats the text of some blocks in `text`: it counts once.
        if said not in text:
            yield said


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
        text = str(node.get("text") or node.get("value", ""))
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
