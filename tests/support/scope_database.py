"""What replicas share, in memory: a double of `SharedDatabase` at its boundary, with the same promises.

Leases end only where a test says so: `MemoryServer.expire` is the death of a replica, seen by the others.
"""

import asyncio
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from aion_bot.ports.shared_values import SharedValues
from aion_bot.storage import Store, StoreError
from aion_bot.storage.hosting import Arrival, Load, ScopeLease
from aion_bot.storage.postgres.errors import PostgresError

MOST_ARRIVALS = 1_000


class MemoryLease:
    """A lease that lasts until another replica takes the scope."""

    def __init__(self, scope: str, replica: str, epoch: int) -> None:
        self.scope, self.replica, self.epoch, self.was_owned = scope, replica, epoch, epoch > 1
        self.lost = asyncio.Event()
        self.renewed = lambda _: None

    def held(self) -> bool:
        return not self.lost.is_set()

    def lose(self) -> None:
        self.lost.set()


class MemoryStore:
    """A store of which only the end matters."""

    def __init__(self, lease: ScopeLease) -> None:
        self.lease, self.closed = lease, False

    async def close(self) -> None:
        self.closed = True


@dataclass
class MemoryServer:
    """One server: `away` makes every statement fail; `unusable` are the scopes whose schema cannot be opened.

    `cuts` is how many connections that open a schema are still cut, `kept` how many rows of requests that were taken cannot be removed.
    """

    leases: dict[str, MemoryLease | None] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rows: dict[str, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    woken: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    replicas: list["MemoryDatabase"] = field(default_factory=list)
    expired: list["MemoryDatabase"] = field(default_factory=list)
    digests: dict[str, Mapping[str, str]] = field(default_factory=dict)
    away: bool = False
    kept: int = 0
    unusable: set[str] = field(default_factory=set)
    cuts: int = 0
    ended: dict[str, float] = field(default_factory=dict)
    """When the leases of replicas that died ended, by scope."""
    most: int = MOST_ARRIVALS
    erasures: list[tuple[str, str]] = field(default_factory=list)
    """The workspaces that were to be erased, by scope; `unfinished` are those in which something has not ended."""
    unfinished: set[str] = field(default_factory=set)

    def check(self) -> None:
        if self.away:
            raise sqlite3.OperationalError("the server is away")

    def freed(self) -> None:
        for one in self.replicas:
            one.freed.set()

    def expire(self, replica: "MemoryDatabase") -> None:
        """Let the leases of a replica be over, as of one that is paused: it knows it, and looks again, once others have taken over."""
        self.replicas.remove(replica)
        self.expired.append(replica)
        for scope, lease in self.leases.items():
            if lease is not None and lease.replica == replica.replica:
                self.leases[scope] = None
                self.ended[scope] = time.monotonic()
                replica.stale.append(lease)
        self.freed()


class MemoryDatabase:
    """One replica's part."""

    def __init__(self, server: MemoryServer, replica: str, values: SharedValues | None = None) -> None:
        self.server, self.replica = server, replica
        self.values = cast("SharedValues", values)
        self.freed = asyncio.Event()
        self.stale: list[MemoryLease] = []
        self.stores: list[MemoryStore] = []
        server.replicas.append(self)

    def on_renewed(self, told: Callable[[float], None]) -> None:
        """Never tell: no lease is renewed."""

    async def agree(self, digests: Mapping[str, str]) -> Sequence[str]:
        others = [one for name, one in self.server.digests.items() if name != self.replica]
        self.server.digests[self.replica] = digests
        return sorted({name for one in others for name in digests if one.get(name) != digests[name]})

    async def agree_anew(self, digests: Mapping[str, str]) -> None:
        self.server.digests[self.replica] = digests

    async def retire(self) -> None:
        self.server.check()
        self.server.replicas.remove(self)

    async def note_scopes(self, platform: str, ids: Sequence[str]) -> None:
        self.server.check()
        for one in ids:
            if f"{platform}:{one}" not in self.server.leases:
                self.server.leases[f"{platform}:{one}"] = None
                self.server.freed()

    async def claim(self, most: int) -> Sequence[ScopeLease]:
        self.server.check()
        if not all(one.lost.is_set() for one in self.stale):
            return []  # it is paused
        free = [scope for scope, lease in self.server.leases.items() if lease is None][:most]
        taken = []
        for scope in free:
            self.server.epochs[scope] += 1
            self.server.ended.pop(scope, None)
            lease = self.server.leases[scope] = MemoryLease(scope, self.replica, self.server.epochs[scope])
            taken.append(lease)
            for other in self.server.expired:
                other.lose(scope)
        return taken

    def lose(self, scope: str) -> None:
        for lease in self.stale:
            if lease.scope == scope:
                lease.lost.set()

    async def load(self) -> Load:
        self.server.check()
        owners = list(self.server.leases.values())
        mine = sum(one is not None and one.replica == self.replica for one in owners)
        now, ended = time.monotonic(), self.server.ended.values()
        longest = now - min(ended, default=now)
        return Load(len(self.server.replicas), len(owners), owners.count(None), mine, len(ended), longest)

    async def open_scope(self, lease: ScopeLease) -> Store:
        if lease.scope in self.server.unusable:
            raise StoreError("its schema is newer")
        if self.server.cuts:
            self.server.cuts -= 1
            raise PostgresError("the connection was cut", transient=True)
        store = MemoryStore(lease)
        self.stores.append(store)
        return cast("Store", store)

    async def release(self, lease: ScopeLease) -> None:
        if self.server.leases.get(lease.scope) is lease:
            self.server.leases[lease.scope] = None
            self.server.freed()

    async def hand_over(self, scope: str, body: bytes) -> bool:
        self.server.check()
        rows = self.server.rows[scope]
        if scope not in self.server.leases or len(rows) >= self.server.most:
            return False
        rows.append(Arrival(1 + max((one.id for one in rows), default=0), body, 0.0))
        self.server.woken[scope].set()
        return True

    async def arrivals(self, lease: ScopeLease) -> Sequence[Arrival]:
        self.server.check()
        return self.server.rows[lease.scope][:50]

    async def arrived(self, lease: ScopeLease, arrival: Arrival) -> None:
        self.server.check()
        if self.server.kept:
            self.server.kept -= 1
            raise sqlite3.OperationalError("the server does not answer")
        if lease.held():
            self.server.rows[lease.scope].remove(arrival)

    def waking(self, scope: str) -> asyncio.Event:
        return self.server.woken[scope]

    async def remove_scope(self, scope: str) -> bool:
        owner = self.server.leases.get(scope)
        if owner is not None and owner.replica != self.replica:
            return False
        self.server.leases.pop(scope, None)
        self.server.rows.pop(scope, None)
        return True

    async def erase_workspace(self, lease: ScopeLease, workspace: str) -> bool:
        self.server.check()
        assert lease.held()
        self.server.erasures.append((lease.scope, workspace))
        return workspace not in self.server.unfinished

    async def close(self) -> None:
        if self in self.server.replicas:
            self.server.replicas.remove(self)
