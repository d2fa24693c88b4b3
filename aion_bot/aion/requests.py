"""Every call of the chat API as a value: what to send, how to read the answer, and whether it may be sent twice. No I/O.

What the documented limits forbid is refused here with `ValidationError`, before anything is sent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from aion_bot.aion import parsing, validation
from aion_bot.aion.json_fields import mappings
from aion_bot.aion.responses import Answer
from aion_bot.aion.retry import Repeat
from aion_bot.aion.types import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ImageReference,
    PlanActionResponse,
    SessionList,
)

T_co = TypeVar("T_co", covariant=True)

EXPORT_FORMATS = ("json", "markdown", "text")


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One request and the reading of its answer.

    `group` is the part of the API whose failures are counted together; `about` names the kind and id of what a 404
    says is missing.
    """

    method: str
    path: str
    group: str
    repeat: Repeat
    read: Callable[[Answer], T_co]
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    about: tuple[str, str] = ("resource", "")


def create_session(
    title: str | None, image_ids: Sequence[str] | None, use_all_images: bool
) -> Call[ChatSession]:
    """Open a conversation."""
    validation.text("title", title or "", validation.LONGEST_TITLE, least=0)
    validation.entries("image_ids", image_ids or (), validation.MOST_IMAGES)
    body: dict[str, Any] = {"use_all_images": use_all_images}
    if title is not None:
        body["title"] = title
    if image_ids is not None:
        body["initial_image_ids"] = list(image_ids)
    context = {"use_all_images": use_all_images, "selected_image_count": len(image_ids or ())}

    def read(answer: Answer) -> ChatSession:
        return parsing.read_session(context | answer.object())

    return Call("POST", "/chat/sessions", "sessions", Repeat.REFUSED_ONLY, read, body=body)


def list_sessions(limit: int, offset: int, active_only: bool) -> Call[SessionList]:
    """Read one page of conversations, 1 to 100 of them."""
    validation.within("limit", limit, 1, 100)
    validation.within("offset", offset, 0)
    query: dict[str, str | int] = {"limit": limit, "offset": offset}
    if active_only:
        query["is_active"] = "true"
    return Call(
        "GET",
        "/chat/sessions",
        "sessions",
        Repeat.ALWAYS,
        lambda answer: parsing.read_session_list(answer.object()),
        query=query,
    )


def get_session(
    session_id: str, include_messages: bool, message_limit: int | None
) -> Call[ChatSessionDetail]:
    """Read a conversation with its newest `message_limit` messages, 1 to 1,000."""
    query: dict[str, str | int] = {"include_messages": "true" if include_messages else "false"}
    if message_limit is not None:
        validation.within("message_limit", message_limit, 1, 1000)
        query["message_limit"] = message_limit
    return Call(
        "GET",
        _session(session_id),
        "sessions",
        Repeat.ALWAYS,
        lambda answer: parsing.read_session_detail(answer.object()),
        query=query,
        about=("session", session_id),
    )


def get_messages(session_id: str, limit: int | None) -> Call[list[ChatMessage]]:
    """Read the newest `limit` messages of a conversation, oldest first."""
    detail = get_session(session_id, include_messages=True, message_limit=limit)

    def read(answer: Answer) -> list[ChatMessage]:
        return detail.read(answer).messages

    return Call("GET", detail.path, detail.group, detail.repeat, read, query=detail.query, about=detail.about)


def update_images(session_id: str, image_ids: Sequence[str]) -> Call[dict[str, Any]]:
    """Select the images that a conversation may use, at most 1,000."""
    validation.entries("image_ids", image_ids, validation.MOST_IMAGES)
    return _change(session_id, "PUT", "/images", {"image_ids": list(image_ids)})


def update_documents(session_id: str, document_ids: Sequence[str]) -> Call[dict[str, Any]]:
    """Select the documents that a conversation may use, at most 100."""
    validation.entries("document_ids", document_ids, validation.MOST_DOCUMENTS)
    return _change(session_id, "PUT", "/documents", {"document_ids": list(document_ids)})


def update_videos(session_id: str, video_ids: Sequence[str]) -> Call[dict[str, Any]]:
    """Select the videos that a conversation may use, at most 100."""
    validation.entries("video_ids", video_ids, validation.MOST_VIDEOS)
    return _change(session_id, "PUT", "/videos", {"video_ids": list(video_ids)})


def update_mode(session_id: str, use_all_images: bool) -> Call[dict[str, Any]]:
    """Let a conversation use all images, or only the selected ones."""
    return _change(session_id, "PATCH", "/mode", {"use_all_images": use_all_images})


def rename_session(session_id: str, title: str) -> Call[dict[str, Any]]:
    """Give a conversation another title, 1 to 255 characters."""
    validation.text("title", title, validation.LONGEST_TITLE)
    return _change(session_id, "PATCH", "/title", {"title": title})


def close_session(session_id: str) -> Call[dict[str, Any]]:
    """Close a conversation. Not repeated after a lost answer: the second one would be told that it is gone."""
    return Call(
        "DELETE",
        _session(session_id),
        "sessions",
        Repeat.REFUSED_ONLY,
        lambda answer: answer.object(),
        about=("session", session_id),
    )


def export_session(session_id: str, export_format: str, include_metadata: bool) -> Call[bytes]:
    """Read a conversation as a file: json, markdown or text."""
    if export_format not in EXPORT_FORMATS:
        raise validation.refused("format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    return Call(
        "GET",
        _session(session_id) + "/export",
        "export",
        Repeat.ALWAYS,
        lambda answer: answer.body,
        query={"format": export_format, "include_metadata": "true" if include_metadata else "false"},
        about=("session", session_id),
    )


def send(
    message: str, session_id: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> Call[ChatResponse]:
    """Ask, and get the whole answer at once."""

    def read(answer: Answer) -> ChatResponse:
        return parsing.read_response(answer.object(), session_id)

    body = _question(message, force_detailed_analysis, expected_image_ids)
    return _ask(session_id, "/messages", read, body)


def send_stream(
    message: str, session_id: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> Call[None]:
    """Ask, and get the answer as a stream of events; its reading is `stream.StreamReader`'s."""
    body = _question(message, force_detailed_analysis, expected_image_ids)
    return _ask(session_id, "/messages/stream", lambda _: None, body)


def plan_action(session_id: str, plan_id: str, action: str) -> Call[PlanActionResponse]:
    """Decide a plan: `approve` or `cancel`. Sent once."""
    validation.text("plan_id", plan_id, validation.LONGEST_ID)

    def read(answer: Answer) -> PlanActionResponse:
        return parsing.read_plan_action(answer.object(), plan_id, action, accepted=answer.status == 202)

    path = f"{_session(session_id)}/plans/{quote(plan_id, safe='')}/action"
    return Call(
        "POST", path, "plans", Repeat.UNSENT_ONLY, read, body={"action": action}, about=("plan", plan_id)
    )


def get_all_images(limit: int, offset: int) -> Call[ChatImageList]:
    """Read one page of the ids of all images, 1 to 5,000 of them."""
    validation.within("limit", limit, 1, 5000)
    validation.within("offset", offset, 0)
    return Call(
        "GET",
        "/chat/images/all",
        "images",
        Repeat.ALWAYS,
        lambda answer: parsing.read_image_list(answer.object()),
        query={"limit": limit, "offset": offset},
    )


def search_images(query: str, limit: int, offset: int) -> Call[list[ImageReference]]:
    """Find images by words, 1 to 500 characters of them. It only reads, so it may be repeated."""
    validation.text("query", query, validation.LONGEST_QUERY)
    validation.within("limit", limit, 1, 100)
    validation.within("offset", offset, 0)

    def read(answer: Answer) -> list[ImageReference]:
        return [parsing.read_image(each) for each in mappings(answer.object().get("results"))]

    body = {"query": query, "limit": limit, "offset": offset}
    return Call("POST", "/chat/images/search", "images", Repeat.ALWAYS, read, body=body)


def _session(session_id: str) -> str:
    validation.text("session_id", session_id, validation.LONGEST_ID)
    return f"/chat/sessions/{quote(session_id, safe='')}"


def _change(session_id: str, method: str, part: str, body: Mapping[str, Any]) -> Call[dict[str, Any]]:
    return Call(
        method,
        _session(session_id) + part,
        "sessions",
        Repeat.ALWAYS,
        lambda answer: answer.object(),
        body=body,
        about=("session", session_id),
    )


def _ask(session_id: str, part: str, read: Callable[[Answer], T_co], body: Mapping[str, Any]) -> Call[T_co]:
    path = _session(session_id) + part
    return Call("POST", path, "messages", Repeat.REFUSED_ONLY, read, body=body, about=("session", session_id))


def _question(
    message: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> dict[str, Any]:
    validation.text("message", message, validation.LONGEST_MESSAGE)
    body: dict[str, Any] = {"message": message, "force_detailed_analysis": force_detailed_analysis}
    if expected_image_ids is not None:
        body["expected_image_ids"] = list(expected_image_ids)
    return body
