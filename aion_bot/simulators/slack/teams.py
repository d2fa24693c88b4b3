"""Several workspaces in which one app is installed, behind one Web API."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from aion_bot.simulators.slack.api import arguments_of, token_of
from aion_bot.simulators.slack.http_delivery import HttpDelivery
from aion_bot.simulators.slack.methods import failure
from aion_bot.simulators.slack.state import Team
from aion_bot.simulators.slack.workspace import LARGEST_FILE, SimulatedSlack
from aion_bot.simulators.workspace import SimulatedPerson

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NAMES = ("Ada", "Ben", "Cy")


def numbered_team(number: int, organisation: str = "") -> Team:
    """Return a workspace whose ids and name have this number, maybe of an organisation."""
    mark = f"{number:04d}"
    return Team(
        f"T{mark}TEAM",
        f"Company {number}",
        SimulatedPerson(f"U{mark}AION", "aion"),
        f"B{mark}AION",
        mark,
        organisation,
    )


def people_of(number: int) -> Sequence[SimulatedPerson]:
    """Return the people of a workspace: their ids and names have its number."""
    return tuple(SimulatedPerson(f"U{number:04d}{name.upper()}", f"{name} {number}") for name in _NAMES)


class SlackTeams:
    """Workspaces by the ids of their teams. What Slack sends for all of them goes over `http`.

    The token of a call chooses the workspace: so each has its own people, messages and limits. `methods` answers methods
    whose caller has no bot token, such as `oauth.v2.access`; `how` is handed to every `SimulatedSlack`. `organisations` are
    the ids of those that some workspaces belong to, by their numbers.
    """

    def __init__(
        self, count: int, http: HttpDelivery, organisations: Mapping[int, str] = {}, **how: Any
    ) -> None:
        self.http = http
        self.address = ""
        """Of the server; known once it has started."""
        self.methods: dict[str, Handler] = {}
        self.teams: dict[str, SimulatedSlack] = {}
        self._of_token: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._runner: web.AppRunner | None = None
        for number in range(1, count + 1):
            team = numbered_team(number, organisations.get(number, ""))
            slack = SimulatedSlack(team=team, people=people_of(number), **how)
            slack.sockets.http = http
            slack.configuration.socket_mode, slack.configuration.request_url = False, http.address
            slack.configuration.bot_tokens.clear()
            self.teams[team.id] = slack

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot with the Web API."""
        return {"SLACK_API_URL": f"{self.address}/api/"}

    def of_organisation(self, organisation: str) -> Sequence[str]:
        """Return the ids of the workspaces of an organisation."""
        homes = [one.conversations.team for one in self.teams.values()]
        return [one.id for one in homes if organisation and one.organisation == organisation]

    async def start(self, *handlers: tuple[str, str, Handler]) -> None:
        """Serve on a free loopback port; `handlers` are others: a method of HTTP, a path and who answers."""
        app = web.Application(client_max_size=LARGEST_FILE)
        app.router.add_route("*", "/api/{method}", self._serve)
        for team, slack in self.teams.items():
            slack.add_addresses(app.router, f"/of/{team}")
        for method, path, handler in handlers:
            app.router.add_route(method, path, handler)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        for team, slack in self.teams.items():
            slack.address = f"{self.address}/of/{team}"

    async def stop(self) -> None:
        """End every delivery and stop serving."""
        for slack in self.teams.values():
            await slack.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def issue_token(self, team: str) -> str:
        """Return a new bot token for a workspace, as an installation does; those before still hold."""
        token = f"xoxb-{len(self._of_token) + 1}-{secrets.token_hex(8)}"
        self._of_token[token] = team
        self.teams[team].configuration.bot_tokens.add(token)
        return token

    def revoke_token(self, token: str) -> bool:
        """Let a token hold no more; False where it did not."""
        team = self._of_token.pop(token, None)
        if team is not None:
            self.teams[team].configuration.bot_tokens.discard(token)
            self._revoked.add(token)
        return team is not None

    def team_of_token(self, token: str) -> str | None:
        """Return the id of the team that a token is of."""
        return self._of_token.get(token)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one call in the workspace that its token is of."""
        handler = self.methods.get(request.match_info["method"])
        return await (self.serve_team if handler is None else handler)(request)

    async def serve_team(self, request: web.Request) -> web.StreamResponse:
        """Serve one call in the workspace that its token is of, as if `methods` had none for it."""
        token = token_of(request, await arguments_of(request))
        team = self._of_token.get(token)
        if team is None:
            unknown = "token_revoked" if token in self._revoked else "invalid_auth" if token else "not_authed"
            return web.json_response(failure(unknown))
        return await self.teams[team].api.serve(request)
