"""Direct messages: where each begins a conversation of its own, people are told so once."""

from aion_bot.domain import strings
from tests.end_to_end.bot import Bot


async def test_the_first_answer_to_a_person_says_how_to_go_on(bot: Bot) -> None:
    """On Slack each direct message is a session of its own, a reply in its thread is not; on Discord all of them are one."""
    on_slack = bot.workspace.name == "Slack"
    first = await bot.workspace.direct_message(bot.ada, "What is damaged on site 7?")
    await bot.shows(first, "I found 3 pieces", *[strings.DIRECT_THREADS] * on_slack)
    second = await bot.workspace.direct_message(bot.ada, "What about the safety report?")
    await bot.shows(second, "safety report of March")
    assert bot.text(second).count(strings.DIRECT_THREADS) == 0
    assert len(list(bot.aion.sessions)) == (2 if on_slack else 1)
    await bot.workspace.reply(bot.ada, first, "Which is the worst?")
    await bot.until(lambda: bot.aion.count("send_stream") == 3)
    assert len(list(bot.aion.sessions)) == (2 if on_slack else 1)
    other = await bot.workspace.direct_message(bot.ben, "What is damaged on site 7?")
    await bot.shows(other, "I found 3 pieces", *[strings.DIRECT_THREADS] * on_slack)
