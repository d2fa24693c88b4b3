"""From the JSON that Aion answers to the published types. No I/O."""

from typing import Any

from aion_bot.aion.json_fields import (
    flag,
    mapping,
    mappings,
    moment_or_none,
    real_or_none,
    text,
    text_or_none,
    texts,
    texts_or_none,
    whole,
    whole_or_none,
)
from aion_bot.aion.types import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ImageReference,
    MessageRole,
    PlanActionResponse,
    SessionList,
)


def read_image(data: dict[str, Any]) -> ImageReference:
    """Read an image of a message's context, or of a search, which names its address differently."""
    return ImageReference(
        image_id=text(data.get("image_id")) or text(data.get("id")),
        filename=text(data.get("filename")),
        thumbnail_url=text_or_none(data.get("thumbnail_url")),
        description=text_or_none(data.get("description")),
        confidence=real_or_none(data.get("confidence")),
        title=text_or_none(data.get("title")),
        stored_url=text_or_none(data.get("stored_url")) or text_or_none(data.get("full_url")),
    )


def read_images(value: object) -> list[ImageReference] | None:
    """Read a message's images: the contract allows a list, one object, or nothing."""
    if isinstance(value, dict):
        value = [value]
    return [read_image(each) for each in mappings(value)] if isinstance(value, list) else None


def read_message(data: dict[str, Any]) -> ChatMessage:
    """Read one message; a role that is none of the published ones counts as the system's."""
    role = text(data.get("role"))
    return ChatMessage(
        id=text(data.get("id")),
        role=MessageRole(role) if role in set(MessageRole) else MessageRole.SYSTEM,
        content=text(data.get("content")),
        created_at=moment_or_none(data.get("created_at")),
        token_count=whole(data.get("token_count")),
        image_context=read_images(data.get("image_context")),
        metadata=mapping(data.get("metadata")) or None,
    )


def read_response(data: dict[str, Any], session_id: str) -> ChatResponse:
    """Read the answer to a message."""
    return ChatResponse(
        message_id=text(data.get("message_id")),
        session_id=text(data.get("session_id")) or session_id,
        content=text(data.get("content")),
        token_count=whole(data.get("token_count")),
        provider=text(data.get("provider")),
        model=text(data.get("model")),
        processing_time_ms=whole(data.get("processing_time_ms")),
        images=read_images(data.get("images") or data.get("image_context")),
        metadata=mapping(data.get("metadata")) or None,
        remaining_tokens=whole_or_none(data.get("remaining_tokens")),
        remaining_messages=whole_or_none(data.get("remaining_messages")),
    )


def read_session(data: dict[str, Any]) -> ChatSession:
    """Read a conversation, also as it comes from being created, where little is told."""
    return ChatSession(
        id=text(data.get("id")) or text(data.get("session_id")),
        title=text(data.get("title")),
        total_messages=whole(data.get("total_messages")),
        total_tokens=whole(data.get("total_tokens")),
        remaining_tokens=whole(data.get("remaining_tokens")),
        remaining_messages=whole(data.get("remaining_messages")),
        is_active=flag(data.get("is_active"), default=True),
        use_all_images=flag(data.get("use_all_images"), default=True),
        selected_image_count=whole(data.get("selected_image_count")),
        created_at=moment_or_none(data.get("created_at")),
        updated_at=moment_or_none(data.get("updated_at")),
        last_message_at=moment_or_none(data.get("last_message_at")),
        last_message_preview=text_or_none(data.get("last_message_preview")),
        last_user_message=text_or_none(data.get("last_user_message")),
    )


def read_session_detail(data: dict[str, Any]) -> ChatSessionDetail:
    """Read a conversation with its messages."""
    return ChatSessionDetail(
        session=read_session(mapping(data.get("session"))),
        messages=[read_message(each) for each in mappings(data.get("messages"))],
        selected_image_ids=texts_or_none(data.get("selected_image_ids")),
        current_search_result_ids=texts_or_none(data.get("current_search_result_ids")),
        selected_video_ids=texts_or_none(data.get("selected_video_ids")),
    )


def read_session_list(data: dict[str, Any]) -> SessionList:
    """Read one page of conversations."""
    items = [read_session(each) for each in mappings(data.get("sessions"))]
    return SessionList(
        items, whole(data.get("total_count"), len(items)), flag(data.get("has_more"), default=False)
    )


def read_image_list(data: dict[str, Any]) -> ChatImageList:
    """Read one page of image ids."""
    ids = texts(data.get("image_ids"))
    return ChatImageList(
        ids, whole(data.get("total_count"), len(ids)), flag(data.get("has_more"), default=False)
    )


def read_plan_action(
    data: dict[str, Any], plan_id: str, action: str, *, accepted: bool
) -> PlanActionResponse:
    """Read what became of a plan; `accepted` says that it runs in the background (202, whose body may be empty)."""
    agent_results, pending = data.get("agent_results"), data.get("pending_actions")
    return PlanActionResponse(
        success=flag(data.get("success"), default=True),
        plan_id=text(data.get("plan_id")) or plan_id,
        message=text(data.get("message")),
        action_taken=text(data.get("action_taken")) or action,
        results=mapping(data.get("results")) or None,
        agent_results=mappings(agent_results) if isinstance(agent_results, list) else None,
        pending_actions=mappings(pending) if isinstance(pending, list) else None,
        status="accepted" if accepted else text_or_none(data.get("status")),
    )
