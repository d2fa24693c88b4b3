"""What one database takes: schemas, leases that are renewed, requests that are handed over, and what its sessions remember."""

import asyncio
import statistics
import time
from collections.abc import Mapping

import psycopg

from aion_bot.storage.hosting import ScopeLease, SharedDatabase, open_shared
from aion_bot.storage.postgres.shared.database import PostgresShared
from benchmarks.scale.server import Database, difference
from benchmarks.scale.usage import usage_of

_DIGEST = {"SOMETHING": "0" * 64}
_RENEWALS = 4
_AT_ONCE = 8
"""Requests that are handed over at the same time: as many as a replica has connections."""
_BODY = b"x" * 1500
"""As long as an event of Slack with its headers."""
_RELATIONS = "SELECT count(*) FROM pg_class"
_NAMES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'aion_bot_slack_%'"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'aion_bot_slack_%'"

Figures = dict[str, float]


async def measure(schemas: int, leases: tuple[int, ...], seconds: float) -> Mapping[str, Figures]:
    """Measure with so many schemas, with so many leases one after the other, and hand over for so many seconds."""
    found: dict[str, Figures] = {}
    async with _opened() as (database, shared):
        found["schemas"], owned = await _schemas(database, shared, schemas)
        found["a session"] = _session(database)
        found["requests"] = await _requests(database, shared, owned, seconds)
    for count in leases:
        async with _opened() as (database, shared):
            found[f"{count} leases"] = await _leases(database, shared, count)
    return found


class _opened:  # noqa: N801  # used as a function
    """A database, and one replica's part in it, until the end."""

    async def __aenter__(self) -> tuple[Database, SharedDatabase]:
        database = Database()
        self._shared = await open_shared(database.location, "one")
        await self._shared.agree(_DIGEST)
        return database, self._shared

    async def __aexit__(self, *_: object) -> None:
        await self._shared.close()


async def _claimed(shared: SharedDatabase, count: int) -> list[ScopeLease]:
    await shared.note_scopes("slack", [f"T{number:07d}" for number in range(count)])
    return list(await shared.claim(count))


async def _schemas(
    database: Database, shared: SharedDatabase, count: int
) -> tuple[Figures, list[ScopeLease]]:
    """Make schemas: what each takes in time, on the disk and in the catalogue."""
    before, relations, begun = database.counted(), database.count(_RELATIONS), time.monotonic()
    owned = await _claimed(shared, count)
    for lease in owned:
        store = await shared.open_scope(lease)
        await store.close()
    seconds, after = time.monotonic() - begun, database.counted()
    return {
        "schemas": count,
        "seconds for each": seconds / count,
        "MB for each": (after.size - before.size) / count / 1e6,
        "MB of the log for each": (after.log - before.log) / count / 1e6,
        "tables in each": database.count(_TABLES) / count,
        "rows of pg_class for each": (database.count(_RELATIONS) - relations) / count,
    }, owned


def _session(database: Database) -> Figures:
    """Read every table of every schema over one connection: what the server's process keeps of them."""
    with psycopg.connect(database.location.url, autocommit=True) as connection:
        tables = connection.execute(_NAMES.encode()).fetchall()
        before = usage_of([connection.info.backend_pid])
        for schema, table in tables:
            connection.execute(f"SELECT * FROM {schema}.{table} LIMIT 1".encode())  # noqa: S608  # names of ours
        after = usage_of([connection.info.backend_pid])
    count = len({schema for schema, _ in tables})
    return {"KB for each schema": (after.own - before.own) / count / 1e3}


async def _requests(
    database: Database, shared: SharedDatabase, owned: list[ScopeLease], seconds: float
) -> Figures:
    """Hand requests over, read and remove them, as fast as one replica can."""
    done, end, before, begun = 0, time.monotonic() + seconds, database.counted(), time.monotonic()

    async def worker(leases: list[ScopeLease]) -> None:
        nonlocal done
        while time.monotonic() < end:
            for lease in leases:
                await shared.hand_over(lease.scope, _BODY)
                for arrival in await shared.arrivals(lease):
                    await shared.arrived(lease, arrival)
                    done += 1

    await asyncio.gather(*(worker(owned[number::_AT_ONCE]) for number in range(_AT_ONCE)))
    taken, used = time.monotonic() - begun, difference(before, database.counted())
    return {
        "a second": done / taken,
        "ms of the server's CPU time for each": used["cpu"] / done * 1e3,
        "KB of the log for each": used["log"] / done / 1e3,
    }


async def _leases(database: Database, shared: SharedDatabase, count: int) -> Figures:
    """Own many scopes and do nothing: what their renewal takes."""
    owned = await _claimed(shared, count)
    renewals: list[float] = []
    if isinstance(shared, PostgresShared):
        shared.on_renewed(renewals.append)
    while not renewals:  # noqa: ASYNC110  # the callback is no event
        await asyncio.sleep(0.05)
    before, begun = database.counted(), time.monotonic()
    while len(renewals) <= _RENEWALS:  # noqa: ASYNC110  # the same
        await asyncio.sleep(0.05)
    taken, used = time.monotonic() - begun, difference(before, database.counted())
    return {
        "leases": len([one for one in owned if one.held()]),
        "ms for a renewal": statistics.median(renewals[1:]) * 1e3,
        "KB of the log a second": used["log"] / taken / 1e3,
        "share of a processor of the server": used["cpu"] / taken,
    }
