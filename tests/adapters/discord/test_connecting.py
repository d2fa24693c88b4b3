"""Logging in, registering commands, staying connected, and leaving."""

import asyncio
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.discord import strings
from adapters.discord.commands import DIGEST
from aion_bot.ports.errors import PlatformDown, RateLimited, TokenRefused
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot, build, running, served
from tests.schemas.discord import inspect
from tests.support.recording_host import RecordingHost

PUT_COMMANDS = "PUT /applications/{application_id}/commands"


async def _listen_once(discord: SimulatedDiscord, host: RecordingHost, **changed: str) -> None:
    """Listen until that ends by itself."""
    adapter = build({**discord.env, **changed})
    try:
        async with asyncio.timeout(60):
            await adapter.listen(host)
    finally:
        await adapter.close()


@pytest.mark.usefixtures("bot")
async def test_what_is_reported_at_start(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The engineer reads the servers, the bot's name, what was registered, and how to invite the bot."""
    await host.until(lambda: bool(host.presences))
    (presence,) = host.presences
    assert (presence.workspaces, presence.bot) == (("Northwind",), "Aion")
    registered, invitation = presence.notices
    assert registered == "commands registered: ask, aion, Ask Aion"
    query = parse_qs(urlsplit(invitation.split(": ", 1)[1]).query)
    assert query["client_id"] == [discord.world.application]
    assert set(query["scope"][0].split()) == {"bot", "applications.commands"}
    allowed = int(query["permissions"][0])
    view, send, history, threads, in_threads = 1 << 10, 1 << 11, 1 << 16, 1 << 35, 1 << 38
    reactions, files = 1 << 6, 1 << 15
    assert allowed == view | send | history | threads | in_threads | reactions | files


@pytest.mark.parametrize("public", [True, False])
async def test_a_public_bot_is_warned_of(
    discord: SimulatedDiscord, host: RecordingHost, *, public: bool
) -> None:
    """Anybody can invite a public bot: the operator reads so at the start."""
    discord.world.public = public
    async with running(discord, host):
        await host.until(lambda: bool(host.presences))
    assert host.presences[0].warnings == ((strings.PUBLIC_BOT,) if public else ())


@pytest.mark.usefixtures("bot")
async def test_commands_come_first(discord: SimulatedDiscord) -> None:
    """Commands are there before the gateway connects, so that nobody meets an unknown one, in one request."""
    routes = [name for name, _ in discord.server.bodies]
    assert routes.count(PUT_COMMANDS) == 1
    assert discord.gateway.identified == 1
    registered = [(one["name"], one["type"]) for one in discord.world.commands]
    assert registered == [("ask", 1), ("aion", 1), ("Ask Aion", 3)]
    assert all(
        one["contexts"] == [0, 1] and one["integration_types"] == [0] for one in discord.world.commands
    )


async def test_commands_are_registered_once(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Commands are registered again only when they changed: Discord counts each day."""
    for _ in range(2):
        async with running(discord, host):
            await host.until(lambda: bool(host.presences))
    assert discord.server.calls[PUT_COMMANDS] == 1
    host.facts["commands"] = "as they were in an older version"
    async with running(discord, host):
        assert discord.server.calls[PUT_COMMANDS] == 2


async def test_commands_of_another_application(host: RecordingHost) -> None:
    """A token of another application registers its commands anew."""
    for _ in range(2):
        async with served(SimulatedDiscord(inspect)) as discord, running(discord, host):
            assert discord.server.calls[PUT_COMMANDS] == 1


@pytest.mark.parametrize(
    "fault",
    [{"status": 400, "code": 30034}, {"status": 429, "retry_after": 3_600}, {"status": 403, "code": 50001}],
)
async def test_commands_that_cannot_be_registered(
    discord: SimulatedDiscord, host: RecordingHost, fault: dict[str, Any]
) -> None:
    """Without its commands the bot still answers mentions; it says what is missing, and tries again next time."""
    discord.fail_next(PUT_COMMANDS, **fault)
    async with running(discord, host):
        await host.until(lambda: bool(host.presences))
        assert "could not be registered" in host.presences[0].notices[0]
        await discord.mention(discord.people[0], "hello")
        await host.prompt()
    assert DIGEST not in host.facts


async def test_a_server_error_while_registering(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """If Discord is down while commands are registered, listening ends and can be started again."""
    discord.fail_next(PUT_COMMANDS, status=503)
    with pytest.raises(PlatformDown):
        await _listen_once(discord, host)


async def test_a_refused_token(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A wrong token is reported with its variable, never its value."""
    with pytest.raises(TokenRefused) as caught:
        await _listen_once(discord, host, DISCORD_TOKEN="wrong.token.entirely")
    assert caught.value.variable == "DISCORD_TOKEN"
    assert "wrong.token" not in str(caught.value)


async def test_a_token_that_was_regenerated(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A token that only the gateway refuses is reported with its variable, too."""
    discord.gateway.tokens = {"another"}
    with pytest.raises(TokenRefused) as caught:
        await _listen_once(discord, host)
    assert caught.value.variable == "DISCORD_TOKEN"


async def test_an_intent_that_is_switched_off(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Asking for message content without the portal's switch names the variable that asks for it."""
    with pytest.raises(TokenRefused) as caught:
        await _listen_once(discord, host, AION_BOT_DISCORD_MESSAGE_CONTENT="true")
    assert caught.value.variable == "AION_BOT_DISCORD_MESSAGE_CONTENT"
    assert "Message Content intent" in caught.value.reason


async def test_nobody_there(host: RecordingHost) -> None:
    """An address where nothing listens is a platform that is down."""
    discord = SimulatedDiscord()
    await discord.start()
    await discord.stop()
    with pytest.raises(PlatformDown):
        await _listen_once(discord, host)


async def test_a_gateway_that_refuses(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """If the first handshake with the gateway fails, the platform is down: discord.py itself crashes there."""
    discord.gateway.refusing_connections = True
    with pytest.raises(PlatformDown):
        await _listen_once(discord, host)


async def test_a_rate_limit_while_logging_in(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A rate limit while logging in is reported with its pause."""
    discord.fail_next("GET /users/@me", status=429, retry_after=12)
    with pytest.raises(RateLimited) as caught:
        await _listen_once(discord, host)
    assert caught.value.retry_after == 12


async def test_listening_again(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """The same adapter listens again after the platform was down."""
    adapter = build(discord.env)
    discord.gateway.refusing_connections = True
    with pytest.raises(PlatformDown):
        await adapter.listen(host)
    discord.gateway.refusing_connections = False
    listening = asyncio.create_task(adapter.listen(host))
    await discord.connected()
    await discord.mention(discord.people[0], "back again?")
    assert (await host.prompt()).text == "back again?"
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    await adapter.close()


@pytest.mark.usefixtures("bot")
async def test_a_connection_that_breaks(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """After a broken connection the session is resumed, and what was written meanwhile arrives once."""
    await discord.gateway.drop()
    await discord.until(lambda: not discord.gateway.listening)
    await discord.mention(discord.people[0], "said meanwhile")
    assert (await host.prompt()).text == "said meanwhile"
    await discord.until(lambda: discord.gateway.resumed == 1)
    await discord.mention(discord.people[0], "said later")
    await host.prompt(2)
    assert [one.text for one in host.events if isinstance(one, Prompt)] == ["said meanwhile", "said later"]
    assert discord.gateway.identified == 1


@pytest.mark.usefixtures("bot")
async def test_a_session_that_is_invalidated(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """After an invalidated session the bot identifies anew, and says so, for events may be lost."""
    await host.until(lambda: len(host.presences) == 1)
    await discord.gateway.invalidate()
    await discord.until(lambda: discord.gateway.identified == 2)
    await host.until(lambda: len(host.presences) == 2)
    await discord.mention(discord.people[0], "still there?")
    assert (await host.prompt()).text == "still there?"


@pytest.mark.usefixtures("bot")
async def test_a_session_that_is_forgotten(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """A session that cannot be resumed is begun anew."""
    discord.gateway.sessions.clear()
    await discord.gateway.drop()
    await discord.until(lambda: discord.gateway.identified == 2)
    await discord.mention(discord.people[0], "still there?")
    assert (await host.prompt()).text == "still there?"


async def test_posting_while_the_gateway_is_away(discord: SimulatedDiscord, bot: Bot) -> None:
    """A running answer goes on while the gateway is gone."""
    discord.gateway.refusing_connections = True
    await discord.gateway.drop()
    await discord.until(lambda: not discord.gateway.listening)
    direct = ThreadKey("discord", discord.direct(discord.people[0]))
    ref = await bot.adapter.post(direct, Reply("growing"), nonce="n")
    await bot.adapter.edit(ref, Reply("growing further"))
    assert discord.thread(direct.id)[-1].versions == ["growing", "growing further"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"url": "ws://gateway.example/"}, "not encrypted"),
        ({"session_start_limit": {"remaining": 0, "reset_after": 90_000}}, "90 s"),
    ],
)
async def test_a_gateway_that_must_not_be_used(
    discord: SimulatedDiscord, host: RecordingHost, answer: dict[str, object], told: str
) -> None:
    """The token goes to no unencrypted gateway, and the day's session starts are not overdrawn."""
    discord.gateway.described |= answer
    with pytest.raises(PlatformDown, match=told):
        await _listen_once(discord, host)
    assert discord.gateway.identified == 0


@pytest.mark.usefixtures("reader")
async def test_the_intents(reading: SimulatedDiscord) -> None:
    """No privileged intent is asked for but the one that was wanted."""
    (session,) = reading.gateway.listening
    guilds, guild_messages, direct_messages, message_content = 1 << 0, 1 << 9, 1 << 12, 1 << 15
    assert session.intents == guilds | guild_messages | direct_messages | message_content
