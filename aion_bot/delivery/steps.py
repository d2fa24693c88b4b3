"""The steps that make a thread show what it should: each is one operation on the platform."""

import math
from dataclasses import dataclass

from aion_bot.ports.messages import Content, MessageRef, PostedOnce, Reply


@dataclass(frozen=True, slots=True)
class Post:
    """Post the content of a slot as a new message. `attempt` counts the messages of the slot that are gone."""

    slot: int
    content: Content
    attempt: int


@dataclass(frozen=True, slots=True)
class PostFile:
    """Post a document, or a gallery, as what a slot shows for good; `attempt` as for `Post`."""

    slot: int
    content: PostedOnce
    attempt: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Show other content in a slot's message, not before `earliest`."""

    slot: int
    message: MessageRef
    content: Content
    earliest: float = -math.inf


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a slot's message."""

    slot: int
    message: MessageRef


@dataclass(frozen=True, slots=True)
class StartStream:
    """Post what there is of a growing reply as a native stream."""

    slot: int
    content: Reply
    attempt: int


@dataclass(frozen=True, slots=True)
class AppendStream:
    """Let a stream, which shows `shown`, grow to `content`, not before `earliest`."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply
    earliest: float


@dataclass(frozen=True, slots=True)
class StopStream:
    """End a stream, which shows `shown`; with the rest of `content`, if that can still be appended."""

    slot: int
    message: MessageRef
    shown: Reply
    content: Reply


@dataclass(frozen=True, slots=True)
class Idle:
    """The thread shows what it should."""


Step = Post | PostFile | Edit | Delete | StartStream | AppendStream | StopStream
"""One operation on the platform."""
