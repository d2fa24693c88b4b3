"""The errors of discord.py and its transport as the port's errors.

Their texts hold a status and a code, never Discord's own words: those can repeat what was sent. The codes are those of
Discord's documentation, *Opcodes and Status Codes*, JSON.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp
import discord

from adapters.discord.config import MESSAGE_CONTENT, TOKEN
from aion_bot.ports.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
)

FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError)
"""Everything that a call of discord.py raises. A dropped connection is not one of its own errors, and a
`TimeoutError` is an `OSError`."""

INVALID_FORM = 50035
INVALID_WEBHOOK_TOKEN = 50027
REQUEST_TOO_LARGE = 40005
THREAD_ARCHIVED = 50083
THREAD_EXISTS = 160004
UNKNOWN_EMOJI = 10014
UNKNOWN_MEMBER = 10007
_GONE = {
    10003,  # unknown channel
    10004,  # unknown guild
    10008,  # unknown message
    10015,  # unknown webhook
    10062,  # unknown interaction: acknowledged too late
    INVALID_WEBHOOK_TOKEN,  # 401: the interaction's token has expired (Rapptz/discord.py#9578)
}
_FORBIDDEN = {
    30010,  # maximum number of reactions
    40060,  # interaction already acknowledged, by another process with this token
    50001,  # missing access
    50007,  # cannot send messages to this user
    50013,  # missing permissions
    90001,  # reaction blocked
    160005,  # thread locked
    160006,  # maximum number of active threads
}
_DEFAULT_RETRY_AFTER = 1.0


class Archived(Forbidden):
    """A message in an archived thread cannot be edited (Discord's documentation, *Threads*)."""


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
        case discord.ConnectionClosed(code=4004):
            return TokenRefused(TOKEN, "Discord's gateway does not accept it")
        case discord.HTTPException():
            return _translate_answer(error)
        case _:
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
    if error.status == 429:
        return RateLimited(retry_after(error.response.headers))
    if error.status == 401 and error.code != INVALID_WEBHOOK_TOKEN:
        return TokenRefused(TOKEN, "Discord does not accept it any more")
    return _error_type(error)(f"Discord answered {error.status} with code {error.code}")


def _error_type(error: discord.HTTPException) -> type[PlatformError]:
    if error.status >= 500:
        return PlatformDown
    if error.code == THREAD_ARCHIVED:
        return Archived
    if error.code in _GONE or error.status == 404:
        return MessageGone
    if error.code in _FORBIDDEN or error.status == 403:
        return Forbidden
    # discord.py flattens the form's errors into text; nowhere else does it show which field was refused, and why.
    too_long = error.code == INVALID_FORM and "In content" in error.text and "in length" in error.text
    return TooLong if too_long or error.code == REQUEST_TOO_LARGE else PlatformError
