"""The published types of responses, and how they are read from JSON. No I/O.

Names, fields and defaults are the vendor's (documentation page *Chat Types*). The `parse_…` functions make them from
whatever the server sent: unknown fields are ignored, missing and malformed ones get their default.
"""

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
from aion_bot.aion.serialization import Serializable, read, read_list, read_objects

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
    # The published names of the field with the images differ.
    _images_field: ClassVar[str]

    @property
    def resolved_content(self) -> str:
        """The content with plain text in place of `[[…]]` markers."""
        return resolve_content(self.content, self.metadata)

    @property
    def references(self) -> ParsedReferences:
        """The images, documents, links and counts that the content refers to."""
        # The metadata may lack its images; those of the field beside it stand in.
        images = [{"image_id": image.image_id} for image in self._images()]
        return parse_references(self.content, with_images(self.metadata, images))

    @property
    def result_refs(self) -> dict[str, ResultRefData]:
        """The counts in the content, by key."""
        return parse_result_refs(self.metadata or {})

    def as_collection(self) -> FileCollection:
        """The images, as a collection; no response names their media types, so it is `image/*`."""
        refs = (FileRef(image.image_id, "image/*", image.filename or None) for image in self._images())
        return FileCollection(refs, IMAGES)

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
    background (202). Each of `pending_actions` needs a confirmation of its own. An entry of the two lists that is no
    object is an empty one: it cannot be read, and it counts.
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


def parse_image(data: dict[str, Any]) -> ImageReference:
    """Parse an image of a message's context, or of a search, whose results say `full_url` for `stored_url`."""
    return ImageReference(
        image_id=read(data.get("image_id"), str) or read(data.get("id"), str) or "",
        filename=read(data.get("filename"), str) or "",
        thumbnail_url=read(data.get("thumbnail_url"), str),
        description=read(data.get("description"), str),
        confidence=read(data.get("confidence"), float),
        title=read(data.get("title"), str),
        stored_url=read(data.get("stored_url"), str) or read(data.get("full_url"), str),
    )


def parse_images(value: object) -> list[ImageReference] | None:
    """Parse a message's images: the contract allows a list, one object, or nothing."""
    found = read_list([value] if isinstance(value, dict) else value, dict)
    return None if found is None else [parse_image(each) for each in found]


def parse_message(data: dict[str, Any]) -> ChatMessage:
    """Parse one message; a role that is none of the published ones becomes `system`."""
    role = read(data.get("role"), str)
    return ChatMessage(
        id=read(data.get("id"), str) or "",
        # The enumeration would raise for a role of a later version.
        role=MessageRole(role) if role in set(MessageRole) else MessageRole.SYSTEM,
        content=read(data.get("content"), str) or "",
        created_at=read(data.get("created_at"), datetime),
        token_count=read(data.get("token_count"), int) or 0,
        image_context=parse_images(data.get("image_context")),
        metadata=read(data.get("metadata"), dict) or None,
    )


def parse_response(data: dict[str, Any], session_id: str) -> ChatResponse:
    """Parse the answer to a message of session `session_id`, which the server may leave out."""
    return ChatResponse(
        message_id=read(data.get("message_id"), str) or "",
        session_id=read(data.get("session_id"), str) or session_id,
        content=read(data.get("content"), str) or "",
        token_count=read(data.get("token_count"), int) or 0,
        provider=read(data.get("provider"), str) or "",
        model=read(data.get("model"), str) or "",
        processing_time_ms=read(data.get("processing_time_ms"), int) or 0,
        images=parse_images(data.get("images") or data.get("image_context")),
        metadata=read(data.get("metadata"), dict) or None,
        remaining_tokens=read(data.get("remaining_tokens"), int),
        remaining_messages=read(data.get("remaining_messages"), int),
    )


def parse_session(data: dict[str, Any]) -> ChatSession:
    """Parse a conversation, also from the response to its creation, which has few fields."""
    return ChatSession(
        id=read(data.get("id"), str) or read(data.get("session_id"), str) or "",
        title=read(data.get("title"), str) or "",
        total_messages=read(data.get("total_messages"), int) or 0,
        total_tokens=read(data.get("total_tokens"), int) or 0,
        remaining_tokens=read(data.get("remaining_tokens"), int) or 0,
        remaining_messages=read(data.get("remaining_messages"), int) or 0,
        is_active=data.get("is_active") is not False,
        use_all_images=data.get("use_all_images") is not False,
        selected_image_count=read(data.get("selected_image_count"), int) or 0,
        created_at=read(data.get("created_at"), datetime),
        updated_at=read(data.get("updated_at"), datetime),
        last_message_at=read(data.get("last_message_at"), datetime),
        last_message_preview=read(data.get("last_message_preview"), str),
        last_user_message=read(data.get("last_user_message"), str),
    )


def parse_session_detail(data: dict[str, Any]) -> ChatSessionDetail:
    """Parse a conversation with its messages."""
    return ChatSessionDetail(
        session=parse_session(read(data.get("session"), dict) or {}),
        messages=[parse_message(each) for each in read_list(data.get("messages"), dict) or []],
        selected_image_ids=read_list(data.get("selected_image_ids"), str),
        current_search_result_ids=read_list(data.get("current_search_result_ids"), str),
        selected_video_ids=read_list(data.get("selected_video_ids"), str),
    )


def parse_session_list(data: dict[str, Any]) -> SessionList:
    """Parse one page of conversations."""
    items = [parse_session(each) for each in read_list(data.get("sessions"), dict) or []]
    total = read(data.get("total_count"), int)
    # A total of 0 is a total, so `or` would not do.
    return SessionList(items, len(items) if total is None else total, data.get("has_more") is True)


def parse_image_list(data: dict[str, Any]) -> ChatImageList:
    """Parse one page of image ids."""
    ids = read_list(data.get("image_ids"), str) or []
    total = read(data.get("total_count"), int)
    return ChatImageList(ids, len(ids) if total is None else total, data.get("has_more") is True)


def parse_plan_action(
    data: dict[str, Any], plan_id: str, action: str, *, accepted: bool
) -> PlanActionResponse:
    """Parse the result of a plan action; `accepted` means that the plan runs in the background (202)."""
    # A 202 may have an empty body, so the arguments of the request stand in.
    return PlanActionResponse(
        success=data.get("success") is not False,
        plan_id=read(data.get("plan_id"), str) or plan_id,
        message=read(data.get("message"), str) or "",
        action_taken=read(data.get("action_taken"), str) or action,
        results=read(data.get("results"), dict) or None,
        agent_results=read_objects(data.get("agent_results")),
        pending_actions=read_objects(data.get("pending_actions")),
        status="accepted" if accepted else read(data.get("status"), str),
    )
