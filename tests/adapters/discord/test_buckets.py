"""Discord's servers in buckets, each served by an adapter of its own, as by replicas."""

import asyncio
from itertools import pairwise

import pytest

from adapters.discord import buckets, rate_limits, session_starts, shared_starts
from adapters.discord import wants_hosting as wants
from adapters.discord.buckets import Bucket
from adapters.discord.commands import DIGEST
from aion_bot.ports.capabilities import Diagnosable
from aion_bot.ports.diagnosis import Subjects
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.events import Prompt
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.rate_limits import Operation
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.pacing import SPACE
from tests.adapters.discord.replicas import hosted, replica, soon
from tests.support.recording_host import RecordingHost
from tests.support.shared_values import MemoryValues

PUT_COMMANDS = "PUT /applications/{application_id}/commands"

__all__ = ["soon"]
pytestmark = pytest.mark.usefixtures("soon")


@pytest.mark.parametrize(("url", "shards", "wanted"), [
    ("postgresql://db/bot", "2", True), ("postgresql://db/bot", "1", False), ("postgresql://db/bot", "auto", False),
    ("postgresql://db/bot", "many", False), ("sqlite:///bot.db", "2", False), ("", "2", False),
])  # fmt: skip
def test_replicas_share_servers_where_a_number_of_shards_says_so(
    url: str, shards: str, *, wanted: bool
) -> None:
    """Replicas share the servers on Postgres with several shards by number: nothing else changes what a deployment does."""
    env = {"DISCORD_TOKEN": "one.two.three", "DISCORD_SHARDS": shards, "AION_BOT_DATABASE_URL": url}
    assert wants({name: value for name, value in env.items() if value}) is wanted
    assert not wants({"AION_BOT_DATABASE_URL": url, "DISCORD_SHARDS": shards})


@pytest.mark.parametrize(
    ("shards", "recommended", "number"), [("auto", 1, 1), ("auto", 20, 20), ("3", 20, 3), ("2", 1, 2)]
)
async def test_buckets_are_fixed_at_the_first_start(
    discord: SimulatedDiscord, shards: str, recommended: int, number: int
) -> None:
    """There are as many scopes as shards were wanted at the first start, whatever is wanted later; others are none."""
    values = MemoryValues()
    discord.gateway.described["shards"] = recommended
    expected = [str(one) for one in range(number)]
    first: HostedPlatform = hosted(discord, values, shards)
    assert await first.scopes() == expected
    discord.gateway.described["shards"] = 40
    later = hosted(discord, values, "5")
    assert await later.scopes() == expected
    assert await later.adapter(str(number)) is None
    assert await later.adapter("one") is None
    for platform in first, later:
        await platform.close()


async def test_replicas_agree_on_the_number_of_buckets(discord: SimulatedDiscord) -> None:
    """Replicas that start together with different numbers have the same buckets."""
    values = MemoryValues()
    found = await asyncio.gather(*(hosted(discord, values, one).scopes() for one in "3279"))
    assert len({len(one) for one in found}) == 1


async def test_the_number_is_asked_for_again(discord: SimulatedDiscord) -> None:
    """While Discord or the database is away there are no scopes yet, and an error that says so; later there are."""
    values = MemoryValues()
    platform = hosted(discord, values, "auto")
    values.fail("get", "discord buckets")
    discord.fail_next("GET /gateway/bot")
    for _ in range(2):
        with pytest.raises(PlatformDown):
            await platform.scopes()
    assert await platform.scopes() == ["0"]


async def test_nothing_comes_over_http(discord: SimulatedDiscord) -> None:
    """No path is Discord's, and no server leaves with its rows: a bucket is no workspace."""
    platform = hosted(discord, MemoryValues())
    assert await platform.route("/x", HttpRequest("POST", "", {}, b"")) == HttpAnswer(404)
    assert (list(platform.http_paths), list(await platform.leaving())) == ([], [])
    await platform.left("0")


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
    values, hosts = MemoryValues(), (RecordingHost(), RecordingHost())
    discord.gateway.described["shards"] = 3
    channels = [discord.invite(f"Site {one}", f"site-{one}-talk", shard=(one, 4)) for one in range(4)]
    async with replica(discord, hosts[0], "0", values), replica(discord, hosts[1], "1", values):
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


async def test_another_bot_is_refused(discord: SimulatedDiscord) -> None:
    """A database divides the servers of one bot: another one's token begins no session, and changes nothing."""
    values, host = MemoryValues(), RecordingHost()
    await values.set("discord buckets", "account", "123")
    adapter = await hosted(discord, values).adapter("0")
    assert adapter is not None
    with pytest.raises(TokenRefused, match="another bot"):
        await adapter.listen(host)
    await adapter.close()
    assert discord.gateway.identified == 0


async def test_doctor_says_how_many_buckets_there_are(discord: SimulatedDiscord) -> None:
    """Beside what it says of the token and the application; it fixes nothing."""
    values, discord.gateway.described["shards"] = MemoryValues(), 3
    platform = hosted(discord, values, "2")
    assert isinstance(platform, Diagnosable)
    before = (await platform.diagnose(Subjects())).findings
    assert await values.names("discord buckets") == []
    await platform.scopes()
    after = (await hosted(discord, values, "7").diagnose(Subjects())).findings
    assert [one.message for one in before if one.check == "buckets"] == ["2 from the first start on"]
    assert [one.message for one in after if one.check == "buckets"] == [
        "2 since the first start, with 8 shards"
    ]
    assert {"DISCORD_TOKEN", "servers", "public bot"} <= {one.check for one in after}


async def test_another_token_takes_over_in_every_bucket(discord: SimulatedDiscord) -> None:
    """With another token each bucket of a replica begins a session, in turn, and those that it serves later use it, too."""
    values, host = MemoryValues(), RecordingHost()
    platform, token = hosted(discord, values), "rotated.1.0123456789abcdef"
    env = {**discord.env, "DISCORD_TOKEN": token, "DISCORD_SHARDS": "2"}
    async with replica(discord, host, "0", values, platform=platform):
        discord.server.tokens.add(token)
        assert await platform.take_secrets(env) == (("DISCORD_TOKEN",), ())
        discord.server.tokens.intersection_update({token})
        async with replica(discord, host, "1", values, platform=platform):
            _, (problem,) = await platform.take_secrets({**env, "DISCORD_TOKEN": "not one"})
    assert problem.variable == "DISCORD_TOKEN"
    assert (discord.gateway.identified, discord.gateway.starts.refused) == (3, 0)


async def test_commands_are_registered_by_the_first_bucket(discord: SimulatedDiscord) -> None:
    """The whole bot has one set of commands: other buckets do not register them."""
    values, hosts = MemoryValues(), (RecordingHost(), RecordingHost())
    async with replica(discord, hosts[1], "1", values):
        assert discord.server.calls[PUT_COMMANDS] == 0
        async with replica(discord, hosts[0], "0", values):
            assert discord.server.calls[PUT_COMMANDS] == 1
    assert [DIGEST in one.facts for one in hosts] == [True, False]


async def test_a_writer_is_found_in_a_server_of_another_bucket(discord: SimulatedDiscord) -> None:
    """Direct messages come to the first bucket, whichever server their writer is in."""
    values, host = MemoryValues(), RecordingHost()
    site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    server = str(discord.world.channel(site).guild)
    discord.world.absent |= {(one, discord.people[0].id) for one in discord.world.servers if one != server}
    async with replica(discord, host, "0", values):
        await discord.direct_message(discord.people[0], "What is damaged?")
        assert (await host.newest(Prompt)).place.home == server


async def test_a_later_server_of_another_bucket_is_found(
    discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of the bot's servers is made anew while an older one serves."""
    monkeypatch.setattr(buckets, "LIFETIME", 0.0)
    values, host, (ada, ben, _) = MemoryValues(), RecordingHost(), discord.people
    async with replica(discord, host, "0", values):
        await discord.direct_message(ada, "Where am I?")
        await host.newest(Prompt)
        server = str(discord.world.channel(discord.invite("Site 1", "site-1", shard=(1, 2))).guild)
        discord.world.absent |= {(one, ben.id) for one in discord.world.servers if one != server}
        listed = discord.server.calls["GET /users/@me/guilds"]
        await discord.direct_message(ada, "And now?")
        await discord.until(lambda: discord.server.calls["GET /users/@me/guilds"] > listed)
        await host.newest(Prompt, 2)
        await discord.direct_message(ben, "And I?")
        assert (await host.newest(Prompt, 3)).place.home == server


async def test_the_servers_of_the_first_start_are_those_of_the_bot(discord: SimulatedDiscord) -> None:
    """Each bucket's core learns of the servers of the whole bot's first start, before those that came later."""
    values, hosts = MemoryValues(), (Told(), Told())
    first = set(discord.world.servers)
    async with replica(discord, hosts[0], "0", values):
        assert hosts[0].told == [first]
    discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    later = set(discord.world.servers) - first
    async with replica(discord, hosts[1], "1", values):
        assert hosts[1].told == [first, later]
        discord.invite("Site 2", "site-2-talk", shard=(1, 2))
        last = set(discord.world.servers) - first - later
        await hosts[1].until(lambda: hosts[1].told[2:] == [last])


class Told(RecordingHost):
    """A host that keeps in order of which servers it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[set[str]] = []

    async def present(self, workspaces: dict[str, str]) -> None:  # type: ignore[override]  # it gets one
        """Keep the servers."""
        self.told.append(set(workspaces))
        self._happened.set()

    async def joined(self, workspace: str, name: str) -> None:
        """Keep the server, as the core does."""
        await self.present({workspace: name})


async def test_the_first_server_that_invites_the_bot_is_known_to_all(discord: SimulatedDiscord) -> None:
    """Where the bot was in no server at first, every bucket admits the one that invites it first, and no later one."""
    values, hosts = MemoryValues(), (Told(), Told())
    discord.world.servers.clear()
    async with replica(discord, hosts[0], "0", values), replica(discord, hosts[1], "1", values):
        assert [one.told for one in hosts] == [[set()], [set()]]
        discord.invite("Site 1", "site-1-talk", shard=(1, 2))
        first = set(discord.world.servers)
        await hosts[1].until(lambda: hosts[1].told == [set(), first, first])
        discord.invite("Site 2", "site-2-talk", shard=(1, 2))
        second = set(discord.world.servers) - first
        await hosts[1].until(lambda: hosts[1].told[3:] == [second])
    async with replica(discord, hosts[0], "0", values):
        assert hosts[0].told[1:] == [first]


async def test_values_that_cannot_be_read_are_asked_again(
    discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database does not answer, no session begins; then it does, and the core learns of the servers."""
    monkeypatch.setattr(buckets, "TELL_AGAIN", (0.01,) * 9)
    # A value that was taken for no known time is waited for. A shard that has its turn may connect for as long as it takes.
    monkeypatch.setattr(shared_starts, "HOLD", SPACE)
    values, host = MemoryValues(), Told()
    calls = [
        ("get", buckets.FIRST_SERVERS),
        *((one, shared_starts.KIND) for one in ("get", "replace", "set")),
    ]
    for call in calls:
        values.fail(*call, times=2)
    async with replica(discord, host, "0", values):
        await host.until(lambda: host.told == [set(discord.world.servers)])
    assert values.failed == dict.fromkeys(calls, 2)
    assert discord.gateway.identified == 1


async def test_a_replica_that_ended_in_its_turn_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment that was taken for no known time, because its process ended, is free after the longest one may be kept."""
    now = 0.0
    monkeypatch.setattr(shared_starts, "monotonic", lambda: now)
    values = MemoryValues()
    moments = shared_starts.Moments(values)
    assert await values.replace(shared_starts.KIND, "0", None, "of another process")
    assert not await moments.take(0)
    now = shared_starts.HOLD + shared_starts.EVERY
    assert not await moments.take(0)
    now *= 2
    assert await moments.take(0)


async def test_one_process_has_a_moment() -> None:
    """Of replicas that want to identify with one remainder one may; the others once its time is over. Other remainders wait for none."""
    now = 0.0
    values = MemoryValues(lambda: now)
    several = [shared_starts.Moments(values) for _ in range(4)]
    assert sorted(await asyncio.gather(*(one.take(0) for one in several))) == [False, False, False, True]
    assert await several[0].take(1)
    now = session_starts.HOLD
    assert await several[1].take(0)
    await several[1].keep(0, 1.0)
    now += 0.9
    assert not await several[2].take(0)
    now += 0.1
    assert await several[2].take(0)


async def test_a_bucket_moves_to_another_replica(discord: SimulatedDiscord) -> None:
    """A replica that takes a bucket over begins sessions of its own, in turn, and gets its servers' questions."""
    values, hosts = MemoryValues(), (RecordingHost(), RecordingHost())
    site = discord.invite("Site 1", "site-1-talk", shard=(1, 2))
    async with replica(discord, hosts[0], "1", values):
        await discord.mention(discord.people[0], "What is damaged?", site)
        await hosts[0].newest(Prompt)
    async with replica(discord, hosts[1], "1", values):
        await discord.mention(discord.people[0], "And now?", site)
        await hosts[1].newest(Prompt)
    assert (discord.gateway.identified, discord.gateway.starts.refused) == (2, 0)
    assert [len(one.prompts) for one in hosts] == [1, 1]


async def test_buckets_divide_the_limit_of_the_whole_bot(discord: SimulatedDiscord) -> None:
    """Buckets that know nothing of each other's requests stay within what Discord grants the bot, however many there are."""
    (of_bot,) = [one for one in rate_limits.LIMITS.budgets[Operation.EDIT] if one.name == rate_limits.GLOBAL]
    for of in (1, 2, 8, 20, 24, 25, 60, 1_000):
        adapter = await hosted(discord, MemoryValues(), str(of)).adapter("0")
        assert adapter is not None
        (part,) = [one for one in adapter.limits.budgets[Operation.EDIT] if one.name == rate_limits.GLOBAL]
        assert 0 < part.headroom < part.calls
        assert part.calls / part.seconds * of <= of_bot.calls / of_bot.seconds + 1e-9
        await adapter.close()


async def test_a_replica_without_buckets_says_that_it_took_a_token(discord: SimulatedDiscord) -> None:
    """A token is named as replaced once, also by a replica that serves no bucket now."""
    platform = hosted(discord, MemoryValues())
    env = {**discord.env, "DISCORD_TOKEN": "rotated.1.0123456789abcdef", "DISCORD_SHARDS": "2"}
    assert await platform.take_secrets(env) == (("DISCORD_TOKEN",), ())
    assert await platform.take_secrets(env) == ((), ())
