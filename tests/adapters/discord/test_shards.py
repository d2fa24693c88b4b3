"""Several shards of one bot: Discord sends each server's events to one of them."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from adapters.discord import shard_hosts
from adapters.discord.backfill import snowflake_at
from adapters.discord.commands import DIGEST
from adapters.discord.gateway import NEWEST_EVENT
from adapters.discord.ids import thread_key
from aion_bot.ports.errors import TokenRefused
from aion_bot.ports.events import Prompt
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot, build
from tests.adapters.discord.pacing import SPACE, begin_soon
from tests.support.recording_host import RecordingHost

LIST_MESSAGES = "GET /channels/{channel_id}/messages"
PUT_COMMANDS = "PUT /applications/{application_id}/commands"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_soon(monkeypatch)
    monkeypatch.setattr(shard_hosts, "TELL_EVERY", 0.0)


@asynccontextmanager
async def sharded(
    discord: SimulatedDiscord, host: RecordingHost, count: str = "3", **settings: str
) -> AsyncIterator[Bot]:
    """Let an adapter listen with so many shards until the end of the block; it is connected with each."""
    discord.gateway.starts.every = SPACE
    adapter = build({**discord.env, "DISCORD_SHARDS": count, **settings})
    known = len(host.presences)
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await host.until(lambda: len(host.presences) > known or listening.done())
        yield Bot(adapter, listening)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.close()


def servers_of_three(discord: SimulatedDiscord) -> list[str]:
    """Let the bot be in a server of each of three shards; returns a channel of each, by the shard's number."""
    return [discord.invite(f"Site {number}", f"site-{number}-talk", shard=(number, 3)) for number in range(3)]


async def test_each_shard_delivers_its_servers(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A question reaches the core once, whichever shard its server belongs to."""
    channels = servers_of_three(discord)
    async with sharded(discord, host):
        for channel in channels:
            await discord.mention(discord.people[0], f"What is damaged in {channel}?", channel)
        await host.until(lambda: len(host.prompts) >= 3)
        assert sorted(one.place.channel for one in host.prompts) == sorted(channels)
        assert {session.shard for session in discord.gateway.listening} == {(0, 3), (1, 3), (2, 3)}
    assert len(host.prompts) == 3


async def test_direct_messages_come_to_the_first_shard(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A direct message is taken, and its writer is found in a server of any shard."""
    servers_of_three(discord)
    discord.world.absent |= {
        (server, discord.people[1].id) for server in list(discord.world.servers) if server != home(discord, 2)
    }
    async with sharded(discord, host):
        await discord.direct_message(discord.people[1], "What is damaged?")
        prompt = await host.newest(Prompt)
    assert prompt.place.home == home(discord, 2)


def home(discord: SimulatedDiscord, shard: int) -> str:
    """The id of the server that was invited for a shard."""
    return next(one for one, name in discord.world.servers.items() if name == f"Site {shard}")


async def test_the_core_hears_of_one_platform(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The core is connected once, and told of the servers of all shards together, before it admits any."""
    servers_of_three(discord)
    async with sharded(discord, host):
        (presence,) = host.presences
        assert sorted(presence.workspaces) == sorted(discord.world.servers.values())
        assert set(host.workspaces) == set(discord.world.servers)
        assert [one.split(":")[0] for one in presence.notices] == ["commands registered", "invite the bot"]


async def test_commands_are_registered_once(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Several shards register the bot's commands in one request."""
    async with sharded(discord, host):
        assert discord.server.calls[PUT_COMMANDS] == 1
        assert host.facts[DIGEST]


@pytest.mark.parametrize(("concurrency", "fewest"), [(1, 3 * SPACE), (4, 0.0)])
async def test_sessions_begin_as_fast_as_discord_takes_them(
    discord: SimulatedDiscord, host: RecordingHost, concurrency: int, fewest: float
) -> None:
    """Shards of one remainder of `max_concurrency` identify five seconds apart, others side by side; none is refused."""
    discord.gateway.described["session_start_limit"]["max_concurrency"] = concurrency
    async with sharded(discord, host, "4"):
        moments = [at for _, at in discord.gateway.starts.taken]
    assert (len(moments), discord.gateway.starts.refused) == (4, 0)
    assert moments[-1] - moments[0] >= fewest


async def test_discord_recommends_the_number(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Without a number, or with `auto`, there are as many shards as Discord recommends."""
    discord.gateway.described["shards"] = 2
    async with sharded(discord, host, "auto"):
        assert {session.shard for session in discord.gateway.listening} == {(0, 2), (1, 2)}


async def test_one_shard_is_no_shard(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where one is recommended, or set, the bot identifies without a shard, as it did before there were any."""
    for count in "auto", "1":
        async with sharded(discord, host, count):
            assert [session.shard for session in discord.gateway.listening] == [None]


@pytest.mark.slow
def test_one_connection_loads_nothing_of_shards() -> None:
    """What a bot with one connection does not need is not imported at its start."""
    program = "import sys, adapters.discord.adapter; print(*(one for one in sys.modules if one.startswith('adapters.discord.sh')))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # the program is written above
    assert ran.stdout.strip() == ""


async def test_a_shard_resumes_by_itself(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A lost connection of one shard is resumed, without a new session and without a lost question."""
    channels = servers_of_three(discord)
    async with sharded(discord, host):
        await discord.gateway.drop()
        await discord.mention(discord.people[0], "What is damaged?", channels[1])
        await host.newest(Prompt)
        await discord.until(lambda: len(discord.gateway.listening) == 3)
    assert (discord.gateway.identified, discord.gateway.resumed) == (3, 3)


async def test_a_lost_session_waits_for_its_turn(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Shards whose sessions Discord has deleted begin others one after the other, and read what they missed."""
    channels = servers_of_three(discord)
    async with sharded(discord, host) as bot:
        thread = await discord.ask(discord.people[0], "What is damaged?", channel=channels[2])
        await bot.adapter.open_thread(await host.newest(Prompt))
        host.known = [thread_key(int(thread))]
        await discord.gateway.invalidate()
        await discord.mention(discord.people[0], "And on site 8?", channels[2])
        await discord.until(lambda: len(discord.gateway.listening) == 3)
        await host.until(lambda: len(host.prompts) == 2)
    assert (discord.gateway.identified, discord.gateway.starts.refused) == (6, 0)


async def test_starts_are_not_burnt(
    discord: SimulatedDiscord, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """With too few session starts left the other shards wait, and the log says so; they begin once there are more."""
    limit = discord.gateway.described["session_start_limit"]
    limit |= {"remaining": 2, "reset_after": 100}
    async with sharded(discord, host, "1"):
        pass
    limit["remaining"] = 2
    adapter = build({**discord.env, "DISCORD_SHARDS": "3"})
    discord.gateway.starts.every = SPACE
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await discord.until(lambda: "session starts used up" in caplog.text and limit["remaining"] == 1)
        limit["remaining"] = 1_000
        await discord.until(lambda: len(discord.gateway.listening) == 3)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.close()
    assert discord.gateway.starts.refused == 0


def test_signs_of_life_are_of_all_shards(host: RecordingHost) -> None:
    """A bot of which one shard is silent does not count as alive."""
    together = shard_hosts.Together(host, [shard_hosts.Shard(0, 2), shard_hosts.Shard(1, 2)], _nowhere)
    together.heard(shard_hosts.Shard(0, 2))
    assert host.signs_of_life == 0
    together.heard(shard_hosts.Shard(1, 2))
    assert host.signs_of_life == 1


async def _nowhere(_: int) -> int | None:
    return None


async def test_too_few_shards(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where Discord requires more shards the bot ends with the setting's name: no other attempt would help."""
    discord.gateway.starts.fewest_shards = 4
    for count in "1", "2":
        async with sharded(discord, host, count) as bot:
            with pytest.raises(TokenRefused, match="DISCORD_SHARDS"):
                await bot.listening


async def test_the_newest_event_is_remembered_for_each_shard(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """A quiet shard's newest event does not hide what another one missed."""
    channels = servers_of_three(discord)
    async with sharded(discord, host):
        await discord.mention(discord.people[0], "What is damaged?", channels[1])
        await host.newest(Prompt)
    assert {name for name in host.facts if name.startswith(NEWEST_EVENT)} == {
        f"{NEWEST_EVENT} {number}/3" for number in range(3)
    }


async def test_a_lost_shard_leaves_the_others_alone(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """While one shard cannot begin a session, the servers of the others are answered."""
    channels = servers_of_three(discord)
    async with sharded(discord, host):
        (lost,) = [one for one in discord.gateway.listening if one.shard == (2, 3)]
        limit = discord.gateway.described["session_start_limit"]
        limit["remaining"], before = 0, limit["remaining"]
        discord.gateway.sessions.pop(lost.id)
        assert lost.socket is not None
        await lost.socket.close(code=4000)
        for number in (0, 1):
            await discord.mention(discord.people[0], f"What is damaged on site {number}?", channels[number])
        await host.newest(Prompt, 2)
        limit["remaining"] = before
        await discord.until(lambda: len(discord.gateway.listening) == 3)
        await discord.mention(discord.people[0], "And on site 2?", channels[2])
        await host.newest(Prompt, 3)


async def test_another_token_takes_over_from_every_shard(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """With another token each shard begins a session, also where Discord ends those of the first token meanwhile."""
    channels = servers_of_three(discord)
    async with sharded(discord, host) as bot:
        token = "rotated.1.0123456789abcdef"
        discord.server.tokens.add(token)
        changing = asyncio.create_task(
            bot.adapter.take_secrets({**discord.env, "DISCORD_TOKEN": token, "DISCORD_SHARDS": "3"})
        )
        await discord.until(lambda: discord.gateway.identified == 4)
        discord.server.tokens.intersection_update({token})
        for session in discord.gateway.listening:
            if session.shard == (2, 3) and session.socket is not None:
                await session.socket.close(code=4004)
        assert (await changing) == (("DISCORD_TOKEN",), ())
        await discord.until(
            lambda: (
                sorted(one.shard or (9, 9) for one in discord.gateway.listening) == [(0, 3), (1, 3), (2, 3)]
            )
        )
        for channel in channels:
            await discord.mention(discord.people[0], f"What is damaged in {channel}?", channel)
        await host.newest(Prompt, 3)
        assert not bot.listening.done()
    assert (len(host.prompts), discord.gateway.starts.refused) == (3, 0)


async def test_what_was_missed_is_read_by_its_shard(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """After a restart each shard reads its own threads, also an archived one, and the first one direct messages."""
    channels = servers_of_three(discord)
    ada = discord.people[0]
    async with sharded(discord, host) as bot:
        for number in (1, 2):
            await discord.mention(ada, f"What is damaged on site {number}?", channels[number])
            await bot.adapter.open_thread(await host.newest(Prompt, number))
        direct = await discord.direct_message(ada, "And here?")
        await host.newest(Prompt, 3)
    threads = [one.thread for one in host.prompts]
    assert thread_key(int(direct)) in threads
    host.known, host.away = threads, time.time()
    for thread in threads:
        await discord.reply(ada, thread.id, "And since?")
    discord.world.channel(threads[0].id).archived = True
    host.events.clear()
    before = discord.server.calls[LIST_MESSAGES]
    async with sharded(discord, host):
        await host.until(lambda: len({one.thread for one in host.prompts}) == 3)
        # Each thread, and the channel of the one that is open in a server.
        await discord.until(lambda: discord.server.calls[LIST_MESSAGES] - before == 4)
    assert discord.server.calls[LIST_MESSAGES] - before == 4


async def test_a_newest_event_of_long_ago_is_not_gone_back_to(host: RecordingHost) -> None:
    """A shard that was quiet, or not there, reads from an hour before the earlier process's end at most."""
    shard = shard_hosts.Shard(0, 2)
    seen = shard_hosts.ShardHost(shard_hosts.Together(host, [shard], _nowhere), shard)
    await seen.remember(NEWEST_EVENT, "1")
    assert await seen.recall(NEWEST_EVENT) == "1"
    host.away = time.time()
    again = shard_hosts.ShardHost(shard_hosts.Together(host, [shard], _nowhere), shard)
    assert int(await again.recall(NEWEST_EVENT) or "") == snowflake_at(host.away - shard_hosts.OLDEST)
    newest = str(snowflake_at(host.away - 60))
    await again.remember(NEWEST_EVENT, newest)
    assert await again.recall(NEWEST_EVENT) == newest


async def test_a_failure_of_the_core_ends_no_other_shard(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the core cannot read a row as a shard begins again, that shard tries once more, and the others go on."""
    servers_of_three(discord)
    recall, failed = host.recall, list[str]()

    async def fails_once(name: str) -> str | None:
        if not failed:
            failed.append(name)
            raise sqlite3.OperationalError("disk I/O error")
        return await recall(name)

    host.away = time.time()
    async with sharded(discord, host) as bot:
        monkeypatch.setattr(host, "recall", fails_once)
        (lost,) = [one for one in discord.gateway.listening if one.shard == (2, 3)]
        discord.gateway.sessions.pop(lost.id)
        assert lost.socket is not None
        await lost.socket.close(code=4000)
        await discord.until(lambda: discord.gateway.identified == 4 and len(discord.gateway.listening) == 3)
        assert (len(failed), bot.listening.done()) == (1, False)


async def test_two_sessions_of_a_shard_that_both_fail_to_tell(host: RecordingHost) -> None:
    """Where the core cannot take a shard's servers of two sessions, each of them says why."""
    shard, telling = shard_hosts.Shard(0, 1), asyncio.Event()

    async def fails(_: object) -> None:
        await telling.wait()
        raise OSError("disk")

    host.present = fails  # type: ignore[method-assign]  # the core fails
    together = shard_hosts.Together(host, [shard], _nowhere)
    both = [asyncio.create_task(together.present(shard, {one: "Site"})) for one in "12"]
    telling.set()
    assert [type(one) for one in await asyncio.gather(*both, return_exceptions=True)] == [OSError, OSError]
