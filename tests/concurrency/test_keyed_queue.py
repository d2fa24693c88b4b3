"""Work in lanes."""

import asyncio
import logging

import pytest

from aion_bot.concurrency.keyed_queue import Lanes


async def test_one_key_is_served_in_order_and_others_do_not_wait() -> None:
    """Jobs of one key run one after the other; another key's job runs while the first one still waits."""
    lanes: Lanes[str] = Lanes()
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

    lanes.submit("a", held)
    lanes.submit("a", second)
    lanes.submit("b", other)
    await lanes.idle()
    assert order == ["other", "first", "second"]
    assert not lanes.busy("a")


async def test_a_failing_job_does_not_stop_its_lane(caplog: pytest.LogCaptureFixture) -> None:
    """What one job raises is logged, and the next job runs."""
    lanes: Lanes[str] = Lanes()
    ran: list[str] = []

    async def broken() -> None:
        raise ValueError("of the job")

    async def sound() -> None:
        ran.append("sound")

    with caplog.at_level(logging.ERROR):
        lanes.submit("a", broken)
        lanes.submit("a", sound)
        await lanes.idle()
    assert ran == ["sound"]


async def test_what_waits_can_be_dropped_while_what_runs_goes_on() -> None:
    """On the way out the running job ends, and the waiting ones never begin."""
    lanes: Lanes[str] = Lanes()
    ran: list[str] = []
    gate = asyncio.Event()

    async def running() -> None:
        await gate.wait()
        ran.append("running")

    async def waiting() -> None:
        ran.append("waiting")

    lanes.submit("a", running)
    lanes.submit("a", waiting)
    await asyncio.sleep(0)
    lanes.drop_waiting()
    gate.set()
    await lanes.idle()
    assert ran == ["running"]
