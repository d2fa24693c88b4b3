"""Writes `.env`: what `init` has checked, without losing a line that somebody else wrote."""

import io
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from dotenv.parser import parse_stream

from aion_bot.ports import private_files
from aion_bot.ports.settings import EnvironmentFileError, read_text

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
"""Values that python-dotenv reads as they are, without quotes."""


def merge(text: str, values: Mapping[str, str]) -> str:
    """Return the text of a `.env` with these values; each other line stays as it is, to its line end.

    A comment behind a value that changes goes with it. Raises `EnvironmentFileError` for a value that no `.env` can hold.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    left, lines = dict(values), []
    for one in parse_stream(io.StringIO(text)):
        line = one.original.string
        if one.key is not None and one.key in values:
            left.pop(one.key, None)
            if one.value != values[one.key]:
                lead = line[: len(line) - len(line.lstrip())]
                export = "export " if line.split(None, 1)[0] == "export" else ""
                line = f"{lead}{export}{one.key}={_quoted(values[one.key])}{end}"
        lines.append(line)
    if left and lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    lines += [f"{name}={_quoted(value)}{end}" for name, value in left.items()]
    merged = "".join(lines)
    read = {one.key: one.value for one in parse_stream(io.StringIO(merged)) if one.key is not None}
    if wrong := sorted(name for name, value in values.items() if read.get(name) != value):
        raise EnvironmentFileError(f"cannot hold the value of {', '.join(wrong)}; set it in the environment")
    return merged


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class EnvFile:
    """A `.env` that is replaced as a whole, with mode 0600, after one copy of what stood there before.

    A link keeps leading to the file, which is replaced where it is. `copy` is the path of the copy, None before one was made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.copy: Path | None = None
        self._was_written = False

    def write(self, values: Mapping[str, str]) -> bool:
        """Merge values into the file; returns whether it differs now. Raises `EnvironmentFileError`; the file is then as before."""
        return self._change(lambda text: merge(text, values))

    def note(self, subject: str, value: str) -> bool:
        """Add a comment, which `noted` finds again. Both are one line. Raises `EnvironmentFileError` as `write` does."""
        return self._change(
            lambda text: f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}# {subject} {value}\n"
        )

    def noted(self, subject: str) -> str:
        """Return the value of the last `note` about a subject, "" without one. Raises `EnvironmentFileError`."""
        begin = f"# {subject} "
        found = [one for one in read_text(self._path).splitlines() if one.startswith(begin)]
        return found[-1].removeprefix(begin).strip() if found else ""

    def _change(self, change: Callable[[str], str]) -> bool:
        path = Path(os.path.realpath(self._path))
        try:
            before = path.read_bytes() if path.exists() else None
            text = (before or b"").decode()
            mark = "\ufeff" if text.startswith("\ufeff") else ""  # editors of Windows write it
            after = (mark + change(text.removeprefix(mark))).encode()
            if after == before:
                return False
            if before is not None:
                # A replacement asks for no right to write the file itself: its owner may have taken that away on purpose.
                if not stat.S_IMODE(path.stat().st_mode) & stat.S_IWUSR:
                    raise EnvironmentFileError("is read-only; chmod u+w .env, then start again")
                if not self._was_written:
                    self.copy = _copy(self._path, before)
            _replace(path, after)
            self._was_written = True
        except (OSError, UnicodeError) as error:
            number = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(number) if number else type(error).__name__
            raise EnvironmentFileError(f"cannot be written ({reason}); mend that, then start again") from None
        return True


def _copy(path: Path, content: bytes) -> Path:
    """Write a copy beside the file whose name tells the time (UTC); one that exists is left as it is."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    number = 1
    while True:
        copy = path.with_name(f"{path.name}.{now}{f'-{number}' if number > 1 else ''}.bak")
        try:
            private_files.create(copy)
        except FileExistsError:
            number += 1
            continue
        try:
            _fill(copy, content)
        except OSError:
            copy.unlink()
            raise
        return copy


def _replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of an earlier one: a reader finds the whole of either."""
    # mkstemp gives mode 0600.
    number, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    os.close(number)
    try:
        _fill(Path(name), content)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):  # the error that counts is the first one
            Path(name).unlink()
        raise


def _fill(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
