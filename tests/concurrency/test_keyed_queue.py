"""Work for one key in order, for different keys side by side."""

import asyncio
import logging

import pytest

from aion_bot.concurrency.keyed_queue import KeyedQueue


async def test_one_key_is_served_in_order_and_others_do_not_wait() -> None:
    """Jobs of one key run one after the other; another key's job runs while the first one still waits."""
    queues: KeyedQueue[str] = KeyedQueue()
    order: list[str] = []
    gate = asyncio.Event()

    async def held() -> None:
        await gate.wait()
        order.append("first")

    async def second() -> None:
        order.append("second")

    async def other() -> None:
        order.append("other")
        gate.set()

    queues.submit("a", held)
    queues.submit("a", second)
    queues.submit("b", other)
    await queues.idle()
    assert order == ["other", "first", "second"]
    assert not queues.busy("a")


async def test_a_failing_job_does_not_stop_its_lane(caplog: pytest.LogCaptureFixture) -> None:
    """What one job raises is logged, and the next job runs."""
    queues: KeyedQueue[str] = KeyedQueue()
    ran: list[str] = []

    async def broken() -> None:
        raise ValueError("of the job")

    async def sound() -> None:
        ran.append("sound")

    with caplog.at_level(logging.ERROR):
        queues.submit("a", broken)
        queues.submit("a", sound)
        await queues.idle()
    assert ran == ["sound"]


async def test_what_waits_can_be_dropped_while_what_runs_goes_on() -> None:
    """On the way out the running job ends, and the waiting ones never begin."""
    queues: KeyedQueue[str] = KeyedQueue()
    ran: list[str] = []
    gate = asyncio.Event()

    async def running() -> None:
        await gate.wait()
        ran.append("running")

    async def waiting() -> None:
        ran.append("waiting")

    queues.submit("a", running)
    queues.submit("a", waiting)
    await asyncio.sleep(0)
    queues.drop_waiting()
    gate.set()
    await queues.idle()
    assert ran == ["running"]
