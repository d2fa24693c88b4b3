"""How many requests were really sent: permits pay in advance, and what adapters report settles the account. No I/O.

A permit counts as begun in every limit of its operation from the moment it is issued. While the operation runs
(`start` to `finish`), each request that the adapter reports is compared with what the permit has paid for:

- a charge that the permit paid for and that no earlier request of it used, is used up: it is counted already;
- any other charge is counted besides: a second request of the operation, a look-up inside a post, a request without
  a permit, a request of a task that outlives its operation.

When the operation ends, what it paid for and did not use is given back, if the adapter reports requests at all.
Nothing is counted below zero, as each `begin` of a window has one end, which the entry of the request or the permit
knows; and nothing counts for ever: the end of an operation ends its requests, and a request without a permit ends
after `ANSWER_OVERDUE` seconds at the latest.
"""

import math
from dataclasses import dataclass, field

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.rate_limits import PlatformRequest, RequestStatus
from aion_bot.ratelimit.permit import Permit
from aion_bot.ratelimit.scheduler import Scheduler
from aion_bot.ratelimit.sliding_window import SlidingWindow
from aion_bot.ratelimit.tuning import ANSWER_OVERDUE

_Windows = tuple[SlidingWindow, ...]
"""The windows in which a request counts as under way."""


@dataclass(slots=True)
class _Operation:
    """An operation that runs: what its permit paid for and no request used, and its requests without an answer."""

    unused: set[SlidingWindow]
    requests: dict[PlatformRequest, None] = field(default_factory=dict)
    refusals: list[tuple[_Windows, float]] = field(default_factory=list)
    """Refused requests of several budgets, and the seconds to wait: the operation's error may name the budget."""
    refused: bool = False
    """Whether a request was refused at the wire."""


@dataclass(slots=True)
class _Sent:
    """A request without an answer."""

    windows: _Windows
    operation: _Operation | None
    at: float


class RequestAccounting:
    """Counts what the adapter of one platform reports in the windows of its scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._operations: dict[Permit, _Operation] = {}
        self._sent: dict[PlatformRequest, _Sent] = {}
        self._reports = False
        """Whether the adapter has ever reported a request. One that does not report is counted by its permits."""

    def start(self, permit: Permit) -> None:
        """Record that the operation of an issued permit starts."""
        # First, as the answer has reserved its end by now (`AnswerMode.reserve`), which would count twice.
        self._scheduler.settle(permit)
        self._operations[permit] = _Operation({limit.window for limit in permit.limits})

    def sent(self, request: PlatformRequest, permit: Permit | None, now: float) -> None:
        """Count a request that is about to be sent; `permit` is the one in whose operation that happens, if any."""
        self._reports = True
        # A permit whose operation has ended pays for nothing: a task that it started may outlive it.
        operation = self._operations.get(permit) if permit is not None else None
        windows = tuple(self._scheduler.limit(charge, now).window for charge in request.charges)
        for window in windows:
            if operation is not None and window in operation.unused:
                operation.unused.remove(window)
            else:
                window.begin()
        self._sent[request] = _Sent(windows, operation, now)
        if operation is not None:
            operation.requests[request] = None

    def answered(
        self, request: PlatformRequest, status: RequestStatus, retry_after: float, now: float
    ) -> None:
        """Count what came of a request that was `sent`."""
        sent = self._sent.pop(request, None)
        if sent is None:
            # It outlived its operation or was overdue, and counts as made.
            if status is RequestStatus.RATE_LIMITED and request.charges:
                # The limit is exceeded all the same. `refused` takes back a `begin`, so one is recorded first.
                window = self._scheduler.limit(request.charges[0], now).window
                window.begin()
                window.refused(now, retry_after)
            return
        operation = sent.operation
        if operation is not None:
            del operation.requests[request]
        if status is not RequestStatus.RATE_LIMITED:
            for window in sent.windows:
                window.end(now, taken=status is not RequestStatus.ERROR)
        elif operation is None or not sent.windows:
            # Without a documented budget no window is closed here: the error of the operation closes one (`finish`).
            _refuse(sent.windows, "", retry_after, now)
        else:
            operation.refused = True
            # Of several budgets, the error that the operation raises later may name the one that was exceeded.
            if len(sent.windows) == 1:
                _refuse(sent.windows, "", retry_after, now)
            else:
                operation.refusals.append((sent.windows, retry_after))

    def finish(self, permit: Permit, now: float, error: RateLimited | None = None) -> None:
        """Record that an operation ended; `error` is what it raised, if that was a refusal.

        Its requests without an answer were cancelled with it, as an operation performs its requests before it
        returns: the platform may have counted them.
        """
        operation = self._operations.pop(permit)
        for request in operation.requests:
            for window in self._sent.pop(request).windows:
                window.end(now)
        culprit = error.budget if error is not None else ""
        for windows, retry_after in operation.refusals:
            _refuse(windows, culprit, retry_after, now)
        if error is not None and not operation.refused:
            # Nothing was refused at the wire: the adapter does not report, or it refused by itself what would exceed
            # a limit (as discord.py does), or the request has no documented budget.
            blamed = next(
                (limit for limit in permit.limits if limit.charge[0].name == culprit), permit.limits[0]
            )
            # Looked up again: if all requests of a long operation came back, the limit may have been forgotten.
            window = self._scheduler.limit(blamed.charge, now).window
            if window in operation.unused:
                operation.unused.remove(window)
            else:
                window.begin()
            window.refused(now, error.retry_after)
        for window in operation.unused:
            # The permit alone counts for an adapter that reports nothing.
            if self._reports:
                window.give_back()
            else:
                window.end(now)

    def expire(self, now: float) -> float:
        """Count requests without a permit as made that are overdue; return when the next one will be, or `inf`."""
        # In the order in which they were sent, so that the first one that is not overdue is the next to be.
        # Long operations may stand before them, so that not only the first entry is looked at.
        for request, sent in list(self._sent.items()):
            if sent.operation is not None:
                continue  # the end of its operation ends it
            if now < sent.at + ANSWER_OVERDUE:
                return sent.at + ANSWER_OVERDUE
            del self._sent[request]
            for window in sent.windows:
                window.end(now)
        return math.inf


def _refuse(windows: _Windows, culprit: str, retry_after: float, now: float) -> None:
    """Record a refusal in the window of the budget named `culprit`, else in the first; the others count a request."""
    names = [window.budget.name for window in windows]
    blamed = names.index(culprit) if culprit in names else 0
    for index, window in enumerate(windows):
        if index == blamed:
            window.refused(now, retry_after)
        else:
            window.end(now)
