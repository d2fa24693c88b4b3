"""Where operations on one platform wait for their permits: the scheduler's clock, futures and timer."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import (
    LimitReading,
    Operation,
    PlatformRequest,
    RequestObserver,
    RequestStatus,
    unlimited,
)
from aion_bot.ratelimit.accounting import RequestAccounting
from aion_bot.ratelimit.fair_share import SharedLimit, SharedLimits
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.permit import Permit, Priority
from aion_bot.ratelimit.scheduler import Scheduler
from aion_bot.ratelimit.taken import Key, TakenBefore
from aion_bot.ratelimit.tuning import BEST_EFFORT_WAIT, RECONSIDER_EVERY

_LONGEST_TIMER = 86_400.0
"""Seconds beyond which no timer is set: only an answer can tell when the next permit is issued."""

_current_permit: ContextVar[Permit | None] = ContextVar("current_permit", default=None)
"""The permit of the operation that runs in this task. Tasks that the operation starts inherit it; once the operation
ended, it says nothing any more."""


class Limiter(RequestObserver):
    """The limiter of one platform; every operation and every request of it is counted here.

    It observes the requests of `adapter`, and forwards what it learns to `observer`, such as the metrics.
    `lengths` learns how long answers go on. `before`: what an earlier process learned of the limits.
    """

    def __init__(
        self,
        adapter: PlatformAdapter,
        observer: RequestObserver | None = None,
        lengths: AnswerLengths | None = None,
        before: TakenBefore | None = None,
    ) -> None:
        # Where a request names a budget of `Limits`, that one counts: whoever set the limits may have changed it.
        budgets = {budget.name: budget for one in adapter.limits.budgets.values() for budget in one}
        self.lengths = lengths or AnswerLengths()
        self._scheduler = Scheduler(adapter.limits.edit_gap, budgets, self.lengths, before)
        self._accounting = RequestAccounting(self._scheduler)
        self._adapter = adapter
        self._observer = observer
        self._waiting: dict[Permit, asyncio.Future[bool]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._issue_is_due = False
        self.deletions_refused = False
        """Whether a message of the bot's own could not be deleted: none is posted any more that would be, later."""
        adapter.observe_requests(self)

    def limits(self, operation: Operation, thread: ThreadKey) -> SharedLimits:
        """Return the limits that an operation counts against; never empty.

        Look them up anew after each `await`, unless they are reserved or waited for: idle limits are forgotten.
        """
        now, scope_key = time.monotonic(), self._adapter.scope_key
        budgets = self._adapter.limits.budgets.get(operation) or (unlimited(operation),)
        return tuple(
            self._scheduler.limit((budget, scope_key(thread, budget.scope)), now) for budget in budgets
        )

    def taken(self) -> Iterator[tuple[Key, int, float]]:
        """Return each limit of which this process has learned how many requests it takes, with that number and its seconds."""
        return self._scheduler.taken()

    # Waiting for a permit.

    def cancel(self, permit: Permit) -> None:
        """Give up a permit that waits; nothing if it is issued already."""
        future = self._waiting.pop(permit, None)
        if future is not None:
            self._scheduler.cancel(permit)
            # It is done already if the task that waits was cancelled.
            if not future.done():
                future.set_result(False)

    def give_back(self, permit: Permit) -> None:
        """Give back an issued permit whose operation does not run."""
        self._scheduler.give_back(permit)
        self._issue_soon()

    async def acquire(self, permit: Permit, *, keep_waiting: Callable[[], bool] | None = None) -> bool:
        """Wait until a permit is issued; false if it was cancelled instead. A cancelled task gives its permit up.

        `keep_waiting` is asked every `RECONSIDER_EVERY` seconds while the permit waits; if it returns false, the permit
        is cancelled.
        """
        # Its result is true when the permit is issued, false if it is cancelled.
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[permit] = future
        self._scheduler.request(permit, time.monotonic())
        self._issue_soon()
        try:
            # `wait`, not `wait_for`, whose timeout would cancel the future.
            while keep_waiting is not None and not future.done():
                await asyncio.wait({future}, timeout=RECONSIDER_EVERY)
                if not future.done() and not keep_waiting():
                    self.cancel(permit)
            return await future
        except asyncio.CancelledError:
            # It may have been issued in the step of the loop in which the task was cancelled.
            if future.done() and not future.cancelled() and future.result():
                self.give_back(permit)
            self.cancel(permit)
            raise

    @asynccontextmanager
    async def using(self, permit: Permit) -> AsyncIterator[None]:
        """Run the operation of an issued permit inside: what comes of it is counted."""
        self._accounting.start(permit)
        # A generator runs in the context of the task that enters it, so the operation inside sees the variable.
        token = _current_permit.set(permit)
        refusal: RateLimited | None = None
        try:
            yield
        except RateLimited as error:
            refusal = error
            raise
        finally:
            _current_permit.reset(token)
            self._accounting.finish(permit, time.monotonic(), refusal)
            self._issue_soon()

    @asynccontextmanager
    async def permit(
        self,
        operation: Operation,
        thread: ThreadKey,
        priority: Priority,
        *,
        patience: float = BEST_EFFORT_WAIT,
    ) -> AsyncIterator[bool]:
        """Wait until an operation may run, and run it inside; yields whether it may.

        That is always true but for `Priority.BEST_EFFORT`: such an operation is given up after `patience` seconds without
        room for it, and at once where it is known that there will be none by then.
        """
        now = time.monotonic()
        permit = Permit(self.limits(operation, thread), priority, now)
        if priority is Priority.BEST_EFFORT:
            room = [limit.best_effort_at(now, probed=False) for limit in permit.limits]
            # `inf` is not known: an answer may make room at any moment.
            if any(now + patience < at < math.inf for at in room):
                yield False
                return
        giving_up: asyncio.TimerHandle | None = None
        if priority is Priority.BEST_EFFORT:
            # A timer, not a timeout: it must not cancel the operation once its permit is issued.
            giving_up = asyncio.get_running_loop().call_later(patience, self.cancel, permit)
        try:
            issued = await self.acquire(permit)
        finally:
            # The timer would hold on to the permit, and to all that its limits refer to, for the rest of `patience`.
            if giving_up is not None:
                giving_up.cancel()
        if not issued:
            yield False
            return
        async with self.using(permit):
            yield True

    # Reservations.

    def reserve(self, operation: Operation, thread: ThreadKey) -> SharedLimits:
        """Reserve a request for an operation, until what is returned is released."""
        limits = self.limits(operation, thread)
        for limit in limits:
            limit.reserve(1)
        return limits

    def release(self, reservation: SharedLimits) -> None:
        """End a reservation."""
        for limit in reservation:
            limit.reserve(-1)
        self._issue_soon()

    def take(self, operation: Operation, thread: ThreadKey, *, leaving: int = 0) -> Permit | None:
        """Return an issued best-effort permit, or None where there is no room now that leaves so many requests besides.

        Run the operation in `using` at once.
        """
        now = time.monotonic()
        permit = Permit(self.limits(operation, thread), Priority.BEST_EFFORT, now)
        return permit if self._scheduler.take(permit, now, leaving) else None

    def has_room(self, operation: Operation, thread: ThreadKey, *, within: float = 0.0) -> bool:
        """Tell whether a best-effort operation could run within so many seconds, and another one that takes it back.

        In a limit of one call the other one has to wait for its next window. What only an answer can tell counts as a
        whole window.
        """
        now = time.monotonic()

        def room_at(limit: SharedLimit) -> float:
            at = limit.best_effort_at(now, 1)
            return now + limit.window.budget.seconds if at == math.inf else at

        return all(room_at(limit) <= now + within for limit in self.limits(operation, thread))

    def runs_now(self, operation: Operation, thread: ThreadKey) -> bool:
        """Tell whether an operation would run at once behind those that wait for their permits."""
        now = time.monotonic()
        return all(limit.window.takes_now(now, limit.waiting) for limit in self.limits(operation, thread))

    # What the adapter reports.

    def sent(self, request: PlatformRequest) -> None:
        """Count a request that is about to be sent; by the permit of the operation that runs in this task, if any."""
        self._accounting.sent(request, _current_permit.get(), time.monotonic())
        if self._observer is not None:
            self._observer.sent(request)

    def connected(self) -> None:
        """Hand it on."""
        if self._observer is not None:
            self._observer.connected()

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Count what came of a request."""
        self._accounting.answered(request, status, retry_after, time.monotonic())
        self._issue_soon()
        if self._observer is not None:
            self._observer.answered(request, status, retry_after)

    def limit_read(self, reading: LimitReading) -> None:
        """Take over what an answer says about a limit."""
        key = (reading.budget, reading.scope)
        now = time.monotonic()
        self._scheduler.apply_reading(key, now, reading.calls, reading.remaining, reading.reset_after)
        if self._observer is not None:
            self._observer.limit_read(reading)

    # Issuing.

    def _issue_soon(self) -> None:
        """Look at all permits once, when everything that happens now has happened."""
        # Permits that are requested in the same step of the loop compete by priority, not by who asked first.
        if not self._issue_is_due:
            self._issue_is_due = True
            asyncio.get_running_loop().call_soon(self._issue)

    def _issue(self) -> None:
        self._issue_is_due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        # Before permits are issued: while a lost request counts as under way, a probed limit issues none.
        overdue_at = self._accounting.expire(now)
        issued, again = self._scheduler.issue(now)
        for permit in issued:
            future = self._waiting.pop(permit)
            if future.done():  # its task was cancelled in this very step of the loop
                self._scheduler.give_back(permit)
            else:
                future.set_result(True)
        again = min(again, overdue_at)
        # Nothing is polled: an answer, or a permit that is requested, leads to the next look, or else this timer does.
        if again < now + _LONGEST_TIMER:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, again - now), self._issue)
