"""What a platform allows, as data. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto


class Call(StrEnum):
    """Everything that the core asks of a platform and that the platform counts."""

    OPEN = auto()
    POST = auto()
    EDIT = auto()
    DELETE = auto()
    BEGIN = auto()
    """Begin a message that is written in pieces: a native stream."""
    APPEND = auto()
    CONCLUDE = auto()
    MARK = auto()
    UNMARK = auto()
    ACTIVITY = auto()
    WHISPER = auto()
    LOOK = auto()


class Per(StrEnum):
    """What shares a budget."""

    BOT = auto()
    WORKSPACE = auto()
    CHANNEL = auto()


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `calls` in any `seconds`, shared by everything in the same `per`.

    `name` is the platform's own word for it: a method, a bucket. `promised`: each answer that runs keeps one call for
    its end. `spare` calls are kept besides for what nobody foresees: an answer that begins, a plan's card. Above
    `sure` calls in the window, half of them if it is None, they are made one at a time until so many were taken once,
    so that a limit which is lower than documented is met by one refusal and not by a volley.
    """

    name: str
    calls: int
    seconds: float
    per: Per
    promised: bool = False
    spare: int = 0
    sure: int | None = None


UNNAMED = 1_000_000
"""Calls of a budget that nobody has named."""


def unnamed(call: Call) -> Budget:
    """What a call counts against where no limit of it is known: it is kept from nothing but what the platform refuses."""
    return Budget(call, UNNAMED, 1.0, Per.BOT)


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's sizes and budgets.

    `page` is the largest `measure` of a message; `edit_gap` the shortest time in seconds between two edits of one
    message while it grows. `budgets` says what a call counts against, the most specific first; what is not named is
    not limited until the platform refuses it, and then for as long as it says. Where `crowd` answers share the edits,
    native streams help out if there are any. One of those takes no more after `stream_life` seconds.
    """

    page: int
    edit_gap: float
    budgets: Mapping[Call, tuple[Budget, ...]] = field(default_factory=dict)
    crowd: int = 11
    stream_life: float = 240.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a platform's answer says about one of its limits.

    `budget` is the name of a `Budget` and `scope` what `PlatformAdapter.scope` returns for it. `remaining` calls are
    left for `reset_after` seconds, after which there are `calls` again.
    """

    budget: str
    scope: str
    calls: int
    remaining: int
    reset_after: float
