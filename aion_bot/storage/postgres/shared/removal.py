"""Erasing all that is kept of a scope."""

import sqlite3
from contextlib import suppress

from aion_bot.storage.postgres.shared.leases import Leases
from aion_bot.storage.postgres.shared.names import schema_of
from aion_bot.storage.postgres.shared.pool import Pool

_SECONDS = 60
"""Seconds that removing a schema may take. Nobody gets the scope meanwhile; whoever was stopped there does it again."""

_TAKE = """
    UPDATE scope_lease SET replica = '', epoch = nextval('scope_epoch'),
    until = clock_timestamp() + interval '120 s'
    WHERE scope = %s AND (until < clock_timestamp() OR epoch = %s) RETURNING epoch
"""


_LEAVE = "UPDATE scope_lease SET until = '-infinity' WHERE epoch = %s"


async def remove_scope(pool: Pool, leases: Leases, scope: str) -> bool:
    """Drop the schema of a scope, and its rows among the shared ones; False where another replica owns it.

    Raises:
        sqlite3.Error: it was not removed, and can be removed again.
    """
    schema, owned = schema_of(scope), leases.owned(scope)
    taken = await pool.fetch(_TAKE, scope, owned.epoch if owned else 0)
    if owned is not None and taken:
        leases.end(owned)
    if not taken and await pool.fetch("SELECT 1 FROM scope WHERE name = %s", scope, again=True):
        return False
    # The lease's row is not locked meanwhile: a renewal of all leases would wait for it.
    try:
        async with pool.transaction() as connection:
            await connection.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'".encode())
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
            await connection.execute(b"DELETE FROM scope WHERE name = %s", (scope,))
    except sqlite3.Error:
        if taken:
            with suppress(sqlite3.Error):
                await pool.fetch(_LEAVE, taken[0][0])
        raise
    return True
