"""When the next session may begin, by the rules alone."""

import time

import pytest

from adapters.discord import session_starts
from adapters.discord.adapter import DiscordAdapter
from adapters.discord.session_starts import EVERY, MARGIN, SessionStarts
from adapters.discord.shared_starts import Moments, SharedSessionStarts
from tests.support.shared_values import MemoryValues


@pytest.fixture(autouse=True)
def _granted(adapter: DiscordAdapter) -> None:
    adapter._rest.session_starts = {"max_concurrency": 1, "remaining": 9, "reset_after": 0}


async def test_a_session_leaves_the_one_before_time_to_arrive(
    adapter: DiscordAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord counts from when it receives a frame, so the next one is sent later than it asks for by a margin."""
    monkeypatch.setattr(session_starts, "EVERY", 0.02)
    monkeypatch.setattr(session_starts, "MARGIN", 0.05)
    starts, before = SessionStarts(adapter._rest), time.monotonic()
    await starts.begun(0)
    assert await starts.spaced(0) - before >= 0.02 + 0.05


async def test_other_replicas_leave_it_the_same_time(adapter: DiscordAdapter) -> None:
    """Replicas that share session starts keep the margin as well, by the database's clock."""
    now = 0.0
    values = MemoryValues(lambda: now)
    mine, others = Moments(values), Moments(values)
    assert await mine.take(0)
    await SharedSessionStarts(adapter._rest, mine).begun(0)
    now = EVERY + MARGIN - 0.001
    assert not await others.take(0)
    now = EVERY + MARGIN
    assert await others.take(0)
