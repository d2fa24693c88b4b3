"""Backfill: what was written while nobody listened is read in a new session, and handled like live messages."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from adapters.discord import backfill
from aion_bot.ports.events import InboundEvent, Invited, Prompt
from aion_bot.ports.messages import ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.workspace import GENERAL
from tests.adapters.discord.conftest import Bot, running
from tests.adapters.discord.replicas import replica
from tests.support.loop_time import loop_seconds
from tests.support.recording_host import RecordingHost
from tests.support.shared_values import MemoryValues

LIST = "GET /channels/{channel_id}/messages"
CHANNEL = "GET /channels/{channel_id}"


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "ATTEMPT_DELAY", 0.01)


def _texts(host: RecordingHost) -> list[str]:
    return [one.text for one in host.events if isinstance(one, Prompt)]


def _listed(discord: SimulatedDiscord, *places: str) -> int:
    """How often these threads or conversations were listed."""
    return sum(one.name == LIST and one.channel in places for one in discord.log)


def _know(host: RecordingHost, *threads: str) -> None:
    host.known = [ThreadKey("discord", thread) for thread in threads]
    host.away = time.time() - 1


async def _thread(discord: SimulatedDiscord, host: RecordingHost) -> str:
    """Ask once, and leave; returns the thread's id."""
    async with running(discord, host) as bot:
        thread = await discord.ask(discord.people[0], "What is damaged?")
        await bot.adapter.open_thread(await host.prompt())
    host.events.clear()
    host.presences.clear()
    return thread


async def test_after_a_restart(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """What was written in threads and direct conversations while no process ran is delivered, oldest first."""
    thread, direct = await _thread(discord, host), discord.direct(discord.people[1])
    _know(host, thread, direct)
    for text in ("first", "second"):
        await discord.mention(discord.people[0], text, thread)
    discord.say(discord.people[1], "among us", thread)
    await discord.direct_message(discord.people[1], "privately")
    async with running(discord, host):
        await host.prompt(3)
    assert [text for text in _texts(host) if text != "privately"] == ["first", "second"]
    assert "privately" in _texts(host)


async def test_a_mention_in_a_channel_with_a_thread(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where a thread of the bot is open, a mention beside it is delivered as well, and what others say there is not."""
    _know(host, await _thread(discord, host))
    begun = await discord.mention(discord.people[1], "And the hoist?")
    discord.say(discord.people[1], "among us", discord.world.named(GENERAL).id)
    async with running(discord, host):
        await host.prompt()
    assert _texts(host) == ["And the hoist?"]
    assert [one.key for one in host.events if isinstance(one, Prompt)] == [f"discord:{begun}"]


async def test_it_is_what_would_have_arrived(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A message that is fetched becomes the very prompt that it becomes when it arrives."""
    thread = await _thread(discord, host)
    ada = discord.people[0]
    _know(host, thread)
    async with running(discord, host):
        text = f"<@{discord.world.bot.id}> look at <#{discord.world.named('site-7').id}>"
        discord.say(ada, text, thread, replied_to=discord.say(ada, text, thread), attachments=("a.png",))
        await host.prompt(2)
    live, host.events = host.events, []
    async with running(discord, host):
        await host.prompt(2)
    assert host.events == live


@pytest.mark.parametrize("invalidated", [True, False])
async def test_after_a_lost_session(
    discord: SimulatedDiscord, host: RecordingHost, *, invalidated: bool
) -> None:
    """What a lost session would have delivered is read, though the core does not know that one was lost."""
    thread = await _thread(discord, host)
    host.known = [ThreadKey("discord", thread)]
    async with running(discord, host):
        await host.until(lambda: len(host.presences) == 1)
        await discord.mention(discord.people[0], "heard", thread)
        await host.prompt()
        discord.gateway.dropping_events = True
        await discord.mention(discord.people[0], "unheard", thread)
        discord.gateway.dropping_events = False
        if invalidated:
            await discord.gateway.invalidate()
        else:
            discord.gateway.sessions.clear()
            await discord.gateway.drop()
        await host.until(lambda: "unheard" in _texts(host))
    assert discord.gateway.identified == 3
    assert _texts(host)[-1] == "unheard"


async def test_a_resumed_session_fetches_nothing(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A session that is resumed delivers everything by itself."""
    thread = await _thread(discord, host)
    host.known = [ThreadKey("discord", thread)]
    async with running(discord, host):
        await host.until(lambda: len(host.presences) == 1)
        await discord.gateway.drop()
        await discord.until(lambda: discord.gateway.resumed == 1)
        await discord.mention(discord.people[0], "said later", thread)
        await host.prompt()
    assert discord.server.calls[LIST] == 0


async def test_a_first_start_fetches_nothing(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where nothing can have been missed, nothing is read."""
    thread = await _thread(discord, host)
    host.known = [ThreadKey("discord", thread)]
    await discord.mention(discord.people[0], "long ago", thread)
    async with running(discord, host):
        await host.until(lambda: len(host.presences) == 1)
        await discord.mention(discord.people[0], "now", thread)
        await host.prompt()
    assert _texts(host) == ["now"]
    assert discord.server.calls[LIST] == 0


async def test_what_was_received_before(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was written after the given moment is read."""
    monkeypatch.setattr(backfill, "CLOCK_SKEW", 0)
    thread = await _thread(discord, host)
    await discord.mention(discord.people[0], "known", thread)
    _know(host, thread)
    host.facts.clear()  # as a version left it that counted by the clock
    host.away = time.time()
    await asyncio.sleep(0.002)  # an id tells milliseconds
    await discord.mention(discord.people[0], "missed", thread)
    async with running(discord, host):
        await host.prompt()
    assert _texts(host) == ["missed"]


async def test_a_thread_archived_meanwhile(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A thread that the gateway does not describe any more is looked up, and belongs to its channel."""
    thread = await _thread(discord, host)
    _know(host, thread)
    await discord.mention(discord.people[0], "missed", thread)
    discord.backend.update(discord.world.channel(thread), {"archived": True})
    async with running(discord, host):
        prompt = await host.prompt()
    general = discord.world.named("general")
    assert (prompt.thread.id, prompt.opening) == (thread, None)
    assert (prompt.place.workspace, prompt.place.channel) == (discord.world.guild, general.id)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "retry_after": 0.05},
        {"status": 429, "retry_after": 0.05, "via": False},
        {"status": 503},
        {"drop": True},
        {"cut": True},
        {"hang": True},
    ],
)
async def test_another_attempt(
    discord: SimulatedDiscord,
    host: RecordingHost,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, Any],
) -> None:
    """What fails for a moment is asked for again, after the pause that Discord wants."""
    monkeypatch.setattr(backfill, "ATTEMPT_TIMEOUT", 0.5 if "hang" in fault else 60.0)
    thread = await _thread(discord, host)
    _know(host, thread)
    await discord.mention(discord.people[0], "missed", thread)
    discord.fail_next(LIST, **fault)
    channel = discord.world.named(GENERAL).id
    async with running(discord, host):
        assert (await host.prompt()).text == "missed"
        await discord.until(lambda: _listed(discord, channel) == 1)
    assert discord.server.calls[LIST] == 2 + 1  # the thread twice


@pytest.mark.parametrize("fault", [{"status": 403, "code": 50001}, {"status": 404, "code": 10003}])
async def test_threads_without_access(
    discord: SimulatedDiscord, host: RecordingHost, fault: dict[str, Any]
) -> None:
    """A thread that is gone or closed to the bot does not keep the others from being read."""
    thread, direct = await _thread(discord, host), discord.direct(discord.people[1])
    _know(host, "1", thread, direct)
    await discord.mention(discord.people[0], "out of reach", thread)
    await discord.direct_message(discord.people[1], "missed")
    discord.fail_next(LIST, **fault)
    async with running(discord, host):
        assert (await host.prompt()).text == "missed"
    assert _listed(discord, thread, direct) == 2
    assert discord.server.calls[CHANNEL] == 2  # the one that is gone, and the direct conversation


async def test_nothing_waits_for_it(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """While fetching hangs the bot is connected and live messages arrive, in the same thread too; leaving is quick."""
    thread = await _thread(discord, host)
    _know(host, thread)
    discord.fail_next(LIST, hang=True)
    async with AsyncExitStack() as leaving, running(discord, host):
        await discord.until(lambda: discord.server.calls[LIST] == 1)
        assert len(host.presences) == 1
        await discord.mention(discord.people[0], "live", thread)
        assert (await host.prompt()).text == "live"
        # The request is not waited for.
        await leaving.enter_async_context(loop_seconds(backfill.ATTEMPT_TIMEOUT * 0.8))


async def test_its_bounds(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many threads are read, each with one request for a hundred messages."""
    monkeypatch.setattr(backfill, "MAX_THREADS", 5)
    thread = await _thread(discord, host)
    _know(host, *[thread] * 6)
    for number in range(101):
        discord.say(discord.people[0], f"<@{discord.world.bot.id}> {number}", thread)
    monkeypatch.setattr(backfill, "CONCURRENT_THREADS", 1)
    async with running(discord, host):
        await host.prompt(5 * 100)
    assert _texts(host)[:100] == [str(number) for number in range(100)]
    assert _listed(discord, thread) == 5


async def test_what_could_not_be_fetched(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What took too long is fetched after the next fresh connection, from where the first should have begun."""
    monkeypatch.setattr(backfill, "TOTAL_TIMEOUT", 0.2)
    thread = await _thread(discord, host)
    _know(host, thread)
    await discord.mention(discord.people[0], "missed", thread)
    discord.fail_next(LIST, hang=True)
    async with running(discord, host):
        await discord.until(lambda: discord.server.calls[LIST] == 1)
        host.away = None
        monkeypatch.setattr(backfill, "TOTAL_TIMEOUT", 60.0)  # how long a machine takes is not tried
        await discord.gateway.invalidate()
        assert (await host.prompt()).text == "missed"


async def test_threads_that_could_not_be_fetched(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that could not be read is read after a while, in the same session."""
    monkeypatch.setattr(backfill, "RETRY_DELAYS", (0.01,))
    thread = await _thread(discord, host)
    _know(host, thread)
    await discord.mention(discord.people[0], "missed", thread)
    discord.fail_next(LIST, drop=True, times=backfill.ATTEMPTS)
    async with running(discord, host):
        assert (await host.prompt()).text == "missed"
    assert (discord.gateway.identified, _listed(discord, thread)) == (2, backfill.ATTEMPTS + 1)


async def test_a_session_lost_while_fetching(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missed while a backfill is running is read too."""
    monkeypatch.setattr(backfill, "CLOCK_SKEW", 0)
    thread = await _thread(discord, host)
    _know(host, thread)
    ada, ben, _ = discord.people
    await discord.mention(ada, "first", thread)
    host.open.clear()
    async with running(discord, host):
        await host.until(lambda: host.accept_calls == 2)  # one when the thread was made
        discord.gateway.dropping_events = True
        await discord.mention(ada, "second", thread)
        discord.gateway.dropping_events = False
        identified = discord.gateway.identified
        await discord.gateway.invalidate()
        await discord.until(lambda: discord.gateway.identified == identified + 1)
        await discord.direct_message(ben, "live")
        await host.until(lambda: host.accept_calls == 3)
        host.open.set()
        await host.until(lambda: "second" in _texts(host))


async def test_a_core_that_takes_nothing(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The author of a message that the core could not write is told, and the message is delivered again in a new session."""
    thread = await _thread(discord, host)
    _know(host, thread)
    await discord.mention(discord.people[0], "missed", thread)
    host.fail(failure=OSError("disk full"))
    async with running(discord, host):
        await discord.until(lambda: len(discord.thread(discord.direct(discord.people[0]))) == 1)
        host.fail(0)
        await discord.gateway.invalidate()
        assert (await host.prompt()).text == "missed"


async def test_listening_again_after_an_outage(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """A new client of the same process knows when the old one received its last event."""
    direct = discord.direct(discord.people[0])
    host.known = [ThreadKey("discord", direct)]
    await host.until(lambda: len(host.presences) == 1)
    await discord.direct_message(discord.people[0], "heard")
    await host.prompt()
    discord.gateway.dropping_events = True
    await discord.gateway.drop(4013)
    with pytest.raises(Exception, match="cannot be reached"):
        await bot.listening
    await discord.direct_message(discord.people[0], "unheard")
    discord.gateway.dropping_events = False
    again = asyncio.create_task(bot.adapter.listen(host))
    await host.until(lambda: "unheard" in _texts(host))
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)


async def test_its_pace(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests are spread, so that backfill never takes the whole bot's limit from the answers."""
    monkeypatch.setattr(backfill, "REQUEST_INTERVAL", 0.1)
    directs = [discord.direct(person) for person in discord.people]
    _know(host, *directs)
    for person in discord.people:
        await discord.direct_message(person, "missed")
    async with running(discord, host):
        await host.prompt(len(directs))
    read = [call.at for call in discord.server.log if call.name in {LIST, CHANNEL}]
    assert len(read) == 2 * len(directs)
    assert read[-1] - read[0] > 0.1 * (len(read) - 2)  # the first may arrive late


async def test_what_was_read_before_time_ran_out(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the threads that were not read to their end are read again."""
    monkeypatch.setattr(backfill, "TOTAL_TIMEOUT", 1.0)
    monkeypatch.setattr(backfill, "RETRY_DELAYS", (0.01,))
    ada, ben, _ = discord.people
    _know(host, discord.direct(ada), discord.direct(ben))
    for person in (ada, ben):
        await discord.direct_message(person, "missed")
    discord.fail_next(LIST, hang=True)
    async with running(discord, host):
        await discord.until(lambda: discord.server.calls[LIST] >= 2)
        monkeypatch.setattr(backfill, "TOTAL_TIMEOUT", 60.0)
        await host.prompt(2)
        await discord.until(lambda: discord.server.calls[LIST] == 3)
    assert len(host.events) == 2


async def test_an_invitation_that_the_core_cannot_take(
    discord: SimulatedDiscord, host: RecordingHost
) -> None:
    """Where the core cannot take an invitation of the last day, what was missed is read all the same."""
    thread = await _thread(discord, host)
    _know(host, thread)
    discord.invite("Southwind", "lobby")
    await discord.mention(discord.people[0], "unheard", thread)
    accept, refused = host.accept, list[InboundEvent]()

    async def takes_questions(event: InboundEvent) -> None:
        if isinstance(event, Invited):
            refused.append(event)
            raise OSError("disk")
        await accept(event)

    host.accept = takes_questions  # type: ignore[method-assign]  # the core fails
    async with running(discord, host):
        await host.prompt()
        await discord.until(lambda: bool(refused))
    assert _texts(host) == ["unheard"]


async def test_a_slower_pace_has_more_time(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bucket reads as much slower as others may read at the same time, and has as much longer for it."""
    monkeypatch.setattr(backfill, "REQUEST_INTERVAL", 0.02)
    monkeypatch.setattr(backfill, "TOTAL_TIMEOUT", 0.5)
    monkeypatch.setattr(backfill, "RETRY_DELAYS", ())
    directs = [discord.direct(person) for person in discord.people]
    _know(host, *directs)
    for person in discord.people:
        await discord.direct_message(person, "missed")
    async with replica(discord, host, "0", MemoryValues(), shards="8"):
        await host.prompt(len(directs))
