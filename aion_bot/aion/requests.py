"""Every request of the chat API as a value: what to send, how to parse the response, when to retry. No I/O.

Both clients send these values. Each function raises `ValidationError`, before anything is sent, for arguments that
the documented limits forbid. Paths, bodies and limits are those of the vendor's machine-readable contract.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from aion_bot.aion import parsing, validation
from aion_bot.aion.json_fields import json_objects
from aion_bot.aion.responses import Response
from aion_bot.aion.retry import RetryRule
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
class Request(Generic[T_co]):
    """One request, and how its response is parsed.

    Attributes:
        group: The part of the API whose failures the circuit breaker counts together.
        retry_rule: After which failures the request may be sent again.
        parse: Makes the published type from a successful response.
        resource: Kind and id of what a 404 says is missing.
    """

    method: str
    path: str
    group: str
    retry_rule: RetryRule
    parse: Callable[[Response], T_co]
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    resource: tuple[str, str] = ("resource", "")


def create_session(
    title: str | None, image_ids: Sequence[str] | None, use_all_images: bool
) -> Request[ChatSession]:
    """Open a conversation."""
    validation.check_text("title", title or "", validation.MAX_TITLE_LENGTH, minimum=0)
    validation.check_list("image_ids", image_ids or (), validation.MAX_IMAGES)
    body: dict[str, Any] = {"use_all_images": use_all_images}
    if title is not None:
        body["title"] = title
    if image_ids is not None:
        body["initial_image_ids"] = list(image_ids)
    # The response has only id, title and time; the rest is what was asked for.
    context = {"use_all_images": use_all_images, "selected_image_count": len(image_ids or ())}

    def parse(response: Response) -> ChatSession:
        return parsing.parse_session(context | response.json_object())

    return Request("POST", "/chat/sessions", "sessions", RetryRule.REFUSED_ONLY, parse, body=body)


def list_sessions(limit: int, offset: int, active_only: bool) -> Request[SessionList]:
    """Read one page of conversations, 1 to 100 of them."""
    validation.check_range("limit", limit, 1, 100)
    validation.check_range("offset", offset, 0)
    query: dict[str, str | int] = {"limit": limit, "offset": offset}
    if active_only:
        query["is_active"] = "true"
    return Request(
        "GET",
        "/chat/sessions",
        "sessions",
        RetryRule.ALWAYS,
        lambda response: parsing.parse_session_list(response.json_object()),
        query=query,
    )


def get_session(
    session_id: str, include_messages: bool, message_limit: int | None
) -> Request[ChatSessionDetail]:
    """Read a conversation with its newest `message_limit` messages, 1 to 1,000."""
    query: dict[str, str | int] = {"include_messages": "true" if include_messages else "false"}
    if message_limit is not None:
        validation.check_range("message_limit", message_limit, 1, 1000)
        query["message_limit"] = message_limit
    return Request(
        "GET",
        _session(session_id),
        "sessions",
        RetryRule.ALWAYS,
        lambda response: parsing.parse_session_detail(response.json_object()),
        query=query,
        resource=("session", session_id),
    )


def get_messages(session_id: str, limit: int | None) -> Request[list[ChatMessage]]:
    """Read the newest `limit` messages of a conversation, oldest first."""
    # The API has no request for messages alone.
    detail = get_session(session_id, include_messages=True, message_limit=limit)

    def parse(response: Response) -> list[ChatMessage]:
        return detail.parse(response).messages

    return Request(
        "GET",
        detail.path,
        detail.group,
        detail.retry_rule,
        parse,
        query=detail.query,
        resource=detail.resource,
    )


def update_images(session_id: str, image_ids: Sequence[str]) -> Request[dict[str, Any]]:
    """Select the images that a conversation may use, at most 1,000."""
    validation.check_list("image_ids", image_ids, validation.MAX_IMAGES)
    return _change(session_id, "PUT", "/images", {"image_ids": list(image_ids)})


def update_documents(session_id: str, document_ids: Sequence[str]) -> Request[dict[str, Any]]:
    """Select the documents that a conversation may use, at most 100."""
    validation.check_list("document_ids", document_ids, validation.MAX_DOCUMENTS)
    return _change(session_id, "PUT", "/documents", {"document_ids": list(document_ids)})


def update_videos(session_id: str, video_ids: Sequence[str]) -> Request[dict[str, Any]]:
    """Select the videos that a conversation may use, at most 100."""
    validation.check_list("video_ids", video_ids, validation.MAX_VIDEOS)
    return _change(session_id, "PUT", "/videos", {"video_ids": list(video_ids)})


def update_mode(session_id: str, use_all_images: bool) -> Request[dict[str, Any]]:
    """Let a conversation use all images, or only the selected ones."""
    return _change(session_id, "PATCH", "/mode", {"use_all_images": use_all_images})


def rename_session(session_id: str, title: str) -> Request[dict[str, Any]]:
    """Give a conversation another title, 1 to 255 characters."""
    validation.check_text("title", title, validation.MAX_TITLE_LENGTH)
    return _change(session_id, "PATCH", "/title", {"title": title})


def close_session(session_id: str) -> Request[dict[str, Any]]:
    """Close a conversation. Not retried after a lost response: the second request would get a 404."""
    return Request(
        "DELETE",
        _session(session_id),
        "sessions",
        RetryRule.REFUSED_ONLY,
        lambda response: response.json_object(),
        resource=("session", session_id),
    )


def export_session(session_id: str, export_format: str, include_metadata: bool) -> Request[bytes]:
    """Read a conversation as a file: json, markdown or text."""
    if export_format not in EXPORT_FORMATS:
        raise validation.invalid("format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    return Request(
        "GET",
        _session(session_id) + "/export",
        "export",
        RetryRule.ALWAYS,
        lambda response: response.body,
        query={"format": export_format, "include_metadata": "true" if include_metadata else "false"},
        resource=("session", session_id),
    )


def send(
    message: str, session_id: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> Request[ChatResponse]:
    """Ask, and get the whole answer at once. Never sent twice: a second question costs tokens again."""

    def parse(response: Response) -> ChatResponse:
        return parsing.parse_response(response.json_object(), session_id)

    body = _question(message, force_detailed_analysis, expected_image_ids)
    return _ask(session_id, "/messages", parse, body)


def send_stream(
    message: str, session_id: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> Request[None]:
    """Ask, and get the answer as a stream of events; `stream_reader.StreamReader` reads it."""
    body = _question(message, force_detailed_analysis, expected_image_ids)
    return _ask(session_id, "/messages/stream", lambda _: None, body)


def plan_action(session_id: str, plan_id: str, action: str) -> Request[PlanActionResponse]:
    """Decide a plan: `approve` or `cancel`. Retried only if no connection was made: a person decided once."""
    validation.check_text("plan_id", plan_id, validation.MAX_ID_LENGTH)

    def parse(response: Response) -> PlanActionResponse:
        return parsing.parse_plan_action(
            response.json_object(), plan_id, action, accepted=response.status == 202
        )

    # The contract also has `plan_data`, which is deprecated.
    path = f"{_session(session_id)}/plans/{quote(plan_id, safe='')}/action"
    return Request(
        "POST",
        path,
        "plans",
        RetryRule.UNSENT_ONLY,
        parse,
        body={"action": action},
        resource=("plan", plan_id),
    )


def get_all_images(limit: int, offset: int) -> Request[ChatImageList]:
    """Read one page of the ids of all images, 1 to 5,000 of them."""
    validation.check_range("limit", limit, 1, 5000)
    validation.check_range("offset", offset, 0)
    return Request(
        "GET",
        "/chat/images/all",
        "images",
        RetryRule.ALWAYS,
        lambda response: parsing.parse_image_list(response.json_object()),
        query={"limit": limit, "offset": offset},
    )


def search_images(query: str, limit: int, offset: int) -> Request[list[ImageReference]]:
    """Find images by words, 1 to 500 characters of them. A POST that only reads, so it may be retried."""
    validation.check_text("query", query, validation.MAX_QUERY_LENGTH)
    validation.check_range("limit", limit, 1, 100)
    validation.check_range("offset", offset, 0)

    def parse(response: Response) -> list[ImageReference]:
        return [parsing.parse_image(each) for each in json_objects(response.json_object().get("results"))]

    body = {"query": query, "limit": limit, "offset": offset}
    return Request("POST", "/chat/images/search", "images", RetryRule.ALWAYS, parse, body=body)


def _session(session_id: str) -> str:
    validation.check_text("session_id", session_id, validation.MAX_ID_LENGTH)
    return f"/chat/sessions/{quote(session_id, safe='')}"


def _change(session_id: str, method: str, part: str, body: Mapping[str, Any]) -> Request[dict[str, Any]]:
    return Request(
        method,
        _session(session_id) + part,
        "sessions",
        RetryRule.ALWAYS,
        lambda response: response.json_object(),
        body=body,
        resource=("session", session_id),
    )


def _ask(
    session_id: str, part: str, parse: Callable[[Response], T_co], body: Mapping[str, Any]
) -> Request[T_co]:
    path = _session(session_id) + part
    return Request(
        "POST", path, "messages", RetryRule.REFUSED_ONLY, parse, body=body, resource=("session", session_id)
    )


def _question(
    message: str, force_detailed_analysis: bool, expected_image_ids: Sequence[str] | None
) -> dict[str, Any]:
    validation.check_text("message", message, validation.MAX_MESSAGE_LENGTH)
    # None leaves the session as it is. Given a list, the server changes the session to match it.
    body: dict[str, Any] = {"message": message, "force_detailed_analysis": force_detailed_analysis}
    if expected_image_ids is not None:
        body["expected_image_ids"] = list(expected_image_ids)
    return body
