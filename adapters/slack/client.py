"""Slack's Web API: the one place that calls it, and that knows what its errors mean."""

import math
from collections.abc import Awaitable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import sdk_log
from adapters.slack.config import APP_TOKEN, BOT_TOKEN, SlackSettings
from adapters.slack.events import Identity
from adapters.slack.methods import Method
from aion_bot.ports.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
    Unsupported,
)
from aion_bot.ports.settings import is_loopback

_READS = {Method.CONVERSATIONS_INFO, Method.CONVERSATIONS_REPLIES}
"""Methods that take no JSON: https://docs.slack.dev/apis/web-api/#methods_supporting_json"""

_STREAMING = {Method.CHAT_START_STREAM, Method.CHAT_APPEND_STREAM, Method.CHAT_STOP_STREAM}
_NO_STREAM = {"not_allowed_token_type", "user_not_found"}
"""Errors that say less about a stream than about other calls: a post may be taken all the same."""

LACKING = {
    "feature_disabled",
    "feature_not_enabled",
    "method_deprecated",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "unknown_method",
}
"""Errors that say what this workspace or app does not have: nothing that the next call would change."""

_PAUSE_IF_NOT_TOLD = 5.0

_TOKEN = {
    "account_inactive",
    "invalid_auth",
    "not_allowed_token_type",
    "not_authed",
    "token_expired",
    "token_revoked",
}
_RATE = {"ratelimited", "rate_limited"}
_GONE = {
    "cannot_reply_to_message",
    "channel_not_found",
    "message_not_found",
    "thread_not_found",
    "user_not_found",
}
_TOO_LONG = {"invalid_blocks", "msg_blocks_too_long", "msg_blocks_too_many", "msg_too_long"}
_DOWN = {"fatal_error", "internal_error", "request_timeout", "service_unavailable", "update_failed"}


class Refused(Unsupported):
    """Slack does not stream here or now; `code` is its error."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class WebApi:
    """Calls with one workspace's tokens, over one shared connection pool.

    Nothing is repeated here: whether a post that failed may be sent again is not the SDK's to decide.
    """

    def __init__(self, settings: SlackSettings, *, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._client: AsyncWebClient | None = None
        self._me: Identity | None = None
        self._closed = False

    @property
    def direct(self) -> bool:
        """Whether Slack is on this machine, where no proxy of the environment may come between."""
        return is_loopback(urlsplit(self._settings.api_url).hostname)

    @property
    def client(self) -> AsyncWebClient:
        """The SDK's client. Needs a running event loop when first used."""
        if self._client is None:
            session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout))
            self._client = AsyncWebClient(
                token=self._settings.bot_token,
                base_url=self._settings.api_url,
                session=session,
                retry_handlers=[],
                logger=sdk_log.LOGGER,
            )
            if self.direct:
                self._client.proxy = None
        return self._client

    async def call(
        self, method: Method, *, tolerated: Collection[str] = (), **arguments: Any
    ) -> Mapping[str, Any]:
        """Call `method` once and return its answer, also one with a `tolerated` error. Raises those of `port.errors`."""
        if self._closed:
            raise PlatformDown(f"{method}: the connection to Slack is closed")
        if method in _READS:
            call = self.client.api_call(method, http_verb="GET", params=arguments)
        else:
            call = self.client.api_call(method, json=arguments)
        return await _answer(call, method, BOT_TOKEN, tolerated)

    async def identify(self) -> Identity:
        """Ask who the bot token belongs to."""
        who = await self.call(Method.AUTH_TEST)
        self._me = Identity(
            team=field(who, "team_id", Method.AUTH_TEST),
            team_name=who.get("team", ""),
            user=field(who, "user_id", Method.AUTH_TEST),
            bot=who.get("bot_id", ""),
            name=who.get("user", ""),
        )
        return self._me

    async def me(self) -> Identity:
        """Who the bot token belongs to, asked once."""
        return self._me or await self.identify()

    async def open_socket(self) -> str:
        """Ask for an address of Socket Mode. It holds a ticket: use it once, and never log it."""
        opening = self.client.apps_connections_open(app_token=self._settings.app_token)
        return field(
            await _answer(opening, "apps.connections.open", APP_TOKEN), "url", "apps.connections.open"
        )

    async def close(self) -> None:
        """Close the pool; later calls raise PlatformDown."""
        self._closed = True
        if self._client is not None and self._client.session is not None:
            await self._client.session.close()


def field(answer: Mapping[str, Any], name: str, method: str) -> str:
    """A field that every answer of `method` has. Raises PlatformDown where it has not: something came between."""
    value = answer.get(name)
    if not isinstance(value, str):
        raise PlatformDown(f"{method}: an answer without {name}")
    return value


async def _answer(
    call: Awaitable[Any], method: str, variable: str, tolerated: Collection[str] = ()
) -> Mapping[str, Any]:
    try:
        data = (await call).data
    except SlackApiError as error:
        if _code(error) in tolerated:
            return {"error": _code(error)}
        raise _translate(error, method, variable) from None  # the cause would carry the request's headers
    except (SlackClientError, aiohttp.ClientError, OSError, ValueError) as error:
        raise PlatformDown(f"{method}: {type(error).__name__}") from None
    except AttributeError:  # the SDK's, over a body of text/plain
        raise PlatformDown(f"{method}: an answer that is not Slack's") from None
    if not isinstance(data, dict):
        raise PlatformDown(f"{method}: an answer that is not Slack's")
    return data


def _translate(error: SlackApiError, method: str, variable: str) -> PlatformError:
    status = getattr(error.response, "status_code", 0)
    code = _code(error)
    if status == 429 or code in _RATE:
        return RateLimited(_retry_after(error.response.headers))
    if not code or status >= 500 or code in _DOWN:
        return PlatformDown(f"{method}: {code or f'status {status}'}")
    return _refusal(code, method, variable)


def _refusal(code: str, method: str, variable: str) -> PlatformError:
    if method in _STREAMING and code in _NO_STREAM:
        return Refused(method, code)
    if code in _TOKEN or (variable == APP_TOKEN and code in {"missing_scope", "no_permission"}):
        return TokenRefused(variable, f"Slack refuses it ({code})")
    if code in _GONE:
        return MessageGone(f"{method}: {code}")
    if code in _TOO_LONG:
        return TooLong(f"{method}: {code}")
    # what else is wrong with a stream may be right for a post
    return Refused(method, code) if method in _STREAMING else Forbidden(f"{method}: {code}")


def _code(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        told = float(headers.get("Retry-After", _PAUSE_IF_NOT_TOLD))
    except ValueError:
        return _PAUSE_IF_NOT_TOLD
    return max(0.0, told) if math.isfinite(told) else _PAUSE_IF_NOT_TOLD
