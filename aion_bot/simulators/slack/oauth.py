"""Slack's side of installing an app by OAuth: what somebody decides on Slack's page, the tokens, and their end.

https://docs.slack.dev/authentication/installing-with-oauth and https://docs.slack.dev/authentication/using-token-rotation
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from aion_bot.simulators.slack.api import arguments_of, token_of
from aion_bot.simulators.slack.app_configuration import SCOPES
from aion_bot.simulators.slack.methods import failure
from aion_bot.simulators.slack.state import APP
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.workspace import SimulatedPerson

CLIENT_ID = "1000000001.2000000002"
CLIENT_SECRET = "51mu1a7edc11en75ec2e70f51ack0000"  # noqa: S105  # a secret of this simulator only

PATH = "/oauth/v2/authorize"


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a code or a refresh token is good for."""

    team: str
    organisation: str
    person: str
    redirect: str
    scopes: str


class SlackOAuth:
    """Grants tokens for the workspaces of `teams`; with `expires_in` seconds each ends, and comes with a refresh token.

    `calls` are the answers of `oauth.v2.access` and `oauth.v2.exchange`, by
    their error or "ok". The next calls fail with the codes in `fail_next`, or with a status of HTTP.
    """

    def __init__(
        self,
        teams: SlackTeams,
        *,
        expires_in: int = 0,
    ) -> None:
        self.expires_in = expires_in
        self.calls: list[str] = []
        self.fail_next: list[str | int] = []
        self._teams = teams
        self._codes: dict[str, _Grant] = {}
        self._used: set[str] = set()
        self._refresh: dict[str, _Grant] = {}
        self._tokens: dict[str, _Grant] = {}
        self._exchanged: set[str] = set()
        teams.methods |= {"oauth.v2.access": self._access, "auth.revoke": self._revoke}
        teams.methods["oauth.v2.exchange"] = self._exchange
        teams.methods["auth.test"] = self._test

    @property
    def env(self) -> Mapping[str, str]:
        """The settings of the app; with what `SlackTeams` and its `HttpDelivery` have, and encryption keys, a bot serves it."""
        return {"SLACK_CLIENT_ID": CLIENT_ID, "SLACK_CLIENT_SECRET": CLIENT_SECRET}

    def approve(self, address: str, team: str, person: SimulatedPerson, *, organisation: str = "") -> str:
        """Press Allow on Slack's page, for a workspace or a whole organisation; returns where the browser is sent.

        Raises LookupError for an address at which Slack shows no such page.
        """
        asked = _asked(address)
        code = secrets.token_hex(16)
        self._codes[code] = _Grant(team, organisation, person.id, asked["redirect_uri"], asked["scope"])
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    def deny(self, address: str) -> str:
        """Press Cancel on Slack's page; returns where the browser is sent."""
        asked = _asked(address)
        return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': asked.get('state', '')})}"

    def tokens(self, team: str) -> Sequence[str]:
        """Return the tokens of a workspace or organisation that hold, oldest first."""
        return [one for one, grant in self._tokens.items() if team == (grant.organisation or grant.team)]

    def end(self, token: str) -> None:
        """Let a token end, as Slack does once its time is over."""
        self._tokens.pop(token)
        self._teams.revoke_token(token)

    def uninstall(self, team: str, *, at: float | None = None) -> Sequence[Mapping[str, Any]]:
        """Remove the app from a workspace or organisation; returns the two events, which `SlackTeams` may deliver in any order.

        They say that it happened `at` these seconds since the epoch, by default now.
        """
        inside = self._teams.of_organisation(team)
        whole, home = bool(inside), self._teams.teams[inside[0] if inside else team]
        for token in self.tokens(team):
            self.end(token)
        bot = home.conversations.team.bot.id
        inner: Sequence[Mapping[str, Any]] = (
            {"type": "app_uninstalled"},
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}},
        )
        where = {"team_id": None, "enterprise_id": team} if whole else {"team_id": team}
        return [
            {
                "token": "legacy-token",
                **where,
                "api_app_id": APP,
                "event": one,
                "type": "event_callback",
                "event_id": "Ev" + secrets.token_hex(5).upper(),
                "event_time": int(time.time() if at is None else at),
            }
            for one in inner
        ]

    async def _access(self, request: web.Request) -> web.StreamResponse:
        if self.fail_next:
            failed = self.fail_next.pop(0)
            self.calls.append(str(failed))
            return (
                web.Response(status=failed) if isinstance(failed, int) else web.json_response(failure(failed))
            )
        answer = self._granted(await arguments_of(request))
        self.calls.append(str(answer.get("error", "ok")))
        return web.json_response(answer)

    def _granted(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("client_id") != CLIENT_ID:
            return failure("invalid_client_id")
        if given.get("client_secret") != CLIENT_SECRET:
            return failure("bad_client_secret")
        if given.get("grant_type") == "refresh_token":
            grant = self._refresh.pop(str(given.get("refresh_token")), None)
            return failure("invalid_refresh_token") if grant is None else self._answer(grant)
        code = str(given.get("code"))
        grant = self._codes.pop(code, None)
        if grant is None:
            return failure("code_already_used" if code in self._used else "invalid_code")
        self._used.add(code)
        return (
            self._answer(grant)
            if given.get("redirect_uri") == grant.redirect
            else failure("bad_redirect_uri")
        )

    def _answer(self, grant: _Grant) -> dict[str, Any]:
        home = self._teams.teams[grant.team].conversations.team
        held = self.tokens(grant.organisation or grant.team)
        # Without rotation an installation that is repeated brings the same token.
        token = held[-1] if held and not self.expires_in else self._teams.issue_token(grant.team)
        self._tokens[token] = grant
        expiring: dict[str, Any] = {}
        if self.expires_in:
            refresh = f"xoxe-1-{secrets.token_hex(16)}"
            self._refresh[refresh] = grant
            expiring = {"expires_in": self.expires_in, "refresh_token": refresh}
        in_one = home.organisation
        return {
            "ok": True,
            "app_id": APP,
            "authed_user": {"id": grant.person},
            "scope": grant.scopes,
            "token_type": "bot",
            "access_token": token,
            "bot_user_id": home.bot.id,
            "team": None if grant.organisation else {"id": home.id, "name": home.name},
            "enterprise": {"id": in_one, "name": f"Organisation {in_one}"} if in_one else None,
            "is_enterprise_install": bool(grant.organisation),
            **expiring,
        }

    async def _exchange(self, request: web.Request) -> web.StreamResponse:
        """Exchange a token without an end, once: it holds no more. https://docs.slack.dev/reference/methods/oauth.v2.exchange"""
        given = await arguments_of(request)
        answer = self._traded(given, token_of(request, given))
        self.calls.append(str(answer.get("error", "ok")))
        return web.json_response(answer)

    def _traded(self, given: Mapping[str, Any], token: str) -> dict[str, Any]:
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return failure("bad_client_secret")
        if not self.expires_in:
            return failure("token_rotation_not_enabled")
        if token in self._exchanged:
            return failure("token_already_exchanged")
        if token not in self._tokens:
            return failure("invalid_token")
        grant = self._tokens[token]
        self.end(token)
        self._exchanged.add(token)
        return self._answer(grant)

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        token = token_of(request, await arguments_of(request))
        if token not in self._tokens:
            return web.json_response(failure("invalid_auth"))
        self.end(token)
        return web.json_response({"ok": True, "revoked": True})

    async def _test(self, request: web.Request) -> web.StreamResponse:
        """Answer `auth.test`, which for the token of an organisation names that."""
        grant = self._tokens.get(token_of(request, await arguments_of(request)))
        if grant is None or not grant.organisation:
            return await self._teams.serve_team(request)
        home = self._teams.teams[grant.team].conversations.team
        whose = {"team": f"Organisation {grant.organisation}", "team_id": grant.organisation}
        about = {"user": home.bot.name, "user_id": home.bot.id, "bot_id": home.bot_id}
        whole = {"enterprise_id": grant.organisation, "is_enterprise_install": True}
        headers = {"x-oauth-scopes": ",".join(SCOPES)}
        return web.json_response({"ok": True, **whose, **about, **whole}, headers=headers)


def _asked(address: str) -> dict[str, str]:
    """Return what the address of Slack's page asks for. Raises LookupError."""
    parts = urlsplit(address)
    asked = {name: one[0] for name, one in parse_qs(parts.query).items()}
    if (
        parts.path != PATH
        or asked.get("client_id") != CLIENT_ID
        or not {"redirect_uri", "scope"} <= set(asked)
    ):
        raise LookupError(f"Slack shows no page at {parts.path}")
    return asked
