"""A private sentence is told although the platform refuses it at first."""

import asyncio

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot

FAULTS = [{"status": 503}, {"retry_after": 0.2}]


def refuse_telling(bot: Bot, fault: dict[str, float], times: int = 1) -> None:
    """Let the platform refuse the next private answers, to a click and to a message alike."""
    if isinstance(bot.place, SimulatedSlack):
        bot.place.fail_next("chat.postEphemeral", times=times, **fault)  # type: ignore[arg-type]  # one of two keywords
    elif isinstance(bot.place, SimulatedDiscord):
        for route in ("POST /webhooks/{webhook_id}/{webhook_token}", "POST /users/@me/channels"):
            bot.place.fail_next(route, times=times, **fault)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_click_is_answered_after_a_refusal(bot: Bot, fault: dict[str, float]) -> None:
    """A 503 or a 429 delays the answer to a click, and does not swallow it."""
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    refuse_telling(bot, fault)
    await bot.press(bot.ben, thread, "Approve")
    await bot.told(thread, bot.ben, "This decision isn't yours.")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_refusal_is_told_after_a_refusal(idle: Bot, fault: dict[str, float]) -> None:
    """Somebody who may not use the bot learns it although the platform did not take the sentence at once."""
    await idle.start(AION_BOT_ALLOW_USERS="SOMEBODYELSE")
    refuse_telling(idle, fault)
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
    refuse_telling(bot, {"status": 503}, times=1000)
    await bot.press(bot.ada, thread, "Stop")
    await bot.shows(thread, "Stopped by")
    await bot.place.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "The next answer.")
    async with asyncio.timeout(4.0):
        await bot.stop()
    assert "somebody was not told any more" in capsys.readouterr().out
