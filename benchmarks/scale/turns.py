"""Turns a second of a deployment with a number of replicas, and what they and the database use for them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Scene, Speak
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.aion.stored_files import UNLIMITED
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import HttpDelivery, free_port
from aion_bot.simulators.slack.teams import SlackTeams
from aion_bot.simulators.visible_changes import VisibleChange
from benchmarks.chaos.installing import OAUTH, install
from benchmarks.cost.load import Load
from benchmarks.scale.server import Database, difference
from benchmarks.scale.usage import usage_of

_LOAD = Load(answers=1, tokens=120, rate=0.0)
"""An answer: it comes as fast as it is read, so that what is measured is the work and not the wait."""
_PIECES = 6
_PATIENCE = 120.0
_SERVED = "SELECT count(*) FROM aion_bot_shared.scope_lease WHERE until > clock_timestamp()"
_SETTLED = 10.0
"""Seconds after the last scope was taken until all that a start does is over."""
_END = "That is all of it."

Figures = Mapping[str, float]


class _Aion(SimulatedAion):
    """Answers every question alike."""

    def __init__(self) -> None:
        super().__init__()
        self.files.limits = replace(self.files.limits, calls=UNLIMITED)
        words = "".join(_LOAD.pieces)
        size = -(-len(words) // _PIECES)
        text = f"{words}\n\n{_END}"
        pieces = (*(words[at : at + size] for at in range(0, len(words), size)), f"\n\n{_END}")
        self._scene = Scene((Speak(text, pieces), *ENDING), Answer(text))

    def script(self, question: str, session: Session) -> Scene:
        del question, session
        return self._scene


class _People:
    """Those of one workspace: each asks the next question once the answer to the last one is whole."""

    def __init__(self, slack: SimulatedSlack) -> None:
        self.done = 0
        self.seconds: list[float] = []
        """How long each answer took."""
        self._slack = slack
        self._waiting: dict[str, asyncio.Event] = {}
        slack.watch(self._see)

    def _see(self, change: VisibleChange) -> None:
        if _END in change.asker and change.thread in self._waiting:
            self._waiting[change.thread].set()

    async def ask(self, number: int) -> None:
        """Ask until it is cancelled, in a channel of its own."""
        channel = self._slack.open_channel(f"channel{number}")
        for turn in count():
            begun = time.monotonic()
            thread = await self._slack.ask(
                self._slack.people[turn % 3], f"What do you see, {turn}?", channel=channel
            )
            whole = self._waiting[thread] = asyncio.Event()
            async with asyncio.timeout(_PATIENCE):
                await whole.wait()
            del self._waiting[thread]
            self.done += 1
            self.seconds.append(time.monotonic() - begun)


async def measure(replicas: int, workspaces: int, each: int, seconds: float, folder: Path) -> Figures:
    """Let `each` people in every workspace ask one question after the other, and look at so many seconds of it."""
    database, aion = Database(), _Aion()
    teams = SlackTeams(workspaces, HttpDelivery(*(free_port() for _ in range(replicas))))
    await aion.start()
    await teams.start()
    await install(teams, database.location)
    programs = [_started(teams, aion, database, port, folder) for port in teams.http.ports]
    people = [_People(slack) for slack in teams.teams.values()]
    asking: list[asyncio.Task[None]] = []
    try:
        await teams.http.until_taken(_PATIENCE)
        idle = await _idle(workspaces, programs, database, seconds / 2)
        asking = [asyncio.create_task(one.ask(number)) for one in people for number in range(each)]
        await _all_answered(people)
        found = await _watched(people, programs, database, seconds)
        return {**idle, **found}
    finally:
        for task in asking:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*asking, return_exceptions=True)
        for one in programs:
            one.terminate()
        for one in programs:
            await asyncio.to_thread(one.wait, _PATIENCE)
        await teams.stop()
        await aion.stop()


async def _idle(
    workspaces: int, programs: Sequence["subprocess.Popen[bytes]"], database: Database, seconds: float
) -> Figures:
    """Wait until every workspace is served, and look at so many seconds in which nobody asks."""
    async with asyncio.timeout(_PATIENCE):
        while await asyncio.to_thread(database.count, _SERVED) < workspaces:  # noqa: ASYNC110  # of other processes
            await asyncio.sleep(0.5)
    await asyncio.sleep(_SETTLED)
    processes = [one.pid for one in programs]
    before, first, begun = usage_of(processes), database.counted(), time.monotonic()
    await asyncio.sleep(seconds)
    taken, after, used = time.monotonic() - begun, usage_of(processes), difference(first, database.counted())
    return {
        "idle: transactions a second for each workspace": used["transactions"] / taken / workspaces,
        "idle: ms of CPU time of the database a second for each": used["cpu"] / taken / workspaces * 1e3,
        "idle: ms of CPU time of the replicas a second for each": (after.cpu - before.cpu)
        / taken
        / workspaces
        * 1e3,
        "idle: MB of a replica": after.resident / len(programs) / 1e6,
    }


async def _all_answered(people: Sequence[_People]) -> None:
    """Wait until every workspace had an answer: every scope is served then."""
    async with asyncio.timeout(_PATIENCE):
        while not all(one.done for one in people):  # noqa: ASYNC110  # of many workspaces
            await asyncio.sleep(0.1)


async def _watched(
    people: Sequence[_People],
    programs: Sequence["subprocess.Popen[bytes]"],
    database: Database,
    seconds: float,
) -> Figures:
    processes = [one.pid for one in programs]
    done, begun, own = sum(one.done for one in people), time.monotonic(), time.process_time()
    before, first = usage_of(processes), await asyncio.to_thread(database.counted)
    for one in people:
        one.seconds.clear()
    await asyncio.sleep(seconds)
    taken, turns = time.monotonic() - begun, sum(one.done for one in people) - done
    after, last = usage_of(processes), await asyncio.to_thread(database.counted)
    waited = sorted(each for one in people for each in one.seconds)
    return {
        "turns": turns,
        "turns a second": turns / taken,
        "seconds for a turn (median)": waited[len(waited) // 2] if waited else 0.0,
        **_each(turns, after.cpu - before.cpu, difference(first, last), time.process_time() - own),
        "MB of a replica": after.resident / len(programs) / 1e6,
        "connections": database.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        ),
    }


def _each(turns: int, replicas: float, database: Figures, simulators: float) -> Figures:
    """Return what one turn took of each party, of the CPU times of all turns in seconds."""
    number = max(1, turns)
    return {
        "ms of CPU time of the replicas for each": replicas / number * 1e3,
        "ms of CPU time of the database for each": database["cpu"] / number * 1e3,
        "ms of CPU time of the simulators for each": simulators / number * 1e3,
        "transactions for each": database["transactions"] / number,
        "KB of the log for each": database["log"] / number / 1e3,
    }


def _started(
    teams: SlackTeams, aion: SimulatedAion, database: Database, port: int, folder: Path
) -> "subprocess.Popen[bytes]":
    """Start `aion-bot run`."""
    own: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(one for one in sys.path if one),
        "AION_BOT_DATABASE_URL": database.location.url,
        "AION_BOT_REPLICA": f"replica-{port}",
        "AION_BOT_SHUTDOWN_GRACE": "1",
    }
    env = {**own, **aion.env, **teams.env, **teams.http.env_of(port), **OAUTH}
    with (folder / f"replica-{port}.log").open("wb") as log:
        return subprocess.Popen(  # a program of ours
            [sys.executable, "-m", "aion_bot", "run"],
            env=env,
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
