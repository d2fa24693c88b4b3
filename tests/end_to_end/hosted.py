"""Replicas of one deployment that serves many workspaces of Slack, against simulators and a real Postgres server."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from adapters import discover, platforms
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.installations import Installations
from adapters.slack.oauth.sealing import Sealer
from aion_bot.commands.composing import compose
from aion_bot.composition.hosted import Hosting, serve_hosted
from aion_bot.conversation.session_history import Polling
from aion_bot.domain.rules import Rules
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.runtime.hosting.runner import Pace
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import HttpDelivery
from aion_bot.simulators.slack.oauth import SlackOAuth
from aion_bot.simulators.slack.state import APP
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.workspace import Shown
from aion_bot.storage.hosting import open_shared
from tests.end_to_end.program import Program
from tests.support.postgres import server

KEY = "a2V5IG9mIHRoZSB0ZXN0cywgb2YgMzIgYnl0ZXMhISE="
OAUTH = {
    "SLACK_CLIENT_ID": "111.222",
    "SLACK_CLIENT_SECRET": "0123456789abcdef0123456789abcdef",
    "SLACK_ALLOW_INSTALL": "any",
    "AION_BOT_ENCRYPTION_KEYS": KEY,
}
QUICK = Pace(look=0.1, known=0.5, give_back=0.3, left_over=1.0, rest=0.5)


class Deployment:
    """The services, the database and the replicas, by their names."""

    def __init__(self, aion: SimulatedAion, ports: tuple[int, ...], folder: Path, count: int = 4) -> None:
        self.aion, self.ports, self.folder = aion, ports, folder
        self.http = HttpDelivery(*ports)
        self.teams = SlackTeams(count, self.http, ack_timeout=3.0, resend_delays=(0.2, 1.0, 5.0))
        self.location: PostgresUrl = server().make()
        self.replicas: dict[str, tuple[asyncio.Task[bool], asyncio.Event]] = {}
        self.programs: list[Program] = []
        self._tokens: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """The scopes."""
        return [f"slack:{team}" for team in self.teams.teams]

    def env(self, name: str, port: int, **more: str) -> Mapping[str, str]:
        """The settings of a replica, with short pauses."""
        short_waits = {"AIONVISION_RETRY_DELAY": "0.01"}
        own = {
            "AION_BOT_DATABASE_URL": self.location.url,
            "AION_BOT_REPLICA": name,
            "AION_BOT_LOG_FORMAT": "json",
        }
        return {
            **self.aion.env, **self.teams.env, **OAUTH, **self.http.env_of(port), **short_waits, **own, **more,
        }  # fmt: skip

    async def install(self, *teams: str) -> None:
        """Let workspaces have installed the app, all where none is named."""
        shared = await open_shared(self.location, "installer")
        try:
            for name in teams or self.teams.teams:
                team, slack = self.teams.teams[name].conversations.team, self.teams.teams[name]
                token = self._tokens[name] = self.teams.issue_token(name)
                await Installations(shared.values, Sealer([KEY])).save(
                    Installation(
                        token, name, "", team.name, APP, team.bot.id, (), slack.people[0].id, time.time()
                    )
                )
        finally:
            await shared.close()

    async def uninstall(self, team: str) -> None:
        """Let a workspace remove the app."""
        self.teams.revoke_token(self._tokens[team])
        for payload in SlackOAuth(self.teams).uninstall(team):
            assert await self.http.send("events_api", payload, 0, 3.0) == 200

    async def begin(self, name: str, port: int, **more: str) -> None:
        """Start a replica in this process."""
        env = self.env(name, port, **more)
        composed = compose(env, platforms(), discover)
        assert composed.settings is not None, composed.problems
        assert not composed.problems
        hosting = Hosting(
            composed.settings, self.location, composed.hosted, env, composed.env, lambda: (Rules(), ()), Rules(),
            composed.alike(), polling=Polling().scaled(0.01), check_aion=False, pace=QUICK,
        )  # fmt: skip
        stop = asyncio.Event()
        self.replicas[name] = asyncio.create_task(serve_hosted(hosting, stop, asyncio.Event())), stop

    async def launch(self, name: str, port: int, *arguments: str, **more: str) -> Program:
        """Start a replica, or another command, as a process."""
        folder = self.folder / f"{name}{len(self.programs)}"
        folder.mkdir()
        program = Program(folder)
        self.programs.append(program)
        await program.start(self.env(name, port, **more), *arguments)
        return program

    async def end(self, name: str) -> None:
        """Stop a replica of this process as SIGTERM does."""
        task, stop = self.replicas.pop(name)
        stop.set()
        assert await task

    def check(self) -> None:
        """Raise `AssertionError` if a replica has ended by itself: why, and what it printed last."""
        for name, (task, _) in self.replicas.items():
            if task.done():
                error = None if task.cancelled() else task.exception()
                # Its log is among all that the test has printed.
                raise AssertionError(f"the replica {name} has ended by itself: {error!r}") from error
        for program in self.programs:
            if why := program.ended_by_itself:
                raise AssertionError(why)

    async def close(self) -> None:
        """End everything. Raises `AssertionError` where a replica had ended by itself, and what one failed with at its stop."""
        try:
            self.check()
            for name in list(self.replicas):
                await self.end(name)
        finally:
            left = [task for task, _ in self.replicas.values()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            for program in self.programs:
                await program.kill()
            await self.stop_services()

    async def stop_services(self) -> None:
        """Stop what the replicas were connected to."""
        await self.teams.stop()
        await self.http.stop()

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Return rows of what the replicas share."""
        with psycopg.connect(self.location.url, autocommit=True) as connection:
            connection.execute("SET search_path = aion_bot_shared")
            return connection.execute(sql.encode(), values).fetchall()

    async def cleared(self, *scopes: str) -> None:
        """Wait until nothing is left to do for any question of these scopes, by their rows."""
        for scope in scopes:
            sql = f"SELECT 1 FROM aion_bot_{scope.replace(':', '_').lower()}.turn WHERE phase <> 'cleared'"  # noqa: S608  # a name of ours
            await until(lambda sql=sql: not self.rows(sql))  # type: ignore[misc]  # mypy sees no default

    def owners(self) -> Mapping[str, str]:
        """Return who owns each scope now; "" for nobody."""
        sql = "SELECT scope, CASE WHEN until > clock_timestamp() THEN owner ELSE '' END FROM scope_lease"
        return dict(self.rows(sql))

    async def spread(self, **counts: int) -> Mapping[str, str]:
        """Wait until replicas own so many scopes, and returns who owns which."""

        def as_wanted() -> bool:
            self.check()
            owners = list(self.owners().values())
            return len(owners) == sum(counts.values()) and all(
                owners.count(name) == count for name, count in counts.items()
            )

        await until(as_wanted)
        return self.owners()

    def slack(self, scope: str) -> SimulatedSlack:
        """The simulated workspace of a scope."""
        return self.teams.teams[scope.partition(":")[2]]

    def bots(self, scope: str, thread: str) -> list[Shown]:
        """The bot's messages in a thread that everybody sees."""
        return [one for one in self.slack(scope).thread(thread) if one.by_bot and one.only_for is None]

    def text(self, scope: str, thread: str) -> str:
        """All that the bot's messages in a thread show now."""
        return "\n".join(one.text for one in self.bots(scope, thread))

    def changes(self, scope: str) -> int:
        """Count the requests to Slack that change what people see in a workspace."""
        return sum(
            one.name.startswith(("chat.", "reactions.", "assistant.", "files."))
            for one in self.slack(scope).log
        )

    async def ask(self, scope: str, question: str) -> str:
        """Ask as the first person of a workspace; returns the thread."""
        return await self.slack(scope).ask(self.slack(scope).people[0], question)

    async def shows(self, scope: str, thread: str, words: str) -> None:
        """Wait until a thread shows something."""

        def as_wanted() -> bool:
            self.check()
            return words in self.text(scope, thread)

        await self.slack(scope).until(as_wanted)

    async def asked(self, scope: str, question: str, words: str) -> str:
        """Ask, and wait until the thread shows `words`."""
        thread = await self.ask(scope, question)
        await self.shows(scope, thread, words)
        return thread


async def until(condition: Callable[[], bool | Awaitable[bool]], *, seconds: float = 60.0) -> None:
    """Wait until a condition holds that nothing tells of, such as one of the database. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # what it looks at has no event
            await asyncio.sleep(0.05)
