"""What is missing before the bot can serve."""

import asyncio
import sqlite3

import pytest

from aion_bot.aion import (
    AionvisionConnectionError,
    AionvisionError,
    AuthenticationError,
    ServerError,
    WrongAddressError,
)
from aion_bot.monitoring.readiness import LIFE, SECOND_PROCESS, Readiness
from tests.support.manual_clock import ManualClock


class Disk:
    """A database that may refuse to be written."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.stuck = False
        self.writes = 0

    async def write(self) -> None:
        self.writes += 1
        if self.stuck:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def readiness(clock: ManualClock, disk: Disk, stop: asyncio.Event) -> Readiness:
    """Both platforms are connected."""
    made = Readiness(["slack", "discord"], disk.write, stop, clock=clock)
    made.heard("slack")
    made.heard("discord")
    return made


async def test_before_the_first_connection_every_platform_is_missing(clock: ManualClock, disk: Disk) -> None:
    """A platform that never connected, such as one that refused its token, is missing."""
    readiness = Readiness(["slack", "discord"], disk.write, asyncio.Event(), clock=clock)
    assert await readiness.missing() == ["slack", "discord"]
    readiness.heard("discord")
    assert await readiness.missing() == ["slack"]


async def test_a_connection_without_life_is_missing_after_90_seconds(
    readiness: Readiness, clock: ManualClock
) -> None:
    """A deaf connection is not ready within 90 seconds, and ready again with its next sign of life."""
    clock.now += LIFE - 1
    readiness.heard("discord")
    assert await readiness.missing() == []
    clock.now += 1
    assert (LIFE, await readiness.missing()) == (90.0, ["slack"])
    readiness.heard("slack")
    assert await readiness.missing() == []


async def test_a_lost_connection_is_missing_at_once(readiness: Readiness) -> None:
    """A connection that ended is missing until the next one stands."""
    readiness.lost("slack")
    assert await readiness.missing() == ["slack"]
    readiness.heard("slack")
    assert await readiness.missing() == []


async def test_a_second_process_makes_its_platform_not_ready(
    readiness: Readiness, clock: ManualClock
) -> None:
    """Another process with the token counts as there for ten minutes after each sign of it."""
    for _ in range(2):
        readiness.second_process("discord")
        clock.now += SECOND_PROCESS - 1
        readiness.heard("slack")
        readiness.heard("discord")
        assert await readiness.missing() == ["discord"]
    clock.now += 1
    assert await readiness.missing() == []


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk full"), TimeoutError()])
async def test_a_database_that_takes_no_write_is_missing(
    readiness: Readiness, clock: ManualClock, disk: Disk, error: Exception
) -> None:
    """A full disk, a locked file or one that answers nothing is missing, and mended with the next write."""
    disk.error = error
    assert await readiness.missing() == ["database"]
    disk.error = None
    clock.now += 5
    assert await readiness.missing() == []


async def test_whoever_asks_often_costs_one_write(
    readiness: Readiness, clock: ManualClock, disk: Disk
) -> None:
    """A hundred requests at once cause one write, and so do all of the next five seconds."""
    assert await asyncio.gather(*(readiness.missing() for _ in range(100))) == [[]] * 100
    clock.now += 4
    await readiness.missing()
    assert disk.writes == 1
    clock.now += 1
    await readiness.missing()
    assert disk.writes == 2


def _answered(error: AionvisionError, status: int | None) -> AionvisionError:
    error.status_code = status
    return error


async def test_a_key_that_aion_refused_at_the_last_try_is_missing(readiness: Readiness) -> None:
    """What got no answer, or a failure of the server, says nothing about the key; every other answer does."""
    refused = _answered(AuthenticationError(), 401)
    readiness.aion_answered(refused)
    readiness.aion_answered(AionvisionConnectionError())
    readiness.aion_answered(_answered(ServerError(), 502))
    assert await readiness.missing() == ["aion"]
    readiness.aion_answered(_answered(AionvisionError("NOT_FOUND", "gone"), 404))
    assert await readiness.missing() == []
    readiness.aion_answered(refused)
    readiness.aion_answered(None)
    assert await readiness.missing() == []
    readiness.aion_answered(_answered(WrongAddressError(), 200))  # a web page
    assert await readiness.missing() == ["aion"]
    readiness.aion_answered(None)
    assert await readiness.missing() == []


async def test_a_drain_is_named(readiness: Readiness, stop: asyncio.Event) -> None:
    """From the signal on the bot is not ready, and says why, after everything else that is missing."""
    stop.set()
    assert await readiness.missing() == ["draining"]
    readiness.lost("discord")
    assert await readiness.missing() == ["discord", "draining"]
