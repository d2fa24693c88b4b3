"""Whether workspaces can install the app and are served: the app's credentials, the keys, the pages. Changes nothing."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import aiohttp

from adapters.slack import http_diagnosis, rate_limits
from adapters.slack import strings as slack_strings
from adapters.slack.client import WebApi
from adapters.slack.config import PUBLIC_URL
from adapters.slack.diagnosis import SlackDiagnosis
from adapters.slack.oauth import strings
from adapters.slack.oauth.api import OAuthRefused
from adapters.slack.oauth.config import (
    ALLOW_INSTALL,
    CLIENT_ID,
    CLIENT_SECRET,
    ENCRYPTION_KEYS,
    OAuthSettings,
)
from adapters.slack.oauth.installation import Installation, NoInstallation
from adapters.slack.oauth.rotation import Stored
from aion_bot.ports.diagnosis import Diagnosis, Finding, Subjects, fail, ok, unfinished, warn
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.settings import is_loopback
from aion_bot.ports.shared_values import SharedValuesDown

_TIMEOUT = 10.0
"""Seconds for one request."""

_NO_CODE = "doctor"
"""No code of Slack's: Slack looks at the credentials before it looks at it."""

_ASKED = 20
"""Workspaces of which the token is tried."""

_NAMED = 5
"""Workspaces that a finding names."""


class InstallDiagnosis:
    """Looks at what is `stored`, and asks Slack with the app's own credentials."""

    def __init__(self, settings: OAuthSettings, stored: Stored) -> None:
        self._settings, self._stored = settings, stored

    async def whole(self, subjects: Subjects) -> Diagnosis:
        """Check what is common to all workspaces. Raises `PlatformDown`."""
        findings: list[Finding] = []
        try:
            found = await self._installations(findings)
            one = self._settings.of_workspace("")
            pages = http_diagnosis.request_url(one), self._redirect_url()
            for check in (self._credentials(), self._tokens(found), *pages):
                findings += [finding async for finding in check]
            findings += await self._configuration(found, subjects)
        except SharedValuesDown as error:
            findings.append(fail("installations", str(error), strings.LOOK_AT_DATABASE))
        except RateLimited as error:
            findings.append(unfinished(error))
        return Diagnosis(findings)

    async def _installations(self, findings: list[Finding]) -> Sequence[Installation]:
        """Add what is to be said of the stored installations; returns those that a key opens."""
        if not self._settings.allow_install:
            findings.append(warn(ALLOW_INSTALL, strings.NOBODY_INSTALLS, strings.LIST_WORKSPACES))
        scopes = await self._stored.installations.scopes()
        read = {one: await self._stored.installations.peek(one) for one in scopes}
        closed = [one for one, found in read.items() if found is None]
        if closed:
            findings.append(fail(ENCRYPTION_KEYS, strings.not_opened(_some(closed)), strings.ADD_THE_KEY))
        else:
            findings.append(ok(ENCRYPTION_KEYS, strings.all_opened(len(scopes))))
        found = [one for one in read.values() if one is not None]
        if again := [one for one in await self._stored.installations.used_up() if one in read]:
            findings.append(
                fail("token rotation", strings.tokens_used_up(_some(again)), strings.INSTALL_ONCE_MORE)
            )
        late = [one.scope for one in found if one.scope not in again and 0 < one.expires_at < time.time()]
        if late:
            findings.append(warn("token rotation", strings.tokens_ended(_some(late)), strings.INSTALL_AGAIN))
        return found

    async def _credentials(self) -> AsyncIterator[Finding]:
        """Ask Slack for a token with a code that is none: what it refuses tells whether it knows the app."""
        try:
            await self._stored.api.grant(_NO_CODE)
        except OAuthRefused as refusal:
            variable = {"invalid_client_id": CLIENT_ID, "bad_client_secret": CLIENT_SECRET}.get(refusal.code)
            if variable is None:
                yield ok(CLIENT_ID, strings.CREDENTIALS_TAKEN)
            else:
                yield fail(variable, slack_strings.token_refused(refusal.code), strings.COPY_CREDENTIALS)
        except NoInstallation:
            yield ok(CLIENT_ID, strings.CREDENTIALS_TAKEN)

    async def _tokens(self, found: Sequence[Installation]) -> AsyncIterator[Finding]:
        """Ask whether Slack takes the tokens of the first workspaces."""
        asked = found[:_ASKED]
        valid = await asyncio.gather(*(self._stored.api.is_valid(one.token) for one in asked))
        if refused := [one.scope for one, good in zip(asked, valid, strict=True) if not good]:
            yield fail("installations", strings.tokens_refused(_some(refused)), strings.INSTALL_ONCE_MORE)
        elif asked:
            yield ok("installations", strings.tokens_taken(len(asked), len(found)))

    async def _redirect_url(self) -> AsyncIterator[Finding]:
        """Open the address to which Slack leads back, without a code: the bot's own page says that it has expired."""
        address = self._stored.api.redirect_url
        # No proxy leads back to this machine.
        proxy = None if is_loopback(urlsplit(address).hostname) else self._settings.proxy
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT)) as session,
                session.get(address, proxy=proxy, allow_redirects=False) as answer,
            ):
                text = (await answer.content.read(4096)).decode("utf-8", "replace")
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            yield warn(PUBLIC_URL, strings.no_answer_at(address, type(error).__name__), strings.LEAD_PAGES)
            return
        if status == 400 and strings.INSTALL_EXPIRED[0] in text:
            yield ok(PUBLIC_URL, strings.leads_to_pages(address))
        else:
            yield warn(PUBLIC_URL, strings.other_page(address, status), strings.LEAD_PAGES)

    async def _configuration(self, found: Sequence[Installation], subjects: Subjects) -> Sequence[Finding]:
        """Compare the app's configuration, where a configuration token is set and an installation tells the app's id."""
        if self._settings.config_token is None or not found:
            return ()
        one = self._settings.of_workspace(found[0].token)
        web = WebApi(one, lambda: rate_limits.LIMITS, timeout=_TIMEOUT)
        try:
            asked = SlackDiagnosis(web, one, app=found[0].app, installations=True)
            return [finding async for finding in asked.configuration(reactions=subjects.reactions)]
        finally:
            await web.close()


def _some(scopes: Sequence[str]) -> str:
    """Name a few workspaces, and how many more there are."""
    more = len(scopes) - _NAMED
    return ", ".join(scopes[:_NAMED]) + (f" and {more} more" if more > 0 else "")
