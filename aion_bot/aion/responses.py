"""The error for an HTTP response, or for a request without one. No I/O.

Aion's error bodies come in three shapes: `{"error": {"code", "message", "details"}, "request_id"}` from the gateway,
`{"error", "error_code", "detail", "timestamp"}` from the chat endpoints, and FastAPI's `{"detail": […]}` for a 422.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
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
    UploadError,
    UploadProblem,
    ValidationError,
    WrongAddressError,
)
from aion_bot.aion.serialization import read, read_body, read_list

QUOTA_CODES = frozenset({"USAGE_LIMIT_EXCEEDED", "STORAGE_QUOTA_EXCEEDED", "QUOTA_EXCEEDED"})
"""Server codes for an allowance that is used up, whatever the status: asking again later today does not help."""

PAGE = "text/html"
"""The type of a page for people, which Aion's API sends nowhere."""

_PROBLEMS = {
    "IMAGE_PROCESSING_ERROR": UploadProblem.DAMAGED,
    413: UploadProblem.TOO_LARGE,
    415: UploadProblem.WRONG_TYPE,
    501: UploadProblem.UNAVAILABLE,
}
"""What is wrong with an upload, by the server's code or by the status (the contract's answers to an upload, and 415)."""

_LIMITS = ("max_size_bytes", "max_bytes", "limit")
"""Details that may hold the most bytes of a file; the contract fixes no name."""

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
class _ErrorBody:
    """An error body, whichever its shape."""

    message: str = ""
    code: str | None = None
    request_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def error_for(response: httpx.Response, resource: tuple[str, str], api_key: str) -> AionvisionError:
    """Return the error for a response with a status of 300 or more.

    Args:
        response: httpx's, read to its end; also a page with a status below 300.
        resource: Kind and id of what a 404 says is missing. The kind "upload" or "storage" makes it the error of a file,
            which the id names.
        api_key: Removed from the body, should the server quote it.
    """
    body = _parse_error_body(read_body(response.content.replace(api_key.encode(), b"[key]")))
    error = _error(response, body, resource)
    error.status_code = response.status_code
    error.server_code = body.code
    error.request_id = body.request_id or response.headers.get("x-request-id")
    error.retry_after = _retry_after(response.headers)
    error.details = dict(body.details) | error.details
    # A 503 says that nothing was done. Other 5xx do not say how far the server came before it failed.
    error.maybe_acted = response.status_code >= 500 and response.status_code != 503
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


def _error(  # noqa: PLR0911  # a table
    response: httpx.Response, body: _ErrorBody, resource: tuple[str, str]
) -> AionvisionError:
    message = body.message or f"Aion answered {response.status_code}"
    # Before the statuses: a used-up month may come as a 429, which must not be retried.
    if response.status_code == 402 or body.code in QUOTA_CODES:
        available, limit = (read(body.details.get(name), int) or 0 for name in ("available", "limit"))
        return QuotaExceededError(message, available=available, limit=limit)
    if resource[0] != "storage" and _is_elsewhere(response, body, resource):
        return WrongAddressError()
    if resource[0] in {"upload", "storage"} and (error := _upload_error(response, body, message, resource)):
        return error
    match response.status_code:
        case 400 | 422:
            return ValidationError(message)
        case 401:
            return AuthenticationError(message)
        case 403:
            return AionvisionPermissionError(message)
        case 404:
            return ResourceNotFoundError(*resource, message=message)
        case 429:
            names = ("limit", "remaining", "reset")
            numbers = {name: _header_number(response.headers.get(f"x-ratelimit-{name}")) for name in names}
            return RateLimitError(message, **numbers)
        case status if status >= 500:
            return ServerError(message)
    session_id = resource[1] if resource[0] == "session" else None
    plan_data = read(body.details.get("plan_data"), dict) or None
    return ChatError(message, session_id=session_id, error_code=body.code, plan_data=plan_data)


def _is_elsewhere(response: httpx.Response, body: _ErrorBody, resource: tuple[str, str]) -> bool:
    """Tell whether something else than Aion's API answered. With a code of its own, Aion says what it misses."""
    status, named = response.status_code, bool(resource[1])
    if status < 400:
        return True  # a page, or a redirect: Aion answers no request of ours with one, and none is followed
    is_page = PAGE in response.headers.get("content-type", "")
    return status in {404, 405} and body.code is None and (is_page or not named)


def _upload_error(
    response: httpx.Response, body: _ErrorBody, message: str, resource: tuple[str, str]
) -> UploadError | None:
    """Return what is wrong with a file; None where the status says something else, as that the key may not upload."""
    stage, filename = resource
    problem = _PROBLEMS.get(body.code or "") or _PROBLEMS.get(response.status_code)
    if problem is None and stage == "storage":
        problem = UploadProblem.STORAGE  # a store of objects answers in XML, and knows no code of Aion's
    if problem is None:
        return None
    limits = [read(body.details.get(name), int) for name in _LIMITS]
    limit = next((one for one in limits if one), None) if problem is UploadProblem.TOO_LARGE else None
    return UploadError(message, filename=filename, stage=stage, problem=problem, limit=limit)


def _parse_error_body(body: Mapping[str, Any]) -> _ErrorBody:
    error, detail = body.get("error"), body.get("detail")
    request_id = read(body.get("request_id"), str) or None
    if isinstance(error, dict):
        return _ErrorBody(
            read(error.get("message"), str) or "",
            read(error.get("code"), str) or None,
            request_id,
            read(error.get("details"), dict) or {},
        )
    # FastAPI's 422, which has no message of its own.
    if isinstance(detail, list):
        problems = [
            {key: each[key] for key in _FASTAPI_FIELDS if key in each}
            for each in read_list(detail, dict) or []
        ]
        return _ErrorBody("; ".join(map(_describe, problems)), None, request_id, {"errors": problems})
    message = read(error, str) or read(detail, str) or read(body.get("message"), str) or ""
    code = read(body.get("error_code"), str) or read(body.get("code"), str) or None
    # Where both are there, `error` is the sentence and `detail` says more.
    details = {"detail": detail} if isinstance(detail, str) and error else {}
    return _ErrorBody(message, code, request_id, details)


def _describe(problem: Mapping[str, Any]) -> str:
    """Return one of FastAPI's problems as `place: sentence`."""
    location = problem.get("loc")
    place = ".".join(map(str, location)) if isinstance(location, list) else ""
    return f"{place}: {read(problem.get('msg'), str) or ''}"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a Retry-After header, which holds seconds or an HTTP date; None for anything else."""
    value = headers.get("retry-after", "")
    # "nan" and "inf" are numbers for float(); both fail the comparison at the end.
    try:
        seconds = float(value)
    except ValueError:
        try:
            # Without a zone, as C writes dates, it is UTC (RFC 9110, 5.6.7); Python would read it as local time.
            moment = parsedate_to_datetime(value)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time()
        except (ValueError, OverflowError):  # no date, or one before the years that the platform can count
            return None
    return max(0.0, seconds) if seconds < float("inf") else None


def _header_number(value: str | None) -> int | None:
    # int() takes time quadratic in the digits, so a header has at most 15.
    return (
        int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 16 else None
    )
