"""Findings about a set-up: what `doctor` and `init` print, one line each. No I/O."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import Place
from aion_bot.ports.settings import IdKind
from aion_bot.ports.text import visible_line


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It could be better; nothing fails by it."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: `message` says how it is, `mend` what to do about it. Neither may hold a secret."""

    check: str
    status: Status
    message: str
    mend: str = ""

    def __str__(self) -> str:
        """Return the finding as one line; names that others gave can neither end it nor act on a terminal."""
        word = "FAIL" if self.status is Status.FAIL else self.status.value
        said = self.message if self.mend in {"", self.message} else f"{self.message}; {self.mend}"
        return f"{word:<4}  {visible_line(f'{self.check}: {said}')}"


def ok(check: str, message: str) -> Finding:
    """Return a finding with which all is well."""
    return Finding(check, Status.OK, message)


def warn(check: str, message: str, mend: str) -> Finding:
    """Return a finding of what could be better."""
    return Finding(check, Status.WARN, message, mend)


def fail(check: str, message: str, mend: str) -> Finding:
    """Return a finding of what keeps the bot from working."""
    return Finding(check, Status.FAIL, message, mend)


def unfinished(error: RateLimited) -> Finding:
    """Return a finding for a service that takes no more requests for now, so that the rest was not asked."""
    mend = f"wait {error.retry_after:.0f} s, then check again"
    return warn("rate limit", "no more requests are taken for now, so the rest was not asked", mend)


@dataclass(frozen=True, slots=True)
class ListedId:
    """An id that the operator has written, and the name of the setting that holds it."""

    kind: IdKind
    id: str
    source: str


@dataclass(frozen=True, slots=True)
class Subjects:
    """What a platform is asked about: `places` with threads of the bot's, newest first, and the ids that are `listed`.

    `reactions`: they are shortcuts somewhere.
    """

    places: Sequence[Place] = ()
    listed: Sequence[ListedId] = ()
    reactions: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a service's checks found. `ahead`: seconds that this machine's clock is before the service's, None if unknown."""

    findings: Sequence[Finding]
    ahead: float | None = None


@dataclass(frozen=True, slots=True)
class CreatedApp:
    """What became of an app that was to be created: its id, "" where none is known to exist, and what to say."""

    id: str
    findings: Sequence[Finding]


def seconds_ahead(date: str | None) -> float | None:
    """Return by how many seconds this machine's clock is ahead of the `Date` header of an answer that came just now.

    None without a header that can be read. It has whole seconds, and is older by the way of the answer.
    """
    try:
        return time.time() - parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
