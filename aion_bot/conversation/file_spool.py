"""A file on its way from a platform to Aion: in an unnamed file beside the database, never whole in memory."""

import asyncio
import codecs
import tempfile
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import IO

from aion_bot.aion.errors import UploadError, UploadProblem
from aion_bot.domain.file_types import HEAD, MARK, jpeg_has_end, marked_encoding

_BLOCK = 1024 * 1024
"""Bytes that are written at once, in a thread: the disk may be slow."""
PIECE = 256 * 1024
"""Bytes that are read and sent at once."""

Progress = Callable[[int], None]
"""Is told how many bytes have passed."""


async def in_utf8(pieces: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
    """Yield text in UTF-16 or UTF-32 that says so by its mark as UTF-8, and any other file as it is.

    Aion's contract names no encoding of `text/plain`. The same text has the same digest, whichever way it was saved.

    Raises:
        UploadError: The text is damaged.
    """
    head, decoder, begun = b"", None, False
    async for piece in pieces:
        head = piece if begun else head + piece
        if not begun and len(head) < MARK:  # the first piece may be shorter than the mark
            continue
        if not begun:
            begun, decoder = True, _decoder(head, name)
        yield head if decoder is None else _decoded(decoder, head)
    if not begun:
        decoder = _decoder(head, name)
    if decoder is not None:
        yield _decoded(decoder, b"" if begun else head, final=True)
    elif not begun:
        yield head


def _decoder(head: bytes, name: str) -> codecs.IncrementalDecoder | None:
    encoding = marked_encoding(head, name)
    return None if encoding is None else codecs.getincrementaldecoder(encoding)()


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bytes:
    try:
        return decoder.decode(piece, final).encode()
    except UnicodeError as error:
        raise UploadError("The text is damaged", problem=UploadProblem.DAMAGED) from error


class FileSpool:
    """The bytes of one file. The operating system removes it with the process: it has no name, and mode 0600.

    `size`, `digest` (SHA-256), `head` and `tail` (the first and last `HEAD` bytes) are of all bytes that were taken.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self.head = self.tail = b""
        self._hash = sha256()
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed by `__exit__`

    def __enter__(self) -> "FileSpool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        """The SHA-256 of the content."""
        return self._hash.hexdigest()

    async def fill(self, pieces: AsyncIterator[bytes], most: int, progress: Progress) -> None:
        """Take the bytes of a file.

        Raises:
            UploadError: It has more than `most` bytes; the rest is not read.
            OSError: The disk is full.
        """
        block = bytearray()
        async for piece in pieces:
            self.size += len(piece)
            if self.size > most:
                raise UploadError("The file is too large", problem=UploadProblem.TOO_LARGE, limit=most)
            block += piece
            if len(block) >= _BLOCK:
                await self._write(bytes(block))
                block.clear()
            progress(self.size)
        await self._write(bytes(block))
        await asyncio.to_thread(self._file.flush)

    async def pieces(self, progress: Progress) -> AsyncIterator[bytes]:
        """Yield the bytes from the beginning."""
        sent = 0
        await asyncio.to_thread(self._file.seek, 0)
        while piece := await asyncio.to_thread(self._file.read, PIECE):
            yield piece
            sent += len(piece)
            progress(sent)

    async def has_jpeg_end(self) -> bool:
        """Tell whether a JPEG that does not end like one is whole all the same."""

        def read(at: int, size: int) -> bytes:
            self._file.seek(at)
            return self._file.read(size)

        return await asyncio.to_thread(jpeg_has_end, read)

    async def _write(self, block: bytes) -> None:
        if len(self.head) < HEAD:
            self.head += block[: HEAD - len(self.head)]
        self.tail = (self.tail + block)[-HEAD:]

        def work() -> None:
            # Hashing takes as long as writing.
            self._hash.update(block)
            self._file.write(block)

        await asyncio.to_thread(work)
