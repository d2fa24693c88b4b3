"""What SQLite's and the operating system's errors mean for the bot. Codes: https://www.sqlite.org/rescode.html."""

import errno
import sqlite3
from pathlib import Path

from aion_bot.environment.database_location import Location

_TRANSIENT = {
    sqlite3.SQLITE_BUSY,  # another connection writes, or recovers the log
    sqlite3.SQLITE_LOCKED,  # another statement of this process is in the way
    sqlite3.SQLITE_FULL,  # no room on the disk
    sqlite3.SQLITE_IOERR,  # also a quota that is used up, and a full disk where the -shm file has to grow
    sqlite3.SQLITE_CANTOPEN,  # of a database that is open already: no file descriptor is left for the log
    sqlite3.SQLITE_PROTOCOL,  # several readers and writers began at once
}

_LASTING = {"SQLITE_IOERR_CORRUPTFS", "SQLITE_IOERR_DATA", "SQLITE_CANTOPEN_ISDIR", "SQLITE_CANTOPEN_SYMLINK"}
"""Of the codes above: a file system or a page that is damaged, and a path that is not a file."""

_READ_ONLY = "it is read-only: give the bot's user write permission to the file and its folder"
_NO_FOLDER = "it cannot be opened: the folder does not exist"
_DAMAGED = "it is not a sound SQLite database: move it away to start afresh, or restore a backup"
_FULL = "the disk is full"
_HELD = "another process holds it: one bot a database"
_NO_LOCKS = "its file system has no file locks: put it on a local disk"

_BY_ERRNO = {
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EROFS: _READ_ONLY,
    errno.ENOENT: _NO_FOLDER,
    errno.ENOTDIR: _NO_FOLDER,
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EWOULDBLOCK: _HELD,
    errno.ENOLCK: _NO_LOCKS,
    errno.EOPNOTSUPP: _NO_LOCKS,
}

_BY_CODE = {
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check permissions",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _HELD,
    sqlite3.SQLITE_LOCKED: _HELD,
}


class StoreError(Exception):
    """The database cannot be used. The text is for the engineer and says what to do."""


class UnfitServer(StoreError):
    """The settings name a Postgres database that cannot serve as it is: its address, rights, version, encoding or schema."""


def is_transient(error: Exception) -> bool:
    """Tell whether the same statement may succeed later: there is room again, or a lock is gone.

    A read-only or damaged database, a constraint and wrong SQL stay as they are. An error without a code comes from
    Python's module, not from the database, and stays as well.
    """
    if (known := getattr(error, "transient", None)) is not None:
        return bool(known)  # a server's, which has no code of SQLite's
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or getattr(error, "sqlite_errorname", "") in _LASTING:
        return False
    return code & 0xFF in _TRANSIENT  # the low byte is the primary code, the others say more of it


def is_away(error: sqlite3.Error) -> bool:
    """Tell whether a statement failed as the database's server did not carry it out now, and not for want of room on its disk."""
    return bool(getattr(error, "transient", False)) and not getattr(error, "full", False)


def reason(error: sqlite3.Error | OSError, path: Location) -> str:
    """Say why `path` cannot be used and what to do about it."""
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, str(error))
    if not isinstance(path, Path):
        return str(error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CANTOPEN and not path.parent.exists():
        return _NO_FOLDER
    return _BY_CODE.get(code) or f"{error} ({getattr(error, 'sqlite_errorname', type(error).__name__)})"
