"""Permits and reservations of an answer that ends where no operation of it does."""

import asyncio
import time

import pytest

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.ports.rate_limits import Budget, Limits, Operation, Scope
from tests.delivery.test_sync import ADA, THREAD, Growing, Steady, steps
from tests.support.virtual_time import run_in_virtual_time


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


def test_what_an_answer_held_is_free_when_it_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another answer that waits for its reservation begins in that moment, although no operation ends then."""

    async def work() -> None:
        platform = Steady(gap=1.0)
        edits = (Budget("edits", 1, 60.0, Scope.BOT, reserved=True),)
        platform.limits = Limits(1000, 1.0, {Operation.EDIT: edits})
        registry = Registry()
        first, second = (
            registry.sync(registry.thread(platform, THREAD), Growing("word"), Delivery(name, ADA))
            for name in ("key-0", "key-1")
        )
        showing = asyncio.create_task(first.run())
        await asyncio.sleep(1.0)
        waiting = asyncio.create_task(second.run())
        await asyncio.sleep(2.0)
        assert platform.calls == 1
        showing.cancel()
        await asyncio.sleep(0.1)
        assert platform.calls == 2
        waiting.cancel()
        await asyncio.gather(showing, waiting, return_exceptions=True)

    run_in_virtual_time(monkeypatch, work())
