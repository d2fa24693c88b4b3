"""Files that hold people's words: for their owner alone, from their first byte on. Windows has no such modes."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

MODE = 0o600
"""Read and write for the owner, nothing for others."""


def create(path: Path) -> None:
    """Create an empty file with mode 0600. Raises `FileExistsError` where there is one, and `OSError`."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))


def write_text(path: Path, text: str) -> None:
    """Write a file over an earlier one, whose mode is made 0600 before the first byte. Raises `OSError`."""
    # Not truncated by opening: a file that others could read gets its mode first.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, MODE), "wb") as file:
        if _mode_of(os.fstat(file.fileno())) is not None:
            os.fchmod(file.fileno(), MODE)
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # a pipe has no length
            file.truncate()
        file.write(text.encode())


def check_writable(path: Path) -> None:
    """Find out whether `write_text` can write a file here, without changing one. Raises `OSError`."""
    if path.is_file():
        os.close(os.open(path, os.O_WRONLY))
    elif path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    elif not os.path.lexists(path):  # what is neither, such as a pipe, shows it at the end
        create(path)
        path.unlink()


def loose(paths: Iterable[Path]) -> dict[Path, int]:
    """Return the files that somebody besides their owner may read or write, with their modes; missing ones are none."""
    found = {}
    for path in paths:
        try:
            mode = _mode_of(path.lstat())
        except OSError:  # missing, or in a folder that nobody may enter
            continue
        if mode is not None:
            found[path] = mode
    return found


def tighten(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Make loose files 0600; returns those that were, and those whose mode this process may not change."""
    done: list[Path] = []
    refused: list[Path] = []
    for path in loose(paths):
        try:
            path.chmod(MODE)
        except OSError:
            refused.append(path)
        else:
            done.append(path)
    return done, refused


def _mode_of(status: os.stat_result) -> int | None:
    """Return the mode of an ordinary file that others may use, None for anything else."""
    mode = stat.S_IMODE(status.st_mode)
    is_loose = os.name == "posix" and stat.S_ISREG(status.st_mode) and mode & 0o077
    return mode if is_loose else None
