"""Installing the app: the page with the button, and what happens once somebody has decided on Slack's own page.

https://docs.slack.dev/authentication/installing-with-oauth
"""

import logging
import re
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urljoin

from adapters.slack import methods
from adapters.slack.oauth import pages, states, strings
from adapters.slack.oauth.api import OAuthRefused
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.installation import Installation, NoInstallation
from adapters.slack.oauth.rotation import Stored
from adapters.slack.oauth.states import States
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown

_log = logging.getLogger(__name__)

PATH = "/slack/install"
"""The page with the button, below the public address."""

_COOKIE = "__Host-aion-install"
"""Browsers take a cookie of such a name over https alone, and from no other host (RFC 6265bis, section 4.1.3.2)."""
_COOKIE_SECONDS = 3600
_MOST_FIELDS = 20
_MOST_PAGES = 120
"""Pages with a button in a minute and replica: each is a stored value, and anybody may ask for them."""
_MINUTE = 60.0


class InstallPages:
    """Answers for both addresses. `reactions` tells whether they count anywhere; `installed` is called after an installation was stored."""

    def __init__(
        self,
        settings: OAuthSettings,
        values: SharedValues,
        stored: Stored,
        reactions: Callable[[], bool],
        installed: Callable[[], None],
    ) -> None:
        self._settings, self._installations, self._api = settings, stored.installations, stored.api
        self._reactions = reactions
        self._states = States(values)
        self._installed = installed
        self._shown: deque[float] = deque(maxlen=_MOST_PAGES)

    async def begin(self, request: HttpRequest) -> HttpAnswer:
        """Show the page with the button. Does not raise."""
        now = time.monotonic()
        if len(self._shown) == _MOST_PAGES and now - self._shown[0] < _MINUTE:
            return pages.page(429, *strings.INSTALL_LATER)
        self._shown.append(now)
        browser = states.new_browser(_cookie(request))
        try:
            state = await self._states.begin(browser)
        except SharedValuesDown:
            return pages.page(503, *strings.INSTALL_LATER)
        # `Lax`, not `Strict`: Slack's page leads back here, and browsers leave strict cookies out then.
        cookie = f"{_COOKIE}={browser}; Path=/; Max-Age={_COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax"
        button = strings.ADD_TO_SLACK, self._address(state)
        return pages.page(200, *strings.INSTALL, button=button, headers={"Set-Cookie": cookie})

    def _address(self, state: str) -> str:
        """Return the address of Slack's own page, where somebody decides."""
        scopes = [*sorted(methods.required(reactions=self._reactions())), *methods.OPTIONAL]
        query = {
            "client_id": self._settings.client_id,
            "scope": ",".join(scopes),
            "redirect_uri": self._api.redirect_url,
            "state": state,
        }
        return f"{urljoin(self._settings.api_url, '/oauth/v2/authorize')}?{urlencode(query)}"

    async def finish(self, request: HttpRequest) -> HttpAnswer:
        """Take what Slack sent somebody's browser back with, and show how it ended. Does not raise."""
        try:
            found = dict(parse_qsl(request.query, max_num_fields=_MOST_FIELDS))
        except ValueError:
            found = {}
        try:
            # Also where Slack tells of an error: a state is good for one answer.
            good = await self._states.take(found.get("state", ""), _cookie(request))
            if found.get("error"):
                denied = found["error"] == "access_denied"
                return pages.page(403, *(strings.INSTALL_DENIED if denied else strings.INSTALL_FAILED))
            if not good or not found.get("code"):
                return pages.page(400, *strings.INSTALL_EXPIRED)
            return await self._install(await self._api.grant(found["code"]))
        except (OAuthRefused, NoInstallation) as refusal:
            reason = refusal.code if isinstance(refusal, OAuthRefused) else "no installation in the answer"
            _log.warning("installation failed", extra={"reason": reason})
            return pages.page(400, *strings.INSTALL_FAILED)
        except (PlatformError, SharedValuesDown) as error:
            _log.warning("installation failed", extra={"reason": str(error)})
            return pages.page(503, *strings.INSTALL_LATER)

    async def _install(self, new: Installation) -> HttpAnswer:
        where = {"workspace": new.scope, "organisation": new.enterprise}
        if not self._settings.may_install(new.team, new.enterprise):
            _log.warning("installation not allowed", extra=where)
            # A workspace that has the app already would lose it, and all that it has asked.
            if new.scope not in await self._installations.scopes():
                await self._api.revoke(new.token)
            return pages.page(403, *strings.not_allowed_to_install(new.scope))
        await self._installations.save(new)
        missing = sorted(methods.required() - set(new.scopes))
        _log.info("app installed", extra={**where, "missing": ", ".join(missing)})
        self._installed()
        lines = strings.installed(new.name or new.scope, organisation=new.is_enterprise)
        return pages.page(200, *lines, button=(strings.OPEN_SLACK, _next_address(new)))


def _next_address(new: Installation) -> str:
    """Return where somebody goes on: in the app's conversation, or where an organisation adds it to its workspaces.

    https://docs.slack.dev/interactivity/deep-linking and https://docs.slack.dev/enterprise/organization-ready-apps
    """
    if new.is_enterprise:
        return f"https://app.slack.com/manage/{new.enterprise}/integrations/profile/{new.app}/workspaces/add"
    return f"https://slack.com/app_redirect?{urlencode({'app': new.app, 'team': new.team})}"


def _cookie(request: HttpRequest) -> str:
    """Return what a browser is known by, "" where it brings nothing."""
    found = re.search(rf"(?:^|;\s*){re.escape(_COOKIE)}=([^;\s]*)", request.headers.get("cookie", ""))
    return found[1] if found else ""
