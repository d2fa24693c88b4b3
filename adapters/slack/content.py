"""Words and files that stand in a Slack message beside its `text`: blocks, tables, attachments and forwards. No I/O.

A forwarded message is an attachment with `is_share`: its words are in `text` or `message_blocks`, its files in `files`. A
table that was pasted is a block of the type `table`, in the message or in an attachment. A link preview is an attachment
with `from_url` or `original_url` and without `is_share`; nobody said it. Blocks and their texts:
https://docs.slack.dev/reference/block-kit. Attachments: https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from adapters.slack.block_text import Payload, items, words
from aion_bot.ports.events import Quote, QuoteSource

Plain = Callable[[str], str]
"""Turns Slack's `text` into what people read."""

_NO_PREVIEW = "[no preview available]"
"""The `fallback` that Slack gives an attachment without one."""

_DEEPEST = 3
"""Forwards inside each other that are read."""


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


def file_count(message: Payload) -> int:
    """Count the files of a message and of what it forwards, and the pictures of its blocks and cards."""
    parts: list[Payload] = []
    level = [message]
    # Level by level, so that the depth is bounded whatever a payload nests.
    for _ in range(_DEEPEST + 1):
        level = [one for part in level for one in _attached(part)]
        parts += level
    blocks = [*items(message, "blocks")]
    for one in parts:
        blocks += [*items(one, "blocks"), *_message_blocks(one)]
    pictures = [one for one in blocks if one.get("type") == "image"] + [
        one for one in parts if one.get("image_url")
    ]
    return len(pictures) + sum(len(items(one, "files")) for one in (message, *parts))


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


def _forwarded(attachment: Payload, depth: int = _DEEPEST) -> str:
    """Return the words of a forwarded message: its text and blocks, its cards, and what it forwards itself."""
    text = attachment.get("text") or ""
    said = [text, *_beside(text, [*_message_blocks(attachment), *items(attachment, "blocks")])]
    if depth:
        inside = _attached(attachment)
        said += [_forwarded(one, depth - 1) if is_forward(one) else words(one) for one in inside]
    return "\n".join(one for one in said if one) or words(attachment)


def _attached(message: Payload) -> list[Payload]:
    return [one for one in items(message, "attachments") if not _is_preview(one)]


def _cards(message: Payload) -> Iterator[str]:
    """Return the words of attachments that are neither forwards nor link previews: tables, and cards of apps."""
    for one in items(message, "attachments"):
        if is_forward(one) or _is_preview(one):
            continue
        fallback = str(one.get("fallback") or "")
        yield words(one) or ("" if fallback == _NO_PREVIEW else fallback)


def _beside(text: str, blocks: Sequence[Payload]) -> Iterator[str]:
    """Return the words of blocks that `text` does not have: Slack repeats there what a person typed."""
    for block in blocks:
        if text.strip() and block.get("type") == "rich_text":
            continue
        said = words(block)
        # Slack repeats the text of some blocks in `text`: it counts once.
        if said not in text:
            yield said
