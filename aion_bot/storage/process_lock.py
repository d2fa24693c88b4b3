"""A lock that one process at a time can hold, and that the operating system drops when the process ends however."""

import errno
import os
import sys
from pathlib import Path
from typing import Self


def _lock(descriptor: int) -> None:
    # Imported here: each module exists on one kind of system only, and --help has to work on both.
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            # Windows answers EACCES here, which elsewhere means that the file cannot be opened.
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from error
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class ProcessLock:
    """An exclusive lock on a file, held from `acquire` to `release` or to the end of the process, also by kill -9.

    The lock is flock(2), on Windows LockFile. It belongs to the opened file, so that two locks of one process exclude
    each other as well. The file stays when the lock is released: if it were deleted, a process that had just opened it
    would lock a file that nobody else can find. A child process does not inherit the lock.

    On NFS Linux turns flock(2) into a lock of the server, which excludes other hosts as well; a share without a lock
    service refuses it. On SMB it excludes other hosts since Linux 5.5 only. SQLite's write-ahead log cannot be shared
    by hosts at all (https://www.sqlite.org/wal.html), so that a database belongs on a local disk either way.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "r+b", buffering=0)

    @classmethod
    def acquire(cls, path: Path) -> Self:
        """Take the lock on `path`, which is created with mode 0600 if it is missing; never waits.

        Raises:
            BlockingIOError: it is held.
            OSError: the file cannot be opened or created, or its file system has no locks.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let another process have it. Releasing twice does no harm."""
        self._file.close()
