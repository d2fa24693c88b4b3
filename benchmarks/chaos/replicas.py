"""Three replicas as processes, with one database on a Postgres server: the one that serves is stopped, killed, paused or cut off."""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import Location
from benchmarks.chaos.relays import DatabaseRelay, HttpRelay, through
from tests.support.postgres import lay_postgres, server, stop_server

_REPLICAS = 3
_WAYS = ("kill", "kill", "pause", "pause", "partition", "cut")
"""What a drawn kill becomes."""
_PATIENCE = 60.0
"""Seconds within which another replica has to serve."""
_SHARES = {"median": 0.5, "p99": 0.99, "most": 1.0}
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["aion_bot.cli", "slack_bolt.async_app", "discord", __name__])


def _serve(env: Mapping[str, str], log: Path) -> None:
    """Become a replica: runs in its process."""
    from aion_bot import app, log_config
    from aion_bot.domain.rules import Rules
    from aion_bot.storage import StoreError
    from benchmarks.chaos.short_waits import POLLING, composed

    os.environ.clear()
    os.environ.update(env)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    log_config.configure("info", "json", ())
    app.DEFAULT_POLLING = POLLING
    settings, adapters = composed(env)
    try:
        asyncio.run(app.serve_until_signal(settings, adapters, Rules(), env, lambda: (Rules(), [])))
    except StoreError as error:
        print(error, flush=True)
        sys.exit(1)


class _Replica:
    """One process, what it prints, and its relays."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name = f"replica-{number}"
        self.folder = folder / self.name
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.log.touch()
        self.database = DatabaseRelay(self.folder, server().folder / ".s.PGSQL.5432")
        self.http: list[HttpRelay] = []
        self.process: ForkServerProcess | None = None
        self.served: float | None = None
        """When it took the lease, in seconds since the epoch."""
        self._read = 0
        self._connected = set[str]()

    async def start(self, env: Mapping[str, str], database: str) -> None:
        """Start the process, with relays to the database and to each service."""
        await self.database.start()
        ports = {int(value.split(":")[2].split("/")[0]) for value in env.values() if "://127.0.0.1:" in value}
        self.http = [HttpRelay(port) for port in sorted(ports)]
        for relay in self.http:
            await relay.start()
        own = {
            "AION_BOT_DATABASE_URL": f"postgresql://tests@/{database}?host={self.folder}",
            "AION_BOT_REPLICA": self.name,
        }
        env = through({"PATH": os.environ["PATH"], **env}, self.http) | own
        self.process = _PROCESSES.Process(target=_serve, args=(env, self.log))
        self.process.start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        if self.process is not None and self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, number)

    async def ended(self) -> int:
        """Wait for the end of the process; returns its exit status."""
        if self.process is None:
            raise RuntimeError("never started")
        async with asyncio.timeout(_PATIENCE):
            while self.process.is_alive():  # noqa: ASYNC110  # a process has no event
                await asyncio.sleep(0.02)
        self.process.join()
        await self.database.stop()
        for relay in self.http:
            await relay.stop()
        return self.process.exitcode or 0

    def look(self) -> None:
        """Read what it printed since the last time."""
        with self.log.open() as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                said = _event(line)
                if said.get("event") == "lease taken":
                    self.served = datetime.fromisoformat(said["timestamp"]).timestamp()
                elif said.get("event") == "connected":
                    self._connected.add(said["platform"])

    @property
    def serves(self) -> bool:
        """Whether it has the lease, as far as it knows, and is connected to both platforms."""
        return self.served is not None and len(self._connected) == 2


class Replicas:
    """Starts and ends all replicas, and disturbs the one that serves."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._location = lay_postgres()
        server().keep(self._location)
        self._database = str(self._location).rpartition("/")[2]
        self.location: Location = self._location
        self.address = self._location.url
        self.seconds: list[float] = []
        """How long it took after each disturbance until another replica was connected to both platforms."""
        self.ways: dict[str, int] = {}
        self._folder, self._rng, self._numbers = folder, random.Random(seed + 2), count(1)
        self._env: Mapping[str, str] = {}
        self._all: list[_Replica] = []
        self._live: list[_Replica] = []
        self._wrong: list[str] = []

    @property
    def running(self) -> bool:
        """Whether they were started and did not end."""
        return bool(self._live)

    async def start(self, env: Mapping[str, str]) -> None:
        """Start all of them, and wait until one serves."""
        self._env = env
        for _ in range(_REPLICAS):
            await self._add()
        await self._served_by_another(None)

    async def end(self, method: str) -> None:
        """End all of them."""
        for one in self._live:
            one.send(signal.SIGTERM if method == "stop" else signal.SIGKILL)
        for one in self._live:
            status = await one.ended()
            if method == "stop" and status:
                self._wrong.append(f"{one.name} was stopped and ended with {status}: {_tail(one.log)}")
        self._live = []

    async def hand_over(self, method: str) -> str:
        """Disturb the replica that serves, wait until another one does, and start one in its place; returns what was done."""
        owner = self._owner()
        way = "stop" if method == "stop" else self._rng.choice(_WAYS)
        self.ways[way] = self.ways.get(way, 0) + 1
        begun = time.monotonic()
        if way == "cut":
            await asyncio.to_thread(self._cut_connections)
            return way
        match way:
            case "stop":
                owner.send(signal.SIGTERM)
            case "kill":
                owner.send(signal.SIGKILL)
            case "pause":
                owner.send(signal.SIGSTOP)
            case "partition":
                owner.database.cut()
        await self._served_by_another(owner)
        if way != "stop":  # its grace period is part of it
            self.seconds.append(time.monotonic() - begun)
        owner.send(signal.SIGCONT)
        owner.database.mend()
        status = await owner.ended()
        wanted = {"stop": 0, "kill": -signal.SIGKILL}.get(way, 1)
        if status != wanted:
            self._wrong.append(f"{owner.name}: {way}, and it ended with {status}: {_tail(owner.log)}")
        self._live.remove(owner)
        await self._add()
        return way

    def violations(self) -> Iterator[str]:
        """Return what replicas did that did not serve any more, and ends that should have been others."""
        for one in self._all:
            one.look()
        begun = sorted((one.served, one.name) for one in self._all if one.served is not None)
        for one in self._all:
            later = min((at for at, name in begun if one.served is None or at > one.served), default=None)
            for relay in one.http:
                for at, request in relay.sent:
                    if one.served is None or at < one.served or (later is not None and at > later):
                        self._wrong.append(
                            f"{one.name} sent {request} {at - (later or at):.2f} s after its time"
                        )
                relay.sent.clear()
        yield from self._wrong
        self._wrong = []

    async def _add(self) -> None:
        made = _Replica(next(self._numbers), self._folder)
        await made.start(self._env, self._database)
        self._all.append(made)
        self._live.append(made)

    def _owner(self) -> _Replica:
        for one in self._live:
            one.look()
        return max((one for one in self._live if one.served is not None), key=lambda one: one.served or 0)

    async def _served_by_another(self, before: _Replica | None) -> None:
        async with asyncio.timeout(_PATIENCE):
            while True:
                for one in self._live:
                    one.look()
                if any(one.serves for one in self._live if one is not before):
                    return
                await asyncio.sleep(0.05)

    def figures(self) -> Mapping[str, object]:
        """Return what was done to replicas, and how long it took until another one served, in seconds."""
        taken = sorted(self.seconds)
        at = (
            {name: round(taken[int(share * (len(taken) - 1))], 1) for name, share in _SHARES.items()}
            if taken
            else {}
        )
        return {"ways": dict(self.ways), "seconds until another one served": at}

    def _cut_connections(self) -> None:
        with psycopg.connect(server().url("postgres").url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self._database,)
            )

    def close(self) -> None:
        """End the database server."""
        stop_server()


def _event(line: str) -> dict[str, str]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _tail(log: Path) -> str:
    return " | ".join(log.read_text().splitlines()[-3:])[-600:]
