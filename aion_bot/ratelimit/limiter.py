"""Where calls to one platform wait for their turn: the pacer's clock and its futures."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import LimitReading, Operation, PlatformRequest, RequestStatus, unlimited
from aion_bot.ratelimit.scheduler import Costs, Permit, Priority, Scheduler

_SOON = 0.3
"""Seconds after which a courtesy comes too late."""


class Limiter:
    """One for each platform in the process; everything that the platform counts goes through it."""

    def __init__(self, adapter: PlatformAdapter) -> None:
        self.scheduler = Scheduler(adapter.limits.edit_gap)
        self._adapter = adapter
        self._waiting: dict[Permit, asyncio.Future[bool]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        adapter.observe_requests(self)

    def costs(self, call: Operation, thread: ThreadKey) -> Costs:
        """What a call counts against."""
        budgets = self._adapter.limits.budgets.get(call) or (unlimited(call),)
        return tuple(
            ((budget.name, self._adapter.scope_key(thread, budget.scope)), budget) for budget in budgets
        )

    def ask(self, permit: Permit) -> "asyncio.Future[bool]":
        """Queue a wish. The future becomes true when its call may be made, false if the wish was withdrawn."""
        future = self._waiting[permit] = asyncio.get_running_loop().create_future()
        self.scheduler.ask(permit, time.monotonic())
        self._soon()
        return future

    def withdraw(self, permit: Permit) -> None:
        """Give up a wish that waits; nothing if it is granted already."""
        future = self._waiting.pop(permit, None)
        if future is not None:
            self.scheduler.withdraw(permit)
            if not future.done():
                future.set_result(False)

    def unused(self, permit: Permit) -> None:
        """Give back a granted wish whose call is not made."""
        self.scheduler.unused(permit)
        self._soon()

    @asynccontextmanager
    async def making(self, permit: Permit) -> AsyncIterator[None]:
        """Make the call of a granted wish inside: what comes of it is counted."""
        try:
            yield
        except RateLimited as error:
            self.scheduler.refused(permit, time.monotonic(), error.retry_after, error.budget)
            raise
        except BaseException:
            self.scheduler.ended(permit, time.monotonic())
            raise
        else:
            self.scheduler.ended(permit, time.monotonic())
        finally:
            self._soon()

    @asynccontextmanager
    async def permit(self, call: Operation, thread: ThreadKey, priority: Priority) -> AsyncIterator[None]:
        """Wait until a call may be made, and make it inside."""
        permit = Permit(self.costs(call, thread), priority, time.monotonic())
        await self.granted(permit)
        async with self.making(permit):
            yield

    @asynccontextmanager
    async def best_effort(self, call: Operation, thread: ThreadKey) -> AsyncIterator[bool]:
        """Make a call inside if there is room for it within a moment; tells whether there is."""
        permit = Permit(self.costs(call, thread), Priority.BEST_EFFORT, time.monotonic())
        giving_up = asyncio.get_running_loop().call_later(_SOON, self.withdraw, permit)
        try:
            granted = await self.granted(permit)
        finally:
            giving_up.cancel()
        if not granted:
            yield False
            return
        async with self.making(permit):
            yield True

    async def granted(self, permit: Permit) -> bool:
        """Wait for a wish; one whose waiter is cancelled is given up."""
        future = self.ask(permit)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.result():
                self.unused(permit)
            self.withdraw(permit)
            raise

    def promise(self, call: Operation, thread: ThreadKey) -> Costs:
        """Keep a call for later, until what is returned is released."""
        costs = self.costs(call, thread)
        self.scheduler.promise(costs, time.monotonic())
        return costs

    def release(self, costs: Costs) -> None:
        """Keep a call no longer."""
        self.scheduler.release(costs, time.monotonic())
        self._soon()

    def possible(self, call: Operation, thread: ThreadKey) -> bool:
        """Tell whether a courtesy could be done at once."""
        return self.scheduler.possible(self.costs(call, thread), time.monotonic())

    def sent(self, request: PlatformRequest) -> None:
        """Count a request that is about to be sent."""

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Count what came of a request."""

    def limit_read(self, reading: LimitReading) -> None:
        """Believe what an answer says about a limit."""
        key = (reading.budget, reading.scope)
        self.scheduler.told(key, time.monotonic(), reading.calls, reading.remaining, reading.reset_after)

    def _soon(self) -> None:
        """Look at all wishes once, when everything that happens now has happened."""
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._due = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        granted, again = self.scheduler.grants(now)
        for permit in granted:
            future = self._waiting.pop(permit)
            if future.done():
                self.scheduler.unused(permit)
            else:
                future.set_result(True)
        if again < now + 86_400:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, again - now), self._look)
