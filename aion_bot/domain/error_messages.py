"""Errors of Aion and of the platforms as sentences for people. No I/O."""

from collections.abc import Mapping

from aion_bot.aion import AionvisionError, ResourceNotFoundError
from aion_bot.domain import strings
from aion_bot.domain.turn import EndReason
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformError, TooLong

_BY_CODE = {
    "INVALID_API_KEY": "AUTH_ERROR",
    "EXPIRED_API_KEY": "AUTH_ERROR",
    "WRONG_ADDRESS": "AUTH_ERROR",
    "USAGE_LIMIT_EXCEEDED": "QUOTA_EXCEEDED",
    "STORAGE_QUOTA_EXCEEDED": "QUOTA_EXCEEDED",
    "RATE_LIMIT_ERROR": "RATE_LIMIT",
    "MEMORY_LIMIT_EXCEEDED": "SERVER_ERROR",
    "SSE_STREAM_ERROR": "CONNECTION_ERROR",
}
_KINDS = {
    "AUTH_ERROR", "PERMISSION_DENIED", "QUOTA_EXCEEDED", "SUBSCRIPTION", "VALIDATION_ERROR", "RATE_LIMIT", "TIMEOUT",
    "CONNECTION_ERROR", "CIRCUIT_OPEN", "SERVER_ERROR",
}  # fmt: skip

_LONGEST_CODE = 40
"""Characters of a code that a log repeats."""


def kind(error: AionvisionError) -> str:
    """Return the kind of trouble behind an error of the client."""
    if error.status_code == 402:
        return "SUBSCRIPTION"
    named = _BY_CODE.get(error.code, error.code)
    return named if named in _KINDS else "SERVER_ERROR"


def end_reason(kind: str) -> EndReason:
    """Return whether a turn that met this trouble can be retried."""
    return EndReason.FAILED if kind in strings.ASKING_AGAIN_HELPS else EndReason.REFUSED


def sentence(error: AionvisionError, *, retry: bool = True) -> str:
    """Say what happened and what to do; `retry`: a Retry button stands under it."""
    return strings.trouble(kind(error), getattr(error, "retry_after", None), retry=retry)


def not_shown(error: PlatformError) -> str:
    """Say why something cannot be shown where it should be."""
    if isinstance(error, Forbidden):
        return strings.cannot_write(error.hindrance, error.permission)
    if isinstance(error, MessageGone):
        return strings.PLACE_GONE
    return strings.CANNOT_DRAW if isinstance(error, TooLong) else strings.REFUSED_HERE


def event_kind(data: Mapping[str, object]) -> str:
    """Return the kind of trouble of an `error` event, whose own message may hold anything and is shown to nobody."""
    named = event_code(data)
    named = _BY_CODE.get(named, named)
    return named if named in _KINDS else "REPORTED"


def event_code(data: Mapping[str, object]) -> str:
    """Return the code of an `error` event for a log; "" where there is none, or it is no name."""
    named = str(data.get("code") or data.get("error_type") or "").upper()
    return named if named.isascii() and named.isidentifier() and len(named) <= _LONGEST_CODE else ""


def session_gone(error: AionvisionError) -> bool:
    """Tell whether the session itself is the trouble: closed by somebody, run out, or expired."""
    return (
        isinstance(error, ResourceNotFoundError)
        or error.status_code == 410
        or error.code.startswith("SESSION_")
    )
