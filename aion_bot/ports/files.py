"""Files that people attach to their messages: what they are called, and how their bytes are read."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aion_bot.ports.messages import MessageRef, ThreadKey

PIECE = 65_536
"""Bytes of a piece at most: what a file costs in memory while it is read."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody attached to a message.

    `id` is opaque and means something to the adapter alone; it never holds a secret or an address that expires. The same
    file has the same `id` wherever the adapter names it. `name` is a person's words: hostile, and of any length. `size`
    is in bytes, 0 where the platform does not say. `media_type` is what the platform says, which nobody believes.
    """

    id: str
    name: str
    size: int = 0
    media_type: str = ""


@runtime_checkable
class AttachedFiles(Protocol):
    """A platform that lets the bot read what people attach."""

    def open_file(self, file: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read a file in pieces of at most `PIECE` bytes.

        Raises `FileUnavailable` (gone, withheld, kept elsewhere, a login page in its place) and other `PlatformError`s,
        as it is entered and between two pieces. A file of which fewer or more bytes came than the platform promised ends
        with `FileUnavailable`: what was read is not the file. One whose connection broke ends with `PlatformDown`.
        """

    async def recent_files(self, thread: ThreadKey, *, before: MessageRef | None) -> Sequence[Attachment]:
        """Return the files posted in the thread since the bot's last message, ten messages back at most, oldest first.

        `before`: the question, whose own files are among them: an event of the platform may have come without them, so
        that `Prompt.files` lacks them. Whoever adds them to `Prompt.files` tells them apart by `id`. None: up to now.
        """
