"""What an HTTP response means: its JSON, or an error. No I/O.

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
from aion_bot.aion.json_fields import integer, json_object, json_objects, string

QUOTA_CODES = frozenset({"USAGE_LIMIT_EXCEEDED", "STORAGE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED"})
"""Server codes for an allowance that is used up, whatever the status: asking again later today does not help."""

EVENT_STREAM = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
"""Headers that ask for a stream of events."""

_FASTAPI_FIELDS = ("loc", "msg", "type")
"""Fields of a FastAPI problem that are kept; `input` would repeat the question."""

# PoolTimeout and ProxyError happen before a byte of the request is written.
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, read to its end. `headers` are httpx's, whose names have no case, or have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json_object(self) -> dict[str, Any]:
        """Return the JSON object of the body; an empty one where the body is empty or no object."""
        try:
            return json_object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}


@dataclass(frozen=True, slots=True)
class _ErrorBody:
    """An error body, whichever its shape."""

    message: str = ""
    code: str | None = None
    request_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def check_response(response: httpx.Response, resource: tuple[str, str], api_key: str) -> Response:
    """Return a successful response, or raise the error that it stands for.

    Args:
        response: httpx's, read to its end.
        resource: Kind and id of what a 404 says is missing.
        api_key: Removed from an error body, should the server quote it.
    """
    if response.is_success:
        return Response(response.status_code, response.headers, response.content)
    body = response.content.replace(api_key.encode(), b"[key]")
    raise error_for(Response(response.status_code, response.headers, body), resource)


def error_for(response: Response, resource: tuple[str, str]) -> AionvisionError:
    """Return the error for a response with a status of 300 or more."""
    body = _parse_error_body(response.json_object())
    error = _error(response, body, resource)
    error.status_code = response.status
    error.server_code = body.code
    error.request_id = body.request_id or response.headers.get("x-request-id")
    error.retry_after = _retry_after(response.headers)
    error.details = dict(body.details) | error.details
    # A 503 says that nothing was done. Other 5xx do not say how far the server came before it failed.
    error.maybe_acted = response.status >= 500 and response.status != 503
    return error


def error_without_response(failure: httpx.HTTPError) -> AionvisionError:
    """Return the error for a request that got no response. Its text has no address: that may hold a proxy's password."""
    kind = type(failure).__name__
    error: AionvisionError
    if isinstance(failure, httpx.TimeoutException):
        error = AionvisionTimeoutError(f"Aion was silent for too long ({kind})")
    else:
        error = AionvisionConnectionError(f"The connection to Aion failed ({kind})")
    error.request_sent = not isinstance(failure, _NEVER_SENT)
    error.maybe_acted = error.request_sent
    return error


def _error(  # noqa: PLR0911 # a table
    response: Response, body: _ErrorBody, resource: tuple[str, str]
) -> AionvisionError:
    message = body.message or f"Aion answered {response.status}"
    # Before the statuses: a used-up month may come as a 429, which must not be retried.
    if response.status == 402 or body.code in QUOTA_CODES:
        available, limit = body.details.get("available"), body.details.get("limit")
        return QuotaExceededError(message, available=integer(available), limit=integer(limit))
    match response.status:
        case 400 | 422:
            return ValidationError(message)
        case 401:
            return AuthenticationError(message)
        case 403:
            return AionvisionPermissionError(message)
        case 404:
            return ResourceNotFoundError(*resource, message=message)
        case 429:
            return _rate_limit_error(message, response.headers)
        case status if status >= 500:
            return ServerError(message)
    session_id = resource[1] if resource[0] == "session" else None
    plan_data = json_object(body.details.get("plan_data")) or None
    return ChatError(message, session_id=session_id, error_code=body.code, plan_data=plan_data)


def _parse_error_body(body: Mapping[str, Any]) -> _ErrorBody:
    error, detail = body.get("error"), body.get("detail")
    request_id = string(body.get("request_id")) or None
    if isinstance(error, dict):
        return _ErrorBody(
            string(error.get("message")),
            string(error.get("code")) or None,
            request_id,
            json_object(error.get("details")),
        )
    if isinstance(detail, list):
        problems = [
            {key: each[key] for key in _FASTAPI_FIELDS if key in each} for each in json_objects(detail)
        ]
        return _ErrorBody("; ".join(map(_describe, problems)), None, request_id, {"errors": problems})
    message = string(error) or string(detail) or string(body.get("message"))
    details = {"detail": detail} if isinstance(detail, str) and error else {}
    return _ErrorBody(
        message, string(body.get("error_code")) or string(body.get("code")) or None, request_id, details
    )


def _describe(problem: Mapping[str, Any]) -> str:
    location = problem.get("loc")
    place = ".".join(map(str, location)) if isinstance(location, list) else ""
    return f"{place}: {string(problem.get('msg'))}"


def _rate_limit_error(message: str, headers: Mapping[str, str]) -> RateLimitError:
    return RateLimitError(
        message,
        limit=_header_number(headers.get("x-ratelimit-limit")),
        remaining=_header_number(headers.get("x-ratelimit-remaining")),
        reset=_header_number(headers.get("x-ratelimit-reset")),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or an HTTP date; None for anything else."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def _header_number(value: str | None) -> int | None:
    # int() takes time quadratic in the digits, so a header has at most 15.
    return (
        int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else None
    )
