"""Where calls to one platform wait for their turn: the pacer's clock and its futures."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import Call, Reading, unnamed
from aion_bot.ratelimit.scheduler import Costs, Pacer, Priority, Wish

_SOON = 0.3
"""Seconds after which a courtesy comes too late."""


class Gate:
    """One for each platform in the process; everything that the platform counts goes through it."""

    def __init__(self, adapter: PlatformAdapter) -> None:
        self.pacer = Pacer(adapter.limits.edit_gap)
        self._adapter = adapter
        self._waiting: dict[Wish, asyncio.Future[bool]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        adapter.watch_limits(self._heard)

    def costs(self, call: Call, thread: ThreadKey) -> Costs:
        """What a call counts against."""
        budgets = self._adapter.limits.budgets.get(call) or (unnamed(call),)
        return tuple(((budget.name, self._adapter.scope(thread, budget.per)), budget) for budget in budgets)

    def ask(self, wish: Wish) -> "asyncio.Future[bool]":
        """Queue a wish. The future becomes true when its call may be made, false if the wish was withdrawn."""
        future = self._waiting[wish] = asyncio.get_running_loop().create_future()
        self.pacer.ask(wish, time.monotonic())
        self._soon()
        return future

    def withdraw(self, wish: Wish) -> None:
        """Give up a wish that waits; nothing if it is granted already."""
        future = self._waiting.pop(wish, None)
        if future is not None:
            self.pacer.withdraw(wish)
            if not future.done():
                future.set_result(False)

    def unused(self, wish: Wish) -> None:
        """Give back a granted wish whose call is not made."""
        self.pacer.unused(wish)
        self._soon()

    @asynccontextmanager
    async def making(self, wish: Wish) -> AsyncIterator[None]:
        """Make the call of a granted wish inside: what comes of it is counted."""
        try:
            yield
        except RateLimited as error:
            self.pacer.refused(wish, time.monotonic(), error.retry_after, error.budget)
            raise
        except BaseException:
            self.pacer.ended(wish, time.monotonic())
            raise
        else:
            self.pacer.ended(wish, time.monotonic())
        finally:
            self._soon()

    @asynccontextmanager
    async def turn(self, call: Call, thread: ThreadKey, priority: Priority) -> AsyncIterator[None]:
        """Wait until a call may be made, and make it inside."""
        wish = Wish(self.costs(call, thread), priority, time.monotonic())
        await self.granted(wish)
        async with self.making(wish):
            yield

    @asynccontextmanager
    async def courtesy(self, call: Call, thread: ThreadKey) -> AsyncIterator[bool]:
        """Make a call inside if there is room for it within a moment; tells whether there is."""
        wish = Wish(self.costs(call, thread), Priority.COURTESY, time.monotonic())
        giving_up = asyncio.get_running_loop().call_later(_SOON, self.withdraw, wish)
        try:
            granted = await self.granted(wish)
        finally:
            giving_up.cancel()
        if not granted:
            yield False
            return
        async with self.making(wish):
            yield True

    async def granted(self, wish: Wish) -> bool:
        """Wait for a wish; one whose waiter is cancelled is given up."""
        future = self.ask(wish)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.result():
                self.unused(wish)
            self.withdraw(wish)
            raise

    def promise(self, call: Call, thread: ThreadKey) -> Costs:
        """Keep a call for later, until what is returned is released."""
        costs = self.costs(call, thread)
        self.pacer.promise(costs, time.monotonic())
        return costs

    def release(self, costs: Costs) -> None:
        """Keep a call no longer."""
        self.pacer.release(costs, time.monotonic())
        self._soon()

    def possible(self, call: Call, thread: ThreadKey) -> bool:
        """Tell whether a courtesy could be done at once."""
        return self.pacer.possible(self.costs(call, thread), time.monotonic())

    def _heard(self, reading: Reading) -> None:
        key = (reading.budget, reading.scope)
        self.pacer.told(key, time.monotonic(), reading.calls, reading.remaining, reading.reset_after)

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
        granted, again = self.pacer.grants(now)
        for wish in granted:
            future = self._waiting.pop(wish)
            if future.done():
                self.pacer.unused(wish)
            else:
                future.set_result(True)
        if again < now + 86_400:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, again - now), self._look)
