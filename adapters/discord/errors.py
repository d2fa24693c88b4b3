"""The errors of discord.py and its transport as the port's errors.

Their texts hold a status and a code, never Discord's own words: those can repeat what was sent. The codes are those of
Discord's documentation, *Opcodes and Status Codes*, JSON.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import aiohttp
import discord

from adapters.discord import strings
from adapters.discord.config import MESSAGE_CONTENT, SHARDS, TOKEN
from aion_bot.ports.errors import (
    CannotDraw,
    CannotEdit,
    Forbidden,
    Hindrance,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TakenElsewhere,
    TokenRefused,
    TooLong,
)

FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError)
"""Everything that a call of discord.py raises. A dropped connection is not one of its own errors, a `TimeoutError` is an
`OSError`. A `RuntimeError` is what aiohttp raises once its session is closed; of an answer that is nested too deeply, Python's
JSON raises one of its kinds."""

INVALID_FORM = 50035
INVALID_WEBHOOK_TOKEN = 50027
REQUEST_TOO_LARGE = 40005
TITLE_BLOCKED = 200001
"""A thread's title was blocked by automatic moderation."""
THREAD_ARCHIVED = 50083
THREAD_EXISTS = 160004
UNKNOWN_EMOJI = 10014
UNKNOWN_MESSAGE = 10008
UNKNOWN_MEMBER = 10007
_GONE = {
    10003,  # unknown channel
    10004,  # unknown guild
    10008,  # unknown message
    10015,  # unknown webhook
    10062,  # unknown interaction: acknowledged too late
    INVALID_WEBHOOK_TOKEN,  # 401: the interaction's token has expired (Rapptz/discord.py#9578)
}
_FORBIDDEN: Mapping[int, Hindrance] = {
    30010: Hindrance.OTHER,  # maximum number of reactions
    50001: Hindrance.PERMISSION,  # missing access
    50007: Hindrance.CLOSED,  # cannot send messages to this user
    50013: Hindrance.PERMISSION,  # missing permissions
    90001: Hindrance.OTHER,  # reaction blocked
    160005: Hindrance.LOCKED,
    160006: Hindrance.FULL,  # maximum number of active threads
    160007: Hindrance.FULL,  # maximum number of active announcement threads
    200000: Hindrance.BLOCKED,  # message was blocked by automatic moderation
    240000: Hindrance.BLOCKED,  # message blocked by harmful links filter
}
NO_HISTORY = 160002
"""Nothing can be posted as a reply without the permission Read Message History; a plain message may be taken."""
TOO_MANY_LATE_EDITS = 30046
"""Maximum number of edits to messages older than an hour. It comes as a 429, whose pause no answer can wait for."""
_CANNOT_EDIT = {
    TOO_MANY_LATE_EDITS,
    50005,  # cannot edit a message authored by another user
    50021,  # cannot execute action on a system message
}
_OVERLOADED = {
    40333,  # Discord's own proxy refused the request, with status 403
    130000,  # the API is overloaded
}
_TOKEN_REFUSED, _TOO_FEW_SHARDS = 4004, 4011
"""Close codes of the gateway that no other attempt would mend."""
MISSING_ACCESS = 50001
ACKNOWLEDGED = 40060
"""The interaction was acknowledged before: by an attempt whose answer was lost, or by another process with this token."""
_VIEW_CHANNEL = "View Channel"
"""The name that Discord's settings give to the permission behind `MISSING_ACCESS`."""
_DEFAULT_RETRY_AFTER = 1.0


class Archived(Forbidden):
    """A message in an archived thread cannot be edited (Discord's documentation, *Threads*)."""

    def __init__(self, text: str) -> None:
        super().__init__(text, Hindrance.ARCHIVED)


class Claimed(TakenElsewhere):
    """A question is claimed by an older message of the bot's account, `message`, which shows buttons of these `keys`."""

    def __init__(self, message: int, keys: frozenset[str]) -> None:
        super().__init__("the bot's account has answered this question, and not in this process")
        self.message = message
        self.keys = keys


@contextmanager
def missing(permission: str) -> Iterator[None]:
    """Name `permission` in a refusal that says only that one is missing: it is the one that the call needs."""
    try:
        yield
    except Forbidden as error:
        if error.hindrance is Hindrance.PERMISSION:
            error.permission = error.permission or permission
        raise


def is_refusal(error: PlatformError) -> bool:
    """Tell whether Discord would refuse the same call again, so that the caller has to use another one."""
    return not isinstance(error, PlatformDown | RateLimited | TokenRefused)


def pause_before_retry(error: Exception) -> bool | float:
    """Return whether a failed request is worth another attempt, and for how many seconds Discord wants a pause."""
    return error.retry_after if isinstance(error, RateLimited) else isinstance(error, PlatformDown)


def translate(error: Exception) -> PlatformError:
    """Return the port's error for one that discord.py or its transport raised."""
    match error:
        case discord.LoginFailure():
            return TokenRefused(
                TOKEN, "Discord does not accept it; copy the token from the developer portal anew"
            )
        case discord.PrivilegedIntentsRequired():
            return TokenRefused(
                MESSAGE_CONTENT,
                "asks for the Message Content intent, which is off in the developer portal;"
                " switch it on there, on the page Bot, or set this to false",
            )
        case discord.RateLimited():
            return RateLimited(error.retry_after)
        case discord.ConnectionClosed() if error.code in {_TOKEN_REFUSED, _TOO_FEW_SHARDS}:
            shards = SHARDS, strings.TOO_FEW_SHARDS
            return TokenRefused(*(shards if error.code == _TOO_FEW_SHARDS else (TOKEN, strings.NOT_ACCEPTED)))
        case discord.HTTPException():
            return _translate_answer(error)
        case _:
            # Only the type: the text of a transport's error can hold the address with its token.
            return PlatformDown(f"Discord cannot be reached ({type(error).__name__})")


def retry_after(headers: Mapping[str, str], body: Any = None) -> float:
    """Read how many seconds a 429 asks for: exact in its body, rounded up in its header, a second where neither is.

    A proxy in front of Discord answers without the body (discord.py takes an answer without `Via` for a ban).
    """
    exact = body.get("retry_after") if isinstance(body, dict) else None
    for value in (exact, headers.get("Retry-After")):
        with suppress(TypeError, ValueError):
            return max(0.0, float(value))  # type: ignore[arg-type]  # None is a TypeError
    return _DEFAULT_RETRY_AFTER


def _translate_answer(error: discord.HTTPException) -> PlatformError:
    text = f"Discord answered {error.status} with code {error.code}"
    if error.code in _CANNOT_EDIT:
        return CannotEdit(text)
    if error.status == 429:
        return RateLimited(retry_after(error.response.headers))
    # With that code the token of an interaction has expired, not the bot's.
    if error.status == 401 and error.code != INVALID_WEBHOOK_TOKEN:
        return TokenRefused(TOKEN, "Discord does not accept it any more")
    down = error.status >= 500 or error.code in _OVERLOADED
    return PlatformDown(text) if down else _translate_refusal(error, text)


def _translate_refusal(error: discord.HTTPException, text: str) -> PlatformError:
    if error.code == THREAD_ARCHIVED:
        return Archived(text)
    if error.code == ACKNOWLEDGED:
        return TakenElsewhere(text)
    if error.code in _GONE or error.status == 404:
        return MessageGone(text)
    if error.code in _FORBIDDEN or error.status == 403:
        permission = _VIEW_CHANNEL if error.code == MISSING_ACCESS else ""
        return Forbidden(text, _FORBIDDEN.get(error.code, Hindrance.OTHER), permission=permission)
    if error.code in {INVALID_FORM, REQUEST_TOO_LARGE, TITLE_BLOCKED}:
        # discord.py flattens the form's errors into text; no other attribute says which field was refused, and why.
        too_long = "In content" in error.text and "in length" in error.text
        return TooLong(text) if too_long or error.code == REQUEST_TOO_LARGE else CannotDraw(text)
    return PlatformError(text)
