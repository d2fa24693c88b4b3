"""Apps that ask, in the whole bot."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot

FLOW = {"subtype": "bot_message", "bot_id": "B0FLOW", "app_id": "A0FLOW", "username": "Site round"}


@pytest.fixture
async def bot(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot on Slack that serves one app."""
    made = Bot(aion, slack, tmp_path)
    await made.start(AION_BOT_ALLOW_APPS="A0FLOW")
    yield made
    await made.stop()


def mention(bot: Bot, slack: SimulatedSlack, words: str, thread: str | None = None, **app: str) -> str:
    """Let an app mention the bot."""
    by = {**FLOW, **app}
    return slack.say(bot.cy, slack.general, f"<@U0AION> {words}", thread=thread, beside=by).ts


async def test_a_listed_app_asks_once_until_a_person_does(bot: Bot, slack: SimulatedSlack) -> None:
    """A workflow's mention is answered in its thread; its next ones are not, until somebody asks there."""
    bot.aion.play(*map(spoken, ("The first.", "The second.", "The third.")))
    thread = mention(bot, slack, "which inspections are due?")
    await bot.shows(thread, "The first.")
    mention(bot, slack, "and tomorrow?", thread)
    await slack.reply(bot.ada, thread, "and on Monday?")
    await bot.shows(thread, "The second.")
    mention(bot, slack, "and on Friday?", thread)
    await bot.shows(thread, "The third.")
    asked = [body["message"] for body in bot.aion.bodies("send_stream")]
    assert asked == ["which inspections are due?", "and on Monday?", "and on Friday?"]


async def test_other_apps_are_left_alone(bot: Bot, slack: SimulatedSlack) -> None:
    """An app that is not listed is not answered, neither in the channel nor in private."""
    mention(bot, slack, "are you there?", app_id="A0ELSE", bot_id="B0ELSE")
    mention(bot, slack, "", app_id="A0FLOW")
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.until(lambda: all(one.acknowledged for one in slack.sockets.deliveries))
    assert bot.aion.count("send_stream") == 1
    assert not [one for one in slack.log if one.name == "chat.postEphemeral"]
