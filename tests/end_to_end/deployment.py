"""A deployment of many workspaces against simulators: replicas in this process, each workspace with an Aion of its own."""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from adapters import discover, platforms
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.installations import Installations
from adapters.slack.oauth.sealing import Sealer
from aion_bot.cli import read_file
from aion_bot.commands.composing import Composed, compose
from aion_bot.composition.hosted import Hosting, serve_hosted
from aion_bot.conversation.session_history import Polling
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.shared_values import SharedValues
from aion_bot.runtime.hosting.runner import Pace
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.tenants import AionTenants
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.app_configuration import SCOPES
from aion_bot.simulators.slack.http_delivery import HttpDelivery, free_port
from aion_bot.simulators.slack.oauth import CLIENT_ID, CLIENT_SECRET
from aion_bot.simulators.slack.state import APP
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.storage import Store
from aion_bot.storage.hosting import ScopeLease, SharedDatabase
from tests.support.databases import lay_database
from tests.support.scope_database import MemoryDatabase

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
"""Encrypts the stored tokens."""
OAUTH = {
    "SLACK_CLIENT_ID": CLIENT_ID,
    "SLACK_CLIENT_SECRET": CLIENT_SECRET,
    "SLACK_ALLOW_INSTALL": "any",
    "AION_BOT_ENCRYPTION_KEYS": KEY,
}
FAST = Pace(look=0.05, known=0.5, give_back=0.2, left_over=0.3, rest=0.2)

Opens = Callable[[PostgresUrl, str], Awaitable[SharedDatabase]]


class FileScopes(MemoryDatabase):
    """What replicas share is in memory, and the rows of each scope are in a file of `folder`."""

    folder: Path

    async def open_scope(self, lease: ScopeLease) -> Store:
        return await Store.open(lay_database(self.folder / f"{lease.scope.replace(':', '_')}.db"))


def _without_limits(hosted: HostedPlatform) -> HostedPlatform:
    """Let its adapters have no limits: the simulators have none, and the tests need no long pauses."""
    built = hosted.adapter

    async def adapter(scope: str) -> PlatformAdapter | None:
        made = await built(scope)
        if made is not None:
            made.limits = replace(made.limits, edit_gap=0.1, budgets={})
        return made

    setattr(hosted, "adapter", adapter)  # noqa: B010  # mypy refuses an assignment to a method
    return hosted


def _hosted(composed: Composed, values: SharedValues) -> Sequence[HostedPlatform]:
    return [_without_limits(one) for one in composed.hosted(values)]


class Deployment:
    """`count` workspaces, and up to `replicas` replicas, which `start` starts; `rules` are added to those of each workspace.

    `keys_in_file`: the file names a key of Aion's for each workspace.
    """

    def __init__(
        self,
        count: int,
        folder: Path,
        opens: Opens,
        *,
        location: PostgresUrl | None = None,
        replicas: int = 1,
        rules: Callable[[str], str] = lambda _: "",
        keys_in_file: bool = True,
    ) -> None:
        self.location = location or PostgresUrl("postgresql://nobody@localhost/none")
        self.teams = SlackTeams(count, HttpDelivery(*(free_port() for _ in range(replicas))))
        self.keys = {f"aion_{team.lower()}0123456789abcdefghij": team for team in self.teams.teams}
        self.aion = AionTenants(["main_0123456789abcdefghij", *self.keys])
        self._opens, self._config = opens, folder / "aion-bot.toml"
        self._config.write_text(
            "\n".join(
                f'[workspaces."{one}"]\naion_key = "env:AION_KEY_{one}"\n{rules(one)}'
                for one in self.teams.teams
                if keys_in_file
            )
        )
        self.began = time.time()
        self._stops: list[asyncio.Event] = []
        self._serving: list[asyncio.Task[bool]] = []

    async def __aenter__(self) -> "Deployment":
        await self.aion.start()
        await self.teams.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for one in self._serving:
            one.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self._serving, return_exceptions=True)
        await self.teams.stop()
        await self.aion.stop()

    def slack(self, team: str) -> SimulatedSlack:
        """The simulator of a workspace."""
        return self.teams.teams[team]

    def aion_of(self, team: str) -> SimulatedAion:
        """The Aion of a workspace."""
        return next(self.aion.tenants[key] for key, one in self.keys.items() if one == team)

    async def install(self, values: SharedValues) -> None:
        """Let every workspace have installed the app."""
        installations = Installations(values, Sealer([KEY]))
        for name, slack in self.teams.teams.items():
            team, token = slack.conversations.team, self.teams.issue_token(name)
            await installations.save(
                Installation(token, name, "", team.name, APP, team.bot.id, SCOPES, slack.people[0].id, 0.0)
            )

    def env(self, port: int) -> Mapping[str, str]:
        """The settings of the replica on a port, with short pauses."""
        keys = {f"AION_KEY_{team}": key for key, team in self.keys.items()}
        short = {"AIONVISION_RETRY_DELAY": "0.01", "AION_BOT_SHUTDOWN_GRACE": "0.1"}
        own = {
            "AION_BOT_DATABASE_URL": self.location.url,
            "AION_BOT_REPLICA": f"replica-{port}",
            "AION_BOT_CONFIG": str(self._config),
        }
        http = self.teams.http.env_of(port)
        return {**self.aion.env, **self.teams.env, **http, **OAUTH, **short, **keys, **own}

    async def start(self) -> None:
        """Start every replica that does not run, and wait until all of them listen."""
        for port in self.teams.http.ports[len(self._serving) :]:
            env, stop = self.env(port), asyncio.Event()
            composed, (rules, problems) = compose(env, platforms(), discover), read_file(env)
            assert composed.settings is not None, composed.problems
            assert not composed.problems
            assert not problems, problems
            hosting = Hosting(
                composed.settings, self.location, partial(_hosted, composed), env, composed.env, partial(read_file, env),
                rules, composed.alike(), polling=Polling().scaled(0.01), check_aion=False, pace=FAST, opens=self._opens,
                keys_every=0.05,
            )  # fmt: skip
            self._stops.append(stop)
            self._serving.append(asyncio.create_task(serve_hosted(hosting, stop, asyncio.Event())))
        await self.teams.http.until_taken(30.0)

    async def stop(self) -> None:
        """Stop every replica as SIGTERM would."""
        for stop in self._stops:
            stop.set()
        assert all(await asyncio.gather(*self._serving))
        self._stops, self._serving = [], []
