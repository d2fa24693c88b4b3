"""Discord's servers in buckets, each served by an adapter of its own, as by replicas."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from adapters.discord import buckets, rate_limits, session_starts, shards
from adapters.discord.buckets import (
    FEWEST,
    FIRST_SERVERS,
    Bucket,
    BucketAdapter,
    adapter_for,
    read,
    scopes_of,
)
from adapters.discord.commands import DIGEST
from aion_bot.ports.events import Prompt
from aion_bot.ports.rate_limits import Operation
from aion_bot.simulators.discord import SimulatedDiscord
from tests.support.recording_host import RecordingHost
from tests.support.shared_rows import Rows

PUT_COMMANDS = "PUT /applications/{application_id}/commands"
SPACE = 0.2
"""Seconds between two sessions in these tests, in place of Discord's five."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_starts, "EVERY", SPACE)
    monkeypatch.setattr(session_starts, "MARGIN", 0.02)
    monkeypatch.setattr(shards, "RESTART_DELAYS", (0.01,) * 9)


@asynccontextmanager
async def replica(
    discord: SimulatedDiscord, host: RecordingHost, scope: str, rows: Rows
) -> AsyncIterator[BucketAdapter]:
    """Let the adapter of a scope listen until the end of the block."""
    discord.gateway.starts.every = SPACE
    adapter = await adapter_for(read(discord.env), scope, rows)
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await host.until(lambda: bool(host.presences) or listening.done())
        yield adapter
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.close()


@pytest.mark.parametrize(
    ("settings", "recommended", "number"),
    [({}, 1, FEWEST), ({}, 20, 20), ({"DISCORD_SHARDS": "3"}, 20, 3), ({"DISCORD_SHARDS": "1"}, 1, 1)],
)
async def test_buckets_are_fixed_at_the_first_start(
    discord: SimulatedDiscord, settings: dict[str, str], recommended: int, number: int
) -> None:
    """There are as many buckets as shards were wanted at the first start, whatever is wanted later."""
    rows, settings = Rows(), {**discord.env, **settings}
    discord.gateway.described["shards"] = recommended
    expected = [f"discord_{one}" for one in range(number)]
    assert await scopes_of(read(settings), rows) == expected
    discord.gateway.described["shards"] = 40
    assert await scopes_of(read({**settings, "DISCORD_SHARDS": "5"}), rows) == expected
    with pytest.raises(ValueError, match="no scope"):
        await adapter_for(read(settings), f"discord_{number}", rows)


@pytest.mark.parametrize(("of", "wanted", "count"), [(4, 1, 4), (4, 4, 4), (4, 5, 8), (3, 16, 18), (1, 1, 1)])
def test_a_server_stays_in_its_bucket(of: int, wanted: int, count: int) -> None:
    """However many shards there are, a server's shard belongs to the same bucket, and each shard to one."""
    made = [Bucket(number, of) for number in range(of)]
    every = [shard for bucket in made for shard in bucket.shards(wanted)]
    assert sorted(every) == [(number, count) for number in range(count)]
    for server in range(0, 64 << 22, 1 << 22):
        (serving,) = [one for one in every if one.serves(server)]
        assert serving in made[(server >> 22) % of].shards(wanted)


async def test_each_replica_gets_its_servers(discord: SimulatedDiscord) -> None:
    """Two replicas begin sessions one after the other, none is refused; each question comes to one of them."""
    rows, hosts = Rows(discord_buckets="2"), (RecordingHost(), RecordingHost())
    discord.gateway.described["shards"] = 3
    channels = [discord.invite(f"Site {one}", f"site-{one}-talk", shard=(one, 4)) for one in range(4)]
    async with replica(discord, hosts[0], "discord_0", rows), replica(discord, hosts[1], "discord_1", rows):
        for channel in channels:
            await discord.mention(discord.people[0], f"What is damaged in {channel}?", channel)
        direct = await discord.direct_message(discord.people[0], "And here?")
        await hosts[0].until(lambda: len(hosts[0].prompts) == 3)
        await hosts[1].until(lambda: len(hosts[1].prompts) == 2)
        assert {one.place.channel for one in hosts[0].prompts} == {channels[0], channels[2], direct}
        assert {one.place.channel for one in hosts[1].prompts} == {channels[1], channels[3]}
    assert [len(one.prompts) for one in hosts] == [3, 2]
    assert (discord.gateway.identified, discord.gateway.starts.refused) == (4, 0)
    moments = sorted(at for _, at in discord.gateway.starts.taken)
    assert all(later - earlier >= SPACE for earlier, later in pairwise(moments))


async def test_commands_are_registered_by_the_first_bucket(discord: SimulatedDiscord) -> None:
    """The whole bot has one set of commands: other buckets do not register them."""
    rows, hosts = Rows(discord_buckets="2"), (RecordingHost(), RecordingHost())
    async with replica(discord, hosts[1], "discord_1", rows):
        assert discord.server.calls[PUT_COMMANDS] == 0
        async with replica(discord, hosts[0], "discord_0", rows):
            assert discord.server.calls[PUT_COMMANDS] == 1
    assert [DIGEST in one.facts for one in hosts] == [True, False]


async def test_a_writer_is_found_in_a_server_of_another_bucket(discord: SimulatedDiscord) -> None:
    """Direct messages come to the first bucket, whichever server their writer is in."""
    rows, host = Rows(discord_buckets="2"), RecordingHost()
    site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    server = str(discord.world.channel(site).guild)
    discord.world.absent |= {(one, discord.people[0].id) for one in discord.world.servers if one != server}
    async with replica(discord, host, "discord_0", rows):
        await discord.direct_message(discord.people[0], "What is damaged?")
        assert (await host.newest(Prompt)).place.home == server


async def test_the_servers_of_the_first_start_are_those_of_the_bot(discord: SimulatedDiscord) -> None:
    """Each bucket's core learns of the servers of the whole bot's first start, before those that came later."""
    rows, hosts = Rows(discord_buckets="2"), (Told(), Told())
    first = set(discord.world.servers)
    async with replica(discord, hosts[0], "discord_0", rows):
        assert hosts[0].told == [first]
    discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    later = set(discord.world.servers) - first
    async with replica(discord, hosts[1], "discord_1", rows):
        assert hosts[1].told == [first, later]
        discord.invite("Site 2", "site-2-talk", shard=(1, 2))
        later = set(discord.world.servers) - first
        await hosts[1].until(lambda: hosts[1].told[-1] == later)


class Told(RecordingHost):
    """A host that keeps in order of which servers it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[set[str]] = []

    async def present(self, workspaces: dict[str, str]) -> None:  # type: ignore[override]  # it gets one
        """Keep the servers."""
        self.told.append(set(workspaces))
        self._happened.set()


class Faltering(Rows):
    """Rows of a database that answers each kind of call only the third time."""

    def __init__(self, **fixed: str) -> None:
        super().__init__(**fixed)
        self.failed: Counter[str] = Counter()

    def _fail(self, kind: str) -> None:
        if self.failed[kind] < 2:
            self.failed[kind] += 1
            raise OSError("the server closed the connection")

    async def fix(self, name: str, value: str) -> str:
        """Keep the first value, later on."""
        if name == FIRST_SERVERS:
            self._fail("fix")
        return await super().fix(name, value)

    async def claim(self, key: str, seconds: float) -> float:
        """Keep a key, later on."""
        self._fail("claim")
        return await super().claim(key, seconds)

    async def hold(self, key: str, seconds: float) -> None:
        """Keep a key from now on, later on."""
        self._fail("hold")
        await super().hold(key, seconds)


async def test_shared_rows_that_do_not_answer_are_asked_again(
    discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database does not answer, no session begins; then it does, and the core learns of the servers."""
    monkeypatch.setattr(buckets, "TELL_AGAIN", (0.01,) * 9)
    monkeypatch.setattr(session_starts, "HOLD", SPACE)
    rows, host = Faltering(discord_buckets="2"), Told()
    async with replica(discord, host, "discord_0", rows):
        await host.until(lambda: host.told == [set(discord.world.servers)])
    assert dict(rows.failed) == {"claim": 2, "hold": 2, "fix": 2}
    assert discord.gateway.identified == 1


async def test_a_bucket_moves_to_another_replica(discord: SimulatedDiscord) -> None:
    """A replica that takes a bucket over begins sessions of its own, in turn, and gets its servers' questions."""
    rows, hosts = Rows(discord_buckets="2"), (RecordingHost(), RecordingHost())
    site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    async with replica(discord, hosts[0], "discord_1", rows):
        await discord.mention(discord.people[0], "What is damaged?", site)
        await hosts[0].newest(Prompt)
    async with replica(discord, hosts[1], "discord_1", rows):
        await discord.mention(discord.people[0], "And now?", site)
        await hosts[1].newest(Prompt)
    assert (discord.gateway.identified, discord.gateway.starts.refused) == (2, 0)
    assert [len(one.prompts) for one in hosts] == [1, 1]


async def test_buckets_divide_the_limit_of_the_whole_bot(discord: SimulatedDiscord) -> None:
    """Replicas that know nothing of each other's requests stay within what Discord grants the bot."""
    for of in (1, 8, 20, 24):
        made = BucketAdapter(read(discord.env), Bucket(0, of), Rows())
        (whole,) = [one for one in made.limits.budgets[Operation.EDIT] if one.name == rate_limits.GLOBAL]
        assert whole.headroom < whole.calls
        assert whole.calls * of <= rate_limits.LIMITS.budgets[Operation.EDIT][-1].calls
        await made.close()
