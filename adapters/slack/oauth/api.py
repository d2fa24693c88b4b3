"""What the app itself asks of Slack, with its own credentials: tokens for a code, and tokens for a refresh token.

https://docs.slack.dev/reference/methods/oauth.v2.access and https://docs.slack.dev/authentication/using-token-rotation
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack import rate_limits
from adapters.slack.client import WebApi
from adapters.slack.errors import BAD_TOKEN
from adapters.slack.methods import Method
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.installation import Installation, NoInstallation, from_answer
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.text import one_line

REDIRECT = "/slack/oauth_redirect"
"""Where Slack sends the browser of somebody who has decided, below the public address."""

_LONGEST_CODE = 80


USED_UP = frozenset({"invalid_refresh_token", "token_already_exchanged"})
"""Errors after which no request can renew a token: somebody has to install the app again.

https://docs.slack.dev/reference/methods/oauth.v2.access and https://docs.slack.dev/reference/methods/oauth.v2.exchange
"""


class OAuthRefused(Exception):
    """Slack does not grant tokens; `code` is its error code."""

    def __init__(self, code: str, method: str = Method.OAUTH_V2_ACCESS) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class OAuthApi:
    """Every call raises `PlatformDown` and `RateLimited`. Each is sent once: a code and a refresh token are good for one use."""

    def __init__(self, settings: OAuthSettings, *, timeout: float) -> None:
        """`timeout` is in seconds for one request."""
        self._settings = settings
        # An empty token: the SDK sends no `Authorization` then, and Slack takes the credentials of the form.
        self._web = self._with_token("", timeout)
        self._timeout = timeout

    @property
    def redirect_url(self) -> str:
        """The address to which Slack leads back; a code is bound to it."""
        return f"{self._settings.public_url}{REDIRECT}"

    async def grant(self, code: str) -> Installation:
        """Exchange the code that somebody's browser brought. Raises `OAuthRefused`."""
        answer = await self._access(code=code, redirect_uri=self.redirect_url)
        return from_answer(_data(answer), _slacks_time(answer))

    async def refresh(self, installation: Installation) -> Installation:
        """Exchange the refresh token of an installation, which is used up then; its old token stays valid until its end.

        Raises `OAuthRefused`.
        """
        answer = await self._access(grant_type="refresh_token", refresh_token=installation.refresh_token)
        return _renewed(installation, answer, Method.OAUTH_V2_ACCESS)

    async def exchange(self, installation: Installation) -> Installation:
        """Exchange a token without an end for one that expires and its refresh token. It works once, and no way leads back.

        Raises `OAuthRefused`, also where the app does not rotate its tokens (`token_rotation_not_enabled`).
        """
        answer = await self._asked(Method.OAUTH_V2_EXCHANGE, token=installation.token)
        return _renewed(installation, answer, Method.OAUTH_V2_EXCHANGE)

    async def revoke(self, token: str) -> None:
        """Give a token back."""
        web = self._with_token(token, self._timeout)
        try:
            await web.ask(Method.AUTH_REVOKE)
        finally:
            await web.close()

    async def is_valid(self, token: str) -> bool:
        """Tell whether Slack still takes a token."""
        web = self._with_token(token, self._timeout)
        try:
            return _data(await web.ask(Method.AUTH_TEST)).get("error") not in BAD_TOKEN
        finally:
            await web.close()

    def use(self, settings: OAuthSettings) -> None:
        """Send other credentials of the same app, from the next request on."""
        self._settings = settings

    async def close(self) -> None:
        """Close the connections."""
        await self._web.close()

    def _with_token(self, token: str, timeout: float) -> WebApi:
        return WebApi(self._settings.of_workspace(token), lambda: rate_limits.LIMITS, timeout=timeout)

    async def _access(self, **fields: str) -> AsyncSlackResponse:
        return await self._asked(Method.OAUTH_V2_ACCESS, **fields)

    async def _asked(self, method: Method, **fields: str) -> AsyncSlackResponse:
        # As fields of the form: what the SDK sends as a header it would mix with the token of a workspace.
        answer = await self._web.ask(
            method,
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret.get_secret_value(),
            **fields,
        )
        said = _data(answer)
        if not said.get("ok"):
            raise OAuthRefused(one_line(str(said.get("error") or "no code"), _LONGEST_CODE), method)
        return answer


def _renewed(installation: Installation, answer: AsyncSlackResponse, method: Method) -> Installation:
    try:
        return installation.refreshed(_data(answer), time.time())
    except NoInstallation:
        raise PlatformDown(f"{method}: an answer without tokens") from None


def _data(answer: AsyncSlackResponse) -> Mapping[str, Any]:
    return answer.data if isinstance(answer.data, dict) else {}


def _slacks_time(answer: AsyncSlackResponse) -> float:
    """Return when Slack answered, in seconds since the epoch: events that are compared with it have Slack's time as well."""
    said = next((str(value) for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        return parsedate_to_datetime(said).timestamp()
    except (TypeError, ValueError):
        return time.time()
