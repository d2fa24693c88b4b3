"""Discord's errors, with the codes and shapes of its documentation (*Opcodes and Status Codes*). No I/O."""

import math
from typing import Any


class ApiError(Exception):
    """A request that Discord answers with an error."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: dict[str, Any] | None = None,
        *,
        pause: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.pause = pause
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        """The answer's body."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        if self.pause is not None:
            body |= {"retry_after": self.pause, "global": "X-RateLimit-Global" in self.headers}
        return body


def invalid_form(path: str, code: str, message: str) -> ApiError:
    """One invalid field; `path` names it with dots."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path.split(".")):
        errors = {name: errors}
    return ApiError(400, 50035, "Invalid Form Body", errors)


def too_long(path: str, most: int) -> ApiError:
    """A text over its limit."""
    return invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def unknown_user() -> ApiError:
    """No user has this id."""
    return ApiError(404, 10013, "Unknown User")


def unknown_member() -> ApiError:
    """Nobody of that id is in the server."""
    return ApiError(404, 10007, "Unknown Member")


def unknown_channel() -> ApiError:
    """No such channel."""
    return ApiError(404, 10003, "Unknown Channel")


def unknown_message() -> ApiError:
    """No such message."""
    return ApiError(404, 10008, "Unknown Message")


def unknown_interaction() -> ApiError:
    """No such interaction, or an answer after three seconds."""
    return ApiError(404, 10062, "Unknown interaction")


def unknown_webhook() -> ApiError:
    """An interaction that was not answered yet has no followups."""
    return ApiError(404, 10015, "Unknown Webhook")


def expired_token() -> ApiError:
    """An interaction's token after fifteen minutes."""
    return ApiError(401, 50027, "Invalid Webhook Token")


def unknown_emoji() -> ApiError:
    """A reaction that is not there."""
    return ApiError(404, 10014, "Unknown Emoji")


def missing_access() -> ApiError:
    """A channel that the bot cannot see."""
    return ApiError(403, 50001, "Missing Access")


def missing_permissions() -> ApiError:
    """Something that the bot may not do there."""
    return ApiError(403, 50013, "Missing Permissions")


def already_acknowledged() -> ApiError:
    """A second answer to an interaction."""
    return ApiError(400, 40060, "Interaction has already been acknowledged.")


def unauthorized() -> ApiError:
    """A missing or wrong token."""
    return ApiError(401, 0, "401: Unauthorized")


def empty_message() -> ApiError:
    """A message that shows nothing."""
    return ApiError(400, 50006, "Cannot send an empty message")


def thread_exists() -> ApiError:
    """A second thread from one message."""
    return ApiError(400, 160004, "A thread has already been created for this message")


def thread_archived() -> ApiError:
    """An edit inside an archived thread."""
    return ApiError(400, 50083, "Thread is archived")


def thread_locked() -> ApiError:
    """A message in a locked thread."""
    return ApiError(400, 160005, "This thread is locked")


def wrong_channel_type() -> ApiError:
    """Something that this kind of channel cannot do."""
    return ApiError(400, 50024, "Cannot execute action on this channel type")


def not_yours() -> ApiError:
    """An edit of somebody else's message."""
    return ApiError(403, 50005, "Cannot edit a message authored by another user")


def closed_to_you() -> ApiError:
    """A direct message to somebody who takes none."""
    return ApiError(403, 50007, "Cannot send messages to this user")


def rate_limited(pause: float, headers: dict[str, str]) -> ApiError:
    """Too many requests: one may follow after `pause` seconds. discord.py takes a 429 without `Via` for a ban."""
    sent_headers = headers | {"Retry-After": str(math.ceil(pause)), "Via": "1.1 google"}
    return ApiError(429, 0, "You are being rate limited.", pause=pause, headers=sent_headers)
