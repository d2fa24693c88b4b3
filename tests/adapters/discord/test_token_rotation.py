"""Another token takes over while the adapter listens: nothing is lost, nothing comes twice, and a bad one changes nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.discord import gateway, strings, takeover
from adapters.discord.config import TOKEN
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.messages import Action, Button, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import Bot, build
from tests.adapters.discord.pacing import SPACE, begin_soon
from tests.support.recording_host import RecordingHost


@pytest.fixture(autouse=True)
def _servers_are_described_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator describes its servers right after READY."""
    monkeypatch.setitem(gateway.OPTIONS, "guild_ready_timeout", 0.05)  # type: ignore[arg-type]  # one type for all options


def allow(discord: SimulatedDiscord, number: int) -> Mapping[str, str]:
    """Let another token hold beside those in force; returns the environment with it."""
    token = f"rotated.{number}.0123456789abcdef"
    discord.server.tokens.add(token)
    return {**discord.env, TOKEN: token}


async def revoke_all_but(discord: SimulatedDiscord, env: Mapping[str, str], *, drop: bool = True) -> None:
    """Let one token alone hold, as Discord does; `drop`: the sessions of the others end."""
    discord.server.tokens.intersection_update({env[TOKEN]})
    if drop:
        await discord.gateway.drop(4004)


@pytest.mark.slow
async def test_tokens_rotate_under_traffic(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    """Through three rotations, with a refused one between, each message, command and press comes, and comes once.

    The message that was posted with the first token is edited with the last one; no other process is suspected.
    """
    ada, over, asked = discord.people[0], False, 0
    thread = await discord.ask(ada, "what broke?")
    prompt = await host.prompt()
    await bot.adapter.open_thread(prompt)
    shown = Reply("A", buttons=(Button(Action.APPROVE, "k", "Approve"),))
    ref = await bot.adapter.post(prompt.thread, shown, nonce="n-1")

    async def talk() -> None:
        nonlocal asked
        while not over:
            asked += 1
            await discord.mention(ada, f"question {asked}")
            await discord.press(ada, thread, discord.thread(thread)[-1].id, "aion:approve:k")
            await host.until(lambda asked=asked: len(host.clicks) >= asked and len(host.prompts) > asked)  # type: ignore[misc]  # mypy infers no type for a default of a lambda

    talking = asyncio.create_task(talk())
    for number in (1, 2, 3):
        env = allow(discord, number)
        replaced, problems = await bot.adapter.take_secrets(env)
        assert (list(replaced), list(problems)) == ([TOKEN], [])
        await revoke_all_but(discord, env, drop=False)
        refused = {**env, TOKEN: "rotated.9.unknown"}
        assert (await bot.adapter.take_secrets(refused))[0] == ()
    over = True
    await talking
    await bot.adapter.edit(ref, Reply("B"))
    assert (len(host.clicks), len(host.prompts), host.signs) == (asked, asked + 1, [])
    assert asked > 3
    await discord.until(lambda: len(discord.gateway.listening) == 1)
    assert not [one for one in caplog.records if one.exc_info]


@pytest.mark.parametrize("case", ["refused", "malformed", "other bot", "same", "no session"])
async def test_a_token_that_does_not_hold_changes_nothing(
    discord: SimulatedDiscord,
    host: RecordingHost,
    bot: Bot,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    """A refused token, a malformed one, and one of another bot is named with what to do; the old one stays in force.

    So it does where Discord begins no other session.
    """
    env = dict(allow(discord, 1))
    expected: list[tuple[str, str]] = []
    await discord.ask(discord.people[0], "what broke?")
    await bot.adapter.open_thread(await host.prompt())  # logs in
    known = discord.world.bot
    if case == "refused":
        discord.server.tokens.discard(env[TOKEN])
        expected = [(TOKEN, "Discord does not accept it; copy the token from the developer portal anew")]
    elif case == "malformed":
        env[TOKEN] = "Bot x"
        expected = [(TOKEN, strings.PREFIXED_WITH_BOT)]
    elif case == "other bot":
        discord.world.bot = replace(known, id="999999999999999999")
        expected = [(TOKEN, strings.OTHER_BOT)]
    elif case == "same":
        env = dict(discord.env)
    else:
        monkeypatch.setattr(takeover, "READY_TIMEOUT", 0.05)
        monkeypatch.setattr(gateway, "SESSION_TIMEOUT", 0.02)
        discord.gateway.refusing_connections = True
    if case == "no session":
        with pytest.raises(PlatformDown):
            await bot.adapter.take_secrets(env)
    else:
        replaced, problems = await bot.adapter.take_secrets(env)
        assert (tuple(replaced), [(one.variable, one.mend) for one in problems]) == ((), expected)
    discord.world.bot, discord.gateway.refusing_connections = known, False
    before = len(host.prompts)
    await discord.mention(discord.people[0], "still there?")
    await host.until(lambda: len(host.prompts) > before)
    assert len(discord.gateway.listening) == 1


async def test_a_revoked_token_is_replaced(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Where Discord has revoked the token, `listen` ends; with another one it serves again."""
    adapter = build(discord.env)
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    env = allow(discord, 1)
    await revoke_all_but(discord, env)
    with pytest.raises(TokenRefused):
        await listening
    assert (await adapter.take_secrets(env))[0] == (TOKEN,)
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: len(host.presences) == 2)
    await discord.mention(discord.people[0], "are you back?")
    await host.until(lambda: bool(host.prompts))
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await adapter.close()


async def test_a_token_that_is_revoked_during_the_change_is_replaced(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot
) -> None:
    """Where Discord ends the old session while the new one begins, the adapter goes on listening with the new one."""
    env = allow(discord, 1)
    taking = asyncio.create_task(bot.adapter.take_secrets(env))
    await discord.until(lambda: len(discord.gateway.sessions) == 2)
    old = next(iter(discord.gateway.sessions.values())).socket
    assert old is not None
    await revoke_all_but(discord, env, drop=False)
    await old.close(code=4004)
    assert (await taking)[0] == (TOKEN,)
    await discord.mention(discord.people[0], "are you there?")
    await host.until(lambda: bool(host.prompts))
    assert not bot.listening.done()


async def begin_no_session(
    discord: SimulatedDiscord, bot: Bot, env: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Change to a token that alone holds while Discord's gateway takes no connection."""
    await revoke_all_but(discord, env, drop=False)
    discord.gateway.refusing_connections = True
    with monkeypatch.context() as short:
        short.setattr(takeover, "READY_TIMEOUT", 0.05)
        short.setattr(gateway, "SESSION_TIMEOUT", 0.02)
        with pytest.raises(PlatformDown):
            await bot.adapter.take_secrets(env)
    discord.gateway.refusing_connections = False


async def test_requests_use_a_token_for_which_no_session_begins_yet(
    discord: SimulatedDiscord, bot: Bot, general: ThreadKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord takes the new token alone: answers go on with it, and a later try lets another gateway take over."""
    env = allow(discord, 1)
    await bot.adapter.post(general, Reply("A"), nonce="n-1")
    await begin_no_session(discord, bot, env, monkeypatch)
    await bot.adapter.post(general, Reply("B"), nonce="n-2")
    assert (await bot.adapter.take_secrets(env))[0] == (TOKEN,)
    assert (await bot.adapter.take_secrets(env))[0] == ()
    await discord.until(lambda: len(discord.gateway.listening) == 1)


async def test_a_gateway_that_ends_before_another_took_over(
    discord: SimulatedDiscord, host: RecordingHost, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the session of the earlier token ends first, the adapter listens again with the new one."""
    await host.until(lambda: bool(host.presences))
    await begin_no_session(discord, bot, allow(discord, 1), monkeypatch)
    await discord.gateway.drop(4004)
    with pytest.raises(TokenRefused):
        await bot.listening
    listening = asyncio.create_task(bot.adapter.listen(host))
    await host.until(lambda: len(host.presences) == 2)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_shards_whose_sessions_end_before_others_took_over(
    discord: SimulatedDiscord, host: RecordingHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards whose sessions end with the earlier token begin others with the new one, for which none began at first."""
    begin_soon(monkeypatch)
    discord.gateway.starts.every = SPACE
    adapter = build({**discord.env, "DISCORD_SHARDS": "2"})
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    env = {**allow(discord, 1), "DISCORD_SHARDS": "2"}
    await begin_no_session(discord, Bot(adapter, listening), env, monkeypatch)
    await discord.gateway.drop(4004)
    # On a busy machine a connection of the change that failed may come through late, and be one session more.
    await discord.until(lambda: discord.gateway.identified >= 4 and len(discord.gateway.listening) == 2)
    assert not listening.done()
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await adapter.close()
