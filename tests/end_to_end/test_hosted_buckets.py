"""Replicas share the servers of a Discord bot on a real Postgres server: each bucket has one owner, and moves whole."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.discord import session_starts, shared_starts
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import KINDS, DiscordLimits
from tests.end_to_end.hosted import Deployment, until
from tests.end_to_end.program import Program
from tests.support.postgres import server

pytestmark = pytest.mark.slow  # each has a Postgres server, and starts several bots

SPACE = 0.2
"""Seconds between two sessions of the replicas in this process, in place of Discord's five."""
PUT_COMMANDS = "PUT /applications/{application_id}/commands"
FOUND = "I found 3 pieces"
WHOLE = "The first part. The end."
HELD = Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(WHOLE))


class Buckets(Deployment):
    """A bot in a server of each bucket."""

    def __init__(self, aion: SimulatedAion, discord: SimulatedDiscord, folder: Path, count: int) -> None:
        self.aion, self.discord, self.folder, self.count = aion, discord, folder, count
        self.location = server().make()
        self.replicas, self.programs = {}, list[Program]()
        self.channels = [
            discord.invite(f"Site {one}", f"site-{one}-talk", shard=(one, count)) for one in range(count)
        ]

    def env(self, name: str, port: int = 0, **more: str) -> Mapping[str, str]:  # noqa: ARG002  # no request comes over HTTP
        """The settings of a replica, which needs no address for requests."""
        own = {
            "AION_BOT_DATABASE_URL": self.location.url,
            "AION_BOT_REPLICA": name,
            "AION_BOT_LOG_FORMAT": "json",
            "AIONVISION_RETRY_DELAY": "0.01",
            "DISCORD_SHARDS": str(self.count),
        }
        return {**self.aion.env, **self.discord.env, **own, **more}

    async def stop_services(self) -> None:
        """Leave the simulator to its fixture."""

    async def process(self, name: str) -> Program:
        """Start a replica as a process."""
        folder = self.folder / name
        folder.mkdir()
        program = Program(folder)
        self.programs.append(program)
        await program.start(self.env(name))
        return program

    async def spread(self, **counts: int) -> Mapping[str, str]:
        """Wait until replicas own so many buckets; the first of them makes the schema."""
        made = "SELECT 1 FROM pg_tables WHERE schemaname = 'aion_bot_shared' AND tablename = 'scope_lease'"
        await until(lambda: bool(self.rows(made)))
        return await super().spread(**counts)

    async def listens(self) -> None:
        """Wait until each bucket has one session."""
        await self.discord.until(
            lambda: (
                sorted(one.shard or (-1, 0) for one in self.discord.gateway.listening)
                == [(number, self.count) for number in range(self.count)]
            )
        )

    async def answers(self, channel: str, question: str) -> str:
        """Ask in a channel, and wait for the answer; returns the thread."""
        thread = await self.discord.ask(self.discord.people[0], question, channel=channel)
        await self.shown(thread, FOUND)
        return thread

    async def shown(self, thread: str, words: str) -> None:
        """Wait until a thread shows something, once."""
        await self.discord.until(lambda: sum(words in one for one in self.said(thread)) == 1)

    def said(self, thread: str) -> list[str]:
        """What the bot's messages in a thread say."""
        return [one.text for one in self.discord.thread(thread) if one.by_bot]


@pytest.fixture
async def four(
    aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Buckets]:
    """Four buckets that are served in this process; no replica runs."""
    for module in session_starts, shared_starts:
        # The margin stays: on a busy machine the second of two requests may arrive that much sooner after it was sent.
        monkeypatch.setattr(module, "EVERY", SPACE)
    monkeypatch.setattr(shared_starts, "LOOK_EVERY", 0.02)
    discord.gateway.starts.every = SPACE
    made = Buckets(aion, discord, tmp_path, 4)
    yield made
    await made.close()


async def test_replicas_share_the_servers(four: Buckets) -> None:
    """Questions are answered once by whoever owns the bucket, also directly and privately; a bucket that moves goes on with its threads."""
    discord, ada = four.discord, four.discord.people[0]
    await four.begin("first", 0)
    await four.begin("second", 0)
    await four.spread(first=2, second=2)
    await four.listens()
    threads = [await four.answers(channel, "What is damaged on site 7?") for channel in four.channels]
    await discord.ask_privately(ada, "What is damaged on site 8?", channel=four.channels[3])
    direct = discord.direct(ada)
    await four.shown(direct, FOUND)
    await four.end("first")
    await four.spread(second=4)
    await four.listens()
    before = four.aion.count("send_stream")
    for thread in threads:
        await discord.reply(ada, thread, "And on site 9?")
    await discord.direct_message(ada, "And here?")
    await until(lambda: four.aion.count("send_stream") == before + 5)
    await four.cleared(*(f"discord:{number}" for number in range(4)))
    sessions = sorted(len(list(one.texts("user"))) for one in four.aion.sessions)
    assert sessions == [2] * 5
    starts = discord.gateway.starts
    assert (discord.server.calls[PUT_COMMANDS], starts.refused) == (1, 0)
    moments = sorted(at for _, at in starts.taken)
    assert all(later - earlier >= SPACE for earlier, later in pairwise(moments))


@pytest.mark.long
async def test_a_handover_meets_few_refusals(four: Buckets) -> None:
    """While answers run in every bucket and two of them move, Discord refuses at most one request of each limit."""
    discord = four.discord
    discord.rates.limits = DiscordLimits()
    await four.begin("first", 0)
    await four.begin("second", 0)
    await four.spread(first=2, second=2)
    await four.listens()
    threads = [
        await discord.mention(discord.people[number % 3], f"What is damaged on site {number}?", channel)
        for number in range(5)
        for channel in four.channels
    ]
    await discord.until(lambda: sum(bool(four.said(thread)) for thread in threads) >= 10)
    await four.end("first")
    await four.spread(second=4)
    await four.listens()
    before = four.aion.count("send_stream")
    for thread in threads:
        await discord.reply(discord.people[0], thread, "And on site 9?")
    await until(lambda: four.aion.count("send_stream") == before + len(threads))
    await four.cleared(*(f"discord:{number}" for number in range(4)))
    refused = Counter((KINDS.get(one.name, ""), one.channel) for one in discord.rates.refused)
    assert max(refused.values(), default=0) <= 1, refused


@pytest.mark.long
async def test_a_kill_of_a_replica(aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path) -> None:
    """Within ten seconds the stored answer is shown by the other replica; what was asked meanwhile is answered, in turn with Discord."""
    deployment = Buckets(aion, discord, tmp_path, 2)
    try:
        programs = {name: await deployment.process(name) for name in ("first", "second")}
        owners = await deployment.spread(first=1, second=1)
        await deployment.listens()
        killed = owners["discord:1"]
        aion.play(HELD)
        thread = await discord.ask(discord.people[0], "What?", channel=deployment.channels[1])
        await deployment.shown(thread, "The first part.")
        for session in aion.sessions:
            aion.sessions.store(session, "assistant", Answer(WHOLE))
        loop = asyncio.get_running_loop()
        began = loop.time()
        programs.pop(killed).send(signal.SIGKILL)
        missed = await discord.mention(
            discord.people[0], "What is damaged on site 7?", deployment.channels[1]
        )
        await deployment.shown(thread, WHOLE)
        assert loop.time() - began < 10
        await deployment.listens()
        await discord.until(lambda: any(FOUND in one for one in deployment.said(missed)))
        assert aion.count("send_stream") == 2
        (left,) = programs.values()
        left.send(signal.SIGTERM)
        assert (await left.end())[0] == 0
    finally:
        await deployment.close()
    assert discord.gateway.starts.refused == 0
