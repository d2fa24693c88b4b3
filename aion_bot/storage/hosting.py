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
from aion_bot.storage.errors import UnfitServer
from aion_bot.storage.store import Store


class ScopeLease(Lease, Protocol):
    """What lets a replica serve a scope; `lost` is set once another one has taken over, or the scope was removed."""

    scope: str
    was_owned: bool
    """Whether a replica had the scope before, of this process or another one."""


@dataclass(frozen=True, slots=True)
class Load:
    """How the scopes are spread: live replicas, scopes in all, those that nobody owns, and those of this replica.

    `ended` are those of `free` that no owner gave back: it died, and answers may run there. `ended_for` is how many seconds ago the
    first of their leases ended, by the server's clock. The next lease that nobody renews ends in `next_end` seconds; None for none.
    """

    replicas: int
    scopes: int
    free: int
    owned: int
    ended: int = 0
    ended_for: float = 0.0
    next_end: float | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that a replica took for the owner of a scope; `age` is how many seconds ago, by the server's clock."""

    id: int
    body: bytes
    age: float


@dataclass(frozen=True, slots=True)
class KnownScope:
    """A scope as a command sees it: who owns it now, how many requests wait for the owner, whether its schema was made.

    `location` is where its rows are, which all that opens a database beside a bot takes (`storage.beside.open_beside`).
    """

    name: str
    location: PostgresUrl
    owner: str | None
    waiting: int
    is_made: bool


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
        this has returned nothing the replica does not count as live, and can claim nothing. Raises `StoreError` where
        they cannot be read or written.
        """
        ...

    async def agree_anew(self, digests: Mapping[str, str]) -> None:
        """Write other digests of this live replica, whose settings have changed; the others are to change theirs as well."""
        ...

    async def retire(self) -> None:
        """Count as live no more: what this replica gives back from now on belongs to the share of others. Its leases are renewed as before."""
        ...

    async def note_scopes(self, platform: str, ids: Sequence[str]) -> None:
        """Write down scopes that exist, beside those known already. Raises `ValueError` for an id that can be no scope's."""
        ...

    async def claim(self, most: int) -> Sequence[ScopeLease]:
        """Take up to so many scopes that no live replica owns, those of a replica that died first, then those free for longest."""
        ...

    async def load(self) -> Load:
        """Return how the scopes are spread."""
        ...

    async def open_scope(self, lease: ScopeLease) -> Store:
        """Bring the schema of a scope up to date, and open its store, which ends before the lease is given back.

        From then on whoever owned the scope before cannot write to it any more.

        Raises:
            StoreError: the schema cannot be used, or the lease was lost meanwhile; the lease is still to be given back.
            sqlite3.Error: the connection was lost; the same may succeed at once.
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

    async def erase_workspace(self, lease: ScopeLease, workspace: str) -> bool:
        """Erase the words, names and ids of one workspace of a scope, beside its store; False where something has not ended.

        Raises `StoreError` where the rows cannot be read or written.
        """
        ...

    async def close(self) -> None:
        """Give all scopes back, whose stores are closed by now, and end every session. Does not raise."""
        ...


async def open_shared(location: PostgresUrl, replica: str) -> SharedDatabase:
    """Open what replicas share, and bring its schema up to date. `replica` is a name, which need not be unique.

    Raises:
        StoreError: the server cannot be reached or is too old; rights are missing; the shared schema is newer.
    """
    _require_pool(location)
    from aion_bot.storage.postgres.shared.database import PostgresShared

    return await PostgresShared.open(location, replica)


def known_scopes(location: PostgresUrl) -> Sequence[KnownScope]:
    """Return every scope of a deployment by name, also beside replicas; none where there is no such deployment.

    Raises:
        StoreError: the server cannot be reached or is too old; the shared schema is newer than this version.
    """
    require_extra(location)
    from aion_bot.storage.postgres.shared import beside

    return beside.known_scopes(location)


def live_replicas(location: PostgresUrl) -> Sequence[str]:
    """Return the names of the replicas that live, in order. Raises `StoreError` as `known_scopes`."""
    require_extra(location)
    from aion_bot.storage.postgres.shared import beside

    return beside.live_replicas(location)


def check_shared(location: PostgresUrl) -> int | None:
    """Return the number of the shared schema, None where there is none yet; changes nothing.

    Raises:
        StoreError: `open_shared` would refuse it, as far as can be seen without writing.
    """
    _require_pool(location)
    from aion_bot.storage.postgres.shared import beside

    return beside.check_shared(location)


def rewrite_shared(location: PostgresUrl) -> None:
    """Write anew what replicas share, so that no deleted request is left in it; replicas wait meanwhile. Raises `StoreError`."""
    require_extra(location)
    from aion_bot.storage.postgres.shared import beside

    beside.rewrite_shared(location)


def _require_pool(location: PostgresUrl) -> None:
    """Raise `UnfitServer` where the extra `postgres` is not installed, or is of a release without many scopes."""
    require_extra(location)
    try:
        import psycopg_pool  # noqa: F401  # whether it can be
    except ImportError as error:
        raise UnfitServer(
            f"{location} needs the extra postgres of this release ({error}): pip install 'aion-bot[postgres]'"
        ) from None
