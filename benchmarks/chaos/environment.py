"""One bot on both platforms in this process, one Aion, and Aion's record of every question."""

import asyncio
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aiohttp import web

from aion_bot.environment.database_location import Location
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.endpoints import Refused
from aion_bot.simulators.aion.scene import Scene
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.aion.stored_files import UNLIMITED
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.workspace import FullWorkspace
from aion_bot.storage import StoreError
from aion_bot.storage.beside import open_beside
from benchmarks.chaos import scenes
from benchmarks.chaos.discord_workspace import DiscordWorkspace
from benchmarks.chaos.full_disk import Disk
from benchmarks.chaos.late_answers import LateAnswers
from benchmarks.chaos.scenarios import Scenario
from benchmarks.chaos.short_waits import ENV, HEARTBEAT
from benchmarks.chaos.slack_workspace import SlackWorkspace
from benchmarks.chaos.workspaces import ACKNOWLEDGEMENT_TIMEOUT, Ended, Workspace

REPEAT_AFTER = (0.0, 6.0, 30.0)
"""Pauses before Slack resends an event: a tenth of the real ones."""
_BEFORE_A_KILL = 0.6, 0.5
"""Seconds by which platforms answer late before a kill, and for how long they do."""
_CONNECT_TIMEOUT = 120.0
"""Seconds after which a bot that does not listen ends the soak."""


class Bots(Protocol):
    """The bot as one process or several."""

    location: Location
    address: str

    @property
    def running(self) -> bool:
        """Whether it was started and did not end."""
        ...

    async def start(self, env: Mapping[str, str]) -> None:
        """Start it."""

    async def end(self, method: str) -> None:
        """End it: `stop` as SIGTERM does, `kill` without any cleanup."""

    async def hand_over(self, method: str) -> str:
        """Disturb the process that serves, and let another one take over; "" where there is none."""
        ...

    def violations(self) -> Iterator[str]:
        """Return what processes did wrong."""
        ...

    def figures(self) -> Mapping[str, object]:
        """Return what is to be told at the end."""
        ...

    def close(self) -> None:
        """End what is left."""


Handler = Callable[[SimulatedAion, web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Record:
    """What happened to a question. `calls`: how often Aion was asked; `accepted`: how often it accepted."""

    scenario: Scenario
    thread: str = ""
    message: str = ""
    calls: int = 0
    accepted: int = 0
    stopped: bool = False
    forbidden: bool = False
    withdrawn: bool = False
    reasons: list[str] = field(default_factory=list)
    """The sentence above each Retry that was pressed for it; known once it is verified."""
    episodes: list[tuple[int, int]] = field(default_factory=list)
    """Each time that people decided its plan: the plan actions that Aion had by then, and the presses that count."""


class _Aion(SimulatedAion):
    """A simulated Aion that plays the scenes of the scenarios."""

    def __init__(self) -> None:
        super().__init__(ping_every=0.5, plan_time=0.1)
        self.records: dict[int, Record] = {}
        self.decision_responses: dict[str, list[int | None]] = defaultdict(list)
        """The status of each plan action's response, by the plan's id; None: no response."""
        self.asked_beside: Counter[str] = Counter()
        """How often it took questions that have no number."""

    async def _answer(self, operation: str, handler: Handler, request: web.Request) -> web.StreamResponse:
        if operation != "plan_action":
            return await super()._answer(operation, handler, request)
        decision_responses = self.decision_responses[request.match_info["plan_id"]]
        try:
            response = await super()._answer(operation, handler, request)
        except Refused as refusal:
            decision_responses.append(refusal.fault.status)
            raise
        decision_responses.append(response.status)
        return response

    def script(self, question: str, session: Session) -> Scene:
        record = self.records.get(scenes.question_number(question) or -1)
        if record is None:
            return scenes.scene_beside(question, self.asked_beside) or script.respond(question, session)
        record.calls += 1
        scene = scenes.scene(record.scenario, record.calls, record.accepted + 1)
        record.accepted += scene.refusal is None
        return scene


class Environment:
    """The bot, the simulators, and their state. `ack_timeout` is that of Slack.

    `ended` are the intervals from a stop's beginning to its end, or the moments of kills. `disturbances` are the moments
    around which Discord's events may be lost.
    """

    ack_timeout = ACKNOWLEDGEMENT_TIMEOUT

    def __init__(self, bots: Bots, *, http: bool = False) -> None:
        """`http`: Slack sends over HTTP."""
        self.bots = bots
        self.aion = _Aion()
        # More questions than any tier allows: the bot would hold them back.
        self.aion.files.limits = replace(self.aion.files.limits, calls=UNLIMITED)
        self.slack = SimulatedSlack(ack_timeout=ACKNOWLEDGEMENT_TIMEOUT, resend_delays=REPEAT_AFTER)
        self.slack.sockets.disconnect_notice = 2.0
        if http:
            self.slack.use_http()
        self.discord = SimulatedDiscord()
        self.discord.gateway.heartbeat_every = HEARTBEAT
        self.workspaces: Mapping[str, Workspace] = {
            "slack": SlackWorkspace(self.slack),
            "discord": DiscordWorkspace(self.discord),
        }
        self.disk = Disk()
        self.late = LateAnswers((self.slack.api, "_answer"), (self.discord.server, "_handled"))
        self.disturbances: list[float] = []
        self.ended: list[Ended] = []
        self.aion_faults: Counter[str] = Counter()
        self.totals: Counter[str] = Counter()
        """What people did beside asking and deciding, in all rounds."""
        self.stops = self.kills = 0
        self._restarting = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._parts: Sequence[SimulatedAion | SimulatedSlack | SimulatedDiscord | SlackTeams] = (
            self.aion,
            self.slack,
            self.discord,
        )

    @property
    def records(self) -> dict[int, Record]:
        """Every question that was asked, by number."""
        return self.aion.records

    async def __aenter__(self) -> "Environment":
        for part in self._parts:
            await part.start()
        await self.start()
        self._watching = asyncio.create_task(self._watch_discord())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end("stop")
        if self._watching is not None:
            self._watching.cancel()
        for part in reversed(self._parts):
            await part.stop()

    def _env(self) -> Mapping[str, str]:
        database = {"AION_BOT_DATABASE_URL": self.bots.address}
        return {**self.aion.env, **self.slack.env, **self.discord.env, **ENV, **database}

    async def start(self) -> None:
        """Start the bot and wait until it listens on both platforms."""
        await self.bots.start(self._env())
        await self.slack.connected(timeout=_CONNECT_TIMEOUT)
        await self.discord.connected(timeout=_CONNECT_TIMEOUT)

    async def end(self, method: str) -> None:
        """End the bot: `stop` as SIGTERM does, `kill` without any cleanup."""
        if not self.bots.running:
            return
        begun = time.monotonic()
        self._count(method)
        await self.bots.end(method)
        self.ended.append((begun, time.monotonic()))
        self.discord.gateway.sessions.clear()

    async def restart(self, method: str) -> None:
        """Let another replica serve, or end the bot and start it again; one at a time. Before a kill the platforms answer late."""
        async with self._restarting:
            if method == "kill":  # most posts fall into it
                await self.late.for_a_while(*_BEFORE_A_KILL)
            self.note_disturbance()
            begun = time.monotonic()
            noting = asyncio.create_task(self._note_disturbances())
            if await self.bots.hand_over(method):
                self._count(method)
                self.ended.append((begun, time.monotonic()))
            else:
                await self.end(method)
                await self.start()
            noting.cancel()
            self.note_disturbance()

    def _count(self, method: str) -> None:
        if method == "stop":
            self.stops += 1
        else:
            self.kills += 1

    async def _note_disturbances(self) -> None:
        """A replica that is paused seems to listen."""
        while True:
            self.note_disturbance()
            await asyncio.sleep(0.1)

    @property
    def databases(self) -> Mapping[Location, Collection[str]]:
        """Where the rows of the workspaces are: in one database, or each in one of its own."""
        return {self.bots.location: tuple(self.workspaces)}

    def full(self, platform: str) -> FullWorkspace:
        """The simulator of a workspace."""
        return self.slack if platform == "slack" else self.discord

    @property
    def slacks(self) -> Collection[SimulatedSlack]:
        """Every simulated Slack."""
        return {self.slack_of(one) for one in self.workspaces}

    def figures(self) -> Mapping[str, object]:
        """Return what is to be told at the end."""
        return {}

    def violations(self) -> Iterator[str]:
        """Return what is wrong beyond single questions."""
        return iter(())

    def missed(self) -> Iterator[str]:
        """Return which bounds the whole run has missed."""
        return iter(())

    def slack_of(self, platform: str) -> SimulatedSlack:
        """The Slack that fails where a turn in a workspace has a fault of Slack."""
        del platform
        return self.slack

    def question_of(self, platform: str, message: str) -> tuple[str, str]:
        """The key of the question that a message asks, and how it ended; "" where there is none, or it has not.

        While the database cannot be read, nothing is known.
        """
        database = next(one for one, inside in self.databases.items() if platform in inside)
        found = None
        with suppress(StoreError, sqlite3.Error), open_beside(database) as rows:
            sql = "SELECT key, coalesce(reason, '') FROM turn WHERE prompt LIKE ?"
            found = rows.execute(sql, (f"%/{message}",)).fetchone() if message else None
        return ("", "") if found is None else (str(found[0]), str(found[1]))

    async def listening(self) -> None:
        """Wait until the bot listens: Discord shows people whether it is online."""
        async with self._restarting:
            await self.discord.connected(timeout=_CONNECT_TIMEOUT)

    async def _watch_discord(self) -> None:
        while True:
            if not self.discord.gateway.listening:
                self.note_disturbance()
            await asyncio.sleep(0.1)

    def note_disturbance(self) -> None:
        """Record that Discord's events may be lost around now."""
        self.disturbances.append(time.monotonic())

    def was_not_delivered(self, record: Record) -> bool:
        """Whether the platform did not deliver a question to the bot, and never will.

        Slack gives up after its last resend. Discord does not resend a message that begins a conversation, or a command that
        was acknowledged.
        """
        scenario = record.scenario
        if record.calls or (scenario.platform == "discord" and scenario.number != scenario.conversation):
            return False
        workspace = self.workspaces[scenario.platform]
        if not record.message:
            return workspace.is_cut_off(record.thread, self.ended)
        return workspace.was_not_delivered(record.message, self.disturbances, self.ended)

    def fail_aion(self, operation: str, times: int, fault: Mapping[str, Any]) -> None:
        """Let requests to Aion fail, and count them."""
        self.aion_faults[operation] += times
        self.aion.fail_next(operation, times=times, **fault)

    def clear_faults(self) -> None:
        """End all faults."""
        self.aion._faults.clear()  # noqa: SLF001  # only the soak test removes scheduled faults
        for slack in self.slacks:
            self._clear_slack(slack)
        self.discord.server.faults.clear()
        gateway = self.discord.gateway
        gateway.refusing_connections = gateway.dropping_events = gateway.zombied = False
        self.discord.late_acknowledgement = self.disk.full = False
        self.late.seconds = 0.0

    def _clear_slack(self, slack: SimulatedSlack) -> None:
        slack.api._faults.clear()  # noqa: SLF001  # likewise
        slack.sockets.refusing_connections = False
        slack.sockets.invalid_tickets = 0
        if slack.sockets.http is not None:
            slack.sockets.http.unreachable = False
        slack.sockets.ack_timeout = self.ack_timeout

    def forget(self, numbers: set[int]) -> None:
        """Delete verified questions, and everything about them."""
        for platform, workspace in self.workspaces.items():
            records = (self.records[number] for number in numbers)
            workspace.forget({one.thread for one in records if one.scenario.platform == platform})
        for number in numbers:
            del self.records[number]
        sessions = self.aion.sessions._all  # noqa: SLF001  # only the soak test deletes sessions
        for name, session in list(sessions.items()):
            asked = {scenes.question_number(text) for text in session.texts("user")}
            if asked and not asked & set(self.records):
                del sessions[name]
        self.aion.requests.clear()
        self.aion.decision_responses.clear()
        self.disturbances.clear()
        self.ended.clear()
