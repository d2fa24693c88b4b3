"""One replica's part in a deployment of many scopes: see `storage.hosting.SharedDatabase`."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.erasure import erase_workspace
from aion_bot.storage.hosting import Arrival, Load, ScopeLease
from aion_bot.storage.postgres.schema import migrations
from aion_bot.storage.postgres.shared.leases import Leases, OwnedScope
from aion_bot.storage.postgres.shared.names import location_of, scope_name, shared_location
from aion_bot.storage.postgres.shared.opening import open_scope
from aion_bot.storage.postgres.shared.pool import Pool
from aion_bot.storage.postgres.shared.removal import remove_scope
from aion_bot.storage.postgres.shared.schema import prepare_shared
from aion_bot.storage.postgres.shared.values import PostgresValues
from aion_bot.storage.postgres.shared.waking import Waking
from aion_bot.storage.store import Store

MOST_ARRIVALS = 1000
"""Requests that wait for the owner of one scope; more are refused, and the platform sends them again."""

_AT_ONCE = 50
"""Requests that the owner gets at a time."""

_OPENED_AT_ONCE = 2
"""Scopes whose schemas are looked at or made at once: each has a connection of its own meanwhile."""

# Written once for each replica that is told of them, hence ON CONFLICT.
_NOTE = """
    WITH noted AS (INSERT INTO scope (name) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING RETURNING name)
    INSERT INTO scope_lease (scope) SELECT name FROM noted RETURNING pg_notify('aion_bot_freed', '')
"""

_ARRIVALS = """
    SELECT id, body, extract(epoch FROM clock_timestamp() - at)::double precision FROM arrival JOIN scope_lease USING (scope)
    WHERE scope = %s AND epoch = %s ORDER BY id LIMIT %s
"""

_ARRIVED = """
    DELETE FROM arrival USING scope_lease
    WHERE arrival.id = %s AND arrival.scope = %s AND scope_lease.scope = arrival.scope AND epoch = %s
"""


class PostgresShared:
    """What a replica does beside its scopes' stores; see `SharedDatabase` for each method."""

    def __init__(self, location: PostgresUrl, replica: str) -> None:
        shared = shared_location(location)
        self.replica = replica
        # Names need not be unique: a supervisor may start a replica again before the lease of the one before has ended.
        identity = uuid.uuid4().hex
        self._location = location
        self._pool = Pool(shared)
        self._leases = Leases(shared, self._pool, identity, replica)
        self._waking = Waking(shared, identity)
        self._opening = asyncio.Semaphore(_OPENED_AT_ONCE)
        self._tasks = BackgroundTasks()
        self.values = PostgresValues(self._pool)

    @classmethod
    async def open(cls, location: PostgresUrl, replica: str) -> "PostgresShared":
        """Bring the shared schema up to date, and begin to listen. Raises `StoreError`."""
        await asyncio.to_thread(prepare_shared, shared_location(location))
        opened = cls(location, replica)
        await opened._pool.open()
        opened._tasks.spawn(opened._waking.listen())
        return opened

    @property
    def freed(self) -> asyncio.Event:
        """Set where a scope may be free."""
        return self._waking.freed

    def on_renewed(self, told: Callable[[float], None]) -> None:
        """Call `told` with the seconds that each renewal of all leases takes."""
        self._leases.renewed = told

    async def agree(self, digests: Mapping[str, str]) -> Sequence[str]:
        """Count as live from now on, or return the names of settings in which a live replica differs."""
        return await self._leases.agree(digests)

    async def agree_anew(self, digests: Mapping[str, str]) -> None:
        """Write other digests of this replica."""
        await self._leases.agree_anew(digests)

    async def retire(self) -> None:
        """Count as live no more."""
        await self._leases.retire()

    async def note_scopes(self, platform: str, ids: Sequence[str]) -> None:
        """Write down scopes that exist."""
        # In one order: replicas that write the same ones at once would wait for each other.
        names = sorted((scope_name(platform, one) for one in ids), key=str.lower)
        await self._pool.fetch(_NOTE, names, again=True)

    async def claim(self, most: int) -> Sequence[ScopeLease]:
        """Take up to so many scopes that nobody owns."""
        return await self._leases.claim(most)

    async def load(self) -> Load:
        """Return how the scopes are spread."""
        return await self._leases.load()

    async def open_scope(self, lease: ScopeLease) -> Store:
        """Open the store of a scope."""
        owned, location = _own(lease), location_of(self._location, lease.scope)
        async with self._opening:
            database = await open_scope(location, self._pool, owned)
        # A release before, which does not know the schema, leaves the scope to others.
        sql = "UPDATE scope SET version = %s WHERE name = %s AND version < %s"
        newest = migrations()[-1][0]
        try:
            await self._pool.fetch(sql, newest, lease.scope, newest, again=True)
        except BaseException:
            await database.close()  # its folder would stay
            raise
        return Store(database)

    async def release(self, lease: ScopeLease) -> None:
        """Give a scope back."""
        self._waking.forget(lease.scope)
        await self._leases.release(_own(lease))

    async def hand_over(self, scope: str, body: bytes) -> bool:
        """Keep a request for the owner of a scope; False where it has too many, or there is no such scope."""
        ((kept,),) = await self._pool.fetch("SELECT hand_over(%s, %s, %s)", scope, body, MOST_ARRIVALS)
        return bool(kept)

    async def arrivals(self, lease: ScopeLease) -> Sequence[Arrival]:
        """Return the oldest requests that wait for the owner."""
        rows = await self._pool.fetch(_ARRIVALS, lease.scope, lease.epoch, _AT_ONCE, again=True)
        return [Arrival(*row) for row in rows]

    async def arrived(self, lease: ScopeLease, arrival: Arrival) -> None:
        """Remove a request that was taken."""
        await self._pool.fetch(_ARRIVED, arrival.id, lease.scope, lease.epoch, again=True)

    def waking(self, scope: str) -> asyncio.Event:
        """Return what is set where requests may wait for the owner of a scope."""
        return self._waking.of(scope)

    async def remove_scope(self, scope: str) -> bool:
        """Erase all that is kept of a scope; False where another replica owns it."""
        removed = await remove_scope(self._pool, self._leases, scope)
        if removed:
            self._waking.forget(scope)
        return removed

    async def erase_workspace(self, lease: ScopeLease, workspace: str) -> bool:
        """Erase the words, names and ids of one workspace of a scope; False where something has not ended."""
        return await asyncio.to_thread(erase_workspace, location_of(self._location, lease.scope), workspace)

    async def close(self) -> None:
        """Give all scopes back, and end every session."""
        # First, as giving scopes back takes a connection of the pool.
        await self._leases.close()
        await self._tasks.cancel()
        await self._pool.close()


def _own(lease: ScopeLease) -> OwnedScope:
    if not isinstance(lease, OwnedScope):
        raise TypeError(type(lease).__name__)
    return lease
