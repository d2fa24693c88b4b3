"""A request whose connection took too long to come may still be held back."""

from collections.abc import Iterator

import h11
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


@pytest.mark.parametrize("piece", [1, 2])
async def test_a_process_that_is_paused_over_a_request_sends_no_more_of_it(
    aion: SimulatedAion, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Whatever is paused over, the head of a request or its body: Aion does not act, as it gets no whole request."""
    pieces, put_together = 0, h11.Connection.send

    def allowed() -> None:
        if pieces >= piece:
            raise httpx.ConnectError("another replica has taken over")

    def paused(connection: h11.Connection, event: h11.Event) -> bytes | None:
        nonlocal pieces
        pieces += 1
        return put_together(connection, event)

    async with AionVision(API_KEY, base_url=aion.base_url, max_retries=0) as client:
        client.observe_requests(None, allowed=allowed)
        with monkeypatch.context() as patch:
            patch.setattr(h11.Connection, "send", paused)
            with pytest.raises(AionvisionConnectionError):
                await client.chats.create_session(title="Never")
        pieces = 0
        assert not (await client.chats.list_sessions()).items
