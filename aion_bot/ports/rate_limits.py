"""What a platform allows, as data, and how its requests are reported. No I/O."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Protocol


class Operation(StrEnum):
    """Everything that the core asks of a platform and that is scheduled against the platform's limits."""

    OPEN_THREAD = auto()
    POST = auto()
    POST_FILE = auto()
    EDIT = auto()
    DELETE = auto()
    START_STREAM = auto()
    APPEND_STREAM = auto()
    STOP_STREAM = auto()
    MARK_QUEUED = auto()
    UNMARK_QUEUED = auto()
    SHOW_ACTIVITY = auto()
    REPLY_PRIVATELY = auto()
    LIST_MESSAGES = auto()
    READ_EARLIER = auto()
    SEARCH_EARLIER = auto()


class Scope(StrEnum):
    """What shares a budget."""

    BOT = auto()
    WORKSPACE = auto()
    CHANNEL = auto()


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `calls` requests in any `seconds`, shared by everything in the same `scope`.

    `name` is the platform's own word for it: a method, a bucket; an operation counts against a name once. `reserved`: each
    answer that runs reserves one request for its end. `headroom` requests are left free besides for what nobody foresees: an
    answer that starts, a plan's card. Above `probe_threshold` requests in the window, half of them if it is None, requests are
    sent one at a time until so many were taken once, so that a limit which is lower than documented is met by one refusal and
    not by many; `probe_width` at a time where one would be slower than the limit. Of the ends of answers up to `ends_together`
    are sent there at a time, as many more as were taken there. `burst`: the platform takes the requests of so many times
    `seconds` at once after a pause. It documents no number for that, so that one refusal ends it for an hour.
    """

    name: str
    calls: int
    seconds: float
    scope: Scope
    reserved: bool = False
    headroom: int = 0
    probe_threshold: int | None = None
    probe_width: int = 1
    ends_together: int = 1
    burst: int = 1


UNLIMITED_CALLS = 1_000_000
"""`Budget.calls` where nobody has documented a limit."""


def unlimited(operation: Operation) -> Budget:
    """The budget of an operation without a known limit: only the platform's refusals delay it."""
    return Budget(operation, UNLIMITED_CALLS, 1.0, Scope.BOT)


@dataclass(frozen=True, slots=True)
class Limits:
    """A platform's sizes and budgets.

    `page` is the largest `measure` of a message; `edit_gap` the shortest time in seconds between two edits of one message while
    it grows. `budgets` says what an operation counts against, the most specific first; what is not named is not limited until
    the platform refuses it, and then for as long as it says. From `crowded_from` answers that share the edits on, native
    streams are used where there are any, as many as are due. One of those takes no more after `stream_life` seconds. An
    activity indicator disappears by itself after `activity_lasts` seconds.
    """

    page: int
    edit_gap: float
    budgets: Mapping[Operation, tuple[Budget, ...]] = field(default_factory=dict)
    crowded_from: int = 6
    stream_life: float = 240.0
    activity_lasts: float = math.inf


Charge = tuple[Budget, str]
"""A budget that a request counts against, and the scope key (`PlatformAdapter.scope_key`) that it counts in."""


class RequestStatus(StrEnum):
    """What came of a request."""

    OK = "ok"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    """The platform answered that it will not do this."""
    ERROR = "error"
    """The platform did not answer, or answered that it cannot now."""


@dataclass(frozen=True, slots=True, eq=False)
class PlatformRequest:
    """One HTTP request to a platform: an object of its own for each, as requests are told apart by identity.

    `method` names it for metrics: Slack's method name, Discord's verb and route with placeholders. `charges` are the
    budgets it counts against; empty where the platform documents none.
    """

    method: str
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitReading:
    """What a platform's answer says about one of its limits.

    `budget` is the name of a `Budget` and `scope` what `PlatformAdapter.scope_key` returns for it. `remaining` requests
    are left for `reset_after` seconds, after which there are `calls` again.
    """

    budget: str
    scope: str
    calls: int
    remaining: int
    reset_after: float


class RequestObserver(Protocol):
    """Learns of every request to a platform: the limiter counts them, the metrics too.

    The methods are called from the event loop, return at once and never raise, but for `sent` and `connected`. They are called in the task of
    the operation, or in one that it started: that tells which permit has paid for the request. A request of any other
    task is counted in addition.
    """

    def sent(self, request: PlatformRequest) -> None:
        """Called before a request is sent. Raises `PlatformDown` where it must not be sent: this replica does not serve."""

    def connected(self) -> None:
        """Called when a request that was `sent` has its connection, right before its bytes are written, for each piece. Raises as `sent` does.

        A connection takes time, in which the process may be paused and another replica take over.
        """
        return

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Called once for each request that was `sent`, also when its task is cancelled (`RequestStatus.ERROR`).

        `retry_after`: seconds to wait where it was rate limited. Such a refusal is counted once, although the operation
        also raises `RateLimited`: the refusal that is reported here closes the limit for `retry_after` seconds, and the
        error only says which of the request's budgets it was, if `RateLimited.budget` names one; otherwise it is the
        first, the most specific one. An error without a reported refusal of a request with charges is the adapter's
        own refusal, and closes the limit that it names, or the operation's first.

        A request that is not answered when its operation ends, or `ANSWER_OVERDUE` seconds after it was sent outside
        of any, counts as made.
        """

    def limit_read(self, reading: LimitReading) -> None:
        """Called with what an answer says about a limit, before the operation returns."""
