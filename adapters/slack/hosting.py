"""Slack for many workspaces: who installed the app, and whose each request is."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from adapters.slack.config import SIGNING_SECRET
from adapters.slack.hosted_adapter import HostedSlackAdapter
from adapters.slack.http_mode import PATH as EVENTS
from adapters.slack.http_mode import RequestCheck
from adapters.slack.identity import is_own_edit, owner_of
from adapters.slack.ids import PLATFORM
from adapters.slack.oauth import aion_keys, config, strings
from adapters.slack.oauth.aion_keys import AionKeys, KeyForm
from adapters.slack.oauth.api import REDIRECT, OAuthApi
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.diagnosis import InstallDiagnosis
from adapters.slack.oauth.install import PATH as INSTALL
from adapters.slack.oauth.install import InstallPages
from adapters.slack.oauth.installations import Installations
from adapters.slack.oauth.removal import is_removal, remove
from adapters.slack.oauth.rotation import RotationTimes, Stored
from adapters.slack.oauth.sealing import Sealer
from adapters.slack.oauth.workspaces import AccessChange, OrganisationWorkspaces
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.diagnosis import Diagnosis, Subjects
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.hosting import CheckKey, Routed
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown

_log = logging.getLogger(__name__)

_KNOWN_FOR = 10.0
"""Seconds for which it is known which workspaces there are: a request must not wait for the database."""
_MOST_UNKNOWN = 1_000
"""Workspaces without an installation that are said in the log."""
_UNKNOWN_FOR = 1.0
"""Seconds before it is looked up again because of a request of a workspace that is not known."""


class HostedSlack:
    """The `aion_bot.ports.hosting.HostedPlatform` of Slack: a scope is a workspace, or an organisation with its workspaces."""

    platform = PLATFORM
    secrets: Sequence[str] = (config.CLIENT_SECRET, SIGNING_SECRET, config.ENCRYPTION_KEYS)

    def __init__(
        self,
        settings: OAuthSettings,
        values: SharedValues,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        times: RotationTimes = RotationTimes(),  # noqa: B008  # frozen
    ) -> None:
        self._settings, self._values = settings, values
        self._timeouts, self._times = timeouts, times
        self.address = settings.api_url
        # Workspaces that install the app from then on are asked for the scope of reactions as well.
        self.takes_reactions, self.reactions_at_once = False, True
        self.changed = asyncio.Event()
        prefix = urlsplit(settings.public_url).path
        self._paths = {
            f"{before}{one}": one for before in ("", prefix) for one in (EVENTS, INSTALL, REDIRECT)
        }
        self.http_paths: Sequence[str] = tuple(self._paths)
        self._stored = self._open(settings, OAuthApi(settings, timeout=timeouts.request))
        self.check_key: CheckKey | None = None
        self._workspaces = OrganisationWorkspaces(values)
        self._known: frozenset[str] = frozenset()
        self._refused: frozenset[str] = frozenset()
        self._looked = -_KNOWN_FOR
        self._unknown: set[str] = set()

    def _open(self, settings: OAuthSettings, api: OAuthApi) -> Stored:
        """Build what depends on the app's secrets."""
        sealer = Sealer([one.get_secret_value() for one in settings.encryption_keys])
        stored = Stored(self._values, Installations(self._values, sealer), api)
        self._check = RequestCheck(settings.signing_secret.get_secret_value())
        self._pages = InstallPages(
            settings, self._values, stored, lambda: self.takes_reactions, self._changed
        )
        self._keys = AionKeys(stored)
        self._form = KeyForm(settings, stored, self._keys)
        return stored

    def _changed(self) -> None:
        self._looked = -_KNOWN_FOR
        self.changed.set()

    async def scopes(self) -> Sequence[str]:
        """Return the ids of the workspaces and organisations that have the app. Raises `SharedValuesDown`."""
        return await self._stored.installations.scopes()

    async def adapter(self, scope: str) -> HostedSlackAdapter | None:
        """Build the adapter of a workspace; None where its installation is gone, or no key opens it. Raises `SharedValuesDown`."""
        found = await self._stored.installations.get(scope)
        if found is None:
            return None
        return HostedSlackAdapter(
            self._settings, found, self._stored, self._changed, timeouts=self._timeouts, times=self._times
        )

    async def route(self, path: str, request: HttpRequest) -> Routed | HttpAnswer:
        """Serve the pages of the installation, and tell whose a request of Slack's is. Does not raise."""
        wanted = self._paths.get(path)
        if wanted in {INSTALL, REDIRECT}:
            if request.method != "GET":
                return HttpAnswer(405, headers={"Allow": "GET"})
            return await (self._pages.begin if wanted == INSTALL else self._pages.finish)(request)
        payload = self._check.read(request) if wanted == EVENTS else HttpAnswer(404)
        if isinstance(payload, HttpAnswer):
            return payload
        if is_own_edit(payload):
            return HttpAnswer(
                200
            )  # else it would be written down for the owner, only to be thrown away there
        try:
            return await self._route(payload, request)
        except (PlatformError, SharedValuesDown) as error:
            _log.warning("request not routed", extra={"reason": str(error)})
            return HttpAnswer(503)

    async def _route(self, payload: Mapping[str, Any], request: HttpRequest) -> Routed | HttpAnswer:
        if (change := AccessChange.of(payload)) is not None:
            if await self._workspaces.change(self._stored, self._settings, change):
                self._changed()
            # Also where nothing ended: what is refused may have changed.
            self._looked = -_KNOWN_FOR
            return HttpAnswer(200)
        scope = await (self._removed if is_removal(payload) else self._scope)(payload)
        if scope is None:
            return HttpAnswer(503)
        if not scope:
            self._note_unknown(owner_of(payload).team, is_removal(payload))
            # Nobody serves it: Slack would send an event again in vain, and switches the app's events off after many.
            return HttpAnswer(200, strings.NOT_INSTALLED if "command" in payload else "")
        return await self._key_form(scope, payload) or Routed(scope, request)

    def _note_unknown(self, team: str, removal: bool) -> None:
        """Say once of a workspace that it sends and has no installation."""
        if team and not removal and team not in self._unknown and len(self._unknown) < _MOST_UNKNOWN:
            self._unknown.add(team)
            _log.warning("request of a workspace without installation", extra={"workspace": team})

    async def _key_form(self, scope: str, payload: Mapping[str, Any]) -> HttpAnswer | None:
        """Answer what is about a workspace's key of Aion's; None for anything else, or where no key can be tried."""
        if self.check_key is None:
            return None
        if aion_keys.is_asked_for(payload):
            return await self._form.open(scope, payload)
        return await self._form.take(scope, payload, self.check_key) if aion_keys.is_given(payload) else None

    async def aion_key(self, scope: str) -> str | None:
        """Return the key of Aion's that an admin of a workspace gave; None for none. Raises `SharedValuesDown`."""
        return await self._keys.get(scope)

    async def _scope(self, payload: Mapping[str, Any]) -> str | None:
        """Return whose a payload is; "" for a workspace without the app, None for one whose earlier rows are still erased."""
        owner = owner_of(payload)
        found = owner.scope(await self._installed()) or owner.scope(await self._installed(_UNKNOWN_FOR))
        if f"{found}/{owner.team}" in self._refused and not self._settings.may_install(owner.team, found):
            return ""
        if not found and (leaving := owner.scope(await self.leaving())):
            return "" if await self._stored.installations.get(leaving) is None else None
        return found

    async def _removed(self, payload: Mapping[str, Any]) -> str:
        """Let a workspace leave that removed the app; returns it, as its owner has to be told, or "" where nothing changes."""
        owner = owner_of(payload)
        scope = owner.scope(await self._stored.installations.names())
        if not scope or not await remove(self._stored, scope, payload, owner):
            return ""
        self._changed()
        return scope

    async def _installed(self, age: float = _KNOWN_FOR) -> frozenset[str]:
        """Return what is installed, as it was so many seconds ago at most."""
        # Taken before the reads: what they find may be as old as their beginning.
        now = time.monotonic()
        if now - self._looked >= age:
            known = frozenset(await self.scopes())
            if known != self._known:
                self.changed.set()
            self._known, self._refused, self._looked = known, await self._workspaces.refused(), now
        return self._known

    async def leaving(self) -> Sequence[str]:
        """Return the ids of workspaces that removed the app, whose rows are still there. Raises `SharedValuesDown`."""
        return await self._stored.installations.leaving()

    async def left(self, scope: str) -> None:
        """Forget a workspace whose rows were erased; one that installed the app again meanwhile is served. Raises `SharedValuesDown`."""
        await self._keys.forget(scope)
        await self._workspaces.forget(scope)
        await self._stored.installations.left(scope)
        self._changed()

    async def leaving_workspaces(self) -> Sequence[tuple[str, str]]:
        """Return organisations and workspaces that lost the app, whose rows are still there. Raises `SharedValuesDown`."""
        return await self._workspaces.leaving()

    async def workspace_left(self, scope: str, workspace: str) -> None:
        """Forget a workspace of an organisation whose rows were erased. Raises `SharedValuesDown`."""
        await self._workspaces.left(scope, workspace)

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Use other secrets of the same app from now on; with a problem nothing changes."""
        found, problems = config.read(env)
        if found is None:
            return (), problems
        names = {
            config.CLIENT_SECRET: "client_secret",
            SIGNING_SECRET: "signing_secret",
            config.ENCRYPTION_KEYS: "encryption_keys",
        }
        new = self._settings.model_copy(update={one: getattr(found, one) for one in names.values()})
        changed = [name for name, one in names.items() if getattr(new, one) != getattr(self._settings, one)]
        if changed:
            self._settings = new
            # The same client: an answer that is lost while it is replaced may be that of a refresh, which comes once.
            self._stored.api.use(new)
            # The adapters share this object.
            self._stored.installations = self._open(new, self._stored.api).installations
        return tuple(changed), ()

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Check what all workspaces have in common; what is one's own its adapter checks. Raises `PlatformDown`."""
        return await InstallDiagnosis(self._settings, self._stored).whole(subjects)

    async def close(self) -> None:
        """Close the connections."""
        await self._stored.api.close()
