"""A file on its way from a platform to Aion: in an unnamed file beside the database, never whole in memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import IO

from aion_bot.aion.errors import UploadError, UploadProblem
from aion_bot.domain.file_types import HEAD, jpeg_has_end

_BLOCK = 1024 * 1024
"""Bytes that are written at once, in a thread: the disk may be slow."""
PIECE = 256 * 1024
"""Bytes that are read and sent at once."""

Progress = Callable[[int], None]
"""Is told how many bytes have passed."""


class FileSpool:
    """The bytes of one file. The operating system removes it with the process: it has no name, and mode 0600.

    `size`, `digest` (SHA-256), `head` and `tail` (the first and last `HEAD` bytes) are of all bytes that were taken.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self.head = self.tail = b""
        self._hash = sha256()
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 # closed by `__exit__`

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
