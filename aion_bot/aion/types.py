"""The published types of responses. No I/O.

Names, fields and defaults are the vendor's (documentation page *Chat Types*). `parsing` makes them from whatever
the server sent: unknown fields are ignored, missing ones get their default.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from aion_bot.aion.file_collection import FileCollection, FileRef
from aion_bot.aion.references import (
    ParsedReferences,
    ResultRefData,
    parse_references,
    parse_result_refs,
    resolve_content,
    with_images,
)
from aion_bot.aion.serialization import Serializable

IMAGES = "images"


class MessageRole(StrEnum):
    """Who wrote a message."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


@dataclass(frozen=True)
class ImageReference(Serializable):
    """An image in a conversation's context. The addresses are presigned and expire; do not store them."""

    image_id: str
    filename: str
    thumbnail_url: str | None = None
    description: str | None = None
    confidence: float | None = None
    title: str | None = None
    stored_url: str | None = None


class _Content(Serializable):
    """What responses and messages have in common: text with references, and images."""

    content: str
    metadata: dict[str, Any] | None
    _images_field: ClassVar[str]

    @property
    def resolved_content(self) -> str:
        """The content with plain text in place of `[[…]]` markers."""
        return resolve_content(self.content, self.metadata)

    @property
    def references(self) -> ParsedReferences:
        """The images, documents, links and counts that the content refers to."""
        images = [{"image_id": image.image_id} for image in self._images()]
        return parse_references(self.content, with_images(self.metadata, images))

    @property
    def result_refs(self) -> dict[str, ResultRefData]:
        """The counts in the content, by key."""
        return parse_result_refs(self.metadata or {})

    def as_collection(self) -> FileCollection:
        """The images, as a collection."""
        return collection_of(self._images())

    def _images(self) -> list[ImageReference]:
        return getattr(self, self._images_field) or []


@dataclass(frozen=True)
class ChatResponse(_Content):
    """The answer to a message.

    `token_count` is its cost, `processing_time_ms` its duration in milliseconds. `remaining_tokens` and
    `remaining_messages` are what the session has left; None where the server omits them.
    """

    _images_field: ClassVar[str] = "images"

    message_id: str
    session_id: str
    content: str
    token_count: int = 0
    provider: str = ""
    model: str = ""
    processing_time_ms: int = 0
    images: list[ImageReference] | None = None
    metadata: dict[str, Any] | None = None
    remaining_tokens: int | None = None
    remaining_messages: int | None = None


@dataclass(frozen=True)
class ChatMessage(_Content):
    """A message of a session's history."""

    _images_field: ClassVar[str] = "image_context"

    id: str
    role: MessageRole
    content: str
    created_at: datetime | None = None
    token_count: int = 0
    image_context: list[ImageReference] | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class ChatSession(Serializable):
    """A conversation. It can run out (`remaining_tokens`, `remaining_messages`) or be closed (`is_active`)."""

    id: str
    title: str
    total_messages: int = 0
    total_tokens: int = 0
    remaining_tokens: int = 0
    remaining_messages: int = 0
    is_active: bool = True
    use_all_images: bool = True
    selected_image_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_message_at: datetime | None = None
    last_message_preview: str | None = None
    last_user_message: str | None = None


@dataclass(frozen=True)
class ChatSessionDetail(Serializable):
    """A conversation with its messages, oldest first."""

    session: ChatSession
    messages: list[ChatMessage]
    selected_image_ids: list[str] | None = None
    current_search_result_ids: list[str] | None = None
    selected_video_ids: list[str] | None = None

    def as_collection(self) -> FileCollection:
        """The images of the last search, or else the selected ones."""
        found = self.current_search_result_ids or self.selected_image_ids or []
        return FileCollection.from_ids(found, IMAGES)


@dataclass(frozen=True)
class SessionList(Serializable):
    """One page of conversations; `total` counts all of them."""

    items: list[ChatSession]
    total: int = 0
    has_more: bool = False


@dataclass(frozen=True)
class PlanActionResponse(Serializable):
    """The result of a plan action.

    `results` and `agent_results` are set when the plan ran at once (200). `status` is "accepted" when it runs in the
    background (202). Each of `pending_actions` needs a confirmation of its own.
    """

    success: bool
    plan_id: str
    message: str
    action_taken: str
    results: dict[str, Any] | None = None
    agent_results: list[dict[str, Any]] | None = None
    pending_actions: list[dict[str, Any]] | None = None
    status: str | None = None


@dataclass(frozen=True)
class ChatImageList(Serializable):
    """One page of the images that a conversation may use."""

    image_ids: list[str]
    total_count: int
    has_more: bool

    def as_collection(self) -> FileCollection:
        """The images, as a collection."""
        return FileCollection.from_ids(self.image_ids, IMAGES)


def collection_of(images: Iterable[ImageReference]) -> FileCollection:
    """Return images as a collection; no response names their media types, so it is `image/*`."""
    refs = (FileRef(image.image_id, "image/*", image.filename or None) for image in images)
    return FileCollection(refs, IMAGES)
