"""Secrets that stand in files: `<NAME>_FILE` is the path of a file that holds the value of the variable `<NAME>`."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aion_bot.ports.settings import Problem

SUFFIX = "_FILE"
"""How the name of a variable ends that names such a file."""

_LONGEST = 65_536
"""Bytes of a file; a secret is far shorter."""


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """What the files of one environment hold: the variables with their values, the paths, and every problem."""

    env: Mapping[str, str] = field(repr=False)
    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]
    variables: tuple[str, ...]
    """All that may name a file, set or not."""

    @property
    def without_value(self) -> frozenset[str]:
        """The variables whose file is the problem: that they are missing needs no line of its own."""
        return frozenset(problem.variable.removesuffix(SUFFIX) for problem in self.problems)


def variables(names: Iterable[str]) -> list[str]:
    """Name the variables by which these secrets may be given as files."""
    return [f"{name}{SUFFIX}" for name in names]


def read_secret_files(env: Mapping[str, str], names: Sequence[str]) -> SecretFiles:
    """Read the file of each of these secrets that has one; nothing repeats a path, which may be a secret by mistake.

    One line end behind the secret is no part of it. A file is at most 65,536 bytes of UTF-8, and is a file: a pipe could
    not be read again. The path counts from the working directory.
    """
    values: dict[str, str] = {}
    paths, problems = [], []
    files = dict(zip(variables(names), names, strict=True))
    for variable, name in files.items():
        given = env.get(variable, "").strip()
        if not given:
            continue
        if env.get(name, "").strip():
            problems.append(Problem(variable, f"is set together with {name}; remove one of the two"))
            continue
        try:
            values[name] = _read(given)
            paths.append(Path(given))
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            mend = f"the file cannot be read ({reason}); name one that this user can read"
            problems.append(Problem(variable, mend))
        except ValueError as error:  # also a path with a zero byte
            problems.append(Problem(variable, str(error)))
    return SecretFiles({**env, **values}, tuple(paths), tuple(problems), tuple(files))


def loose(paths: Iterable[Path]) -> dict[Path, int]:
    """Return the files that more can read or write than their owner and the bot, with their modes.

    What a link leads to counts: Kubernetes mounts secrets as links. Where another user owns the file, or root has given it
    to a group, the bot reads it through its group, so that the group may read it.
    """
    found = {}
    for path in paths if os.name == "posix" else ():  # Windows has no such modes
        try:
            status = path.stat()
        except OSError:  # reading it says why
            continue
        if status.st_mode & (0o037 if _is_of_group(status) else 0o077):
            found[path] = stat.S_IMODE(status.st_mode)
    return found


def mend_of(path: Path) -> tuple[int, int | None, bool]:
    """Return how a loose file is to be: its mode, the group that it needs where it is none of this process's, and whether a
    mount decides that, on which nothing can be written. Raises `OSError`.
    """  # noqa: D205  # one sentence
    status = path.stat()
    fixed = bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    if not _is_of_group(status):
        return 0o600, None, fixed
    groups = {os.getegid(), *os.getgroups()}
    # Root looks at files that another user reads: their group is the bot's.
    foreign = status.st_uid != os.geteuid() and status.st_gid not in groups
    return 0o640, os.getegid() if foreign else None, fixed


def _is_of_group(status: os.stat_result) -> bool:
    """Tell whether the bot reads a file through its group: it is another user's, or root's who gave it to a group."""
    return status.st_uid != os.geteuid() or (status.st_uid == 0 and status.st_gid != 0)


def _read(path: str) -> str:
    """Read one file. Raises `OSError`, and `ValueError` with the end of a sentence that says how to mend it."""
    if "\0" in path:
        raise ValueError("is no path; name a file")
    # Without waiting: opening a pipe would wait for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("names something that is no file; name one that holds the secret alone")
        raw = file.read(_LONGEST + 1)
    try:
        # Editors of Windows begin a file with a mark that is no part of the secret.
        text = raw.decode("utf-8-sig")
    except UnicodeError:
        text = None
    if text is None or len(raw) > _LONGEST:
        raise ValueError(
            f"the file must be text in UTF-8 of at most {_LONGEST} bytes that holds the secret alone"
        )
    text = text.removesuffix("\n").removesuffix("\r")
    if not text.strip():
        raise ValueError("the file is empty; write the secret into it")
    return text
