"""The servers of a bot that is in many."""

import pytest

from adapters.discord.adapter import DiscordAdapter
from adapters.discord.servers import PAGE, listed
from aion_bot.ports.diagnosis import ListedId, Subjects
from aion_bot.ports.settings import IdKind
from aion_bot.simulators.discord import SimulatedDiscord


def be_in(discord: SimulatedDiscord, count: int) -> list[str]:
    """Let the bot be in so many servers; returns their ids."""
    discord.world.servers.clear()
    discord.world.servers.update({str(10**17 + one): f"Site {one}" for one in range(count)})
    return list(discord.world.servers)


@pytest.mark.parametrize("count", [0, PAGE - 1, PAGE, PAGE + 1])
async def test_each_server_is_listed(discord: SimulatedDiscord, adapter: DiscordAdapter, count: int) -> None:
    """However many pages there are, and whether the last one is full or not, each server is listed."""
    be_in(discord, count)
    assert await listed(adapter._rest) == discord.world.servers


async def test_doctor_knows_each_server(discord: SimulatedDiscord, adapter: DiscordAdapter) -> None:
    """A listed server on the second page is known. Where not every server is asked for its roles, no role is called unknown."""
    last = be_in(discord, PAGE + 50)[-1]
    ids = [ListedId(IdKind.WORKSPACE, last, "servers"), ListedId(IdKind.ROLE, "5" * 18, "roles")]
    found = {one.check: one.message for one in (await adapter.diagnose(Subjects(listed=ids))).findings}
    assert found["servers"].startswith(f"the bot is in {PAGE + 50}: Site 0, Site 1, ")
    assert "roles" not in found
