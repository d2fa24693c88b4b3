"""A request whose connection took too long to come may still be held back."""

from collections.abc import Iterator

import httpx
import pytest

from aion_bot.aion import AionVision
from aion_bot.aion.errors import AionvisionConnectionError
from aion_bot.simulators.aion import API_KEY, SimulatedAion


async def test_a_request_is_held_back_once_it_is_connected(aion: SimulatedAion) -> None:
    """`allowed` is called before an attempt and again right before its bytes; what it refuses then, Aion never gets."""
    answers: Iterator[bool] = iter([True, False])

    def allowed() -> None:
        if not next(answers, True):
            raise httpx.ConnectError("another replica has taken over")

    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=0) as client:
        client.observe_requests(None, allowed=allowed)
        with pytest.raises(AionvisionConnectionError):
            await client.chats.list_sessions()
        assert not aion.requests
        await client.chats.list_sessions()
    assert len(aion.requests) == 1
