"""What the adapter, discord.py and aiohttp write into the log."""

import logging

import pytest

from adapters.discord import ids
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.conftest import running
from tests.support.recording_host import RecordingHost

QUESTION = "who broke the window"
ANSWER = "the wind broke it"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
CALLBACK = "POST /interactions/{interaction_id}/{interaction_token}/callback"


async def _a_busy_day(discord: SimulatedDiscord, host: RecordingHost) -> None:
    """Ask, answer, press and reply privately, with everything going wrong that can."""
    async with running(discord, host) as bot:
        ada = discord.people[0]
        thread = await discord.ask(ada, QUESTION)
        prompt = await host.prompt()
        await bot.adapter.open_thread(prompt)
        button = Button(Action.RETRY, "k", "Try again")
        ref = await bot.adapter.post(prompt.thread, Reply(ANSWER, buttons=(button,)), nonce="n")
        for fault in ({"status": 429, "retry_after": 1}, {"status": 503}, {"status": 400}, {"drop": True}):
            discord.fail_next(EDIT, **fault)
            with pytest.raises(PlatformError):
                await bot.adapter.edit(ref, Reply(ANSWER))
        discord.fail_next(CALLBACK, status=400, code=50035)
        await discord.press(ada, thread, str(ids.address_of(ref)[1]), "aion:retry:k")
        await bot.adapter.reply_privately(await host.click(2), (ANSWER,))
        discord.expire_tokens()
        await bot.adapter.reply_privately(prompt, (ANSWER,))
        host.fail(failure=OSError("disk full"))
        await discord.mention(ada, QUESTION)
        await discord.until(lambda: len(discord.thread(discord.direct(ada))) == 3)
        await discord.gateway.drop(4000)
        await discord.until(lambda: discord.gateway.resumed == 1)


async def test_no_secret_at_any_level(
    discord: SimulatedDiscord, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the bot's token nor an interaction's is logged, even where everything is logged."""
    caplog.set_level(logging.DEBUG)
    await _a_busy_day(discord, host)
    secrets = [discord.env["DISCORD_TOKEN"], *discord.world.interactions]
    assert len(secrets) == 3
    assert caplog.records
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    assert [secret for secret in secrets if secret in logged] == []


async def test_no_words_of_people_in_the_log(
    discord: SimulatedDiscord, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """What people and the model say is not logged at info or above."""
    caplog.set_level(logging.INFO)
    await _a_busy_day(discord, host)
    assert any(record.levelno >= logging.WARNING for record in caplog.records)
    assert QUESTION not in caplog.text
    assert ANSWER not in caplog.text


async def test_a_quiet_start(
    discord: SimulatedDiscord, host: RecordingHost, caplog: pytest.LogCaptureFixture
) -> None:
    """Starting and stopping warns of nothing: not of voice, nor of intents that are not needed."""
    async with running(discord, host):
        await host.until(lambda: bool(host.presences))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_settings_hide_the_token(discord: SimulatedDiscord) -> None:
    """A token does not show when settings are printed."""
    from adapters.discord.config import Settings

    settings, _ = Settings.read(discord.env)
    assert discord.env["DISCORD_TOKEN"] not in repr(settings)
