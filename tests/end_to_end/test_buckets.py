"""Discord's servers in buckets, each with a core and a database of its own, as replicas serve them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.discord import configure_hosted, session_starts, shared_starts
from adapters.discord.buckets import BucketAdapter
from adapters.discord.hosting import HostedDiscord
from aion_bot import app
from aion_bot.cli import compose
from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import PlanEnd
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.replicas import Owners
from tests.end_to_end.bot import Bot
from tests.support.shared_values import MemoryValues

AGAIN = "And since then?"


class BucketBot(Bot):
    """The bot of one bucket."""

    def __init__(
        self, aion: SimulatedAion, discord: SimulatedDiscord, folder: Path, number: int, owners: Owners
    ) -> None:
        folder.mkdir()
        super().__init__(aion, discord, folder)
        self._scope, self._owners = str(number), owners

    async def serve(self, values: MemoryValues) -> None:
        """Start, as a replica that takes the scope does."""
        settings, _, problems = compose(self.env())
        assert settings is not None, problems
        platform, _ = configure_hosted(self.env(DISCORD_SHARDS="2"), values)
        assert isinstance(platform, HostedDiscord)
        platform.hand_over = self._owners.hand_over
        adapter = await platform.adapter(self._scope)
        assert isinstance(adapter, BucketAdapter)
        self._owners.adapters[self._scope] = adapter
        adapter.limits = replace(adapter.limits, **self.limits)
        self._stop = asyncio.Event()
        self._serving = asyncio.create_task(
            app.serve(settings, [adapter], self._stop, self.polling, check_aion=False)
        )


@pytest.fixture
async def buckets(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[BucketBot]]:
    """The bots of two buckets; they do not run yet."""
    for module in session_starts, shared_starts:
        monkeypatch.setattr(module, "EVERY", 0.1)
    monkeypatch.setattr(shared_starts, "LOOK_EVERY", 0.01)
    discord.gateway.starts.every = 0.1
    owners = Owners()
    made = [BucketBot(aion, discord, tmp_path / str(number), number, owners) for number in range(2)]
    yield made
    for one in made:
        await one.stop()


@pytest.mark.slow
async def test_buckets_answer_as_one_bot(
    buckets: list[BucketBot], discord: SimulatedDiscord, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each bucket answers in its servers, and the first one whoever writes directly, of any server; no stranger is let in.

    A bucket that is taken from one replica by another goes on in its threads, and reads what was written between.
    """
    values, ada = MemoryValues(), buckets[0].ada
    sites = [discord.invite(f"Site {one}", f"site-{one}-talk", shard=(one, 2)) for one in range(2)]
    home = str(discord.world.channel(sites[1]).guild)
    discord.world.absent |= {(server, ada.id) for server in discord.world.servers if server != home}
    for one in buckets:
        await one.serve(values)
    await discord.until(lambda: len(discord.gateway.listening) == 2)
    threads = [await discord.ask(ada, "What is damaged on site 7?", channel=one) for one in sites]
    direct = await discord.direct_message(ada, "What is damaged on site 7?")
    for bot, thread in zip((*buckets, buckets[0]), (*threads, direct), strict=True):
        await bot.shows(thread, "I found 3 pieces")
    stranger = discord.invite("Southwind", "lobby", shard=(1, 2))
    await discord.mention(buckets[0].ben, "And here?", stranger)
    told = discord.direct(buckets[0].ben)
    await buckets[0].until(lambda: any(strings.NEW_SERVER in one.text for one in discord.thread(told)))
    await buckets[1].stop()
    await discord.reply(ada, threads[1], AGAIN)
    await buckets[1].serve(values)
    await buckets[1].until(lambda: buckets[1].asked_words.count(AGAIN) == 1)
    assert discord.gateway.starts.refused == 0
    assert "second process" not in capsys.readouterr().out


@pytest.mark.slow
async def test_a_private_conversation_belongs_to_the_bucket_of_its_server(
    buckets: list[BucketBot], discord: SimulatedDiscord
) -> None:
    """Its person goes on in direct messages, in the same session of Aion, and decides on a plan there; all others meet the first bucket."""
    values, ada = MemoryValues(), buckets[1].ada
    site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    for one in buckets:
        await one.serve(values)
    await discord.until(lambda: len(discord.gateway.listening) == 2)
    await discord.ask_privately(ada, "What is damaged on site 7?", channel=site)
    direct = discord.direct(ada)
    await buckets[1].shows(direct, "I found 3 pieces")
    buckets[1].aion.play(script.organize(PlanEnd.DONE))
    await discord.direct_message(ada, "Organize the photos of site 7 into folders")
    await buckets[1].until(lambda: "Approve" in buckets[1].pressable(direct))
    await buckets[1].press(ada, direct, "Approve")
    await buckets[1].shows(direct, f"Approved by @{ada.name}")
    await discord.direct_message(buckets[1].ben, "What is damaged on site 7?")
    await buckets[0].shows(discord.direct(buckets[1].ben), "I found 3 pieces")
    assert [len(list(one.texts("user"))) for one in buckets[1].aion.sessions] == [2, 1]
