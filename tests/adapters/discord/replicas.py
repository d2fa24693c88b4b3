"""Replicas of one deployment, each with the adapters of the buckets that it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.discord import configure_hosted, gateway
from adapters.discord.buckets import BucketAdapter
from adapters.discord.hosting import HostedDiscord
from aion_bot.ports.hosting import Routed
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.pacing import SPACE, begin_soon
from tests.support.recording_host import RecordingHost
from tests.support.shared_values import MemoryValues


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let sessions begin sooner after each other, and be described at once, as the simulator does it."""
    monkeypatch.setitem(gateway.OPTIONS, "guild_ready_timeout", 0.05)  # type: ignore[arg-type]  # one type for all options
    begin_soon(monkeypatch)


class Owners:
    """Which adapter serves a scope now, for what is handed over; where they are `away` nothing is taken."""

    def __init__(self) -> None:
        self.adapters: dict[str, BucketAdapter] = {}
        self.away = False

    async def hand_over(self, routed: Routed) -> bool:
        """Let the owner of a scope take a request, as the runner does where it is in the same process."""
        if self.away or routed.scope not in self.adapters:
            return False
        return (await self.adapters[routed.scope].take(routed.request)).status == 200


def hosted(discord: SimulatedDiscord, values: MemoryValues, shards: str = "2") -> HostedDiscord:
    """What one replica of a deployment builds."""
    platform, problems = configure_hosted({**discord.env, "DISCORD_SHARDS": shards}, values)
    assert not problems
    assert isinstance(platform, HostedDiscord)
    return platform


@asynccontextmanager
async def replica(
    discord: SimulatedDiscord,
    host: RecordingHost,
    scope: str,
    values: MemoryValues,
    *,
    shards: str = "2",
    owners: Owners | None = None,
    platform: HostedDiscord | None = None,
    takes_reactions: bool = False,
) -> AsyncIterator[BucketAdapter]:
    """Let the adapter of a scope listen, in a replica of its own, until the end of the block."""
    discord.gateway.starts.every = SPACE
    platform = platform or hosted(discord, values, shards)
    if owners is not None:
        platform.hand_over = owners.hand_over
    adapter = await platform.adapter(scope)
    assert isinstance(adapter, BucketAdapter)
    adapter.takes_reactions = takes_reactions
    known = len(host.presences)
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await host.until(lambda: len(host.presences) > known or listening.done())
        if owners is not None:
            owners.adapters[scope] = adapter
        yield adapter
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        if owners is not None:
            owners.adapters.pop(scope, None)
        await adapter.close()
