"""Many people at once: what the gateway tells and shows costs none of the fifty requests a second of the bot."""

import asyncio

import pytest

from adapters.discord import membership
from adapters.discord.membership import ALONE, UNKNOWN
from aion_bot.ports.events import Prompt
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.workspace import SimulatedPerson
from tests.adapters.discord.conftest import Bot
from tests.support.recording_host import RecordingHost

_MEMBER = "GET /guilds/{guild_id}/members/{user_id}"


def crowd(discord: SimulatedDiscord, count: int) -> list[SimulatedPerson]:
    people = [SimulatedPerson(str(9_000_000 + number), f"Person {number}") for number in range(count)]
    discord.world.people += tuple(people)
    return people


async def all_write(
    discord: SimulatedDiscord, host: RecordingHost, people: list[SimulatedPerson]
) -> list[Prompt]:
    """Let each of these people write to the bot, and return what the core got."""
    before = len(host.prompts)
    for one in people:
        discord.say(one, "What?", discord.direct(one))
    await host.until(lambda: len(host.prompts) == before + len(people))
    return host.prompts[before:]


@pytest.mark.usefixtures("bot")
async def test_a_crowd_of_strangers_meets_no_refusal(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Two hundred people who have never written to the bot are looked up with few requests, each in their server."""
    discord.rates.limits = DiscordLimits()
    people = crowd(discord, 200)
    found = await all_write(discord, host, people)
    assert {one.place.home for one in found} == {discord.world.guild}
    assert discord.server.calls[_MEMBER] <= ALONE
    assert 2 <= discord.gateway.members_told <= 10
    assert not discord.rates.refused


@pytest.mark.usefixtures("bot")
async def test_who_is_in_no_server_is_told_apart(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Of a crowd some are in the second server, and some in none."""
    discord.invite("Second", "general")
    await host.until(lambda: len(host.workspaces) == 2)
    people, (first, second) = crowd(discord, 30), discord.world.servers
    discord.world.absent |= {(first, one.id) for one in people[10:]} | {
        (second, one.id) for one in people[20:]
    }
    found = {one.person.id: one.place.home for one in await all_write(discord, host, people)}
    assert [found[one.id] for one in people] == [first] * 10 + [second] * 10 + [UNKNOWN] * 10


@pytest.mark.usefixtures("bot")
async def test_without_the_gateway_each_is_looked_up(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it does not say who is in a server in time, people are asked about one by one, as they are in a small group."""
    monkeypatch.setattr(membership, "_TOLD_WITHIN", 0.01)
    monkeypatch.setattr(discord.gateway, "_tell_members", lambda *_: None)
    found = await all_write(discord, host, crowd(discord, 20))
    assert {one.place.home for one in found} == {discord.world.guild}
    assert discord.server.calls[_MEMBER] == 20


async def test_the_status_stands_beside_the_name(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """It is shown in the session, cut to what Discord shows, and goes away; without a session it is not."""
    await host.until(lambda: bool(host.presences))
    assert await bot.adapter.show_status("⏳ 12 questions are waiting")
    await discord.until(lambda: discord.world.status == "⏳ 12 questions are waiting")
    assert await bot.adapter.show_status("")
    await discord.until(lambda: discord.world.status == "")
    assert await bot.adapter.show_status("w" * 200)
    await discord.until(lambda: discord.world.status == "w" * 128)
    bot.listening.cancel()
    await asyncio.gather(bot.listening, return_exceptions=True)
    assert not await bot.adapter.show_status("again")
