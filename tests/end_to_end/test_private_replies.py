"""Private replies arrive although the platform refuses them at first."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot

FAILURES = [Failure.DOWN, Failure.RATE_LIMITED]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_private_reply_to_a_click_is_retried(bot: Bot, failure: Failure) -> None:
    """A 503 or a 429 delays the private reply to a click."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    bot.workspace.refuse(Operation.REPLY_PRIVATELY, failure)
    await bot.press(bot.ben, thread, "Approve")
    await bot.replies_privately(thread, bot.ben, "can approve or cancel this.")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_private_refusal_is_retried(idle: Bot, failure: Failure) -> None:
    """The private reply that refuses a person is sent again if the platform fails."""
    await idle.start(AION_BOT_ALLOW_USERS="U0SOMEBODYELSE")
    idle.workspace.refuse(Operation.REPLY_PRIVATELY, failure)
    thread = await idle.workspace.ask(idle.ada, "What is damaged on site 7?")
    await idle.replies_privately(thread, idle.ada, strings.NOT_HERE)


async def test_a_private_reply_blocks_nothing(
    bot: Bot, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a private reply cannot be sent, Stop works, the thread continues, and the bot can stop."""
    monkeypatch.setattr("aion_bot.runtime.dispatcher._MARKING", 0.2)
    bot.aion.play(spoken("Never.", Hold("never")), spoken("The next answer."))
    thread = await bot.asked(bot.ada, "What?", strings.THINKING)
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    bot.workspace.refuse(Operation.REPLY_PRIVATELY, Failure.DOWN, times=1000)
    await bot.press(bot.ben, thread, "Stop")
    await bot.press(bot.ada, thread, "Stop")
    await bot.shows(thread, "Stopped by")
    await bot.workspace.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "The next answer.")
    async with asyncio.timeout(60):  # a private reply is tried for ten minutes
        await bot.stop()
    assert "private reply cancelled" in capsys.readouterr().out
