"""Answers to questions that waited say which question they answer, where other questions came between."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot

HELD = Scene((Speak("The first one. "), Hold("go", pings=True), *ENDING), Answer("The first one."))
HOSTILE = "And *the second*? <@U1> [x](https://evil.test) `y`"


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot on Slack alone."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    yield bot
    await bot.stop()


@pytest.fixture
async def on_discord(aion: SimulatedAion, discord: SimulatedDiscord, tmp_path: Path) -> AsyncIterator[Bot]:
    """A bot on Discord alone."""
    bot = Bot(aion, discord, tmp_path)
    await bot.start()
    yield bot
    await bot.stop()


async def queued(bot: Bot) -> str:
    """Ask one question and, while it is answered, two more; wait until all are answered."""
    bot.aion.play(HELD, spoken("The answer to two."), spoken("The answer to three."))
    thread = await bot.asked(bot.ada, "What first?", "The first one.")
    await bot.workspace.reply(bot.ben, thread, HOSTILE)
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    await bot.workspace.reply(bot.ada, thread, "And what is third?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 2)
    bot.aion.release("go")
    await bot.shows(thread, "The answer to two.", "The answer to three.")
    return thread


async def test_a_reply_reference_names_the_question(on_discord: Bot, discord: SimulatedDiscord) -> None:
    """On Discord both late answers are replies to their questions, and the first one is not; nobody is pinged."""
    thread = await queued(on_discord)
    replies = {
        one.content.split("\n")[0]: one.replied_to.content
        for one in discord.world.messages[thread]
        if one.content.startswith("The ") and one.replied_to is not None
    }
    assert set(replies) == {"The answer to two.", "The answer to three."}
    assert "the second" in replies["The answer to two."]
    assert "what is third?" in replies["The answer to three."]
    assert not any(one.pings for one in on_discord.bots(thread))
    assert "About" not in on_discord.text(thread)


async def test_a_line_names_the_question(on_slack: Bot) -> None:
    """On Slack a line before both late answers names their questions, without markup, links and pings of the person's."""
    thread = await queued(on_slack)
    text = on_slack.text(thread)
    assert strings.about("And what is third?") in text
    assert "About “And the second?" in text
    assert "About “What first?" not in text
    assert not any(one.pings for one in on_slack.bots(thread))
    late = next(one.text for one in on_slack.bots(thread) if "the second" in one.text)
    assert not set("<>[]`") & set(late.split("\n")[0])
    assert "https://" not in late


async def test_an_answer_right_below_its_question_names_nothing(bot: Bot) -> None:
    """Where the question before it was being answered and nothing else was asked, it is obvious."""
    bot.aion.play(HELD, spoken("The answer to two."))
    thread = await bot.asked(bot.ada, "What first?", "The first one.")
    await bot.workspace.reply(bot.ben, thread, "And second?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, "The answer to two.")
    assert "About" not in bot.text(thread)
    assert not any(one.startswith("The answer") for one in bot.uses.referring(thread))
