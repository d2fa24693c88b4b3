"""A Postgres primary with a hot standby, for what a failover does; on sockets, removed at the end."""

import os
import pwd
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.schema import migrate
from aion_bot.storage.postgres.sessions import connect
from tests.support.postgres import Server

_OPTIONS = {
    "listen_addresses": "''", "fsync": "off", "shared_buffers": "16MB", "max_connections": "30", "jit": "off", "wal_level": "replica",
    "max_wal_senders": "4", "hot_standby": "on", "wal_receiver_status_interval": "1s", "log_min_messages": "fatal",
}  # fmt: skip
_PATIENCE = 60.0


class _Replicating(Server):
    """A server that may have a standby."""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder}" + "".join(f" -c {name}={value}" for name, value in _OPTIONS.items())
        log = str(self.folder / "log")
        self.run("pg_ctl", "start", "-w", "-s", "-D", str(self._data), "-l", log, "-o", options)


class _Standby(_Replicating):
    """A copy of a primary, which follows it until it is promoted."""

    def __init__(self, primary: Server) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        self._data, self._made = self.folder / "data", []
        self._user, self._programs = primary._user, primary._programs
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        # -R: it follows where it was copied from.
        target = ["-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        self.run("pg_basebackup", "-h", str(primary.folder), "-U", "tests", *target)
        self.start()

    def promote(self) -> None:
        """Let it be the primary."""
        self.run("pg_ctl", "promote", "-w", "-s", "-D", str(self._data))


class Pair:
    """`location` names a database of the newest schema on both hosts, the primary first."""

    def __init__(self) -> None:
        self.primary = _Replicating()
        made = self.primary.make()
        with connect(made) as connection:
            migrate(connection, made)
        self.standby = _Standby(self.primary)
        self._name = str(made).rpartition("/")[2]
        hosts = f"{self.primary.folder},{self.standby.folder}"
        self.location = PostgresUrl(f"postgresql://tests@/{self._name}?host={hosts}")

    def fail_over(self) -> None:
        """Let the standby have all that was committed, end the primary as a crash does, and promote the standby."""
        with (
            psycopg.connect(self.primary.url(self._name).url, autocommit=True) as first,
            psycopg.connect(self.standby.url(self._name).url, autocommit=True) as second,
        ):
            written = first.execute("SELECT pg_current_wal_flush_lsn()").fetchone()
            until = time.monotonic() + _PATIENCE
            while second.execute("SELECT pg_last_wal_replay_lsn() >= %s", written).fetchone() != (True,):
                assert time.monotonic() < until, "the standby does not follow"
                time.sleep(0.01)  # there is no event for what a server has replayed
        self.primary.stop()
        self.standby.promote()


@contextmanager
def lent_pair() -> Iterator[Pair]:
    """Lend a primary with its standby."""
    pair = Pair()
    try:
        yield pair
    finally:
        pair.standby.remove()
        pair.primary.remove()
