"""Under a plan that somebody cancelled a button asks for another one."""

import pytest

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import ENABLED
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import spoken
from tests.end_to_end.bot import Bot


def offered(bot: Bot, thread: str) -> list[str]:
    """Labels of the buttons that ask for another plan."""
    return [each.label for one in bot.bots(thread) for each in one.buttons if each.asks_anew]


async def cancelled(bot: Bot, label: str = "Cancel") -> str:
    """Let Aion propose a plan, and decide it."""
    bot.aion.play(script.organize())
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.press(bot.ada, thread, label)
    await bot.until(lambda: bot.pressable(thread) == [])
    return thread


async def test_another_plan_is_asked_for_once(bot: Bot) -> None:
    """A fixed sentence in the plan's session, in the presser's name; the answer says so; a second press asks nothing."""
    thread = await cancelled(bot)
    await bot.until(lambda: offered(bot, thread) == [strings.ANOTHER_PLAN])
    bot.aion.play(script.organize(verb="Sort"))
    await bot.press(bot.ben, thread, strings.ANOTHER_PLAN)
    await bot.shows(thread, strings.ANOTHER_PLAN_ASKED, "Sort the photos")
    await bot.press(bot.ada, thread, strings.ANOTHER_PLAN)
    await bot.replies_privately(thread, bot.ada, strings.ASKED_ALREADY)
    assert bot.asked_words[1:] == [strings.ANOTHER_PLAN_QUESTION]
    sessions = {one.path["session_id"] for one in bot.aion.requests if one.operation == "send_stream"}
    assert len(sessions) == 1


async def test_an_approved_plan_offers_no_other(bot: Bot) -> None:
    """Nobody refused it."""
    thread = await cancelled(bot, "Approve")
    await bot.shows(thread, "Done")
    assert offered(bot, thread) == []


async def test_another_plan_is_not_asked_for_in_a_newer_session(bot: Bot) -> None:
    """Aion would not know which plan is meant: whoever presses is told to ask in words."""
    thread = await cancelled(bot)
    await bot.until(lambda: offered(bot, thread) != [])
    await bot.workspace.command(bot.ada, "new", thread=thread)
    bot.aion.play(spoken("Afresh."))
    await bot.workspace.reply(bot.ada, thread, "Anything else?")
    await bot.shows(thread, "Afresh.")
    await bot.press(bot.ada, thread, strings.ANOTHER_PLAN)
    await bot.replies_privately(thread, bot.ada, strings.PLAN_FORGOTTEN)
    assert strings.ANOTHER_PLAN_QUESTION not in bot.asked_words


@pytest.mark.slow
async def test_who_may_not_use_the_bot_asks_for_no_other_plan(idle: Bot) -> None:
    """The press is a question like any other to the access policy, as it is at that moment."""
    await idle.start()
    thread = await cancelled(idle)
    await idle.until(lambda: offered(idle, thread) != [])
    await idle.stop()
    await idle.start(rules=Rules({ENABLED: Rule(False, "bot.toml, line 2")}))  # a value of the file
    await idle.press(idle.ada, thread, strings.ANOTHER_PLAN)
    await idle.replies_privately(thread, idle.ada, strings.DISABLED)
    assert strings.ANOTHER_PLAN_QUESTION not in idle.asked_words


async def test_an_answer_has_two_suggestions_at_most(bot: Bot) -> None:
    """Under pictures stand two, under a refused plan one, and under an answer with neither none."""
    suggestions = {strings.ONLY_THESE, strings.CLOSER, strings.ANOTHER_PLAN}

    def under(thread: str) -> list[str]:
        return [each.label for one in bot.bots(thread) for each in one.buttons if each.label in suggestions]

    pictures = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.until(lambda: under(pictures) == [strings.ONLY_THESE, strings.CLOSER])
    refused = await cancelled(bot)
    await bot.until(lambda: under(refused) == [strings.ANOTHER_PLAN])
    bot.aion.play(spoken("Nothing to show."))
    plain = await bot.asked(bot.ada, "Anything else?", "Nothing to show.")
    await bot.until(
        lambda: "Stop" not in bot.pressable(plain)
    )  # the answer is complete, with what stands under it
    assert under(plain) == []
    for thread in (pictures, refused, plain):
        others = [each for one in bot.bots(thread) for each in one.buttons if each.label not in suggestions]
        assert [each.label for each in others if not (each.rates or each.adds_reason)] == []
