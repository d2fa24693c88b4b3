"""A simulated Aion that validates what it gets, and a client of it."""

from collections.abc import AsyncIterator

import pytest

from aion_bot.aion import AionVision
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from tests.schemas import aion as contract


@pytest.fixture
async def aion() -> AsyncIterator[SimulatedAion]:
    """A server on loopback; a request that the contract forbids fails the test."""
    async with SimulatedAion(inspector=contract.inspect) as server:
        yield server
    assert server.violations == []


@pytest.fixture
async def client(aion: SimulatedAion) -> AsyncIterator[AionVision]:
    """A client with short pauses."""
    async with AionVision(
        API_KEY, base_url=aion.base_url, timeout=30.0, max_retries=3, retry_delay=0.01
    ) as connected:
        yield connected
