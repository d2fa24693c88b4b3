"""What Slack and its SDK raise, as the port's errors. No I/O.

Slack lists the error codes of each method on the method's page below https://docs.slack.dev/reference/methods.
The texts of these errors hold a method and a code and nothing else: Slack's own answer can repeat what was sent.
"""

import math
from collections.abc import Collection, Mapping

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from adapters.slack import strings
from adapters.slack.config import APP_TOKEN, BOT_TOKEN
from adapters.slack.methods import APP_SCOPES, Method
from aion_bot.ports.errors import (
    CannotDraw,
    CannotEdit,
    FileProblem,
    FileUnavailable,
    Forbidden,
    Hindrance,
    MessageGone,
    PlatformDown,
    PlatformError,
    QuestionGone,
    RateLimited,
    TokenRefused,
    TooLong,
    Unsupported,
)
from aion_bot.ports.rate_limits import RequestStatus
from aion_bot.ports.text import one_line

FAILURES = (SlackClientError, aiohttp.ClientError, OSError, ValueError, AttributeError, RecursionError)
"""Everything that a call of the SDK raises. A `TimeoutError` is an `OSError`, and JSON that cannot be read is a
`ValueError`, or a `RecursionError` where it is nested too deeply. The SDK takes any body of text/plain for a dictionary and raises `AttributeError` over it."""

UNAVAILABLE = frozenset(
    {
        "feature_disabled",
        "feature_not_enabled",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "unknown_method",
    }
)
"""Codes that say what this workspace or app does not have. The next call of the method would be refused too."""

NO_UPLOADS = UNAVAILABLE | {
    "access_denied",
    "file_upload_size_restricted",
    "file_uploads_disabled",
    "file_uploads_except_images_disabled",
    "over_file_size_limit",
    "restricted_action",
    "storage_limit_reached",
}
"""Codes of uploads that say what the app or the workspace does not allow: another attempt would be refused too."""

_RATE_LIMITED = {"ratelimited", "rate_limited"}
_PAUSE_WITHOUT_RETRY_AFTER = 5.0
"""Seconds. Slack sends `Retry-After` with a 429 only, and answers a limit with status 200 now and then."""

BAD_TOKEN = {
    "account_inactive",
    "invalid_auth",
    "not_allowed_token_type",
    "not_authed",
    "token_expired",
    "token_revoked",
}
BAD_APP_TOKEN = BAD_TOKEN | {"missing_scope", "no_permission"}
"""An app-level token has one purpose: one without `connections:write` is the wrong token."""

_SCOPE_LENGTH = 80
"""Characters of the scopes that a sentence names."""

_DIGITS = 3
"""Digits of the number of a block: a message has fifty."""

_STREAMING = {Method.CHAT_START_STREAM, Method.CHAT_APPEND_STREAM, Method.CHAT_STOP_STREAM}
_STREAM_ONLY = {"not_allowed_token_type", "user_not_found"}
"""Codes that say less about a stream than about another call: a post may be accepted all the same."""

_KINDS: Mapping[str, type[PlatformError]] = {
    **dict.fromkeys(
        (
            "cannot_reply_to_message",  # a notice of Slack's own, in which there is no thread
            "channel_not_found",
            "file_deleted",
            "file_not_found",
            "message_not_found",
            "user_not_found",
        ),
        MessageGone,
    ),
    # The message that the thread hangs on was deleted.
    "thread_not_found": QuestionGone,
    **dict.fromkeys(
        ("msg_blocks_too_long", "msg_blocks_too_many", "msg_too_long"),
        TooLong,
    ),
    **dict.fromkeys(
        ("invalid_attachments", "invalid_blocks", "invalid_blocks_format", "no_text"),
        CannotDraw,
    ),
    # `block_mismatch`: what the message shows cannot be replaced by blocks of another kind.
    **dict.fromkeys(
        ("block_mismatch", "cant_update_message", "edit_window_closed", "message_not_owned_by_app"),
        CannotEdit,
    ),
    **dict.fromkeys(
        (
            "external_channel_migrating",  # this and the next one: until Slack has moved the channel or the workspace
            "team_added_to_org",
            "fatal_error",
            "internal_error",
            "request_timeout",
            "service_unavailable",
            "update_failed",
        ),
        PlatformDown,
    ),
}
"""The kind of each code. One that is not listed here is `Forbidden`, or `StreamRefused` where a stream asked."""

_HINDRANCES: Mapping[str, Hindrance] = {
    "not_in_channel": Hindrance.NOT_A_MEMBER,
    "user_not_in_channel": Hindrance.NOT_A_MEMBER,
    "is_archived": Hindrance.ARCHIVED,
    "is_inactive": Hindrance.ARCHIVED,
    "restricted_action_thread_locked": Hindrance.LOCKED,
    "messages_tab_disabled": Hindrance.CLOSED,
    "ekm_access_denied": Hindrance.PERMISSION,
    "missing_scope": Hindrance.PERMISSION,
    "no_permission": Hindrance.PERMISSION,
    "not_allowed_token_type": Hindrance.PERMISSION,
    "restricted_action": Hindrance.PERMISSION,
    "restricted_action_non_threadable_channel": Hindrance.PERMISSION,
    "restricted_action_read_only_channel": Hindrance.PERMISSION,
    "restricted_action_thread_only_channel": Hindrance.PERMISSION,
    "team_access_not_granted": Hindrance.PERMISSION,
}
"""The hindrances that a person can remove, by Slack's code; every other code is about something else."""


class StreamRefused(Unsupported):
    """Slack refuses a native stream, here or now; a post may be accepted. `code` is Slack's error."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class PicturesRefused(CannotDraw):
    """Slack cannot show the files of some image blocks, by their numbers from 0: not yet, or not at all."""

    def __init__(self, method: str, blocks: Collection[int]) -> None:
        super().__init__(f"{method}: {len(blocks)} files not shown")
        self.blocks = frozenset(blocks)


class ConnectionLost(PlatformDown):
    """The connection broke before an answer came. Slack may have received the request."""


def translate(error: Exception, method: Method) -> PlatformError:
    """Name one of `FAILURES` in the port's words."""
    match error:
        case SlackApiError():
            return _refusal(error, method)
        # Before `ClientOSError`, of which it is one: without a connection Slack has received nothing.
        case aiohttp.ClientConnectorError():
            return PlatformDown(f"{method}: {type(error).__name__}")
        case aiohttp.ClientOSError() | aiohttp.ServerDisconnectedError():
            return ConnectionLost(f"{method}: {type(error).__name__}")
        case AttributeError():
            return not_slack(method)
        case _:
            return PlatformDown(f"{method}: {type(error).__name__}")


def not_slack(method: Method) -> PlatformDown:
    """The error for an answer that Slack would not give: a proxy between the bot and Slack gave it."""
    return PlatformDown(f"{method}: an answer that is not Slack's")


def code_of(error: SlackApiError) -> str:
    """Slack's error code; empty where the answer has none."""
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def check_download(status: int, headers: Mapping[str, str]) -> None:
    """Raise what an answer to the request for a file means, unless it is a good one or a redirect."""
    if status == 200 or (300 <= status < 400 and headers.get("Location")):
        return
    text = f"{Method.FILES_DOWNLOAD}: status {status}"
    if status == 429:
        raise RateLimited(_retry_after(headers))
    if status >= 500:
        raise PlatformDown(text)
    raise FileUnavailable(text, FileProblem.GONE if status in {404, 410} else FileProblem.WITHHELD)


def status_of(error: PlatformError) -> RequestStatus:
    """What the request that failed with `error` is reported as."""
    match error:
        case RateLimited():
            return RequestStatus.RATE_LIMITED
        case PlatformDown():
            return RequestStatus.ERROR
        case _:
            return RequestStatus.REFUSED


def _refusal(error: SlackApiError, method: Method) -> PlatformError:
    status, code = getattr(error.response, "status_code", 0), code_of(error)
    if status == 429 or code in _RATE_LIMITED:
        return RateLimited(_retry_after(error.response.headers))
    if not code or status >= 500:
        return PlatformDown(f"{method}: {code or f'status {status}'}")
    variable, bad = (APP_TOKEN, BAD_APP_TOKEN) if method in APP_SCOPES else (BOT_TOKEN, BAD_TOKEN)
    # Slack refused the stream only: it may accept a post.
    if method in _STREAMING and (code in _STREAM_ONLY or code not in bad | _KINDS.keys()):
        return StreamRefused(method, code)
    if code in bad:
        return TokenRefused(variable, strings.token_refused(code))
    text = f"{method}: {code}"
    if code in _KINDS:
        blocks = _without_file(error.response.data) if _KINDS[code] is CannotDraw else ()
        return PicturesRefused(method, blocks) if blocks else _KINDS[code](text)
    # Slack says which scopes it misses: https://docs.slack.dev/authentication
    data = error.response.data
    needed = str(data.get("needed") or "") if code == "missing_scope" and isinstance(data, dict) else ""
    scope = one_line(needed, _SCOPE_LENGTH)
    return Forbidden(text, _HINDRANCES.get(code, Hindrance.OTHER), permission=scope)


def _without_file(data: object) -> set[int]:
    """Return the numbers of the blocks whose file Slack does not show: its answer names each by a JSON pointer.

    As in slackapi/python-slack-sdk#1797: `[ERROR] invalid slack file [json-pointer:/blocks/0/slack_file]`.
    """
    about = data.get("response_metadata") if isinstance(data, dict) else None
    messages = about.get("messages") if isinstance(about, dict) else None
    found = (str(one).rpartition("/blocks/")[2] for one in messages or () if isinstance(messages, list))
    numbers = [one.partition("/")[0] for one in found if one.partition("/")[2].startswith("slack_file")]
    return {int(one) for one in numbers if one.isascii() and one.isdecimal() and len(one) <= _DIGITS}


def check_response(status: int, headers: Mapping[str, str]) -> None:
    """Raise what the answer of a command's address means, unless it has taken the words."""
    if status == 429:
        raise RateLimited(_retry_after(headers))
    if status >= 500:
        raise PlatformDown(f"{Method.RESPONSE_URL}: status {status}")
    if status != 200:
        raise MessageGone(f"{Method.RESPONSE_URL}: status {status}")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that Slack asks the bot to wait; at least 0, and finite."""
    try:
        seconds = float(headers.get("Retry-After", _PAUSE_WITHOUT_RETRY_AFTER))
    except ValueError:
        return _PAUSE_WITHOUT_RETRY_AFTER
    return max(0.0, seconds) if math.isfinite(seconds) else _PAUSE_WITHOUT_RETRY_AFTER
