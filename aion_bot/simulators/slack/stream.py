"""A native stream: a message that grows by appends, and who sees how much of it. No I/O."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

Body = Mapping[str, Any]
Blocks = Sequence[Body]

LIFE = 300.0
CAP = 10_600
"""The duration of a stream in seconds, and its maximum in bytes of UTF-8; both are measured, not documented."""
TASK_STATUSES = {"pending", "in_progress", "complete", "error"}
_CHUNKS = {"markdown_text": "text", "task_update": "id", "plan_update": "title", "blocks": "blocks"}
"""Kinds of chunks, and the required fields of each."""


class State(Enum):
    """Whether a stream is open, was ended by a person with Slack's own Stop, or has become an ordinary message."""

    LIVE = auto()
    CUT = auto()
    OVER = auto()


@dataclass(slots=True)
class Stream:
    """A stream that began at `begun`; `size` is the number of bytes used of the maximum of a message.

    Only the `recipient` sees it grow. Others see the first text until it ends, as people observed in channels. In direct
    messages there is no recipient, because there is nobody else.
    """

    begun: float
    recipient: str | None
    size: int = 0
    first: Body | None = None
    state: State = State.LIVE

    def shown(self, body: Body, person: str | None) -> Body:
        """What a person sees while the message has this body; None is anybody but the recipient."""
        if self.state is not State.LIVE or self.recipient in {None, person}:
            return body
        return self.first or composed(())


class Streams:
    """The workspace's rules for streams: each lasts `life` seconds of `clock`, and takes `cap` bytes.

    `refused` is the error of starting one, by kind of conversation.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.life = LIFE
        self.cap = CAP
        self.refused: dict[str, str] = {}

    def end_of(self, going: Stream) -> float | None:
        """When a stream ended by itself, None while it has not."""
        end = going.begun + self.life
        return end if going.state is State.LIVE and self.clock() >= end else None


def composed(blocks: Blocks) -> Body:
    """The body of a message that consists of these blocks, as the history shows it."""
    texts = [block["text"] for block in blocks if block["type"] == "markdown"]
    return {"text": "\n".join(texts), "blocks": list(blocks)}


def is_chunk(chunk: Any) -> bool:
    """Whether Slack knows such a chunk."""
    if not isinstance(chunk, Mapping) or chunk.get("type") not in _CHUNKS:
        return False
    if chunk["type"] == "task_update" and chunk.get("status") not in TASK_STATUSES:
        return False
    needed = chunk.get(_CHUNKS[chunk["type"]])
    return isinstance(needed, list if chunk["type"] == "blocks" else str)


def size(chunk: Body) -> int:
    """The bytes that a chunk uses: its UTF-8, with details and output of a task twice, as was measured."""
    if chunk["type"] == "markdown_text":
        return len(str(chunk["text"]).encode())
    twice = "".join(str(chunk.get(name) or "") for name in ("details", "output"))
    return len(json.dumps(chunk, ensure_ascii=False).encode()) + len(twice.encode())


def grown(blocks: Blocks, chunk: Body) -> Blocks:
    """The blocks after a chunk: text continues text, a task or the plan's title replaces itself.

    Of a task the title and the status are shown, not its details.
    """
    match chunk["type"]:
        case "markdown_text":
            return _continued(blocks, str(chunk["text"]))
        case "task_update":
            line = f"{chunk.get('title') or chunk['id']} ({chunk['status']})"
            return _replaced(blocks, _note(f"task_{chunk['id']}", line))
        case "plan_update":
            return _replaced(blocks, _note("plan", str(chunk["title"])))
        case _:
            return [*blocks, *chunk["blocks"]]


def _continued(blocks: Blocks, text: str) -> Blocks:
    if blocks and blocks[-1]["type"] == "markdown":
        return [*blocks[:-1], {"type": "markdown", "text": blocks[-1]["text"] + text}]
    return [*blocks, {"type": "markdown", "text": text}] if text else blocks


def _replaced(blocks: Blocks, note: Body) -> Blocks:
    if not any(block.get("block_id") == note["block_id"] for block in blocks):
        return [*blocks, note]
    return [note if block.get("block_id") == note["block_id"] else block for block in blocks]


def _note(name: str, line: str) -> Body:
    return {"type": "context", "block_id": name, "elements": [{"type": "plain_text", "text": line}]}
