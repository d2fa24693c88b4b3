"""The leases of a replica: taken, all renewed in one statement, given back, lost."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import psycopg
import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.errors import StoreError
from aion_bot.storage.hosting import Load
from aion_bot.storage.postgres.errors import message_of
from aion_bot.storage.postgres.lease import SECONDS, Held
from aion_bot.storage.postgres.renewing import RENEW_EVERY, Renewing, pause_after_failure
from aion_bot.storage.postgres.schema import migrations
from aion_bot.storage.postgres.sessions import LOCK, SHARED, migration_lock
from aion_bot.storage.postgres.shared.pool import Pool
from aion_bot.storage.postgres.sources import AT_ONCE

_log = structlog.get_logger(__name__)

_DIGEST_LENGTH, _DIGITS = 64, frozenset("0123456789abcdef")
"""Of a SHA-256."""

_OTHERS = """
    SELECT pg_advisory_xact_lock(%s, %s);
    DELETE FROM replica WHERE until < clock_timestamp() - interval '1 hour';
    SELECT DISTINCT said.key FROM replica, jsonb_each_text(replica.digests) AS said
    JOIN jsonb_each_text(%s::jsonb) AS mine USING (key)
    WHERE replica.until > clock_timestamp() AND replica.id <> %s AND said.value <> mine.value ORDER BY said.key
"""

_LIVE = """
    INSERT INTO replica VALUES (%s, %s, %s::jsonb, clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (id) DO UPDATE SET until = excluded.until
"""

# Rows that somebody else takes just now are left out, and looked at again once they are locked: of several replicas one
# gets a scope. MATERIALIZED, since the plan must not look for free ones once for each row.
_CLAIM = """
    WITH free AS MATERIALIZED (
        SELECT scope, epoch AS before FROM scope_lease JOIN scope ON scope.name = scope_lease.scope
        WHERE until < clock_timestamp() AND version <= %s ORDER BY until = '-infinity', until, scope LIMIT %s
        FOR UPDATE OF scope_lease SKIP LOCKED
    )
    UPDATE scope_lease SET replica = %s, owner = %s, epoch = nextval('scope_epoch'), until = clock_timestamp() + make_interval(secs => %s)
    FROM free WHERE scope_lease.scope = free.scope RETURNING scope_lease.scope, epoch, before > 0
"""

# The row of the replica as well, which a failover may have taken back.
_RENEW = """
    WITH live AS (
        INSERT INTO replica VALUES (%s, %s, %s::jsonb, clock_timestamp() + make_interval(secs => %s))
        ON CONFLICT (id) DO UPDATE SET until = excluded.until
    )
    UPDATE scope_lease SET until = clock_timestamp() + make_interval(secs => %s) WHERE replica = %s AND epoch = ANY(%s::bigint[]) RETURNING epoch
"""

_ONLY_RENEW = """
    UPDATE scope_lease SET until = clock_timestamp() + make_interval(secs => %s) WHERE replica = %s AND epoch = ANY(%s::bigint[]) RETURNING epoch
"""

_LOAD = """
    SELECT (SELECT count(*) FROM replica WHERE until > clock_timestamp()), count(*),
    count(*) FILTER (WHERE until < clock_timestamp()), count(*) FILTER (WHERE epoch = ANY(%s::bigint[])),
    count(*) FILTER (WHERE until < clock_timestamp() AND until > '-infinity'),
    coalesce(extract(epoch FROM clock_timestamp() - min(until) FILTER (WHERE until < clock_timestamp() AND until > '-infinity')), 0)::double precision,
    extract(epoch FROM min(until) FILTER (WHERE until > clock_timestamp()) - clock_timestamp())::double precision FROM scope_lease
"""


_GIVE_BACK = """
    UPDATE scope_lease SET replica = '', owner = '', until = '-infinity' WHERE epoch = ANY(%s::bigint[]);
    SELECT pg_notify('aion_bot_freed', '')
"""


class OwnedScope(Held):
    """The lease of one scope; see `storage.hosting.ScopeLease`."""

    def __init__(self, scope: str, replica: str, epoch: int, at: float, *, was_owned: bool = False) -> None:
        super().__init__(replica, epoch, at)
        self.scope, self.was_owned = scope, was_owned
        self._of = {"scope": scope}


class Leases:
    """What this replica owns. `renewed` is called with the seconds that each renewal of all took."""

    def __init__(self, url: PostgresUrl, pool: Pool, identity: str, name: str) -> None:
        self.renewed: Callable[[float], None] = lambda _: None
        self._url, self._pool, self._id, self._name = url, pool, identity, name
        self._digests, self._retired = "", False
        self._owned: dict[int, OwnedScope] = {}
        self._renewing = Renewing(url)
        self._keeping = BackgroundTasks()

    async def agree(self, digests: Mapping[str, str]) -> Sequence[str]:
        """Count as live from now on, unless a live replica has other settings, whose names are returned.

        Raises:
            StoreError: they could not be read or written.
            ValueError: what is no digest.
        """
        said = _said(digests)
        try:
            different = await self._different(said)
        except sqlite3.Error as error:
            raise StoreError(f"{self._url} cannot be used ({error})") from None
        if not different and not self._digests:
            self._digests = said
            self._keeping.spawn(self._keep())
        return different

    async def _different(self, said: str) -> Sequence[str]:
        # Of two that start at once the second one sees the first.
        async with self._pool.transaction() as connection:
            values = (LOCK, migration_lock(SHARED), said, self._id)
            cursor = await connection.execute(_OTHERS.encode(), values)
            while cursor.nextset():
                pass
            different = [row[0] for row in await cursor.fetchall()]
            if not different:
                await connection.execute(_LIVE.encode(), (self._id, self._name, said, SECONDS))
        return different

    async def agree_anew(self, digests: Mapping[str, str]) -> None:
        """Write other digests of this replica."""
        self._digests = _said(digests)
        sql = "UPDATE replica SET digests = %s::jsonb WHERE id = %s"
        await self._pool.fetch(sql, self._digests, self._id, again=True)

    async def retire(self) -> None:
        """Count as live no more, and renew the leases all the same."""
        self._retired = True
        # It would write the row anew.
        await self._renewing.wait()
        await self._pool.fetch("DELETE FROM replica WHERE id = %s", self._id, again=True)

    async def claim(self, most: int) -> Sequence[OwnedScope]:
        """Take up to so many scopes that nobody owns; see `SharedDatabase`."""
        if not self._digests:
            raise RuntimeError("a replica agrees before it claims")
        # Before it is asked: the server counts from a later moment.
        at = time.monotonic()
        newest = migrations()[-1][0]
        # Not repeated where the connection was lost: the second try would take other scopes beside those of the first, which end by
        # themselves.
        rows = await self._pool.fetch(_CLAIM, newest, most, self._id, self._name, SECONDS)
        claimed = [OwnedScope(scope, self._name, epoch, at, was_owned=was) for scope, epoch, was in rows]
        for lease in claimed:
            self._owned[lease.epoch] = lease
            _log.info("scope taken", scope=lease.scope, replica=self._name, epoch=lease.epoch)
        return claimed

    async def load(self) -> Load:
        """Return how the scopes are spread."""
        (spread,) = await self._pool.fetch(_LOAD, list(self._owned), again=True)
        return Load(*spread)

    def owned(self, scope: str) -> OwnedScope | None:
        """Return the lease of a scope, None where this replica does not own it."""
        return next((one for one in self._owned.values() if one.scope == scope), None)

    def lost(self, lease: OwnedScope) -> None:
        """Note that a lease is this replica's no more."""
        self._owned.pop(lease.epoch, None)
        lease.lose()

    def end(self, lease: OwnedScope) -> None:
        """Let a lease count as lost whose scope is removed: nothing is wrong."""
        self._owned.pop(lease.epoch, None)
        lease.let_go()
        lease.lost.set()

    async def release(self, lease: OwnedScope) -> None:
        """Give a scope back. Does not raise: a lease that is not given back ends by itself."""
        # First, as another replica may send once the row says that the scope is free.
        lease.let_go()
        self._owned.pop(lease.epoch, None)
        if lease.lost.is_set():
            return
        with suppress(sqlite3.Error, TimeoutError):
            async with asyncio.timeout(AT_ONCE):
                await self._pool.fetch(_GIVE_BACK, [lease.epoch], again=True)
            _log.info("scope given back", scope=lease.scope, replica=self._name, epoch=lease.epoch)

    async def close(self) -> None:
        """Give everything back, and count as live no more."""
        await self._keeping.cancel()
        await self._renewing.close()
        for lease in self._owned.values():
            lease.let_go()
        with suppress(sqlite3.Error, TimeoutError):
            async with asyncio.timeout(AT_ONCE):
                await self._pool.fetch(_GIVE_BACK, list(self._owned), again=True)
                await self._pool.fetch("DELETE FROM replica WHERE id = %s", self._id, again=True)
        self._owned.clear()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            await self._renew_all()

    async def _renew_all(self) -> None:
        while True:
            at, owned = time.monotonic(), dict(self._owned)
            try:
                renewed = await self._renew(list(owned))
            except (psycopg.Error, TimeoutError) as error:
                # Nobody else can have them while the server is away, so they may be renewed after their end as well.
                reason = message_of(error) if isinstance(error, psycopg.Error) else "no answer in time"
                _log.warning("leases not renewed", reason=reason, scopes=len(owned))
                await pause_after_failure(at)
                continue
            for epoch, lease in owned.items():
                if epoch not in self._owned:
                    continue  # given back meanwhile
                if epoch in renewed:
                    lease.extend(at)
                else:
                    self.lost(lease)
            self.renewed(time.monotonic() - at)
            return

    async def _renew(self, epochs: Sequence[int]) -> set[int]:
        leases = (SECONDS, self._id, epochs)
        if self._retired:
            rows = await self._renewing.fetch(_ONLY_RENEW.encode(), leases)
        else:
            values = (self._id, self._name, self._digests, SECONDS, *leases)
            rows = await self._renewing.fetch(_RENEW.encode(), values)
        return {row[0] for row in rows}


def _said(digests: Mapping[str, str]) -> str:
    """Return digests as JSON. Raises `ValueError` for anything that is no SHA-256."""
    if not all(len(one) == _DIGEST_LENGTH and set(one) <= _DIGITS for one in digests.values()):
        raise ValueError("a digest is a SHA-256 in hexadecimal digits")
    return json.dumps(dict(digests))
