"""The types of the library: uploads, documents, files, limits. No I/O.

Names and fields are those of the vendor's public type stubs, beside fields of its machine-readable contract that those
lack. As in `types`, what is missing or malformed gets its default.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from aion_bot.aion.serialization import Serializable, read, read_list


@dataclass(frozen=True)
class UploadResult(Serializable):
    """A picture that the library has.

    `skipped`: its content was there already, and `image_id` is that of the older file. `status` is "completed",
    "processing" or "skipped".
    """

    image_id: str
    filename: str
    object_key: str = ""
    status: str = ""
    skipped: bool = False
    media_type: str | None = None


@dataclass(frozen=True)
class DocumentPresignedUploadResult(Serializable):
    """Where a document's bytes go. The address is a secret until it expires: whoever has it can write there.

    `upload_method` is PUT with `upload_headers`, or POST of a form with `upload_fields`. `max_size_bytes` is None where
    the server omits it.
    """

    upload_url: str = field(repr=False)
    object_key: str
    upload_method: str = "PUT"
    upload_fields: dict[str, str] = field(default_factory=dict, repr=False)
    upload_headers: dict[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    max_size_bytes: int | None = None


@dataclass(frozen=True)
class DocumentConfirmResult(Serializable):
    """A document that the library has. `deduplicated`: its content was there already, under this id."""

    document_id: str
    filename: str
    status: str
    deduplicated: bool = False
    is_idempotent_retry: bool = False


class DocumentProcessingStatus(StrEnum):
    """How far the text of a document is extracted."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True)
class DocumentStatusResult(Serializable):
    """How far a document is processed; `text_extraction_status` is one of `DocumentProcessingStatus`, or empty."""

    document_id: str
    text_extraction_status: str
    filename: str = ""
    page_count: int | None = None
    chunk_count: int | None = None

    @property
    def is_completed(self) -> bool:
        """Whether its text can be searched."""
        return self.text_extraction_status == DocumentProcessingStatus.COMPLETED

    @property
    def is_failed(self) -> bool:
        """Whether its text cannot be read."""
        return self.text_extraction_status == DocumentProcessingStatus.FAILED


@dataclass(frozen=True)
class UserFile(Serializable):
    """A file of the library. `media_type` is "image", "video" or "document"; `size_bytes` 0 where it is not known."""

    id: str
    filename: str = ""
    title: str | None = None
    size_bytes: int = 0
    media_type: str | None = None
    content_type: str | None = None
    created_at: datetime | None = None
    text_extraction_status: str | None = None


@dataclass(frozen=True)
class FileList(Serializable):
    """One page of the library; `total_count` counts all files that fit."""

    files: list[UserFile]
    total_count: int
    has_more: bool


@dataclass(frozen=True)
class TenantLimits(Serializable):
    """What a workspace may use, has used and has left: numbers by names, of which the contract fixes none."""

    limits: dict[str, int]
    usage: dict[str, int]
    remaining: dict[str, int]
    subscription_tier: str | None = None


@dataclass(frozen=True)
class AuditLogEntry(Serializable):
    """Something that happened in a workspace, as Aion recorded it; `result` is "success", "failure" or "denied".

    Left out of what the contract has: the address of the request, the message of an error, and `metadata`.
    """

    id: str
    event_type: str = ""
    event_timestamp: datetime | None = None
    severity: str = ""
    action: str = ""
    result: str = ""
    user_id: str | None = None
    api_key_id: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None


@dataclass(frozen=True)
class AuditLogPage(Serializable):
    """One page of a workspace's audit log; `total_count` counts all entries that fit."""

    entries: list[AuditLogEntry]
    total_count: int
    has_more: bool


def parse_upload(data: dict[str, Any], filename: str) -> UploadResult:
    """Parse the answer to an upload; that of a file which was there already names the older one."""
    skipped = data.get("skipped") is True
    older = read(data.get("skipped_existing_image_id"), str) if skipped else None
    return UploadResult(
        image_id=older or read(data.get("image_id"), str) or "",
        filename=filename,
        object_key=read(data.get("object_key"), str) or "",
        status=read(data.get("status"), str) or "",
        skipped=skipped,
        media_type=read(data.get("media_type"), str),
    )


def parse_presigned(data: dict[str, Any]) -> DocumentPresignedUploadResult:
    """Parse where a document's bytes go."""
    return DocumentPresignedUploadResult(
        upload_url=read(data.get("upload_url"), str) or "",
        object_key=read(data.get("object_key"), str) or "",
        upload_method=(read(data.get("upload_method"), str) or "PUT").upper(),
        upload_fields=_words(data.get("upload_fields")),
        upload_headers=_words(data.get("upload_headers")),
        expires_at=read(data.get("expires_at"), datetime),
        max_size_bytes=read(data.get("max_size_bytes"), int),
    )


def parse_confirmation(data: dict[str, Any]) -> DocumentConfirmResult:
    """Parse the answer to a confirmation."""
    return DocumentConfirmResult(
        document_id=read(data.get("document_id"), str) or "",
        filename=read(data.get("filename"), str) or "",
        status=read(data.get("status"), str) or "",
        deduplicated=data.get("deduplicated") is True,
        is_idempotent_retry=data.get("is_idempotent_retry") is True,
    )


def parse_document_status(data: dict[str, Any], document_id: str) -> DocumentStatusResult:
    """Parse the status of a document."""
    return DocumentStatusResult(
        document_id=read(data.get("document_id"), str) or document_id,
        text_extraction_status=read(data.get("text_extraction_status"), str) or "",
        filename=read(data.get("filename"), str) or "",
        page_count=read(data.get("page_count"), int),
        chunk_count=read(data.get("chunk_count"), int),
    )


def parse_file_list(data: dict[str, Any]) -> FileList:
    """Parse one page of the library."""
    files = [
        UserFile(
            id=read(one.get("id"), str) or "",
            filename=read(one.get("filename"), str) or "",
            title=read(one.get("title"), str),
            size_bytes=read(one.get("size_bytes"), int) or 0,
            media_type=read(one.get("media_type"), str),
            content_type=read(one.get("content_type"), str),
            created_at=read(one.get("created_at"), datetime),
            text_extraction_status=read(one.get("text_extraction_status"), str),
        )
        for one in read_list(data.get("files"), dict) or []
    ]
    total = read(data.get("total_count"), int)
    return FileList(files, len(files) if total is None else total, data.get("has_more") is True)


def parse_audit_logs(data: dict[str, Any]) -> AuditLogPage:
    """Parse one page of a workspace's audit log."""
    entries = [
        AuditLogEntry(
            id=read(one.get("id"), str) or "",
            event_type=read(one.get("event_type"), str) or "",
            event_timestamp=read(one.get("event_timestamp"), datetime),
            severity=read(one.get("severity"), str) or "",
            action=read(one.get("action"), str) or "",
            result=read(one.get("result"), str) or "",
            user_id=read(one.get("user_id"), str),
            api_key_id=read(one.get("api_key_id"), str),
            resource_type=read(one.get("resource_type"), str),
            resource_id=read(one.get("resource_id"), str),
        )
        for one in read_list(data.get("entries"), dict) or []
    ]
    total = read(data.get("total_count"), int)
    return AuditLogPage(entries, len(entries) if total is None else total, data.get("has_more") is True)


def parse_limits(data: dict[str, Any]) -> TenantLimits:
    """Parse the limits of a workspace."""

    def numbers(name: str) -> dict[str, int]:
        sent = read(data.get(name), dict) or {}
        # Some gateways write numbers as words; 18 digits are more bytes than anybody has.
        found = {
            key: int(value)
            if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18
            else read(value, int)
            for key, value in sent.items()
        }
        return {key: value for key, value in found.items() if value is not None}

    tier = read(data.get("subscription_tier"), str)
    return TenantLimits(numbers("limits"), numbers("usage"), numbers("remaining"), tier)


def _words(value: object) -> dict[str, str]:
    sent = read(value, dict) or {}
    return {str(key): str(one) for key, one in sent.items() if isinstance(one, str | int)}
