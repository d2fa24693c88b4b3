"""The rows that replicas share on a Postgres server, each through a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from aion_bot.ports.shared_state import SharedState
from aion_bot.storage.postgres.sessions import connect_async
from aion_bot.storage.postgres.shared_state import TABLES, SharedRows
from tests.support.postgres import server

REPLICAS = 4


@pytest.fixture
async def replicas() -> AsyncIterator[list[SharedState]]:
    """What each of several replicas sees of one database."""
    location = server().make()
    async with AsyncExitStack() as stack:
        found: list[SharedState] = []
        for _ in range(REPLICAS):
            connection = await connect_async(location)
            stack.push_async_callback(connection.close)

            async def ask(
                sql: str, values: Sequence[object], connection: Any = connection
            ) -> Sequence[Any] | None:
                cursor = await connection.execute(sql.encode(), values)
                row: Sequence[Any] | None = await cursor.fetchone()
                return row

            if not found:
                await connection.execute("CREATE SCHEMA aion_bot_shared")
                await connection.execute(TABLES.encode())
            found.append(SharedRows(ask))
        yield found


async def test_what_is_fixed_stays(replicas: list[SharedState]) -> None:
    """Of replicas that start together one decides, and all learn what it decided, later as well."""
    said = await asyncio.gather(*(one.fix("buckets", str(number)) for number, one in enumerate(replicas)))
    assert len(set(said)) == 1
    assert await replicas[0].fix("buckets", "another") == said[0]
    assert await replicas[0].fix("servers", "[]") == "[]"


async def test_one_replica_keeps_a_key(replicas: list[SharedState]) -> None:
    """Of replicas that want a key at the same time one gets it, the others learn when it may be free."""
    waits = await asyncio.gather(*(one.claim("identify 0", 30.0) for one in replicas))
    assert min(waits) == 0.0
    assert all(20.0 < left <= 30.0 for left in sorted(waits)[1:])
    assert await replicas[0].claim("identify 1", 30.0) == 0.0


async def test_a_key_is_held_from_now_on(replicas: list[SharedState]) -> None:
    """Who has begun shortens the time for which the key is kept; after that another replica gets it."""
    assert await replicas[0].claim("identify 0", 30.0) == 0.0
    await replicas[0].hold("identify 0", 0.2)
    left = await replicas[1].claim("identify 0", 30.0)
    assert 0.0 < left <= 0.2
    await asyncio.sleep(left + 0.01)
    assert await replicas[1].claim("identify 0", 30.0) == 0.0
