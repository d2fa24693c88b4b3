"""Replicas that serve the app in many workspaces, and those workspaces."""

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from aion_bot.environment.database_location import Location
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import HttpDelivery
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.workspace import FullWorkspace
from benchmarks.chaos.environment import REPEAT_AFTER, Environment
from benchmarks.chaos.installing import OAUTH, install
from benchmarks.chaos.late_answers import LateAnswers
from benchmarks.chaos.round_end import answering
from benchmarks.chaos.scope_replicas import AT_ONCE, ScopeReplicas, shares
from benchmarks.chaos.short_waits import ENV
from benchmarks.chaos.slack_workspace import SlackWorkspace
from benchmarks.chaos.workspaces import Ended

FAULTS: Mapping[str, int] = {
    "slack call": 50, "aion call": 10, "slack unreachable": 3, "long pause": 1, "hang": 1, "aion cut": 4, "late answers": 6,
}  # fmt: skip
"""The faults by weight, of those that replicas can meet."""

CONNECT_TIMEOUT = 120.0
GOES_ON_WITHIN = 10.0
"""Seconds within which an answer of a replica that died has to go on (p99)."""
_WATCHED = 30.0
"""Seconds after which an answer counts as not gone on."""
_LOOK = 0.1


class TeamWorkspace(SlackWorkspace):
    """One of the workspaces: what a replica acknowledged counts as delivered, whatever became of that replica."""

    def was_not_delivered(self, message: str, broken: Collection[float], ended: Collection[Ended]) -> bool:  # noqa: ARG002  # another replica takes it
        about = [
            one for one in self.slack.sockets.deliveries if one.payload.get("event", {}).get("ts") == message
        ]
        return all(one.over and not one.acknowledged for one in about)


class ScopeEnvironment(Environment):
    """The workspaces are those of `teams`; each has an Aion key of its own.

    `went_on` are the seconds in which answers went on whose replica was killed or paused; `stood` are those that did not.
    """

    ack_timeout = 3.0

    def __init__(self, bots: ScopeReplicas, count: int, folder: Path) -> None:
        """`folder` gets the rules."""
        super().__init__(bots)
        self.replicas = bots
        http = HttpDelivery(*bots.ports)
        self.teams = SlackTeams(count, http, ack_timeout=self.ack_timeout, resend_delays=REPEAT_AFTER)
        self.workspaces = {team: TeamWorkspace(slack) for team, slack in self.teams.teams.items()}
        self.late = LateAnswers(*((one.api, "_answer") for one in self.teams.teams.values()))
        self._parts = (self.aion, self.teams)
        self._keys = {f"aion_{team.lower()}_0123456789abcdef": team for team in self.teams.teams}
        self.aion.other_keys = set(self._keys)
        self._rules = folder / "aion-bot.toml"
        self._rules.write_text(
            "\n".join(f'[workspaces."{one}"]\naion_key = "env:{_variable(one)}"' for one in self.teams.teams)
        )
        self.went_on: list[float] = []
        self.hit_again: list[float] = []
        """The same of answers whose next owner was disturbed as well, before they went on."""
        self.slack_failed: list[float] = []
        """The same of answers in whose workspace Slack failed a request before they went on."""
        self.stood: list[str] = []
        self._disturbing = asyncio.Semaphore(AT_ONCE)
        bots.scopes = frozenset(f"slack:{team}" for team in self.teams.teams)
        bots.env_of = http.env_of
        bots.scope_of, bots.watch = self._scope_of, self._watch_answers

    async def __aenter__(self) -> "ScopeEnvironment":
        for part in self._parts:
            await part.start()
        await install(self.teams, self.replicas.database)
        await self.start()
        return self

    @property
    def databases(self) -> Mapping[Location, Collection[str]]:
        """Each workspace has a schema of its own."""
        return {self.replicas.location_of(f"slack:{team}"): (team,) for team in self.workspaces}

    def _env(self) -> Mapping[str, str]:
        keys = {_variable(team): key for key, team in self._keys.items()}
        own = {"AION_BOT_CONFIG": str(self._rules)}
        return {**self.aion.env, **self.teams.env, **OAUTH, **ENV, **keys, **own}

    def full(self, platform: str) -> FullWorkspace:
        """The simulator of a workspace."""
        return self.teams.teams[platform]

    def slack_of(self, platform: str) -> SimulatedSlack:
        """The simulator of a workspace."""
        return self.teams.teams[platform]

    async def start(self) -> None:
        """Start the replicas and wait until all of them listen and every workspace has an owner."""
        await self.bots.start(self._env())
        await self.teams.http.until_taken(CONNECT_TIMEOUT)

    async def end(self, method: str) -> None:
        """End all replicas."""
        if self.bots.running:
            self._count(method)
            await self.bots.end(method)

    async def restart(self, method: str) -> None:
        """Disturb a replica or the database; two at a time. Before it the platforms answer late for a moment."""
        async with self._disturbing:
            if method == "kill":
                await self.late.for_a_while(0.6, 0.5)
            way = await self.bots.hand_over(method)
            if way in {"kill", "stop"}:
                self._count(way)

    async def listening(self) -> None:
        """Slack sends to whoever listens."""

    def _scope_of(self, token: str) -> str | None:
        team = self.teams.team_of_token(token) or self._keys.get(token)
        return None if team is None else f"slack:{team}"

    async def _watch_answers(self, scopes: Collection[str], begun: float) -> None:
        """Measure when the answers that run in these scopes go on: when what their threads show has changed."""
        faults = {team: slack.api.faults_met for team, slack in self.teams.teams.items()}
        await asyncio.sleep(_LOOK)  # what was under way when its replica stopped
        left = {
            (team, one.thread): self._shown(team, one.thread)
            for one in self.records.values()
            if f"slack:{(team := one.scenario.platform)}" in scopes and one.thread and self._runs(team, one.thread)
        }  # fmt: skip
        while left and time.monotonic() - begun < _WATCHED:
            await asyncio.sleep(_LOOK)
            for where, before in tuple(left.items()):
                if self._shown(*where) != before:
                    again = self.replicas.was_hit_again(f"slack:{where[0]}", begun)
                    took = time.monotonic() - begun
                    failed = self.teams.teams[where[0]].api.faults_met > faults[where[0]]
                    (self.hit_again if again else self.slack_failed if failed else self.went_on).append(took)
                    if took > GOES_ON_WITHIN and not again and not failed:
                        print(
                            f"{' '.join(where)} went on after {took:.1f} s, at {datetime.now(UTC):%H:%M:%S}",
                            flush=True,
                        )
                    del left[where]
        closed = {(one.scenario.platform, one.thread) for one in self.records.values() if one.forbidden}
        self.stood += [
            f"{team} {thread}"
            for team, thread in left
            if (team, thread) not in closed and not self.replicas.was_hit_again(f"slack:{team}", begun)
        ]

    def _runs(self, team: str, thread: str) -> bool:
        # Not a plan that Aion has accepted: its card stays as it is until Aion tells the result, with or without a new owner.
        return answering(self.workspaces[team].shown(thread))

    def _shown(self, team: str, thread: str) -> str:
        return "\n".join(one.text + "".join(one.buttons) for one in self.workspaces[team].shown(thread))

    def violations(self) -> Iterator[str]:
        """Return what is wrong beyond single questions: answers that never went on, and what crossed between keys."""
        yield from (f"{one} did not go on within {_WATCHED:.0f} s" for one in self.stood)
        yield from (f"{one.operation} for a session of another key" for one in self.aion.crossed)
        self.stood.clear()
        self.aion.crossed.clear()

    def missed(self) -> Iterator[str]:
        """Return whether answers went on too late: a share of all of them."""
        late = shares(self.went_on).get("p99", 0.0)
        if late > GOES_ON_WITHIN:
            yield f"answers of replicas that died went on after {late} s (p99)"

    def figures(self) -> Mapping[str, object]:
        """Return in how many seconds answers went on."""
        return {
            "answers that went on": len(self.went_on),
            "seconds until they did": shares(self.went_on),
            "answers whose next owner was disturbed as well": len(self.hit_again),
            "seconds until these did": shares(self.hit_again),
            "answers whose Slack failed a request": len(self.slack_failed),
            "seconds until those did": shares(self.slack_failed),
            "seconds until all did": shares([*self.went_on, *self.hit_again, *self.slack_failed]),
        }


def _variable(team: str) -> str:
    return f"AION_KEY_{team}"
