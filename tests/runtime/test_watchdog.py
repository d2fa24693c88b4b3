"""A blocked event loop is noticed from outside, and said once."""

import asyncio
import time

import pytest
import structlog

from aion_bot.runtime.watchdog import Watchdog


def _works_without_awaiting(secret: str) -> None:
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        secret.strip()


async def _until(condition: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await condition.wait()


@pytest.mark.slow
async def test_a_blocked_loop_is_logged_once() -> None:
    """With what ran, without its words, and again when it goes on; the lag is handed over."""
    measured, lags = asyncio.Event(), list[float]()

    def observe(lag: float) -> None:
        lags.append(lag)
        measured.set()

    watchdog = Watchdog(observe, blocked_after=0.1, every=0.02)
    with structlog.testing.capture_logs() as logs:
        watchdog.start()
        await _until(measured)
        _works_without_awaiting("the words of a person")
        measured.clear()
        await _until(measured)
        watchdog.stop()
        thread = watchdog._thread  # its last line cannot be awaited otherwise
        assert thread is not None
        await asyncio.to_thread(thread.join, 10)
    # A busy machine may hold the process up besides: that is said, too, each time once.
    (ours,) = [number for number, one in enumerate(logs) if "_works_without_awaiting" in one.get("stack", "")]
    assert [one["event"] for one in logs[ours : ours + 2]] == [
        "event loop blocked",
        "event loop responsive again",
    ]
    assert len(logs) == 2 * sum(one["event"] == "event loop blocked" for one in logs)
    assert "the words" not in str(logs)
    assert max(lags) > 0.3


async def test_it_ends_with_its_loop() -> None:
    """A watchdog of a loop that is closed has nothing to watch."""
    watchdog = Watchdog(every=0.01)
    loop = asyncio.new_event_loop()

    async def start() -> None:
        watchdog.start()

    await asyncio.to_thread(lambda: (loop.run_until_complete(start()), loop.close()))
    thread = watchdog._thread  # its end cannot be seen otherwise
    assert thread is not None
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()


@pytest.mark.parametrize("times", [1, 2])
async def test_stopping_twice_is_harmless(times: int) -> None:
    """As at the end of a program that was told to stop more than once."""
    watchdog = Watchdog()
    watchdog.start()
    for _ in range(times):
        watchdog.stop()
