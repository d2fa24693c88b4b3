"""The errors of the client. No I/O.

The classes and codes are the vendor's (documentation page *Errors*). Beyond them, every error says whether the server
may have acted on the request, which a caller must know before repeating it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class AionvisionError(Exception):
    """Base class of all errors.

    `code` is the documented name of the kind of failure, `message` a sentence, `details` what else the server sent.
    The text contains neither the API key nor the question.

    Attributes:
        status_code: HTTP status of the response; None where there was none.
        server_code: The server's own code, such as `USAGE_LIMIT_EXCEEDED`.
        request_id: The server's id of the request; the vendor's support asks for it.
        request_sent: False only if the request certainly never left this machine.
        maybe_acted: True if the server may have done what was asked although no complete response arrived.
        retry_after: Seconds to wait before the next request, where the server or the circuit breaker says so.
    """

    # Defaults of the class: whoever raises an error sets what it knows, most of it in `responses`.
    status_code: int | None = None
    server_code: str | None = None
    request_id: str | None = None
    request_sent: bool = True
    maybe_acted: bool = False
    retry_after: float | None = None

    def __init__(self, code: str, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details or {})

    def __repr__(self) -> str:
        """Return the class, code and status. The message is left out: it is the server's and may quote the question."""
        status = f", status_code={self.status_code}" if self.status_code is not None else ""
        return f"{type(self).__name__}(code={self.code!r}{status})"


class AuthenticationError(AionvisionError):
    """The API key is missing, wrong or expired (401)."""

    def __init__(self, message: str = "Authentication failed") -> None:
        super().__init__("AUTH_ERROR", message)


class AionvisionPermissionError(AionvisionError):
    """The key may not do this (403)."""

    def __init__(self, message: str = "Permission denied") -> None:
        super().__init__("PERMISSION_DENIED", message)


class ResourceNotFoundError(AionvisionError):
    """The session or plan does not exist, or no longer exists (404)."""

    def __init__(
        self,
        resource_type: str,
        resource_id: str,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__("NOT_FOUND", message or f"{resource_type} {resource_id} not found", details=details)
        self.resource_type = resource_type
        self.resource_id = resource_id


class WrongAddressError(AionvisionError):
    """Something else than Aion's API answered: a web page, a redirect, or a 404 for an endpoint that Aion has.

    So it is with a base URL without `/api/v2`. Not among the vendor's errors.
    """

    def __init__(self, message: str = "The address is not that of Aion's API") -> None:
        super().__init__("WRONG_ADDRESS", message)


class ValidationError(AionvisionError):
    """The arguments are outside the documented limits (400, 422, or found before sending)."""

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__("VALIDATION_ERROR", message, details=details)


class QuotaExceededError(AionvisionError):
    """A quota is used up, or the subscription does not cover this (402, or a code that says so)."""

    def __init__(self, message: str, *, available: int = 0, limit: int = 0) -> None:
        super().__init__("QUOTA_EXCEEDED", message)
        self.available = available
        self.limit = limit


class RateLimitError(AionvisionError):
    """Too many requests (429). The server did nothing.

    Attributes:
        limit: Requests allowed in the window (`X-RateLimit-Limit`).
        remaining: Requests left in it.
        reset: Unix time in seconds at which the next window starts.
    """

    def __init__(
        self,
        message: str = "Rate limit exceeded",
        *,
        retry_after: float | None = None,
        limit: int | None = None,
        remaining: int | None = None,
        reset: int | None = None,
    ) -> None:
        super().__init__("RATE_LIMIT", message)
        self.retry_after = retry_after
        self.limit = limit
        self.remaining = remaining
        self.reset = reset


class AionvisionTimeoutError(AionvisionError):
    """Nothing arrived for longer than the timeout."""

    def __init__(self, message: str = "Operation timed out", *, last_result: Any = None) -> None:
        super().__init__("TIMEOUT", message)
        self.last_result = last_result


class ServerError(AionvisionError):
    """The server failed (5xx)."""

    def __init__(self, message: str = "Server error") -> None:
        super().__init__("SERVER_ERROR", message)


class AionvisionConnectionError(AionvisionError):
    """The connection could not be made, or broke before the response arrived."""

    def __init__(self, message: str = "Connection failed") -> None:
        super().__init__("CONNECTION_ERROR", message)


class CircuitBreakerError(AionvisionError):
    """Nothing was sent: the circuit of this group of endpoints is open for another `retry_after` seconds."""

    request_sent = False

    def __init__(self, endpoint: str, retry_after: float) -> None:
        super().__init__(
            "CIRCUIT_OPEN", f"{endpoint} is left alone for {retry_after:.1f} s after repeated failures"
        )
        self.endpoint = endpoint
        self.retry_after = retry_after


class ChatError(AionvisionError):
    """The server refused a chat operation for another reason, such as 409: another request is processing the plan.

    `code` is the server's where it gave one, otherwise `CHAT_ERROR`.
    """

    def __init__(
        self,
        message: str,
        *,
        session_id: str | None = None,
        error_code: str | None = None,
        plan_data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(error_code or "CHAT_ERROR", message)
        self.session_id = session_id
        self.plan_data = plan_data


class SSEStreamError(AionvisionError):
    """An answer's stream broke off; the server may still finish and store the answer.

    `reconnect_attempts` stays 0: the stream has no documented resume, and asking again would cost twice.
    """

    maybe_acted = True

    def __init__(
        self,
        message: str,
        *,
        last_event_id: str | None = None,
        events_received: int = 0,
        reconnect_attempts: int = 0,
    ) -> None:
        super().__init__("SSE_STREAM_ERROR", message)
        self.last_event_id = last_event_id
        self.events_received = events_received
        self.reconnect_attempts = reconnect_attempts


class UploadProblem(StrEnum):
    """Why a file could not be uploaded, as far as it is known."""

    TOO_LARGE = "too large"
    WRONG_TYPE = "wrong type"
    DAMAGED = "damaged"
    """The server could not read it (IMAGE_PROCESSING_ERROR)."""
    STORAGE = "storage"
    """The storage behind a presigned address did not take it, or the address is none to trust."""
    UNAVAILABLE = "unavailable"
    """The server takes no uploads (501)."""
    OTHER = "other"


class UploadError(AionvisionError):
    """A file could not be uploaded.

    `stage` is "request", "upload" or "storage". `limit` is the most bytes that the server takes, where it says so.
    """

    def __init__(
        self,
        message: str,
        *,
        filename: str | None = None,
        stage: str | None = None,
        session_id: str | None = None,
        problem: UploadProblem = UploadProblem.OTHER,
        limit: int | None = None,
    ) -> None:
        super().__init__("UPLOAD_ERROR", message)
        self.filename = filename
        self.stage = stage
        self.session_id = session_id
        self.problem = problem
        self.limit = limit


class DocumentProcessingError(AionvisionError):
    """A document could not be read."""

    def __init__(self, message: str, *, document_id: str | None = None, status: str | None = None) -> None:
        super().__init__("DOCUMENT_PROCESSING_ERROR", message)
        self.document_id = document_id
        self.status = status
