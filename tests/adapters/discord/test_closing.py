"""Connections that end: by the bot, by Discord, or silently."""

import asyncio
import gc

import pytest

from adapters.discord import gateway, ids
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.gateway import GUILD_MESSAGES
from tests.adapters.discord.conftest import Bot, build
from tests.support.loop_time import loop_seconds
from tests.support.recording_host import RecordingHost


def test_leaving_takes_a_second() -> None:
    """What leaving may wait for is over within a second."""
    assert gateway.DELIVERY_GRACE + gateway.CLOSE_TIMEOUT < 1


CUT_OFF = 15.0
"""Seconds that bound a hang: discord.py itself waits for half a minute for the answer to a close."""


@pytest.mark.parametrize("unresponsive", [False, True])
async def test_leaving(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch, *, unresponsive: bool
) -> None:
    """Cancelled, it closes without waiting for a bound; where Discord does not answer the close, after that bound."""
    bound = gateway.CLOSE_TIMEOUT if unresponsive else 60.0
    monkeypatch.setattr(gateway, "DELIVERY_GRACE", 60.0)
    monkeypatch.setattr(gateway, "CLOSE_TIMEOUT", bound)
    discord.gateway.unresponsive = unresponsive
    adapter = build(discord.env)
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    async with loop_seconds(CUT_OFF):
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        await adapter.close()


async def test_leaving_at_once(
    discord: SimulatedDiscord, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Cancelled before the servers are described, it starts nothing that would never run, and warns of nothing."""
    adapter = build(discord.env)
    listening = asyncio.create_task(adapter.listen(host))
    await discord.connected()
    await discord.mention(discord.people[0], "hello")
    await host.prompt()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await adapter.close()
    await asyncio.sleep(
        gateway.GUILD_READY_TIMEOUT + 0.1
    )  # discord.py's own task ends by this time, not by an event
    gc.collect()
    assert host.presences == []
    assert caplog.records == []


async def test_what_was_begun_is_handed_over(
    discord: SimulatedDiscord, bot: Bot, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that was acknowledged reaches the core, though leaving began meanwhile; a later one does not."""
    ada = discord.people[0]
    direct = ids.thread_key(int(discord.direct(ada)))
    reply = Reply("Failed", buttons=(Button(Action.RETRY, "k", "Try again"),))
    message = str(ids.address_of(await bot.adapter.post(direct, reply, nonce="n"))[1])
    monkeypatch.setattr(gateway, "DELIVERY_GRACE", 60.0)  # how long a machine takes is not tried
    host.open.clear()
    await discord.press(ada, direct.id, message, "aion:retry:k")
    await host.until(lambda: host.accept_calls == 1)
    bot.listening.cancel()
    await asyncio.sleep(0)
    await discord.press(ada, direct.id, message, "aion:retry:k")
    asyncio.get_running_loop().call_later(0.1, host.open.set)  # while it leaves
    await asyncio.gather(bot.listening, return_exceptions=True)
    assert [type(one) for one in host.events] == [Click]
    assert host.accept_calls == 1


async def test_what_cannot_be_handed_over(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> None:
    """A core that does not take what was begun does not keep the bot from leaving."""
    host.open.clear()
    await discord.direct_message(discord.people[0], "hello")
    await host.until(lambda: host.accept_calls == 1)
    async with loop_seconds(CUT_OFF):
        bot.listening.cancel()
        await asyncio.gather(bot.listening, return_exceptions=True)
    host.open.set()
    await host.prompt()


async def test_what_ends_after_the_connection_raises_nothing(
    discord: SimulatedDiscord,
    bot: Bot,
    host: RecordingHost,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A message and a command that the core takes once the bot has left are no failures in the log: no traceback, no error."""
    monkeypatch.setattr(gateway, "DELIVERY_GRACE", 0.0)
    asked, decided, objected = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def objection(_: Prompt) -> str | None:
        asked.set()
        await decided.wait()
        objected.set()
        return "not now"

    monkeypatch.setattr(host, "objection", objection)
    host.open.clear()
    await discord.direct_message(discord.people[0], "hello")
    await host.until(lambda: host.accept_calls == 1)
    asking = asyncio.create_task(discord.ask(discord.people[0], "what broke?"))
    await asked.wait()
    bot.listening.cancel()
    await asyncio.gather(bot.listening, return_exceptions=True)
    await bot.adapter.close()
    before = asyncio.all_tasks()
    host.open.set()
    decided.set()
    await host.prompt()
    await objected.wait()
    handlers = [one for one in before if one.get_name().startswith(("discord.py", "CommandTree"))]
    assert handlers
    await asyncio.wait(handlers)
    asking.cancel()
    assert not [one.getMessage() for one in caplog.records if one.exc_info or one.levelname == "ERROR"]


async def test_a_silent_gateway(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A connection on which nothing comes any more, not even an answer to a heartbeat, is made anew."""
    discord.gateway.heartbeat_every = 0.1
    adapter = build(discord.env)
    adapter.heartbeat_timeout = 0.3
    listening = asyncio.create_task(adapter.listen(host))
    await discord.connected()
    discord.gateway.zombied = True
    await discord.direct_message(discord.people[0], "can you hear me?")
    await discord.until(lambda: not discord.gateway.listening)
    discord.gateway.zombied = False
    assert (await host.prompt()).text == "can you hear me?"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await adapter.close()


async def test_a_gateway_that_stays_away(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If no session can be had for a while listening ends, so that a new client can try."""
    adapter = build(discord.env)
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    monkeypatch.setattr(gateway, "SESSION_TIMEOUT", 0.2)
    discord.gateway.refusing_connections = True
    await discord.gateway.drop()
    with pytest.raises(PlatformDown):
        await listening
    await adapter.close()


async def test_a_short_absence(discord: SimulatedDiscord, host: RecordingHost, bot: Bot) -> None:
    """A session that came back in time is not given up later."""
    await host.until(lambda: bool(host.presences))
    assert bot.adapter._listening is not None
    given_up = bot.adapter._listening._gateway._session_timeout
    given_up.reschedule(asyncio.get_running_loop().time() + 60.0)  # as the loss of a connection does
    await discord.gateway.drop()
    await host.until(lambda: discord.gateway.resumed == 1 and given_up.when() is None)
    assert not bot.listening.done()


async def test_an_event_that_nobody_understands(discord: SimulatedDiscord, bot: Bot) -> None:
    """A READY over which discord.py stumbles ends listening as one of the port's errors, so that a new client can try."""
    discord.gateway.dispatch("READY", {"nothing": "expected"}, GUILD_MESSAGES)
    with pytest.raises(PlatformDown, match="KeyError"):
        await bot.listening


@pytest.mark.parametrize("code", [4000, 4007, 4009])
async def test_closed_by_discord(discord: SimulatedDiscord, host: RecordingHost, bot: Bot, code: int) -> None:
    """Codes after which Discord's documentation allows to reconnect lead to a session again."""
    await host.until(lambda: bool(host.presences))
    await discord.gateway.drop(code)
    await discord.until(lambda: discord.gateway.resumed == 1)
    assert not bot.listening.done()
