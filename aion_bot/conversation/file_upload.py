"""The way of one file: read from its platform, recognised, and put into Aion's library unless that has it.

What it raises ends the file, never its question.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import structlog

from aion_bot.aion import AionvisionError, DocumentProcessingError
from aion_bot.aion.errors import UploadError, UploadProblem
from aion_bot.conversation.file_spool import FileSpool, in_utf8
from aion_bot.conversation.library import CLOCKS, Library
from aion_bot.conversation.services import Services
from aion_bot.delivery.thread import Thread
from aion_bot.domain.file_types import (
    HEAD,
    JPEG,
    FileKind,
    FileType,
    is_cut_off,
    is_named_text,
    is_other_text,
    marked_encoding,
    recognise,
)
from aion_bot.domain.uploads import (
    MOST_BYTES,
    AttachedFile,
    FileEnd,
    FilePhase,
    FileReason,
    end_of,
    objection,
)
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.files import AttachedFiles

_log = structlog.get_logger(__name__)

Progress = Callable[[int, int, int], None]
"""Is told of a file by its number how many bytes of how many have passed."""


class FileUpload:
    """One file of a question. `changed` is called with each new state, which `file` is."""

    def __init__(
        self,
        services: Services,
        thread: Thread,
        workspace: str,
        file: AttachedFile,
        *,
        changed: Callable[[AttachedFile], None],
        progress: Progress,
    ) -> None:
        self.file = file
        self._store, self._folder, self._shared = (
            services.store.files,
            services.store.folder,
            services.uploads,
        )
        self._library = Library(services.aion, services.uploads, services.polling)
        self._thread, self._workspace = thread, workspace
        self._changed, self._progress = changed, progress
        self._log = _log.bind(turn=file.turn, platform=thread.platform)

    async def bring(self) -> None:
        """Bring the file into the library, or record why not."""
        try:
            async with self._shared.slots:
                arrived = self.file.phase is FilePhase.UPLOADING and await self._arrived()
                if not arrived and not await self._is_known():
                    with await asyncio.to_thread(FileSpool, self._folder) as spool:
                        if (kind := await self._read(spool, self._progress)) is not None:
                            await self._put_once(kind, spool)
            # Outside of the slots: it may take a minute, and no byte passes meanwhile.
            await self._wait_until_read()
        except (AionvisionError, PlatformError, OSError) as error:
            end = end_of(error)
            self._log.info("file not added", reason=end.reason.value, error=repr(error))
            if end.reason is FileReason.UNKNOWN and self.file.phase is FilePhase.UPLOADING:
                await self._settle_lost()
            else:
                await self._end(end)

    async def inspect(self) -> None:
        """Read a file that is held, and record why it cannot be added; nothing of it leaves."""
        try:
            async with self._shared.slots:
                with await asyncio.to_thread(FileSpool, self._folder) as spool:
                    await self._read(spool, lambda _, __, ___: None)
        except (AionvisionError, PlatformError, OSError) as error:
            end = end_of(error)
            self._log.info("held file not readable", reason=end.reason.value, error=repr(error))
            # What may pass is left as it is: whoever presses has it read again.
            if end.phase is FilePhase.REFUSED:
                await self._end(end)

    async def look_up(self) -> None:
        """Record whether a file is in the library whose upload was stopped; it is not sent again."""
        try:
            await self._arrived()
        except AionvisionError as error:
            self._log.warning("library not readable", code=error.code)

    async def _settle_lost(self) -> None:
        """Record what became of a file whose upload has no answer, as far as the library tells; it is not sent again."""
        try:
            if not await self._arrived():
                await self._end(FileEnd(FilePhase.FAILED, FileReason.NO_ANSWER))
        except AionvisionError as error:
            self._log.warning("library not readable", code=error.code)
            await self._end(FileEnd(FilePhase.FAILED, FileReason.UNKNOWN))

    async def _arrived(self) -> bool:
        """Return whether the library has a file whose upload began; records what is found."""
        # Twice: a file that Aion's clock puts behind the bound of `Library.find` may be older by as much again by this machine's.
        others = await self._store.others(self.file.digest, self.file.sent_at - 2 * CLOCKS)
        found = await self._library.find(self.file, others)
        if found is None:
            await self._store.restart(self.file)
            self._update(replace(self.file, phase=FilePhase.WAITING))
            return False
        await self._stored(found, known=False)
        return True

    async def _is_known(self) -> bool:
        """Return whether the library has what was read of a file before, as one that was held; records it."""
        digest = self.file.digest
        known = digest and await self._store.library_id(self._workspace, digest)
        if not known:
            return False
        await self._stored(known, known=True)
        return True

    async def _read(self, spool: FileSpool, progress: Progress) -> FileType | None:
        """Read a file from the platform; returns its type, None where it ended because it cannot be added."""
        adapter, number, promised = self._thread.adapter, self.file.number, self.file.attachment.size
        if not isinstance(adapter, AttachedFiles):
            return None
        if promised > MOST_BYTES:
            await self._end(FileEnd(FilePhase.REFUSED, FileReason.TOO_LARGE, MOST_BYTES))
            return None
        # Of a kind that only its content tells: what exceeds every limit is not even asked for.
        if (most := await self._library.largest_limit(promised)) < promised and not is_named_text(
            self.file.attachment.name
        ):
            await self._end(FileEnd(FilePhase.REFUSED, FileReason.TOO_LARGE, most))
            return None
        # Reading is the first half of its way, sending the second; where no size is told, a quarter is shown while it is read.
        progress(number, 0, 1)
        async with adapter.open_file(self.file.attachment) as pieces:
            await spool.fill(
                in_utf8(self._unless_too_large(pieces), self.file.attachment.name),
                MOST_BYTES,
                lambda size: progress(number, size, 2 * (promised or 2 * size)),
            )
        kind = recognise(spool.head, spool.tail, self.file.attachment.name)
        self.file = replace(self.file, size=spool.size, digest=spool.digest, kind=kind.kind if kind else None)
        await self._store.note_read(self.file)
        self._update(self.file)
        limit = await self._library.limit(kind.kind, spool.size) if kind else MOST_BYTES
        end = objection(kind, spool.size, limit)
        lacks_end = kind is not None and is_cut_off(kind, spool.head, spool.tail, spool.size)
        if kind is None and spool.size and is_other_text(spool.head, self.file.attachment.name):
            end = FileEnd(FilePhase.REFUSED, FileReason.NOT_UTF8)
        if end is None and lacks_end and not (kind is JPEG and await spool.has_jpeg_end()):
            end = FileEnd(FilePhase.REFUSED, FileReason.DAMAGED)
        if end is not None:
            await self._end(end)
            return None
        return kind

    async def _unless_too_large(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield a file's bytes as far as its beginning, and the rest unless it is larger than Aion takes of its kind.

        The platform says how large it is.

        Raises:
            UploadError: It is larger.
        """
        head, (name, promised) = b"", (self.file.attachment.name, self.file.attachment.size)
        async for piece in pieces:
            if len(head) < HEAD <= len(head := (head + piece)[:HEAD]):
                kind = recognise(head, b"", name)
                # Text in another encoding is smaller in UTF-8; of videos the end says more than the size.
                if kind and kind.kind is not FileKind.VIDEO and marked_encoding(head, name) is None:
                    limit = await self._library.limit(kind.kind, promised)
                    if promised > limit:
                        raise UploadError(
                            "The file is too large", problem=UploadProblem.TOO_LARGE, limit=limit
                        )
            yield piece

    async def _put_once(self, kind: FileType, spool: FileSpool) -> None:
        """Upload a file unless the workspace has its content in the library."""
        # Of two questions with the same content the second waits here, and finds it.
        async with self._shared.locks.setdefault((self._workspace, spool.digest), asyncio.Lock()):
            known = await self._store.library_id(self._workspace, spool.digest)
            if known is not None:
                await self._stored(known, known=True)
                return
            self.file = replace(self.file, phase=FilePhase.UPLOADING, sent_at=int(time.time()))
            # Before a byte leaves: a process that finds this phase looks into the library first.
            await self._store.start_upload(self.file)
            self._update(self.file)
            number, size = self.file.number, spool.size
            library_id, had_it = await self._library.put(
                self.file, kind, spool, lambda sent: self._progress(number, size + sent, 2 * size)
            )
            if library_id:
                await self._stored(library_id, known=had_it)
            else:  # an answer that does not name it, as from a gateway
                await self._settle_lost()

    async def _stored(self, library_id: str, *, known: bool) -> None:
        file = replace(self.file, phase=FilePhase.STORED, library_id=library_id, known=known)
        await self._store.store(file, self._workspace)
        self._update(file)

    async def _wait_until_read(self) -> None:
        """Wait until a document's text can be searched; one that cannot be read is forgotten, and raises."""
        # Also of what Aion has had before: it keeps documents that it could not read.
        if self.file.phase is FilePhase.STORED and self.file.kind is FileKind.DOCUMENT:
            try:
                await self._library.processed(self.file)
            except DocumentProcessingError:
                await self._store.forget(self._workspace, self.file.digest)
                raise

    async def _end(self, end: FileEnd) -> None:
        await self._store.end(self.file, end)
        self._update(replace(self.file, phase=end.phase, reason=end.reason, limit=end.limit))

    def _update(self, file: AttachedFile) -> None:
        self.file = file
        self._changed(file)
