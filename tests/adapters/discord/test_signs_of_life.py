"""Whether the gateway is alive is told by what arrives over it."""

import asyncio

from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import running
from tests.support.recording_host import RecordingHost


async def test_a_quiet_gateway_is_alive_by_its_heartbeats_and_a_zombie_is_not(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """Without any event the answers to heartbeats are signs of life; a gateway that answers none gives no sign."""
    discord.gateway.heartbeat_every = 0.02
    async with running(discord, host):
        await host.until(lambda: bool(host.presences))
        for _ in range(2):
            before = host.signs_of_life
            await host.until(lambda before=before: host.signs_of_life >= before + 3)  # type: ignore[misc]  # bound now
        discord.gateway.zombied = True
        await _heartbeats(discord, 2)  # the answer to an earlier one may be on its way
        silent_since = host.signs_of_life
        await _heartbeats(discord, 3)
        assert host.signs_of_life == silent_since
        discord.gateway.zombied = False
        await host.until(lambda: host.signs_of_life > silent_since)


async def test_a_resumed_session_is_alive_at_once(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """While the gateway is gone there is no sign of life; a session that is resumed is one, before any heartbeat."""
    async with running(discord, host):
        await host.until(lambda: bool(host.presences))
        discord.gateway.refusing_connections = True
        await discord.gateway.drop()
        await discord.until(lambda: not discord.gateway.listening)
        silent_since = host.signs_of_life
        discord.gateway.refusing_connections = False
        await host.until(lambda: host.signs_of_life > silent_since)


async def _heartbeats(discord: SimulatedDiscord, number: int) -> None:
    """Wait until so many more heartbeats have arrived."""
    begun = discord.gateway.heartbeats
    async with asyncio.timeout(60):
        while discord.gateway.heartbeats < begun + number:  # noqa: ASYNC110  # there is no event for a heartbeat
            await asyncio.sleep(0.005)
