"""Three replicas as processes, with one database on a Postgres server: the one that serves is stopped, killed, paused or cut off."""

import asyncio
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import Location
from benchmarks.chaos.replica_process import PATIENCE, ReplicaProcess, become
from tests.support.postgres import lay_postgres, server, stop_server

_REPLICAS = 3
_WAYS = ("kill", "kill", "pause", "pause", "partition", "cut")
"""What a drawn kill becomes."""
_SHARES = {"median": 0.5, "p99": 0.99, "most": 1.0}


def _serve(env: Mapping[str, str], log: Path) -> None:
    """Become a replica: runs in its process."""
    from aion_bot import app
    from aion_bot.domain.rules import Rules
    from aion_bot.storage import StoreError
    from benchmarks.chaos.short_waits import POLLING, composed

    become(env, log)
    app.DEFAULT_POLLING = POLLING
    settings, adapters = composed(env)
    try:
        asyncio.run(app.serve_until_signal(settings, adapters, Rules(), env, lambda: (Rules(), [])))
    except StoreError as error:
        print(error, flush=True)
        sys.exit(1)


class _Replica(ReplicaProcess):
    """A process of which one at a time serves."""

    def __init__(self, number: int, folder: Path) -> None:
        super().__init__(f"replica-{number}", folder, _serve)
        self.served: float | None = None
        """When it took the lease, in seconds since the epoch."""
        self._connected = set[str]()

    def look(self) -> None:
        """Read what it printed since the last time."""
        for said in self.events():
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
                self._wrong.append(f"{one.name} was stopped and ended with {status}: {one.tail()}")
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
            self._wrong.append(f"{owner.name}: {way}, and it ended with {status}: {owner.tail()}")
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
                for at, request, _ in relay.sent:
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
        async with asyncio.timeout(PATIENCE):
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
