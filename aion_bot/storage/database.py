"""Opening the database: one process a database, readable beside it, and a clear sentence where it cannot be used."""

import asyncio
import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiosqlite
import structlog

from aion_bot.ports import private_files
from aion_bot.storage.audit_chain import FUNCTIONS
from aion_bot.storage.copies import copies_of, remove_copies, write_copy
from aion_bot.storage.errors import StoreError, reason
from aion_bot.storage.grouped import GroupedConnection
from aion_bot.storage.process_lock import ProcessLock
from aion_bot.storage.schema import Migration, migrate, migrations, read_schema

_log = structlog.get_logger(__name__)

_PATIENCE = 1.0
"""Seconds that a statement waits for another connection's lock before it fails with SQLITE_BUSY."""

_PRAGMAS = f"""
    -- Another connection writes for a moment only: somebody's shell, or a checkpoint.
    PRAGMA busy_timeout = {int(_PATIENCE * 1000)};
    -- A commit is on the disk when it returns. With NORMAL a loss of power could undo it although Slack had its
    -- acknowledgement and would not repeat the event.
    PRAGMA synchronous = FULL;
    -- Deleted words are overwritten in the pages that they leave.
    PRAGMA secure_delete = ON;
    -- What SQLite puts aside for a moment may hold words: it stays in memory.
    PRAGMA temp_store = MEMORY;
    -- SQLite moves the log's pages into the database every 1000 pages (wal_autocheckpoint) and begins the log anew, which
    -- a connection that reads for long prevents. A log that has grown by that is cut to 4 MiB when it begins anew.
    PRAGMA journal_size_limit = 4194304;
"""


_LARGEST_REWRITTEN = 64 * 1024 * 1024
"""Bytes of a database that is rewritten while the bot runs. It takes as much memory, and every other statement waits
meanwhile: 28 MB took 0.2 s on two shared cores."""

_ERASING = "PRAGMA secure_delete"


@dataclass(frozen=True, slots=True)
class Database:
    """An open database, and the lock that keeps other processes from opening it.

    `erased` is set when words were erased that the log still holds; whoever empties the log clears it.
    """

    path: Path
    connection: GroupedConnection
    lock: ProcessLock
    erased: asyncio.Event = field(default_factory=asyncio.Event)

    async def close(self) -> None:
        """Close the file, then let another process have it."""
        try:
            await self.connection.close()
        finally:
            self.lock.release()

    @property
    def lease(self) -> None:
        """None: the lock keeps other processes out."""
        return

    @property
    def location(self) -> Path:
        """The file, for what reads it beside."""
        return self.path

    @property
    def folder(self) -> Path:
        """Where the file is: what is put aside for a moment belongs there as well."""
        return self.path.parent

    def remove_copies(self, before: float) -> int:
        """Remove copies that were made before a time, when the schema changed. Raises `OSError`."""
        return remove_copies(self.path, before)

    async def empty_log(self) -> bool:
        """Move the log's pages into the database and cut the log to nothing; False while somebody else reads it."""
        rows = await self.connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return all(row[0] == 0 for row in rows)

    async def rewrite(self) -> bool:
        """Write the database anew, so that its free space holds nothing; False where it is too large for that.

        SQLite overwrites what is deleted, but not what stays behind in a page when it moves a row to another.
        """
        size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        (row,) = await self.connection.execute_fetchall(size)
        if row[0] > _LARGEST_REWRITTEN:
            return False
        # VACUUM writes through the log, so that the log is due again.
        await self.connection.execute_fetchall("VACUUM")
        self.erased.set()
        return True


async def open_database(path: Path, known: Sequence[Migration] | None = None) -> Database:
    """Open the file, creating it with mode 0600 if it is missing, and bring its schema up to date.

    Other processes may read it meanwhile (`sqlite3`, a backup, `aion-bot doctor`); a second bot is refused by a lock on
    `<database>.lock`. Files of it that others could read get mode 0600, where this process may do that. `known` are the
    migrations, by default those of this version.

    Raises:
        StoreError: another bot has it; it is newer than this version, no database, corrupt, read-only or not to be
            reached; its migration failed.
    """
    real = _real(path)
    try:
        # If it cannot open a file, aiosqlite 0.22 leaves a thread that outlives the loop. So everything that can fail
        # is tried first.
        lock = await asyncio.to_thread(_prepare, real, path, migrations() if known is None else known)
        try:
            connection = await _connect(real, path)
        except BaseException:
            lock.release()
            raise
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be opened ({reason(error, real)})") from error
    return Database(real, GroupedConnection(connection), lock)


def exclusive_file(path: Path, *, create: bool) -> ProcessLock:
    """Take the lock of a database, which gets the newest schema where it may be created.

    Raises:
        StoreError: another process has it; it cannot be used, or is missing.
    """
    real = _real(path)
    if not create:
        _existing(path)
    try:
        if create:
            return _prepare(real, path, migrations())
        return ProcessLock.acquire(real.with_name(f"{real.name}.lock"))
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be opened ({reason(error, real)})") from error


def check_database(path: Path) -> int | None:
    """Return the number of a database's schema, None if there is no file yet; changes nothing, also beside a bot.

    Raises:
        StoreError: `open_database` would refuse it, as far as can be seen without writing.
    """
    real = _real(path)
    try:
        if not real.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(real.parent))
        exists = real.exists()
        # The folder as well: SQLite creates the log beside the database.
        for needed in (real.parent, real) if exists else (real.parent,):
            if not os.access(needed, os.W_OK):
                raise PermissionError(errno.EACCES, "cannot be written", str(needed))
        if not exists:
            return None
        if not real.is_file():
            raise StoreError(f"{path} is no file: name one in AION_BOT_DATABASE_URL")
        with _reading(real) as connection:
            connection.execute("SELECT count(*) FROM sqlite_schema")
            return read_schema(connection, path, migrations())
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be opened ({reason(error, real)})") from error


def files_of(path: Path) -> list[Path]:
    """Return every file that belongs to a database, whether or not it is there: each may hold words."""
    real = _real(path)
    beside = [real.with_name(f"{real.name}{end}") for end in ("-wal", "-shm", "-journal", ".lock")]
    return [real, *beside, *copies_of(real)]


def back_up(path: Path, target: Path) -> None:
    """Write a copy of the database to a new file with mode 0600, also while a bot writes; the copy is checked.

    Raises:
        StoreError: there is no database, it cannot be read, or `target` exists or cannot be written.
    """
    real = _real(path)
    if not real.is_file():
        raise StoreError(f"{path} does not exist: there is nothing to copy")
    if _real(target) in files_of(real):
        # An empty log beside a stopped bot's database would be taken for the database's own.
        raise StoreError(f"{target} belongs to the database: name another file")
    try:
        private_files.create(target)
    except FileExistsError as error:
        raise StoreError(f"{target} exists already: name a new file") from error
    except OSError as error:
        raise StoreError(f"{target} cannot be written ({reason(error, target)})") from error
    try:
        # Not as immutable: a bot may start meanwhile.
        with closing(sqlite3.connect(_uri(real, "mode=rw"), uri=True, timeout=_PATIENCE)) as connection:
            write_copy(connection, target)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} could not be copied to {target} ({reason(error, real)})") from error


def read_file(path: Path) -> closing[sqlite3.Connection]:
    """Open a database of any version to read it, also beside a bot; no file is made.

    Raises:
        sqlite3.Error, OSError: it cannot be opened.
    """
    return _reading(_real(path))


@contextmanager
def open_beside(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """Open a database of this version's schema, also beside a bot, to read it or to `write`; each statement commits itself.

    Raises:
        StoreError: there is none, or its schema is another version's.
    """
    real = _existing(path)
    opened = (
        closing(sqlite3.connect(_uri(real, "mode=rw"), uri=True, isolation_level=None))
        if write
        else _reading(real)
    )
    with opened as connection:
        if read_schema(connection, path, migrations()) != migrations()[-1][0]:
            raise StoreError(
                f"{path} is of an earlier version: start the bot once, which brings it up to date"
            )
        if write:
            connection.executescript(_PRAGMAS)
            _check_erasing(connection.execute(_ERASING).fetchone()[0], path)
            for name, arguments, function in FUNCTIONS:
                connection.create_function(name, arguments, function, deterministic=True)
        connection.row_factory = sqlite3.Row
        yield connection


def _existing(path: Path) -> Path:
    real = _real(path)
    if not real.is_file():
        raise StoreError(f"{path} does not exist: name the bot's own in AION_BOT_DATABASE_URL")
    return real


def find_damage(path: Path, *, seconds: float) -> str | None:
    """Read every page of a database that exists: what is damaged, "" where nothing is, None where time did not suffice.

    Changes nothing, also beside a bot. Raises `StoreError` where it cannot be read.
    """
    real, until = _real(path), time.monotonic() + seconds
    late = False

    def interrupt() -> bool:
        nonlocal late
        late = time.monotonic() > until
        return late

    try:
        with _reading(real) as connection:
            connection.set_progress_handler(interrupt, 100_000)
            # Takes time in proportion to the size, where integrity_check, which compares indexes too, takes more
            # (https://www.sqlite.org/pragma.html#pragma_quick_check). (1): the first problem is enough to say.
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, OSError) as error:
        # A statement that was interrupted raises as one that met damage does.
        if late:
            return None
        raise StoreError(f"{path} cannot be read ({reason(error, real)})") from error
    return "" if found == "ok" else str(found)


def _reading(real: Path) -> closing[sqlite3.Connection]:
    """Open a database to read it, without making a file beside it. Raises `OSError` where there is no file."""
    if not real.is_file():  # to open a pipe would wait for somebody who writes into it
        raise FileNotFoundError(errno.ENOENT, "no such file", str(real))
    # Without a log no process has the database open. Reading it as immutable then creates no files beside it.
    mode = "mode=ro" if real.with_name(f"{real.name}-wal").exists() else "mode=ro&immutable=1"
    return closing(sqlite3.connect(_uri(real, mode), uri=True, timeout=_PATIENCE))


def _prepare(real: Path, path: Path, known: Sequence[Migration]) -> ProcessLock:
    """Take the lock and make the file ready: it exists, can be written and has the newest schema."""
    lock = ProcessLock.acquire(real.with_name(f"{real.name}.lock"))
    try:
        # SQLite would create the file with the mode that the umask leaves, and words could be read until it is changed.
        with suppress(FileExistsError):
            private_files.create(real)
        # Before SQLite opens it: it gives the log and its index the mode of the database.
        tightened, refused = private_files.tighten(files_of(real))
        if tightened:
            _log.warning("file modes tightened to 0600", files=[one.name for one in tightened])
        if refused:
            _log.warning("others can read files of the database", files=[one.name for one in refused])
        with closing(sqlite3.connect(_uri(real, "mode=rw"), uri=True, isolation_level=None)) as connection:
            connection.executescript(_PRAGMAS)
            _check_erasing(connection.execute(_ERASING).fetchone()[0], path)
            # Before the journal mode, which is written into the file.
            read_schema(connection, path, known)  # a newer version's file is not changed
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE probe (x)")  # a read-only file lets a transaction begin
            connection.execute("ROLLBACK")
            migrate(connection, path, known)
    except BaseException:
        lock.release()
        raise
    return lock


async def _connect(real: Path, path: Path) -> aiosqlite.Connection:
    # mode=rw: a file that was removed since is not made anew, without its schema and its mode. isolation_level=None: Python's
    # module begins no transactions by itself, which would stay open behind each write.
    connection = await aiosqlite.connect(_uri(real, "mode=rw"), uri=True, isolation_level=None)
    try:
        connection.row_factory = aiosqlite.Row
        for name, arguments, function in FUNCTIONS:
            await connection.create_function(name, arguments, function, deterministic=True)
        # Pragmas belong to a connection: this one needs them, too.
        await connection.executescript(_PRAGMAS)
        (row,) = await connection.execute_fetchall(_ERASING)
        _check_erasing(row[0], path)
    except BaseException:
        await connection.close()
        raise
    return connection


def _check_erasing(secure_delete: int, path: Path) -> None:
    """Refuse a SQLite that does not overwrite what is deleted. Raises `StoreError`."""
    if secure_delete != 1:
        raise StoreError(f"{path}: this SQLite does not overwrite deleted words (secure_delete)")


def _real(path: Path) -> Path:
    """Follow links, as SQLite does to name its log: two names of one file have one lock."""
    return Path(os.path.realpath(path))


def _uri(real: Path, query: str) -> str:
    return f"{real.as_uri()}?{query}"
