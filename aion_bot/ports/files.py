"""Files that people attach to their messages: what they are called, and how their bytes are read."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from aion_bot.ports.errors import FileProblem, FileUnavailable, PlatformError
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.ports.text import ELLIPSIS, character_start, visible_line, well_formed

NAME_LENGTH = 250
"""Characters of a file's name that are kept: Aion takes 255, and an ending is added where the name has another one."""
_ENDING = 32
"""Characters at the end of a long name that are kept, as its extension is there."""
_MEDIA_TYPE_LENGTH = 100
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"}
)
"""Names that are devices on Windows, whatever their extension (Microsoft, "Naming Files, Paths, and Namespaces")."""

PIECE = 65_536
"""Bytes of a piece at most: what a file costs in memory while it is read."""

Request = TypeVar("Request")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that somebody attached to a message.

    `id` is opaque and means something to the adapter alone; it never holds a secret or an address that expires. The same
    file has the same `id` wherever the adapter names it. `name` is a person's words in one visible line of at most
    `NAME_LENGTH` characters, empty where the platform does not say it. `size` is in bytes, 0 where the platform does not
    say. `media_type` is what the platform says, which nobody believes.
    """

    id: str
    name: str
    size: int = 0
    media_type: str = ""


def attachment(id_: str, name: object, size: object = 0, media_type: object = "") -> Attachment:
    """Make an attachment of what a payload holds, whatever that is."""
    line = plain_name(name) if isinstance(name, str) else ""
    length = size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 0
    kind = media_type if isinstance(media_type, str) and len(media_type) <= _MEDIA_TYPE_LENGTH else ""
    return Attachment(id_, line, length, kind if kind.isascii() and kind.isprintable() else "")


def plain_name(name: str) -> str:
    """Return a file's name that names no folder, nothing hidden and no device, whoever stores a file by it.

    It is one visible line of at most `NAME_LENGTH` characters; empty where nothing is left.
    """
    # Line ends and controls go first: one of them could stand inside of `..`.
    line = visible_line(well_formed(name)).replace("\\", "/")
    line = line.rpartition("/")[2]
    if line[1:2] == ":" and line[:1].isascii() and line[:1].isalpha():  # a drive of Windows
        line = line[2:]
    # Dots in front hide a file, and Windows leaves those at its end out.
    line = line.lstrip(". ").rstrip(". ")
    if line.partition(".")[0].rstrip().lower() in _DEVICES:
        line = f"_{line}"
    if len(line) > NAME_LENGTH:
        begin = character_start(line, NAME_LENGTH - _ENDING - 1)
        line = line[:begin] + ELLIPSIS + line[-_ENDING:]
    return line


async def whole(
    pieces: AsyncIterator[bytes],
    size: int | None,
    failures: tuple[type[Exception], ...],
    translate: Callable[[Exception], PlatformError],
) -> AsyncGenerator[bytes, None]:
    """Pass on the pieces of a file as they come, and hold none back.

    Raises `FileUnavailable` where they are not `size` bytes together: one that is longer ends before it exceeds that.
    None: the platform did not say. Raises what `translate` makes of one of the `failures` of reading them.
    """
    left = size
    try:
        async for piece in pieces:
            if left is not None:
                left -= len(piece)
                if left < 0:
                    break
            yield piece
    except failures as error:
        raise translate(error) from None
    # Also where it is less than nothing: more bytes came.
    if left:
        raise FileUnavailable(f"{size} bytes were promised", FileProblem.INCOMPLETE)


def sent_once(
    failures: tuple[type[Exception], ...], translate: Callable[[Exception], PlatformError]
) -> Callable[[Request, Callable[[Request], Awaitable[Answer]]], Awaitable[Answer]]:
    """Return a middleware of an HTTP client that lets one of the `failures` end a request.

    aiohttp sends a GET again by itself after a lost connection, and nobody would count that. Raises what `translate` makes
    of the failure, which aiohttp takes for no reason to try again.
    """

    async def send(request: Request, handler: Callable[[Request], Awaitable[Answer]]) -> Answer:
        try:
            return await handler(request)
        except failures as error:
            raise translate(error) from None

    return send


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
