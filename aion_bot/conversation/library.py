"""Aion's library, for one file: put it in, find out whether it arrived, select it for a session."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import structlog

from aion_bot.aion import (
    AionVision,
    AionvisionError,
    DocumentProcessingError,
    RateLimitError,
    ServerError,
    UploadError,
    UploadProblem,
)
from aion_bot.concurrency.backoff import retry
from aion_bot.conversation.file_spool import FileSpool, Progress
from aion_bot.conversation.session_history import Polling
from aion_bot.domain import error_messages
from aion_bot.domain.file_types import FileKind, FileType
from aion_bot.domain.uploads import MOST_BYTES, AttachedFile, largest

_log = structlog.get_logger(__name__)

_AT_ONCE = 4
"""Files that are on their way at once: each takes disk, and about two MB of memory."""
_LIMITS_HOLD = 3_600.0
"""Seconds for which Aion's limits are believed."""
_RAISED = 60.0
"""Seconds for which a limit that a file exceeds is believed."""
_REFUSAL_HOLDS = 600.0
"""Seconds for which a limit is believed that a refusal alone told: nothing tells that somebody has raised it."""
CLOCKS = 300
"""Seconds by which Aion's clock may differ from this machine's."""
_LONGEST_PAUSE = 60.0
"""Seconds of a pause that is waited for where Aion asks for one: its limits count by the minute."""
_SET_BACK = 2.0
"""Seconds for which a question that was stopped waits until its session is as it was."""
_PAGES = 5
"""Pages of the library that are looked at, of a hundred files each."""


@dataclass(slots=True)
class SharedUploads:
    """What all uploads of the process share: how many run at once, what is being uploaded, and Aion's limits."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """By workspace and digest: of two questions with the same file, the second waits, and finds it there."""
    limits: dict[str, int] = field(default_factory=dict)
    limits_read_at: float = -_LIMITS_HOLD
    refused: dict[FileKind, tuple[int, float]] = field(default_factory=dict)
    """The limit that Aion's last refusal of a file told, and when (`time.monotonic`)."""
    narrowed: set[str] = field(default_factory=set)
    """Sessions that could see all pictures, and perhaps cannot any more: the next question there sets that back."""


class Library:
    """Aion's library with one key. Every method raises what the client raises, unless it says otherwise."""

    def __init__(self, aion: AionVision, shared: SharedUploads, polling: Polling) -> None:
        self._aion = aion
        self._shared = shared
        self._polling = polling

    async def limit(self, kind: FileKind, size: int) -> int:
        """Return the most bytes of a file: what Aion says, where the key may know, or else what no plan allows.

        A limit that a file of `size` bytes exceeds is read again, as somebody may have raised it.
        """
        shared, age = self._shared, time.monotonic() - self._shared.limits_read_at
        known = largest(shared.limits, kind)
        if age >= _LIMITS_HOLD or (known is not None and size > known and age >= _RAISED):
            # Before it is awaited: files that come meanwhile ask no second time, and are judged by what was known.
            shared.limits_read_at = time.monotonic()
            try:
                shared.limits = dict((await self._aion.tenant.get_limits()).limits)
            except AionvisionError as error:
                # Then the refusal says it.
                shared.limits = {}
                _log.info("limits not readable", code=error.code)
        return min(largest(shared.limits, kind) or self._refused(kind, size) or MOST_BYTES, MOST_BYTES)

    async def largest_limit(self, size: int) -> int:
        """Return the most bytes of a file of any kind that Aion takes, as `limit` has it."""
        return max([await self.limit(kind, size) for kind in (FileKind.IMAGE, FileKind.DOCUMENT)])

    def _refused(self, kind: FileKind, size: int) -> int | None:
        """Return the limit that an earlier refusal told, while it is believed; None where a file is not above it."""
        limit, told_at = self._shared.refused.get(kind, (size, 0.0))
        return limit if limit < size and time.monotonic() - told_at < _REFUSAL_HOLDS else None

    async def put(
        self, file: AttachedFile, kind: FileType, spool: FileSpool, progress: Progress
    ) -> tuple[str, bool]:
        """Upload a file; returns its id, and whether the library had its content already.

        Where Aion says that it is too large, the limit is read anew: somebody has lowered it. The error tells it.
        """
        name = kind.name(file.attachment.name)
        try:
            if kind.kind is FileKind.IMAGE:
                # The client sends an upload once, as its bytes are gone then; the spool has them again.
                image = await retry(
                    lambda: self._aion.uploads.upload_stream(
                        spool.pieces(progress),
                        filename=name,
                        content_type=kind.media_type,
                        size_bytes=spool.size,
                    ),
                    backoff=self._polling.crowded,
                    on=_pause,
                )
                return image.image_id, image.skipped
            document = await self._aion.documents.upload(
                spool.pieces(progress),
                filename=name,
                content_type=kind.media_type,
                size_bytes=spool.size,
                # The same for each attempt at this content, in every process.
                idempotency_key=f"{file.turn}-{file.number}-{spool.digest[:16]}",
            )
        except UploadError as error:
            if error.problem is UploadProblem.TOO_LARGE:
                self._shared.limits_read_at = -_LIMITS_HOLD
                most = await self.limit(kind.kind, spool.size)
                if error.limit:
                    self._shared.refused[kind.kind] = error.limit, time.monotonic()
                error.limit = error.limit or (most if most < spool.size else None)
            raise
        return document.document_id, document.deduplicated

    async def processed(self, file: AttachedFile) -> None:
        """Wait until a document's text can be searched, for `Polling.processed` at most.

        Raises DocumentProcessingError alone: a look that fails says nothing about the document.
        """
        try:
            await self._aion.documents.wait(file.library_id, self._polling.processed)
        except DocumentProcessingError:
            raise
        except AionvisionError as error:
            _log.info("document still processed", turn=file.turn, code=error.code)

    async def find(self, file: AttachedFile, others: Collection[str]) -> str | None:
        """Look for a file whose upload began and may have arrived: the newest one of its name and size since then.

        `others` are ids of files that are known to have another content: a camera gives its names twice.
        """
        since = datetime.fromtimestamp(file.sent_at - CLOCKS, UTC)
        name = file.attachment.name or "file"
        async for _ in self._polling.arrives.tries():
            for page in range(_PAGES):
                found = await self._aion.files.list(limit=100, offset=100 * page)
                for one in found.files:
                    recent = one.created_at is None or one.created_at >= since
                    # It was sent with another end where its name did not go with its content.
                    same = one.filename == name or one.filename.startswith(f"{name}.")
                    if recent and same and one.size_bytes == file.size and one.id not in others:
                        return one.id
                oldest = found.files[-1].created_at if found.files else None
                if not found.has_more or (oldest is not None and oldest < since):
                    break
        return None

    async def selection(self, session: str) -> tuple[list[str], bool]:
        """Return the pictures that a session has selected, and whether it can see all pictures."""
        detail = await self._aion.chats.get_session(session, include_messages=False)
        return detail.selected_image_ids or [], detail.session.use_all_images

    async def select_images(
        self, session: str, selected: Sequence[str], ids: Sequence[str], *, all_images: bool
    ) -> tuple[set[str], bool]:
        """Let a session use pictures beside those that it has selected, the last thousand.

        Returns those of `ids` that it can use, and whether it can see all pictures where `all_images` says so; false also
        where Aion does not take that.
        """
        chats = self._aion.chats
        if all_images:
            self._shared.narrowed.add(session)
        try:
            if not set(ids) <= set(selected):
                wanted = list(dict.fromkeys([*(one for one in selected if one not in ids), *ids]))[-1000:]
                selected = _selected(await chats.update_images(session, wanted), "selected_image_ids")
        except BaseException:
            # Perhaps Aion has selected them, which narrows the session to them.
            if all_images:
                await self._set_back(session)
            raise
        return set(ids) & set(selected), not all_images or await self.see_all(session)

    async def see_all(self, session: str) -> bool:
        """Let a session see all pictures again; returns whether it can. Raises nothing but that the session is gone."""
        try:
            mode = await self._aion.chats.update_mode(session, True)
        except asyncio.CancelledError:
            await self._set_back(session)
            raise
        except AionvisionError as error:
            if error_messages.session_gone(error):
                raise
            _log.warning("session mode not restored", code=error.code)
            return False
        if mode.get("use_all_images") is not True:
            _log.warning("session mode not restored")
            return False
        self._shared.narrowed.discard(session)
        return True

    async def _set_back(self, session: str) -> None:
        """Let a session see all pictures after a Stop or a failure, as far as Aion takes that soon."""
        with suppress(AionvisionError, TimeoutError):  # the next question in the session does it first
            async with asyncio.timeout(_SET_BACK):
                await self._aion.chats.update_mode(session, True)

    async def select_documents(self, session: str, ids: Sequence[str]) -> set[str]:
        """Let a session use these documents and no others, the last hundred; returns those that it can use."""
        answer = await self._aion.chats.update_documents(session, list(dict.fromkeys(ids))[-100:])
        return set(ids) & set(_selected(answer, "selected_document_ids"))


def _selected(answer: Mapping[str, object], name: str) -> list[str]:
    """Return what a session has selected. Raises ServerError where the answer does not say it: nothing is known to be lost."""
    selected = answer.get(name)
    if not isinstance(selected, list):
        raise ServerError("The answer names no selection")
    return selected


def _pause(error: Exception) -> float | bool:
    """Return whether an upload is sent again, or after how many seconds: only one that Aion did not look at."""
    # A server that is overloaded is left alone: people are told, and may press Retry.
    if not isinstance(error, RateLimitError) or error.server_code == "MEMORY_LIMIT_EXCEEDED":
        return False
    pause = error.retry_after
    return True if pause is None else pause <= _LONGEST_PAUSE and pause
