"""Three replicas as processes that share many scopes on one Postgres server, and what happens to them."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.simulators.slack.http_delivery import free_port
from benchmarks.chaos.hosted_process import RELAYS, serve
from benchmarks.chaos.ownership import Ownership, Sent
from benchmarks.chaos.replica_process import PATIENCE, ReplicaProcess
from tests.support import postgres

REPLICAS = 3
WAYS = ("kill", "kill", "kill", "stop", "stop", "pause", "pause", "partition", "partition", "cut", "outage")
"""What is drawn: a replica is killed, stopped, paused past its leases or cut off from the database; all connections to the
database are cut; or its server is away for a moment."""
AT_ONCE = 2
"""Replicas that are disturbed at the same time, so that one is left."""

_LEASE = 6.0
"""Seconds for which a lease is given."""
_PAST_THE_LEASE = _LEASE + 1.0, _LEASE + 4.0
"""Between how many seconds a replica is paused, or cut off."""
_OUTAGE = 1.5
_CONNECTIONS = "150"
SHARES = {"median": 0.5, "p99": 0.99, "most": 1.0}

ScopeOf = Callable[[str], str | None]
"""Returns the scope that a token belongs to."""
Watch = Callable[[Collection[str], float], Awaitable[None]]
"""Is told which scopes lost their owner, and when, in monotonic seconds."""


class _Replica(ReplicaProcess):
    """A process, and the port on which it listens."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        super().__init__(name, folder, serve)
        self.port = port
        self.started = False
        """Whether it has read its settings and opened the database."""

    def through(self, env: Mapping[str, str]) -> Mapping[str, str]:
        """Leave the addresses as they are: all replicas have to have the same ones."""
        return {**env, RELAYS: json.dumps({relay.target: relay.port for relay in self.http})}


class ScopeReplicas:
    """Starts and ends all replicas, and disturbs them; `scope_of` tells whose a token is."""

    def __init__(self, folder: Path, seed: int, replicas: int = REPLICAS, **server: str) -> None:
        """`server`: settings of the Postgres server."""
        postgres._SETTINGS.update({"max_connections": _CONNECTIONS, "autovacuum": "on", **server})  # noqa: SLF001  # for this process
        location = postgres.server().make()
        postgres.server().keep(location)
        self.location: Location = location
        self.address = location.url
        self.database: PostgresUrl = location
        self.ports = [free_port() for _ in range(replicas)]
        self.ownership = Ownership()
        self.seconds: list[float] = []
        """How long scopes whose owner was killed, paused or cut off had none, in seconds."""
        self.ways: Counter[str] = Counter()
        self.scopes: Collection[str] = ()
        self.scope_of: ScopeOf = lambda _: None
        self.watch: Watch | None = None
        self._folder, self._rng, self._numbers = folder, random.Random(seed + 2), count(1)
        self.env_of: Callable[[int], Mapping[str, str]] = lambda _: {}
        """Returns the settings of the replica on a port."""
        self._env: Mapping[str, str] = {}
        self._live: dict[int, _Replica] = {}
        """By the ports."""
        self._all: list[_Replica] = []
        self._disturbed: set[int] = set()
        self._hits: list[tuple[float, Collection[str]]] = []
        """When, in monotonic seconds, the owner of which scopes was disturbed."""
        self._supervising: asyncio.Task[None] | None = None
        self._watches: set[asyncio.Task[None]] = set()
        self._wrong: list[str] = []
        self._sent: list[Sent] = []

    @property
    def running(self) -> bool:
        """Whether they were started and did not end."""
        return bool(self._live)

    def location_of(self, scope: str) -> PostgresUrl:
        """Return where the rows of a scope are."""
        return PostgresUrl(self.address, f"aion_bot_{scope.replace(':', '_').lower()}")

    async def start(self, env: Mapping[str, str]) -> None:
        """Start all of them, and wait until every scope has an owner."""
        self._env = env
        for port in self.ports:
            await self._add(port)
        self._supervising = asyncio.create_task(self._supervise())
        await self._all_owned()

    async def _supervise(self) -> None:
        """Start replicas again that ended by themselves: they may, at their start, while the database is away."""
        while True:
            await asyncio.sleep(0.2)
            for port, one in tuple(self._live.items()):
                if port in self._disturbed or one.process is None or one.process.is_alive():
                    continue
                self.look()
                await self._replace(one, one.process.exitcode or 0 if one.started else 1)
                if one.started:
                    self._wrong.append(f"{one.name} ended by itself: {one.tail()}")

    async def end(self, method: str) -> None:
        """End all of them."""
        await asyncio.gather(*self._watches)
        if self._supervising is not None:
            self._supervising.cancel()
        for one in self._live.values():
            one.send(signal.SIGTERM if method == "stop" else signal.SIGKILL)
        for one in self._live.values():
            status = await one.ended()
            if method == "stop" and status:
                self._wrong.append(f"{one.name} was stopped and ended with {status}: {one.tail()}")
            self._note_end(one)
        self._live = {}

    async def hand_over(self, method: str) -> str:
        """Do one of `WAYS`, and wait until every scope has an owner again; returns what was done."""
        del method
        way = self._rng.choice(WAYS)
        self.ways[way] += 1
        if way == "cut":
            await asyncio.to_thread(self._cut_connections)
        elif way == "outage":
            self._hits.append((time.monotonic(), self.scopes))
            await asyncio.to_thread(postgres.server().stop)
            await asyncio.sleep(_OUTAGE)
            await asyncio.to_thread(postgres.server().start)
        else:
            await self._disturb_one(way)
        await self._all_owned()
        return way

    async def _disturb_one(self, way: str) -> None:
        one = await self._chosen()
        port, begun, moment = one.port, time.monotonic(), time.time()
        owned = self.ownership.of(one.name)
        self._hits.append((begun, owned))
        try:
            match way:
                case "stop" | "kill":
                    one.send(signal.SIGTERM if way == "stop" else signal.SIGKILL)
                    if way == "kill":
                        self._watch(owned, begun)
                    await self._replace(one, 0 if way == "stop" else -signal.SIGKILL)
                case "pause":
                    one.send(signal.SIGSTOP)
                    self._watch(owned, begun)
                    await asyncio.sleep(self._rng.uniform(*_PAST_THE_LEASE))
                    one.send(signal.SIGCONT)
                case _:
                    one.database.cut()
                    await asyncio.sleep(self._rng.uniform(*_PAST_THE_LEASE))
                    one.database.mend()
            if way != "stop":
                await self._taken_over(owned, one.name, moment)
        finally:
            self._disturbed.discard(port)

    async def _chosen(self) -> _Replica:
        """Wait for a replica that has started and is not disturbed, and count it as disturbed."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.look()
                found = [
                    port for port in self.ports if port not in self._disturbed and self._live[port].started
                ]
                if found:
                    port = self._rng.choice(found)
                    self._disturbed.add(port)
                    return self._live[port]
                await asyncio.sleep(0.1)

    def _watch(self, owned: Collection[str], begun: float) -> None:
        if self.watch is not None:
            task = asyncio.ensure_future(self.watch(owned, begun))
            self._watches.add(task)
            task.add_done_callback(self._watches.discard)

    def was_hit_again(self, scope: str, after: float) -> bool:
        """Tell whether the owner of a scope was disturbed later than this moment, in monotonic seconds."""
        return any(at > after and scope in scopes for at, scopes in self._hits)

    async def _replace(self, one: _Replica, wanted: int) -> None:
        """Wait until a process has ended, and start another one in its place, as a supervisor does."""
        status = await one.ended()
        if status != wanted:
            self._wrong.append(f"{one.name} ended with {status} and not with {wanted}: {one.tail()}")
        self._note_end(one)
        await self._add(one.port)

    def _note_end(self, one: _Replica) -> None:
        self.look()
        self.ownership.ended(one.name)
        self._all.remove(one)

    async def _taken_over(self, scopes: Collection[str], before: str, moment: float) -> None:
        """Wait until scopes have another owner, and note how long that took; the same one may have come back first."""
        left, until = set(scopes), time.monotonic() + PATIENCE
        while left and time.monotonic() < until:
            self.look()
            for scope in tuple(left):
                at = self.ownership.taken_over(scope, before, moment)
                if at is not None:
                    self.seconds.append(at - moment)
                if at is not None or self.ownership.owners.get(scope) == before:
                    left.discard(scope)
            await asyncio.sleep(0.05)

    async def _all_owned(self) -> None:
        until, without = time.monotonic() + PATIENCE, set(self.scopes)
        while without and time.monotonic() < until:
            self.look()
            without = set(self.scopes) - set(self.ownership.owners)
            await asyncio.sleep(0.05)
        if without:
            self._wrong.append(f"nobody served {sorted(without)} for {PATIENCE:.0f} s")

    def look(self) -> None:
        """Read what the replicas printed, and what they sent, since the last time."""
        for one in self._all:
            for event in one.events():
                self.ownership.note(one.name, event)
                one.started |= event.get("event") == "starting"
            for relay in one.http:
                for at, request, token in relay.sent:
                    scope = self.scope_of(token)
                    if scope is not None:
                        self._sent.append(Sent(at, one.name, scope, request))
                relay.sent.clear()

    def violations(self) -> Iterator[str]:
        """Return what replicas did for scopes that they did not own any more, and ends that should have been others."""
        self.look()
        self._wrong += [*self.ownership.stale(self._sent), *self.ownership.wrong_epochs()]
        self._sent.clear()
        self._hits.clear()
        yield from self._wrong
        self._wrong = []

    async def _add(self, port: int) -> None:
        made = _Replica(f"replica-{next(self._numbers)}", self._folder, port)
        self._live[port] = made
        self._all.append(made)
        await made.start(
            {**self._env, **self.env_of(port)}, self.address.rpartition("?")[0].rpartition("/")[2]
        )

    def replicas(self) -> Sequence[ReplicaProcess]:
        """Return those that run."""
        return tuple(self._live.values())

    def figures(self) -> Mapping[str, object]:
        """Return what was done to replicas, and how long scopes had no owner, in seconds."""
        return {"ways": dict(self.ways), "seconds without an owner": shares(self.seconds)}

    def _cut_connections(self) -> None:
        name = self.address.rpartition("?")[0].rpartition("/")[2]
        with psycopg.connect(postgres.server().url("postgres").url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )

    def close(self) -> None:
        """End the database server."""
        postgres.stop_server()


def shares(seconds: Sequence[float]) -> Mapping[str, float]:
    """Return the median, the 99th percentile and the most of some durations."""
    found = sorted(seconds)
    return {name: round(found[int(share * (len(found) - 1))], 1) for name, share in SHARES.items() if found}
