"""Private questions of one person from several places: what was asked in one is no context for another."""

import pytest

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot


async def asked_from(bot: Bot, discord: SimulatedDiscord, channel: str, question: str) -> None:
    """Ask privately in a channel of Discord, and wait until Aion has that."""
    await discord.ask_privately(bot.ada, question, channel=channel)
    await done(bot, question)


async def done(bot: Bot, question: str) -> None:
    """Wait until Aion has a question."""
    await bot.until(lambda: any(question in one for session in sessions(bot) for one in session))


def sessions(bot: Bot) -> list[list[str]]:
    """What was asked in each session, by the first line of each question."""
    return [[text.split("\n")[0] for text in one.texts("user")] for one in bot.aion.sessions]


@pytest.mark.slow
async def test_each_place_has_a_private_session_on_discord(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """All stand in the same direct messages; a reply there goes on with what was asked last, after a restart too."""
    bot = on_discord
    await bot.start()
    await asked_from(bot, discord, "general", "First in general?")
    await asked_from(bot, discord, "site-7", "First on site 7?")
    thread = discord.thread_of(discord.direct_messages(bot.ada)[-1].id)
    await discord.reply(bot.ada, thread, "A reply?")
    await done(bot, "A reply?")
    await bot.stop()
    await bot.start()
    await asked_from(bot, discord, "general", "Second in general?")
    await asked_from(bot, discord, "site-7", "Second on site 7?")
    assert sessions(bot) == [
        ["First in general?", "Second in general?"],
        ["First on site 7?", "A reply?", "Second on site 7?"],
    ]


async def test_what_a_person_asked_the_bot_directly_is_no_context_on_discord(
    on_discord: Bot, discord: SimulatedDiscord
) -> None:
    """A private question from a channel begins a session of its own."""
    bot = on_discord
    await bot.start()
    await discord.direct_message(bot.ada, "Directly?")
    await done(bot, "Directly?")
    await asked_from(bot, discord, "general", "From general?")
    assert sessions(bot) == [["Directly?"], ["From general?"]]


async def test_each_private_question_has_a_session_on_slack(on_slack: Bot, slack: SimulatedSlack) -> None:
    """Each has a thread of its own in the direct messages, whose replies go on with it."""
    bot = on_slack
    await bot.start()
    for question in ("First?", "Second?"):
        await slack.ask_privately(bot.ada, question)
        await done(bot, question)
    assert sessions(bot) == [["First?"], ["Second?"]]
