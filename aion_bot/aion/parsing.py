"""From the JSON of a response to the published types. No I/O."""

from typing import Any

from aion_bot.aion.json_fields import (
    boolean,
    datetime_or_none,
    float_or_none,
    integer,
    integer_or_none,
    json_object,
    json_objects,
    string,
    string_or_none,
    strings,
    strings_or_none,
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


def parse_image(data: dict[str, Any]) -> ImageReference:
    """Parse an image of a message's context, or of a search, whose results say `full_url` for `stored_url`."""
    return ImageReference(
        image_id=string(data.get("image_id")) or string(data.get("id")),
        filename=string(data.get("filename")),
        thumbnail_url=string_or_none(data.get("thumbnail_url")),
        description=string_or_none(data.get("description")),
        confidence=float_or_none(data.get("confidence")),
        title=string_or_none(data.get("title")),
        stored_url=string_or_none(data.get("stored_url")) or string_or_none(data.get("full_url")),
    )


def parse_images(value: object) -> list[ImageReference] | None:
    """Parse a message's images: the contract allows a list, one object, or nothing."""
    if isinstance(value, dict):
        value = [value]
    return [parse_image(each) for each in json_objects(value)] if isinstance(value, list) else None


def parse_message(data: dict[str, Any]) -> ChatMessage:
    """Parse one message; a role that is none of the published ones becomes `system`."""
    # The enumeration would raise for a role of a later version.
    role = string(data.get("role"))
    return ChatMessage(
        id=string(data.get("id")),
        role=MessageRole(role) if role in set(MessageRole) else MessageRole.SYSTEM,
        content=string(data.get("content")),
        created_at=datetime_or_none(data.get("created_at")),
        token_count=integer(data.get("token_count")),
        image_context=parse_images(data.get("image_context")),
        metadata=json_object(data.get("metadata")) or None,
    )


def parse_response(data: dict[str, Any], session_id: str) -> ChatResponse:
    """Parse the answer to a message."""
    return ChatResponse(
        message_id=string(data.get("message_id")),
        session_id=string(data.get("session_id")) or session_id,
        content=string(data.get("content")),
        token_count=integer(data.get("token_count")),
        provider=string(data.get("provider")),
        model=string(data.get("model")),
        processing_time_ms=integer(data.get("processing_time_ms")),
        images=parse_images(data.get("images") or data.get("image_context")),
        metadata=json_object(data.get("metadata")) or None,
        remaining_tokens=integer_or_none(data.get("remaining_tokens")),
        remaining_messages=integer_or_none(data.get("remaining_messages")),
    )


def parse_session(data: dict[str, Any]) -> ChatSession:
    """Parse a conversation, also from the response to its creation, which has few fields."""
    return ChatSession(
        id=string(data.get("id")) or string(data.get("session_id")),
        title=string(data.get("title")),
        total_messages=integer(data.get("total_messages")),
        total_tokens=integer(data.get("total_tokens")),
        remaining_tokens=integer(data.get("remaining_tokens")),
        remaining_messages=integer(data.get("remaining_messages")),
        is_active=boolean(data.get("is_active"), default=True),
        use_all_images=boolean(data.get("use_all_images"), default=True),
        selected_image_count=integer(data.get("selected_image_count")),
        created_at=datetime_or_none(data.get("created_at")),
        updated_at=datetime_or_none(data.get("updated_at")),
        last_message_at=datetime_or_none(data.get("last_message_at")),
        last_message_preview=string_or_none(data.get("last_message_preview")),
        last_user_message=string_or_none(data.get("last_user_message")),
    )


def parse_session_detail(data: dict[str, Any]) -> ChatSessionDetail:
    """Parse a conversation with its messages."""
    return ChatSessionDetail(
        session=parse_session(json_object(data.get("session"))),
        messages=[parse_message(each) for each in json_objects(data.get("messages"))],
        selected_image_ids=strings_or_none(data.get("selected_image_ids")),
        current_search_result_ids=strings_or_none(data.get("current_search_result_ids")),
        selected_video_ids=strings_or_none(data.get("selected_video_ids")),
    )


def parse_session_list(data: dict[str, Any]) -> SessionList:
    """Parse one page of conversations."""
    items = [parse_session(each) for each in json_objects(data.get("sessions"))]
    return SessionList(
        items, integer(data.get("total_count"), len(items)), boolean(data.get("has_more"), default=False)
    )


def parse_image_list(data: dict[str, Any]) -> ChatImageList:
    """Parse one page of image ids."""
    ids = strings(data.get("image_ids"))
    return ChatImageList(
        ids, integer(data.get("total_count"), len(ids)), boolean(data.get("has_more"), default=False)
    )


def parse_plan_action(
    data: dict[str, Any], plan_id: str, action: str, *, accepted: bool
) -> PlanActionResponse:
    """Parse the result of a plan action; `accepted` means that the plan runs in the background (202)."""
    # A 202 may have an empty body, so the arguments of the request stand in.
    agent_results, pending = data.get("agent_results"), data.get("pending_actions")
    return PlanActionResponse(
        success=boolean(data.get("success"), default=True),
        plan_id=string(data.get("plan_id")) or plan_id,
        message=string(data.get("message")),
        action_taken=string(data.get("action_taken")) or action,
        results=json_object(data.get("results")) or None,
        agent_results=json_objects(agent_results) if isinstance(agent_results, list) else None,
        pending_actions=json_objects(pending) if isinstance(pending, list) else None,
        status="accepted" if accepted else string_or_none(data.get("status")),
    )
