"""The Postgres server of the measurements, with the settings that matter for speed as a default installation has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from benchmarks.scale.usage import Usage, children_of, usage_of
from tests.support import postgres

_SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "max_locks_per_transaction": "64",
}
_COUNTED = """
    SELECT xact_commit + xact_rollback, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_database_size(datname)
    FROM pg_stat_database WHERE datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a database did so far: transactions, bytes of its log; its size in bytes; and what its processes used."""

    transactions: int
    log: int
    size: int
    usage: Usage


class Database:
    """An empty database for one measurement."""

    def __init__(self) -> None:
        postgres._SETTINGS.update(_SETTINGS)  # noqa: SLF001  # for this process
        self.location: PostgresUrl = postgres.server().make()
        postgres.server().keep(self.location)

    def counted(self) -> Counted:
        """Look at it now."""
        with psycopg.connect(self.location.url, autocommit=True) as connection:
            row = connection.execute(_COUNTED).fetchone()
        if row is None:
            raise RuntimeError("the database is gone")
        transactions, log, size = row
        return Counted(int(transactions), int(log), int(size), usage_of(self.processes()))

    def count(self, sql: str) -> int:
        """Return the number that a statement counts."""
        with psycopg.connect(self.location.url, autocommit=True) as connection:
            row = connection.execute(sql.encode()).fetchone()
        return 0 if row is None else int(row[0])

    @staticmethod
    def processes() -> list[int]:
        """Return the ids of the server's processes."""
        main = int(Path(postgres.server().folder, "data", "postmaster.pid").read_text().split()[0])
        return [main, *children_of(main)]


def difference(before: Counted, after: Counted) -> Mapping[str, float]:
    """Return what a database did in between: transactions, bytes of its log, seconds of CPU time."""
    return {
        "transactions": after.transactions - before.transactions,
        "log": after.log - before.log,
        "cpu": after.usage.cpu - before.usage.cpu,
    }
