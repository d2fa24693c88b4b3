"""A bot on Discord with several shards: each server's conversations go on as with one connection."""

import pytest

from adapters.discord import session_starts
from aion_bot.domain import strings
from aion_bot.simulators.discord import SimulatedDiscord
from tests.end_to_end.bot import Bot

AGAIN = "What is damaged on site 7, once more?"


@pytest.mark.slow
async def test_conversations_go_on_in_the_servers_of_every_shard(
    on_discord: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Questions are answered in servers of all shards, after a restart too, which reads what was missed; others stay out."""
    monkeypatch.setattr(session_starts, "EVERY", 0.1)
    discord.gateway.starts.every = 0.1
    channels = [discord.invite(f"Site {one}", f"site-{one}-talk", shard=(one, 3)) for one in range(3)]
    await on_discord.start(DISCORD_SHARDS="3")
    await on_discord.until(lambda: len(discord.gateway.listening) == 3)
    threads = [
        await discord.ask(on_discord.ada, "What is damaged on site 7?", channel=one) for one in channels
    ]
    for thread in threads:
        await on_discord.shows(thread, "I found 3 pieces")
    stranger = discord.invite("Southwind", "lobby", shard=(1, 3))
    await discord.mention(on_discord.ada, "And here?", stranger)
    told = discord.direct(on_discord.ada)
    await on_discord.until(lambda: any(strings.NEW_SERVER in one.text for one in discord.thread(told)))
    await on_discord.stop()
    for thread in threads:
        await discord.reply(on_discord.ada, thread, AGAIN)
    await on_discord.start(DISCORD_SHARDS="3")
    await on_discord.until(lambda: on_discord.asked_words.count(AGAIN) == 3)
    assert discord.gateway.starts.refused == 0
    assert discord.server.calls["PUT /applications/{application_id}/commands"] == 1
