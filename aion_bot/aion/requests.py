"""Every request of the chat API as a value: what to send, how to parse the response, when to retry. No I/O.

Both clients send these values. Each function raises `ValidationError`, before anything is sent, for arguments that
the documented limits forbid. Paths, bodies and limits are those of the vendor's machine-readable contract.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx

from aion_bot.aion.arguments import check_length, check_range, invalid, segment
from aion_bot.aion.errors import AionvisionError
from aion_bot.aion.retry import RetryRule
from aion_bot.aion.selections import (
    SelectedDocuments,
    SelectedImages,
    SelectedVideos,
    SessionMode,
    parse_selected_documents,
    parse_selected_images,
    parse_selected_videos,
    parse_session_mode,
)
from aion_bot.aion.serialization import read_body, read_list
from aion_bot.aion.types import (
    ChatImageList,
    ChatMessage,
    ChatResponse,
    ChatSession,
    ChatSessionDetail,
    ImageReference,
    PlanActionResponse,
    SessionList,
    parse_image,
    parse_image_list,
    parse_plan_action,
    parse_response,
    parse_session,
    parse_session_detail,
    parse_session_list,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_MESSAGE_LENGTH = 10_000
MAX_TITLE_LENGTH = 255
MAX_QUERY_LENGTH = 500
MAX_IMAGES = 1_000
MAX_DOCUMENTS = 100
MAX_VIDEOS = 100

EXPORT_FORMATS = ("json", "markdown", "text")


RequestObserver = Callable[[str, AionvisionError | None], None]
"""Learns of every answer to an attempt: its `Request.group`, and the error unless it succeeded. It never raises."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of a file on their way: read once, never held as a whole.

    Attributes:
        chunks: An iterable of bytes, asynchronous for the asynchronous client.
        size: The bytes that `chunks` yields in all; fewer or more end the request.
        before, after: What frames them, such as the parts of a multipart form.
        address: A presigned address, to which the request goes without the API key; empty: Aion's own.
    """

    chunks: Any = field(repr=False)
    size: int
    headers: Mapping[str, str] = field(repr=False)
    before: bytes = field(default=b"", repr=False)
    after: bytes = field(default=b"", repr=False)
    address: str = field(default="", repr=False)

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers with the length: without it some servers hold the whole body before they look at it."""
        length = len(self.before) + self.size + len(self.after)
        return {**self.headers, "Content-Length": str(length)}


@dataclass(frozen=True, slots=True)
class Request(Generic[T_co]):
    """One request, and how its response is parsed.

    Attributes:
        group: The part of the API whose failures the circuit breaker counts together.
        retry_rule: After which failures the request may be sent again.
        parse: Makes the published type from a successful response.
        resource: Kind and id of what a 404 says is missing; kind and file name of an upload (`responses.error_for`).
        upload: Bytes that are sent as they come, in place of `body`.
    """

    method: str
    path: str
    group: str
    retry_rule: RetryRule
    parse: Callable[[httpx.Response], T_co]
    query: Mapping[str, str | int | Sequence[str]] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    resource: tuple[str, str] = ("resource", "")
    upload: Upload | None = None


def create_session(
    title: str | None, image_ids: Sequence[str] | None, use_all_images: bool
) -> Request[ChatSession]:
    """Open a conversation."""
    check_length("title", title or "", MAX_TITLE_LENGTH)
    check_length("image_ids", image_ids or (), MAX_IMAGES)
    body: dict[str, Any] = {"use_all_images": use_all_images}
    if title is not None:
        body["title"] = title
    # None is left out; an empty list is sent, since it selects no image.
    if image_ids is not None:
        body["initial_image_ids"] = list(image_ids)
    # The response has only id, title and time; the rest is what was asked for.
    asked = {"use_all_images": use_all_images, "selected_image_count": len(image_ids or ())}
    return Request(
        "POST",
        "/chat/sessions",
        "sessions",
        RetryRule.REFUSED_ONLY,
        lambda response: parse_session(asked | read_body(response.content)),
        body=body,
    )


def list_sessions(limit: int, offset: int, active_only: bool) -> Request[SessionList]:
    """Read one page of conversations, 1 to 100 of them."""
    check_range("limit", limit, 1, 100)
    check_range("offset", offset, 0)
    query: dict[str, str | int] = {"limit": limit, "offset": offset}
    # Without it the server lists closed conversations too.
    if active_only:
        query["is_active"] = "true"
    return Request(
        "GET",
        "/chat/sessions",
        "sessions",
        RetryRule.ALWAYS,
        lambda response: parse_session_list(read_body(response.content)),
        query=query,
    )


def get_session(
    session_id: str, include_messages: bool, message_limit: int | None
) -> Request[ChatSessionDetail]:
    """Read a conversation with its newest `message_limit` messages, 1 to 1,000."""
    query: dict[str, str | int] = {"include_messages": "true" if include_messages else "false"}
    if message_limit is not None:
        check_range("message_limit", message_limit, 1, 1000)
        query["message_limit"] = message_limit
    return Request(
        "GET",
        _session(session_id),
        "sessions",
        RetryRule.ALWAYS,
        lambda response: parse_session_detail(read_body(response.content)),
        query=query,
        resource=("session", session_id),
    )


def get_messages(session_id: str, limit: int | None) -> Request[list[ChatMessage]]:
    """Read the newest `limit` messages of a conversation, oldest first."""
    # The API has no request for messages alone.
    detail = get_session(session_id, include_messages=True, message_limit=limit)
    return Request(
        "GET",
        detail.path,
        detail.group,
        detail.retry_rule,
        lambda response: detail.parse(response).messages,
        query=detail.query,
        resource=detail.resource,
    )


def update_images(session_id: str, image_ids: Sequence[str]) -> Request[SelectedImages]:
    """Select the images that a conversation may use, at most 1,000."""
    check_length("image_ids", image_ids, MAX_IMAGES)
    return _change(session_id, "PUT", "/images", {"image_ids": list(image_ids)}, parse_selected_images)


def update_documents(session_id: str, document_ids: Sequence[str]) -> Request[SelectedDocuments]:
    """Select the documents that a conversation may use, at most 100."""
    check_length("document_ids", document_ids, MAX_DOCUMENTS)
    body = {"document_ids": list(document_ids)}
    return _change(session_id, "PUT", "/documents", body, parse_selected_documents)


def update_videos(session_id: str, video_ids: Sequence[str]) -> Request[SelectedVideos]:
    """Select the videos that a conversation may use, at most 100."""
    check_length("video_ids", video_ids, MAX_VIDEOS)
    return _change(session_id, "PUT", "/videos", {"video_ids": list(video_ids)}, parse_selected_videos)


def update_mode(session_id: str, use_all_images: bool) -> Request[SessionMode]:
    """Let a conversation use all images, or only the selected ones."""
    return _change(session_id, "PATCH", "/mode", {"use_all_images": use_all_images}, parse_session_mode)


def rename_session(session_id: str, title: str) -> Request[dict[str, Any]]:
    """Give a conversation another title, 1 to 255 characters."""
    check_length("title", title, MAX_TITLE_LENGTH, minimum=1)
    return _change(session_id, "PATCH", "/title", {"title": title}, lambda answer: answer)


def close_session(session_id: str) -> Request[dict[str, Any]]:
    """Close a conversation. Not retried after a lost response: the second request would get a 404."""
    return Request(
        "DELETE",
        _session(session_id),
        "sessions",
        RetryRule.REFUSED_ONLY,
        lambda response: read_body(response.content),
        resource=("session", session_id),
    )


def export_session(session_id: str, export_format: str, include_metadata: bool) -> Request[bytes]:
    """Read a conversation as a file: json, markdown or text."""
    if export_format not in EXPORT_FORMATS:
        raise invalid("format", f"must be one of {', '.join(EXPORT_FORMATS)}")
    return Request(
        "GET",
        _session(session_id) + "/export",
        "export",
        RetryRule.ALWAYS,
        lambda response: response.content,
        query={"format": export_format, "include_metadata": "true" if include_metadata else "false"},
        resource=("session", session_id),
    )


def send(
    message: str,
    session_id: str,
    force_detailed_analysis: bool,
    expected_image_ids: Sequence[str] | None,
    *,
    stream: bool = False,
) -> Request[ChatResponse]:
    """Ask, and get the whole answer at once, or as a stream of events, which `events.StreamReader` reads.

    Never sent twice: a second question costs tokens again.
    """
    check_length("message", message, MAX_MESSAGE_LENGTH, minimum=1)
    body: dict[str, Any] = {"message": message, "force_detailed_analysis": force_detailed_analysis}
    # None leaves the session as it is. Given a list, the server changes the session to match it.
    if expected_image_ids is not None:
        body["expected_image_ids"] = list(expected_image_ids)
    return Request(
        "POST",
        _session(session_id) + ("/messages/stream" if stream else "/messages"),
        "messages",
        RetryRule.REFUSED_ONLY,
        lambda response: parse_response(read_body(response.content), session_id),
        body=body,
        resource=("session", session_id),
    )


def plan_action(session_id: str, plan_id: str, action: str) -> Request[PlanActionResponse]:
    """Decide a plan: `approve` or `cancel`. Retried only if no connection was made: a person decided once."""
    return Request(
        "POST",
        f"{_session(session_id)}/plans/{segment('plan_id', plan_id)}/action",
        "plans",
        RetryRule.UNSENT_ONLY,
        lambda response: parse_plan_action(
            read_body(response.content), plan_id, action, accepted=response.status_code == 202
        ),
        # The contract also has `plan_data`, which is deprecated.
        body={"action": action},
        resource=("plan", plan_id),
    )


def get_all_images(limit: int, offset: int) -> Request[ChatImageList]:
    """Read one page of the ids of all images, 1 to 5,000 of them."""
    check_range("limit", limit, 1, 5000)
    check_range("offset", offset, 0)
    return Request(
        "GET",
        "/chat/images/all",
        "images",
        RetryRule.ALWAYS,
        lambda response: parse_image_list(read_body(response.content)),
        query={"limit": limit, "offset": offset},
    )


def search_images(query: str, limit: int, offset: int) -> Request[list[ImageReference]]:
    """Find images by words, 1 to 500 characters of them. A POST that only reads, so it may be retried."""
    check_length("query", query, MAX_QUERY_LENGTH, minimum=1)
    check_range("limit", limit, 1, 100)
    check_range("offset", offset, 0)

    def parse(response: httpx.Response) -> list[ImageReference]:
        found = read_list(read_body(response.content).get("results"), dict) or []
        return [parse_image(each) for each in found]

    body = {"query": query, "limit": limit, "offset": offset}
    return Request("POST", "/chat/images/search", "images", RetryRule.ALWAYS, parse, body=body)


def _session(session_id: str) -> str:
    """Return the path of a conversation."""
    return f"/chat/sessions/{segment('session_id', session_id)}"


def _change(
    session_id: str,
    method: str,
    part: str,
    body: Mapping[str, Any],
    parse: Callable[[dict[str, Any]], T],
) -> Request[T]:
    """Return a request that sets something of a conversation; setting it twice does no harm."""
    return Request(
        method,
        _session(session_id) + part,
        "sessions",
        RetryRule.ALWAYS,
        lambda response: parse(read_body(response.content)),
        body=body,
        resource=("session", session_id),
    )
