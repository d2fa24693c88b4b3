"""The storage of a deployment that serves many scopes on one Postgres server, whatever carries it out.

Each scope has a schema of its own with all that the bot remembers of it. What replicas say to each other is in another
one, `aion_bot_shared`: which of them live, whose a scope is, requests that were taken for the owner of a scope, and
small values. A scope is written `<platform>:<id>`, as `slack:T0123`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.shared_values import SharedValues
from aion_bot.storage.engines import Lease, require_extra
from aion_bot.storage.store import Store


class ScopeLease(Lease, Protocol):
    """What lets a replica serve a scope; `lost` is set once another one has taken over, or the scope was removed."""

    scope: str
    was_owned: bool
    """Whether a replica had the scope before, of this process or another one."""


@dataclass(frozen=True, slots=True)
class Load:
    """How the scopes are spread: live replicas, scopes in all, those that nobody owns, and those of this replica."""

    replicas: int
    scopes: int
    free: int
    owned: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that a replica took for the owner of a scope; `age` is how many seconds ago, by the server's clock."""

    id: int
    body: bytes
    age: float


class SharedDatabase(Protocol):
    """One replica's part in a deployment: the scopes that it owns, and what all replicas share.

    Where the server cannot be reached, or refuses a statement, the methods raise `sqlite3.Error`, which
    `storage.errors.is_transient` tells about, unless they say otherwise. Leases are renewed in the background, and
    whoever lost one learns it by the lease alone.
    """

    replica: str
    """The name that other replicas and the log show for this one."""

    @property
    def values(self) -> SharedValues:
        """The values that all replicas share."""
        ...

    @property
    def freed(self) -> asyncio.Event:
        """Set where a scope may be free: it was noted, or given back by a replica; whoever claims clears it first.

        The scopes of a replica that died are free without it: claim every few seconds as well.
        """
        ...

    def on_renewed(self, told: Callable[[float], None]) -> None:
        """Call `told` with the seconds that each renewal of all leases takes; a lease's own `renewed` is never called."""
        ...

    async def agree(self, digests: Mapping[str, str]) -> Sequence[str]:
        """Write what settings every replica must have alike, and return the names of those in which a live one differs.

        A digest is a SHA-256 in hexadecimal digits (`ValueError` for anything else): the table holds no secret. Until
        this has returned nothing the replica does not count as live, and can claim nothing.
        """
        ...

    async def note_scopes(self, platform: str, ids: Sequence[str]) -> None:
        """Write down scopes that exist, beside those known already. Raises `ValueError` for an id that can be no scope's."""
        ...

    async def claim(self, most: int) -> Sequence[ScopeLease]:
        """Take up to so many scopes that no live replica owns, those first that have been free for longest."""
        ...

    async def load(self) -> Load:
        """Return how the scopes are spread."""
        ...

    async def open_scope(self, lease: ScopeLease) -> Store:
        """Bring the schema of a scope up to date, and open its store, which ends before the lease is given back.

        From then on whoever owned the scope before cannot write to it any more.

        Raises:
            StoreError: the schema cannot be used, or the lease was lost meanwhile; the lease is still to be given back.
        """
        ...

    async def release(self, lease: ScopeLease) -> None:
        """Give a scope back, so that another replica can take it at once. One whose lease was lost stays as it is.

        Does not raise: a lease that cannot be given back ends by itself.
        """
        ...

    async def hand_over(self, scope: str, body: bytes) -> bool:
        """Keep a request for the owner of a scope, and wake it; False where it has 1,000 of them, or there is no such scope."""
        ...

    async def arrivals(self, lease: ScopeLease) -> Sequence[Arrival]:
        """Return the oldest requests that wait for the owner, at most 50, in the order in which they were kept."""
        ...

    async def arrived(self, lease: ScopeLease, arrival: Arrival) -> None:
        """Remove a request that was taken; only the owner can."""
        ...

    def waking(self, scope: str) -> asyncio.Event:
        """Return what is set where requests may wait for the owner of a scope; whoever looks clears it first."""
        ...

    async def remove_scope(self, scope: str) -> bool:
        """Erase all that is kept of a scope; False, and nothing is changed, where another replica owns it.

        The lease of this replica counts as lost from then on.
        """
        ...

    async def close(self) -> None:
        """Give all scopes back, whose stores are closed by now, and end every session. Does not raise."""
        ...


async def open_shared(location: PostgresUrl, replica: str) -> SharedDatabase:
    """Open what replicas share, and bring its schema up to date. `replica` is a name, which need not be unique.

    Raises:
        StoreError: the server cannot be reached or is too old; rights are missing; its schema is newer.
    """
    require_extra(location)
    from aion_bot.storage.postgres.shared.database import PostgresShared

    return await PostgresShared.open(location, replica)
