"""The metadata by which the bot knows its own messages again: Slack knows no nonce."""

from collections.abc import Mapping
from typing import Any

from adapters.slack import ids
from adapters.slack.content import items
from adapters.slack.events import ACTIONS
from adapters.slack.files import nonce_of
from adapters.slack.tables import in_markdown
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.messages import Action, ThreadKey

NONCE_EVENT = "aion_post"
_PRIVATE_EVENT = "aion_private_reply"
"""Event types of the metadata of what the bot posts; nothing subscribes to them."""


def private_metadata(person: str) -> Mapping[str, Any]:
    """The metadata of a message that is for one person. It tells the message from a stream, which has none."""
    return {"event_type": _PRIVATE_EVENT, "event_payload": {"to": person}}


def own_message(thread: ThreadKey, channel: str, message: Mapping[str, Any]) -> OwnMessage:
    """Read a message of the bot's own as `conversations.replies` shows it."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    nonce = payload.get("nonce") if metadata.get("event_type") == NONCE_EVENT else None
    file = next((one for one in items(message, "files") if one.get("id")), None)
    if file is not None:
        # What shares a file has no metadata; the file's name has the nonce.
        return OwnMessage(
            ids.message_ref(thread, channel, str(file["id"])), nonce_of(str(file.get("name") or ""))
        )
    # Slack does not show whether a message is a live stream. A reply without metadata may be one: the bot gives
    # metadata to everything else that it posts, and to a stream when it stops it.
    may_stream = message.get("thread_ts") not in {None, message["ts"]} and not metadata
    ref = ids.message_ref(thread, channel, message["ts"])
    words = _growing_words(message, streams=may_stream)
    return OwnMessage(ref, str(nonce) if nonce else None, stream=may_stream, growing=words)


def _growing_words(message: Mapping[str, Any], *, streams: bool) -> str | None:
    """Read the words of a message with the button that stops an answer, which a stream has not; None of any other."""
    blocks = items(message, "blocks")
    elements = (one for block in blocks if block.get("type") == "actions" for one in items(block, "elements"))
    if not streams and all(ACTIONS.get(str(one.get("action_id"))) is not Action.STOP for one in elements):
        return None
    written = (
        in_markdown(one) if one.get("type") == "table" else str(one.get("text") or "")
        for one in blocks
        if one.get("type") in {"markdown", "table"}
    )
    return "\n\n".join(written).strip()
