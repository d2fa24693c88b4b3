"""What an answer means: its JSON, or the error that it stands for. No I/O.

Aion's error bodies come in three shapes: `{"error": {"code", "message", "details"}, "request_id"}` from the gateway,
`{"error", "error_code", "detail", "timestamp"}` from the chat endpoints, and FastAPI's `{"detail": […]}` for a 422.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import httpx

from aion_bot.aion.errors import (
    AionvisionConnectionError,
    AionvisionError,
    AionvisionPermissionError,
    AionvisionTimeoutError,
    AuthenticationError,
    ChatError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    ServerError,
    ValidationError,
)
from aion_bot.aion.json_fields import mapping, mappings, text, whole_or_none

QUOTA_CODES = frozenset({"USAGE_LIMIT_EXCEEDED", "STORAGE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED"})
"""Codes that mean an allowance is used up, whatever the status: asking again later today does not help."""

EVENT_STREAM = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
"""Headers that ask for an answer as a stream of events."""

_PROBLEM_PARTS: tuple[str, ...] = ("loc", "msg", "type")
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. Header names are found in any case, or are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def object(self) -> dict[str, Any]:
        """Return the JSON object of the body; an empty one where the body is empty or no object."""
        try:
            return mapping(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}


@dataclass(frozen=True, slots=True)
class _Complaint:
    """An error body, whichever its shape."""

    message: str = ""
    code: str | None = None
    request_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def error_for(answer: Answer, about: tuple[str, str]) -> AionvisionError:
    """Return the error that a refusing answer (300 and above) stands for.

    Args:
        answer: What the server said.
        about: Kind and id of what a 404 says is missing.
    """
    complaint = _complaint(answer.object())
    error = _error(answer, complaint, about)
    error.status_code = answer.status
    error.server_code = complaint.code
    error.request_id = complaint.request_id or answer.headers.get("x-request-id")
    error.retry_after = _retry_after(answer.headers)
    error.details = dict(complaint.details) | error.details
    # Other 5xx answers are honest about failing, not about how far they came.
    error.maybe_acted = answer.status >= 500 and answer.status != 503
    return error


def failure_for(failure: httpx.HTTPError) -> AionvisionError:
    """Return the error for a request that got no answer. Its text names no address: that may hold a proxy's password."""
    kind = type(failure).__name__
    error: AionvisionError
    if isinstance(failure, httpx.TimeoutException):
        error = AionvisionTimeoutError(f"Aion was silent for too long ({kind})")
    else:
        error = AionvisionConnectionError(f"The connection to Aion failed ({kind})")
    error.request_sent = not isinstance(failure, _NEVER_SENT)
    error.maybe_acted = error.request_sent
    return error


def _error(answer: Answer, complaint: _Complaint, about: tuple[str, str]) -> AionvisionError:  # noqa: PLR0911 # a table
    words = complaint.message or f"Aion answered {answer.status}"
    if answer.status == 402 or complaint.code in QUOTA_CODES:
        return _quota(words, complaint.details)
    match answer.status:
        case 400 | 422:
            return ValidationError(words)
        case 401:
            return AuthenticationError(words)
        case 403:
            return AionvisionPermissionError(words)
        case 404:
            return ResourceNotFoundError(*about, message=words)
        case 429:
            return _rate_limit(words, answer.headers)
        case status if status >= 500:
            return ServerError(words)
    session_id = about[1] if about[0] == "session" else None
    return ChatError(words, session_id=session_id, error_code=complaint.code, plan_data=_plan_data(complaint))


def _complaint(body: Mapping[str, Any]) -> _Complaint:
    error, detail = body.get("error"), body.get("detail")
    request_id = text(body.get("request_id")) or None
    if isinstance(error, dict):
        return _Complaint(
            text(error.get("message")),
            text(error.get("code")) or None,
            request_id,
            mapping(error.get("details")),
        )
    if isinstance(detail, list):
        problems = [{key: each[key] for key in _PROBLEM_PARTS if key in each} for each in mappings(detail)]
        return _Complaint(_places(problems), None, request_id, {"errors": problems})
    message = text(error) or text(detail) or text(body.get("message"))
    details = {"detail": detail} if isinstance(detail, str) and error else {}
    return _Complaint(
        message, text(body.get("error_code")) or text(body.get("code")) or None, request_id, details
    )


def _places(problems: list[dict[str, Any]]) -> str:
    def place(problem: Mapping[str, Any]) -> str:
        loc = problem.get("loc")
        return ".".join(map(str, loc)) if isinstance(loc, list) else ""

    return "; ".join(f"{place(each)}: {text(each.get('msg'))}" for each in problems)


def _quota(words: str, details: Mapping[str, Any]) -> QuotaExceededError:
    available = whole_or_none(details.get("available"))
    return QuotaExceededError(words, available=available or 0, limit=whole_or_none(details.get("limit")) or 0)


def _rate_limit(words: str, headers: Mapping[str, str]) -> RateLimitError:
    return RateLimitError(
        words,
        limit=_number(headers.get("x-ratelimit-limit")),
        remaining=_number(headers.get("x-ratelimit-remaining")),
        reset=_number(headers.get("x-ratelimit-reset")),
    )


def _plan_data(complaint: _Complaint) -> Mapping[str, Any] | None:
    return mapping(complaint.details.get("plan_data")) or None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read Retry-After, seconds or an HTTP date, as seconds from now."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def _number(value: str | None) -> int | None:
    return (
        int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else None
    )
