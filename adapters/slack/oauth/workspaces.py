"""Workspaces of an organisation that get the app, or lose it: `team_access_granted` and `team_access_revoked`.

Both name up to 1,000 workspaces in `team_ids` (the class of that event in the Java SDK). The documentation shows the event
within another one, and its older page as any other event: both are read.
https://docs.slack.dev/reference/events/team_access_granted and https://docs.slack.dev/reference/events/team_access_revoked
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from adapters.slack.config import ID_FORMS
from adapters.slack.identity import owner_of
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.rotation import Stored
from aion_bot.ports.settings import IdKind
from aion_bot.ports.shared_values import SharedValues

_log = logging.getLogger(__name__)

GRANTED, REVOKED = "team_access_granted", "team_access_revoked"

LEAVING = "slack workspace leaving"
"""Kind of the marks of workspaces whose rows have to be erased from those of their organisation."""
REFUSED = "slack workspace refused"
"""Kind of the marks of workspaces that got the app while the allow list did not name their organisation."""
_GRANTED_AT = "slack workspace granted"
"""Kind of the times of grants: a revocation of before, which Slack sends late or again, counts no more."""

_SENT_FOR = 7200.0
"""Seconds in which Slack sends an event again, and more: it tries for about an hour (https://docs.slack.dev/apis/events-api)."""
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Which workspaces of an organisation got or lost the app; `at` is in seconds since the epoch, 0 where it is not told."""

    granted: bool
    organisation: str
    teams: Sequence[str]
    at: float

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self | None:
        """Read an event; None for any other one, and for one without an organisation."""
        if payload.get("type") != "event_callback":
            return None
        outer, inner = payload, payload.get("event")
        if isinstance(inner, Mapping) and isinstance(inner.get("event"), Mapping):
            outer, inner = inner, inner["event"]
        if not isinstance(inner, Mapping) or inner.get("type") not in {GRANTED, REVOKED}:
            return None
        organisation = owner_of(outer).enterprise or owner_of(payload).enterprise
        listed, at = inner.get("team_ids"), payload.get("event_time")
        form = ID_FORMS[IdKind.WORKSPACE]
        teams = [
            one
            for one in (listed if isinstance(listed, list) else [])[:_MOST]
            if isinstance(one, str) and one.startswith("T") and form.fits(one)
        ]
        since = float(at) if isinstance(at, int | float) else 0.0
        return cls(inner["type"] == GRANTED, organisation, teams, since) if organisation else None


class OrganisationWorkspaces:
    """What is stored of the workspaces of organisations. Every call raises `SharedValuesDown`."""

    def __init__(self, values: SharedValues) -> None:
        self._values = values

    async def change(self, stored: Stored, settings: OAuthSettings, change: AccessChange) -> bool:
        """Take a change over; returns whether an installation of a workspace's own ended with it.

        Raises `PlatformDown` and `RateLimited` as well: then Slack sends the event again.
        """
        installed, ended = set(await stored.installations.names()), False
        for team in change.teams:
            if change.granted:
                await self._grant(settings, change, team)
                continue
            if change.organisation in installed:
                await self._revoke(change, team)
            if team in installed and await _end_own(stored, team):
                ended = True
        return ended

    async def _grant(self, settings: OAuthSettings, change: AccessChange, team: str) -> None:
        name = f"{change.organisation}/{team}"
        where = {"workspace": team, "organisation": change.organisation}
        await self._values.set(_GRANTED_AT, name, str(change.at), seconds=_SENT_FOR)
        if settings.may_install(team, change.organisation):
            await self._values.take(REFUSED, name)
            _log.info("workspace got the app", extra=where)
        else:
            await self._values.set(REFUSED, name, "1")
            _log.warning("workspace not allowed", extra=where)

    async def _revoke(self, change: AccessChange, team: str) -> None:
        name = f"{change.organisation}/{team}"
        granted = await self._values.get(_GRANTED_AT, name)
        if granted is not None and float(granted) > change.at:
            return
        await self._values.take(REFUSED, name)
        await self._values.set(LEAVING, name, "1")
        _log.info("workspace lost the app", extra={"workspace": team, "organisation": change.organisation})

    async def refused(self) -> frozenset[str]:
        """Return `<organisation>/<workspace>` of those that may not be served."""
        return frozenset(await self._values.names(REFUSED))

    async def leaving(self) -> Sequence[tuple[str, str]]:
        """Return organisations and workspaces whose rows have to be erased."""
        return [
            (one, two) for one, _, two in (name.partition("/") for name in await self._values.names(LEAVING))
        ]

    async def left(self, organisation: str, team: str) -> None:
        """Forget a workspace whose rows were erased."""
        await self._values.take(LEAVING, f"{organisation}/{team}")

    async def forget(self, organisation: str) -> None:
        """Forget all marks of an organisation that has the app no more."""
        for kind in (LEAVING, REFUSED, _GRANTED_AT):
            for name in await self._values.names(kind):
                if name.startswith(f"{organisation}/"):
                    await self._values.take(kind, name)


async def _end_own(stored: Stored, team: str) -> bool:
    """Let a workspace leave that had installed the app by itself, if Slack takes its token no more."""
    found, text = await stored.installations.sealed(team)
    if found is None or await stored.api.is_valid(found.token):
        return False
    _log.info("app removed", extra={"workspace": team})
    return await stored.installations.remove(team, text)
