# Generated from aion_bot/aion/_async/library.py by scripts/unasync.py. Do not edit: run `make sync-client`.
"""The library API: uploads, documents, searches, files, limits. Every method raises the errors of `errors`.

A file is given as chunks of bytes with its size, and is never held as a whole. What reading it raises is raised as it is.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime

from aion_bot.aion import library_requests as requests
from aion_bot.aion import library_search
from aion_bot.aion._sync.transport import SyncTransport
from aion_bot.aion.errors import AionvisionTimeoutError, DocumentProcessingError
from aion_bot.aion.library_search import DocumentSearchResponse, VideoSearchAgentResult
from aion_bot.aion.library_types import (
    AuditLogPage,
    DocumentConfirmResult,
    DocumentPresignedUploadResult,
    DocumentStatusResult,
    FileList,
    TenantLimits,
    UploadResult,
)


class SyncUploadsResource:
    """Pictures; reached as `client.uploads`. The contract has no upload of videos."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def upload_stream(
        self,
        chunks: Iterable[bytes],
        *,
        filename: str,
        content_type: str,
        size_bytes: int,
        skip_duplicates: bool = True,
        auto_describe: bool = True,
    ) -> UploadResult:
        """Put a picture into the library: JPEG, PNG, WebP or GIF, of up to 100 MB by the plan.

        Sent once: after an error whose `maybe_acted` is true, `files.list` tells whether it arrived.

        Args:
            chunks: The bytes, `size_bytes` in all.
            filename: 1 to 255 characters.
            content_type: The picture's media type.
            size_bytes: 1 or more.
            skip_duplicates: Return the older file where the library has the content already.
            auto_describe: Let Aion describe it.

        Raises:
            UploadError: It is too large, of a wrong type, or damaged; or `chunks` have another size.
            QuotaExceededError: The plan allows no more.
        """
        request = requests.upload_image(
            chunks,
            filename,
            content_type,
            size_bytes,
            skip_duplicates=skip_duplicates,
            auto_describe=auto_describe,
        )
        return self._transport.send(request)


class SyncDocumentsResource:
    """Documents; reached as `client.documents`. `upload` takes the three steps that the other methods are."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def upload(
        self,
        chunks: Iterable[bytes],
        *,
        filename: str,
        content_type: str,
        size_bytes: int,
        idempotency_key: str | None = None,
    ) -> DocumentConfirmResult:
        """Put a document into the library: PDF, DOCX, TXT or Markdown, up to 50 MB. It is processed afterwards (`wait`).

        Args:
            chunks: The bytes, `size_bytes` in all.
            filename: 1 to 255 characters.
            content_type: One of `library_requests.DOCUMENT_TYPES`.
            size_bytes: 1 or more.
            idempotency_key: 1 to 128 letters, digits, `_`, `-` or `.`; the server takes a second upload with it for
                the first one.

        Raises:
            UploadError: It is too large or of a wrong type, or the storage did not take it.
            QuotaExceededError: The plan allows no more.
        """
        # Nothing is in the library before the confirmation: what fails until then may begin anew.
        presigned = self.request_upload(filename, content_type, size_bytes, idempotency_key=idempotency_key)
        self.put(chunks, presigned, filename=filename, content_type=content_type, size_bytes=size_bytes)
        return self.confirm_upload(presigned.object_key, size_bytes, content_type)

    def request_upload(
        self, filename: str, content_type: str, size_bytes: int, *, idempotency_key: str | None = None
    ) -> DocumentPresignedUploadResult:
        """Ask for the presigned address that a document's bytes go to; it expires."""
        return self._transport.send(
            requests.request_document_upload(filename, content_type, size_bytes, idempotency_key)
        )

    def put(
        self,
        chunks: Iterable[bytes],
        presigned: DocumentPresignedUploadResult,
        *,
        filename: str,
        content_type: str,
        size_bytes: int,
    ) -> None:
        """Send a document's bytes to its presigned address, without the API key; redirects are not followed."""
        request = requests.put_document(
            chunks,
            presigned,
            filename,
            content_type,
            size_bytes,
            on_loopback=self._transport.on_loopback,
        )
        self._transport.send(request)

    def confirm_upload(
        self, object_key: str, size_bytes: int, content_type: str, *, checksum: str | None = None
    ) -> DocumentConfirmResult:
        """Say that the bytes have arrived: now the document is in the library. `checksum` is its MD5."""
        return self._transport.send(requests.confirm_document(object_key, size_bytes, content_type, checksum))

    def search(self, query: str, *, limit: int = 20) -> DocumentSearchResponse:
        """Find passages of documents by meaning: 1 to 1,000 characters, 1 to 100 passages."""
        return self._transport.send(library_search.search_documents(query, limit))

    def get_status(self, document_id: str) -> DocumentStatusResult:
        """Return how far a document is processed."""
        return self._transport.send(requests.document_status(document_id))

    def wait(self, document_id: str, pauses: Iterable[float]) -> DocumentStatusResult:
        """Return the status of a document once its text can be searched, looking again after each of `pauses` (seconds).

        Raises:
            DocumentProcessingError: Its text cannot be read.
            AionvisionTimeoutError: It was still being processed after the last pause; `last_result` is its status.
        """
        remaining = iter(pauses)
        while True:
            status = self.get_status(document_id)
            if status.is_completed:
                return status
            if status.is_failed:
                raise DocumentProcessingError(
                    "The text of the document cannot be read",
                    document_id=document_id,
                    status=status.text_extraction_status,
                )
            pause = next(remaining, None)
            if pause is None:
                raise AionvisionTimeoutError("The document is still being processed", last_result=status)
            time.sleep(pause)


class SyncAgentSearchResource:
    """Aion's agents that search without a conversation; reached as `client.agent_search`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def videos(self, query: str, *, limit: int = 50) -> VideoSearchAgentResult:
        """Find videos by words: 1 to 2,000 characters, 1 to 500 videos. It costs tokens, fewer than a question."""
        return self._transport.send(library_search.search_videos(query, limit))


class SyncFilesResource:
    """What is in the library; reached as `client.files`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        search: str | None = None,
        media_types: Sequence[str] | None = None,
        limit: int = 20,
        offset: int = 0,
        sort_by: str = "created_at",
    ) -> FileList:
        """Return one page of the library, 1 to 100 files, newest first.

        Args:
            search: Words of titles and descriptions; a file's name is not among what is searched.
            media_types: "image", "video", "document".
            limit: Files of a page.
            offset: Files before it.
            sort_by: "created_at" (when it was uploaded), "content_created_at", "title" or "size_bytes".
        """
        return self._transport.send(requests.list_files(search, media_types, limit, offset, sort_by))


class SyncTenantResource:
    """The workspace of the key; reached as `client.tenant`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def get_limits(self) -> TenantLimits:
        """Return what the workspace may use and has used. Raises AionvisionPermissionError where the key may not see it."""
        return self._transport.send(requests.tenant_limits())

    def audit_logs(
        self, since: datetime, until: datetime, *, limit: int = 100, offset: int = 0
    ) -> AuditLogPage:
        """Return one page of the workspace's audit log. Raises AionvisionPermissionError unless the key is an admin's.

        Args:
            since: The first moment, inclusive.
            until: The last moment, inclusive: a fixed one, so that new entries do not move the pages.
            limit: Entries of a page, 1 to 100.
            offset: Entries before it.
        """
        return self._transport.send(requests.audit_logs(since, until, limit, offset))
