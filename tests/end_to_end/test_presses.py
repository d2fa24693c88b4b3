"""What people see of a press: its effect in the message or card, and no private remark that would stay for ever."""

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak, spoken
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_a_decision_shows_on_its_card_alone(bot: Bot) -> None:
    """The card itself says that Aion is told, then how it ended; the person who pressed gets no private reply."""
    bot.aion.play(script.organize(PlanEnd.ACCEPTED))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    card = await bot.card(thread)
    await bot.press(bot.ada, thread, strings.APPROVE)
    await bot.shows(thread, "Approved by", strings.SEE_BELOW)
    (shown,) = [one for one in bot.bots(thread) if one.id == card.id]
    assert any(strings.ASKING_AION in one or strings.RUNNING in one for one in shown.versions)
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_stop_shows_in_the_answer_alone(bot: Bot) -> None:
    """The answer names who stopped it; nobody gets a private reply."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "The first half,", "Stopped by")
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_retry_shows_in_its_message_alone(bot: Bot) -> None:
    """The message of the failure becomes the answer; nobody gets a private reply."""
    bot.aion.play(Scene(ENDING, Answer("")), spoken("The answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_ANSWER)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "The answer.", without=[strings.NO_ANSWER])
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []


async def test_a_retry_that_waits_says_so_in_its_message(bot: Bot) -> None:
    """While another question is answered the failed message shows that it waits, and its button is gone."""
    bot.aion.play(Scene(ENDING, Answer("")), HELD, spoken("The other answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_ANSWER)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "The first half,")
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, strings.RETRY_WAITS, without=[strings.NO_ANSWER])
    assert strings.RETRY not in bot.pressable(thread)
    bot.aion.release("go")
    await bot.shows(thread, "The other answer.", "the second half.", without=[strings.RETRY_WAITS])
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []
