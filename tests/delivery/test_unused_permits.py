"""Permits and reservations of an answer that ends where no operation of it does."""

import asyncio
import time

import pytest

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.ports.rate_limits import Operation
from tests.delivery.test_sync import ADA, THREAD, Growing, Steady, steps


class Stuck(Growing):
    """Can be drawn until it is `stuck`: then drawing it fails, or never ends."""

    stuck = False

    def __init__(self, *, fails: bool) -> None:
        super().__init__("word")
        self._fails = fails

    def advance(self) -> bool:
        if self.stuck and self._fails:
            raise ValueError("it cannot be drawn")
        return not self.stuck


@pytest.mark.parametrize("fails", [True, False])
async def test_a_permit_that_comes_too_late_counts_no_more(*, fails: bool) -> None:
    """Where an answer ends between its permit and its operation, by an error or a cancellation, no request is counted."""
    registry, view = Registry(), Stuck(fails=fails)
    thread = registry.thread(Steady(gap=0.0), THREAD)
    sync = registry.sync(thread, view, Delivery("key", ADA))
    showing = asyncio.create_task(sync.run())
    await steps(1)  # it waits for the permit of its post
    view.stuck = True
    sync.wake()
    await steps(10)
    showing.cancel()
    [ended] = await asyncio.gather(showing, return_exceptions=True)
    assert isinstance(ended, ValueError if fails else asyncio.CancelledError)
    assert [one.window.used(time.monotonic()) for one in thread.limits(Operation.POST)] == [0]
