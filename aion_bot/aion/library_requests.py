"""The requests of the library as values: uploads, documents, files, limits. No I/O.

Paths, bodies and limits are those of the vendor's machine-readable contract. It has no call that uploads a video: the
vendor's page *Videos API* describes one (`/video-uploads`, in chunks, with the video's length, which the caller has to
measure), and the streaming upload takes none. Each function raises `ValidationError`, before anything is sent, for
arguments that cannot be right.

Bytes are sent once. A request with bytes is repeated only where no connection was made, because half of a file may have
arrived otherwise.
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from aion_bot.aion.arguments import check_length, check_range, invalid, segment
from aion_bot.aion.errors import UploadError, UploadProblem
from aion_bot.aion.library_types import (
    AuditLogPage,
    DocumentConfirmResult,
    DocumentPresignedUploadResult,
    DocumentStatusResult,
    FileList,
    TenantLimits,
    UploadResult,
    parse_audit_logs,
    parse_confirmation,
    parse_document_status,
    parse_file_list,
    parse_limits,
    parse_presigned,
    parse_upload,
)
from aion_bot.aion.requests import Request, Upload
from aion_bot.aion.retry import RetryRule
from aion_bot.aion.serialization import read_body
from aion_bot.environment.addresses import is_loopback

DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "txt": "text/plain",
    "md": "text/markdown",
}
"""Media types of the documents that the library takes, by the end of the name (the vendor's page *Uploads API*)."""

IMAGE_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
"""Media types of the pictures that it takes (the same page)."""

MAX_FILENAME_LENGTH = 255
MAX_TITLE_LENGTH = 255
MAX_FILES_PAGE = 100
MAX_AUDIT_PAGE = 100

_TYPE_SIGNS = frozenset(string.ascii_lowercase + string.digits + "/.+-")
_KEY_SIGNS = frozenset(string.ascii_letters + string.digits + "_-.")
_HEADERS_OF_OURS = frozenset({"authorization", "content-length", "host", "transfer-encoding", "x-tenant-id"})
"""Headers that a presigned address may not set: those of the connection, and those with which the key travels."""


def upload_image(
    chunks: object,
    filename: str,
    content_type: str,
    size_bytes: int,
    *,
    skip_duplicates: bool,
    auto_describe: bool,
) -> Request[UploadResult]:
    """Send a picture as a multipart form."""
    _check_file(filename, content_type, size_bytes)
    fields = {"skip_duplicates": skip_duplicates, "auto_describe": auto_describe}
    words = {name: "true" if value else "false" for name, value in fields.items()}
    return Request(
        "POST",
        "/user-files/upload/stream",
        "uploads",
        RetryRule.UNSENT_ONLY,
        lambda response: parse_upload(read_body(response.content), filename),
        resource=("upload", filename),
        upload=_form(chunks, words, filename, content_type, size_bytes),
    )


def request_document_upload(
    filename: str, content_type: str, size_bytes: int, idempotency_key: str | None
) -> Request[DocumentPresignedUploadResult]:
    """Ask where a document's bytes go."""
    _check_file(filename, content_type, size_bytes)
    body: dict[str, Any] = {"filename": filename, "content_type": content_type, "size_bytes": size_bytes}
    if idempotency_key is not None:
        check_length("idempotency_key", idempotency_key, 128, minimum=1)
        if not _KEY_SIGNS.issuperset(idempotency_key):
            raise invalid("idempotency_key", "must be letters, digits, _, - or .")
        body["idempotency_key"] = idempotency_key
    return Request(
        "POST",
        "/document-uploads/request-presigned-url",
        "documents",
        # A second address harms nobody: only what is confirmed gets into the library.
        RetryRule.ALWAYS,
        lambda response: parse_presigned(read_body(response.content)),
        body=body,
        resource=("upload", filename),
    )


def put_document(
    chunks: object,
    presigned: DocumentPresignedUploadResult,
    filename: str,
    content_type: str,
    size_bytes: int,
    *,
    on_loopback: bool,
) -> Request[None]:
    """Send a document's bytes to a presigned address, without the API key.

    `on_loopback`: Aion itself is on this machine, so that its storage may be, too.

    Raises:
        UploadError: the address is not https, or the document is larger than it takes.
    """
    if (limit := presigned.max_size_bytes) is not None and size_bytes > limit:
        raise UploadError(
            f"The document is larger than {limit:,} bytes",
            filename=filename,
            stage="request",
            problem=UploadProblem.TOO_LARGE,
            limit=limit,
        )
    if not _trusted(presigned.upload_url, on_loopback=on_loopback):
        raise UploadError(
            "Aion named no address over https for the document",
            filename=filename,
            stage="request",
            problem=UploadProblem.STORAGE,
        )
    return Request(
        "POST" if presigned.upload_method == "POST" else "PUT",
        "",
        "storage",
        RetryRule.UNSENT_ONLY,
        lambda response: None,  # noqa: ARG005  # the storage says nothing
        resource=("storage", filename),
        upload=_presigned(chunks, presigned, filename, content_type, size_bytes),
    )


def _presigned(
    chunks: object, given: DocumentPresignedUploadResult, filename: str, content_type: str, size_bytes: int
) -> Upload:
    """Return a document's bytes as its presigned address wants them: as a form, or bare with headers."""
    if given.upload_method == "POST":
        form = _form(chunks, given.upload_fields, filename, content_type, size_bytes)
        return replace(form, address=given.upload_url)
    headers = {
        name: value for name, value in given.upload_headers.items() if name.lower() not in _HEADERS_OF_OURS
    }
    kind = {} if any(name.lower() == "content-type" for name in headers) else {"Content-Type": content_type}
    return Upload(chunks, size_bytes, kind | headers, address=given.upload_url)


def confirm_document(
    object_key: str, size_bytes: int, content_type: str, checksum: str | None
) -> Request[DocumentConfirmResult]:
    """Say that a document's bytes have arrived, which puts it into the library."""
    check_length("object_key", object_key, 1024, minimum=1)
    check_range("size_bytes", size_bytes, 1)
    body: dict[str, Any] = {
        "object_key": object_key,
        "size_bytes": size_bytes,
        "content_type": content_type,
    }
    if checksum is not None:
        body["checksum"] = checksum
    return Request(
        "POST",
        "/document-uploads/confirm",
        "documents",
        # The object's key names the document: a second confirmation is answered with the first (`is_idempotent_retry`).
        RetryRule.ALWAYS,
        lambda response: parse_confirmation(read_body(response.content)),
        body=body,
        resource=("upload", object_key),
    )


def document_status(document_id: str) -> Request[DocumentStatusResult]:
    """Read how far a document is processed."""
    return Request(
        "GET",
        f"/document-uploads/{segment('document_id', document_id)}/status",
        "documents",
        RetryRule.ALWAYS,
        lambda response: parse_document_status(read_body(response.content), document_id),
        resource=("document", document_id),
    )


def list_files(
    search: str | None, media_types: Sequence[str] | None, limit: int, offset: int, sort_by: str
) -> Request[FileList]:
    """Read one page of the library, 1 to 100 files, newest first."""
    check_range("limit", limit, 1, MAX_FILES_PAGE)
    check_range("offset", offset, 0)
    query: dict[str, str | int | Sequence[str]] = {
        "limit": limit,
        "offset": offset,
        "sort_by": sort_by,
        "sort_order": "desc",
    }
    if search is not None:
        query["search"] = search
    if media_types is not None:
        query["media_types"] = list(media_types)
    return Request(
        "GET",
        "/user-files",
        "files",
        RetryRule.ALWAYS,
        lambda response: parse_file_list(read_body(response.content)),
        query=query,
    )


def tenant_limits() -> Request[TenantLimits]:
    """Read what the workspace may use; needs permission to view it."""
    return Request(
        "GET",
        "/tenant/limits",
        "tenant",
        RetryRule.ALWAYS,
        lambda response: parse_limits(read_body(response.content)),
    )


def audit_logs(since: datetime, until: datetime, limit: int, offset: int) -> Request[AuditLogPage]:
    """Read one page of the audit log, 1 to 100 entries; needs an admin's key."""
    check_range("limit", limit, 1, MAX_AUDIT_PAGE)
    check_range("offset", offset, 0)
    return Request(
        "GET",
        "/tenant/audit-logs",
        "tenant",
        RetryRule.ALWAYS,
        lambda response: parse_audit_logs(read_body(response.content)),
        query={
            "date_from": since.isoformat(), "date_to": until.isoformat(), "limit": limit, "offset": offset,
        },
    )  # fmt: skip


def _trusted(address: str, *, on_loopback: bool) -> bool:
    """Tell whether a document may be sent to an address; to another service of this machine it may not."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    here = is_loopback(parts.hostname)
    return (parts.scheme == "https" and not here) or (
        on_loopback and here and parts.scheme in {"http", "https"}
    )


def _form(
    chunks: object, fields: Mapping[str, str], filename: str, content_type: str, size_bytes: int
) -> Upload:
    """Return a multipart form (RFC 7578) whose last part is the file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(filename)}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    # The file is the last part: S3 takes no field behind it (its page *POST Object*).
    before = "".join([*parts, head]).encode()
    return Upload(chunks, size_bytes, headers, before, f"\r\n--{boundary}--\r\n".encode())


def _quoted(name: str) -> str:
    """Return a name that ends neither its quotes nor its line (RFC 7578 and the HTML standard: three signs are escaped)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _check_file(filename: str, content_type: str, size_bytes: int) -> None:
    check_length("filename", filename, MAX_FILENAME_LENGTH, minimum=1)
    check_range("size_bytes", size_bytes, 1)
    if content_type.count("/") != 1 or not _TYPE_SIGNS.issuperset(content_type):
        raise invalid("content_type", "must be a media type")
