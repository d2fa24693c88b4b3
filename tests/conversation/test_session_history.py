"""Polling a session for what Aion has stored."""

import pytest

from aion_bot.aion import AionVision
from aion_bot.conversation.session_history import Polling, SessionHistory
from aion_bot.simulators.aion import API_KEY, SimulatedAion


def test_polling_has_times_of_its_own() -> None:
    """An accepted plan action is watched for ten minutes, one with unknown outcome for a minute."""
    polling = Polling()
    assert sum(polling.accepted.delays()) == pytest.approx(600.0)
    assert sum(polling.in_doubt.delays()) == pytest.approx(60.0)
    assert sum(polling.stored_answer.delays()) == pytest.approx(30.0)


@pytest.mark.parametrize("retry_delay", [0.0, 10.0])
async def test_the_retry_delay_does_not_change_polling(
    retry_delay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`AIONVISION_RETRY_DELAY` changes when a refused request is sent again, and no polling interval."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    async def nothing(_: object) -> None:
        return None

    async with (
        SimulatedAion() as aion,
        AionVision(API_KEY, base_url=aion.base_url, retry_delay=retry_delay) as client,
    ):
        session = await client.chats.create_session(title="any")
        history = SessionHistory(client)
        monkeypatch.setattr("aion_bot.conversation.session_history.asyncio.sleep", sleep)
        assert await history.wait(session.id, nothing, Polling().accepted) is None
    assert sum(waited) == pytest.approx(600.0)
