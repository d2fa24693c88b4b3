"""Copies of a database: before its schema changes, and for a backup. Each is one whole file with mode 0600."""

import filecmp
import itertools
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from aion_bot.ports import private_files
from aion_bot.storage.errors import StoreError, reason


def copies_of(path: Path) -> list[Path]:
    """Return the copies of a database that were made before its schema changed; they stand beside what a link leads to."""
    path = Path(os.path.realpath(path))
    # Not by a glob pattern: the database's name may hold its special characters.
    beginning = f"{path.name}.schema-"
    try:
        names = [one.name for one in path.parent.iterdir()]
    except OSError:  # no folder, or none that can be read
        return []
    return [
        path.with_name(one) for one in sorted(names) if one.startswith(beginning) and one.endswith(".backup")
    ]


def remove_copies(path: Path, before: float) -> int:
    """Remove the copies beside a database that were made before a time (seconds since 1970); returns how many."""
    removed = 0
    for copy in copies_of(path):
        # The file's own time: the series has no date in its names.
        if copy.lstat().st_mtime < before:
            copy.unlink()
            removed += 1
    return removed


def copy_before_migration(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the database to a new file beside it and return the file once it is safe on the disk.

    Raises:
        StoreError: there is no room, or the file cannot be written.
    """
    # Where everything looks that removes copies: the bot knows the file alone, not the links to it.
    copy, earlier = _new_file(Path(os.path.realpath(path)), version)
    try:
        write_copy(connection, copy)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"{path} could not be copied before it is brought to a newer schema ({reason(error, path)}): "
            "it is as it was; make room beside it and start again"
        ) from error
    # Compared by content: a database that was used since gets a copy of its own.
    if earlier is not None and filecmp.cmp(earlier, copy, shallow=False):
        # A service manager starts a bot whose migration fails again and again: that must not fill the disk.
        copy.unlink()
        return earlier
    return copy


def write_copy(connection: sqlite3.Connection, copy: Path) -> None:
    """Copy a database into an empty file, and return once it is safe on the disk. A file that fails is removed.

    The copy is of one moment, also while another connection writes: SQLite's backup API reads all pages in one
    transaction here.

    Raises:
        sqlite3.Error: the database cannot be read, or the copy is not sound.
        OSError: the copy cannot be written.
    """
    try:
        with closing(sqlite3.connect(copy)) as target:
            connection.backup(target)
            # The pages say that a write-ahead log belongs to them; a copy is one file.
            target.execute("PRAGMA journal_mode = DELETE")
            _check(target)
        # Both: a file whose folder was not synced may be missing after a loss of power (fsync(2)), and the migration begins next.
        _sync(copy, os.O_RDWR)  # Windows syncs only what is open for writing
        if os.name == "posix":  # Windows does not open folders
            _sync(copy.parent, os.O_RDONLY)
    except BaseException:
        for name in (copy, copy.with_name(f"{copy.name}-journal")):
            name.unlink(missing_ok=True)
        raise


def _check(copy: sqlite3.Connection) -> None:
    (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy is not sound: {found}")


def _new_file(path: Path, version: int) -> tuple[Path, Path | None]:
    """Create the first file of the series that does not exist; returns it and the one before it."""
    earlier = None
    for number in itertools.count(1):
        copy = path.with_name(f"{path.name}.schema-{version}{'' if number == 1 else f'-{number}'}.backup")
        try:
            private_files.create(copy)
        except FileExistsError:
            earlier = copy
        except OSError as error:
            raise StoreError(
                f"{copy} cannot be created ({reason(error, copy)}): {path} is as it was"
            ) from error
        else:
            break
    return copy, earlier


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
