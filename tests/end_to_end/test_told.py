"""A private sentence is told although the platform refuses it at first."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot

FAILURES = [Failure.DOWN, Failure.RATE_LIMITED]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_click_is_answered_after_a_refusal(bot: Bot, failure: Failure) -> None:
    """A 503 or a 429 delays the answer to a click, and does not swallow it."""
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    bot.place.refuse(Operation.REPLY_PRIVATELY, failure)
    await bot.press(bot.ben, thread, "Approve")
    await bot.told(thread, bot.ben, "This decision isn't yours.")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_refusal_is_told_after_a_refusal(idle: Bot, failure: Failure) -> None:
    """Somebody who may not use the bot learns it although the platform did not take the sentence at once."""
    await idle.start(AION_BOT_ALLOW_USERS="U0SOMEBODYELSE")
    idle.place.refuse(Operation.REPLY_PRIVATELY, failure)
    thread = await idle.place.ask(idle.ada, "What is damaged on site 7?")
    await idle.told(thread, idle.ada, strings.NOT_HERE)


async def test_telling_holds_up_nothing(
    bot: Bot, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a sentence cannot be told, Stop stops, the thread goes on, and a stop of the bot gives the sentence up."""
    monkeypatch.setattr("aion_bot.runtime.dispatcher._MARKING", 0.2)
    bot.aion.play(spoken("Never.", Hold("never")), spoken("The next answer."))
    thread = await bot.asked(bot.ada, "What?", strings.THINKING)
    await bot.aion.until(lambda: bot.aion.streaming == 1)
    bot.place.refuse(Operation.REPLY_PRIVATELY, Failure.DOWN, times=1000)
    await bot.press(bot.ada, thread, "Stop")
    await bot.shows(thread, "Stopped by")
    await bot.place.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "The next answer.")
    async with asyncio.timeout(4.0):
        await bot.stop()
    assert "private reply cancelled" in capsys.readouterr().out
