"""What the soak found once, each promise by itself."""

import pytest

from aion_bot import wording
from aion_bot.demo.aion import script
from aion_bot.demo.aion.scene import ENDING, Answer, Emit, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.demo.discord import SimulatedDiscord
from aion_bot.demo.slack import SimulatedSlack
from tests.end_to_end.bot import Bot


def lose_the_next_post(bot: Bot) -> None:
    """Let the platform post the next message and lose its answer."""
    if isinstance(bot.place, SimulatedDiscord):
        bot.place.fail_next("POST /channels/{channel_id}/messages", drop=True, acted=True)
    elif isinstance(bot.place, SimulatedSlack):
        bot.place.fail_next("chat.postMessage", drop=True, acted=True)


def sign_stays(bot: Bot, thread: str, question: str) -> bool:
    """Tell whether a person's message still shows that it waits."""
    asked = next(one for one in bot.place.thread(thread) if question in one.text and not one.by_bot)
    if isinstance(bot.place, SimulatedSlack):
        return bool(bot.place.reactions(asked.id))
    assert isinstance(bot.place, SimulatedDiscord)
    return bot.place.waits(asked.id)


async def test_a_post_in_doubt_ends_on_the_newest_text(bot: Bot) -> None:
    """When a post arrived and its answer was lost, the message is found again and shows what came meanwhile."""
    thread = await bot.asked(bot.ada, "What can you do?", "Ask me what is damaged")
    lose_the_next_post(bot)
    bot.aion.play(spoken("The whole answer."))
    await bot.place.reply(bot.ada, thread, "And what do you see?")
    await bot.shows(thread, "The whole answer.", without=[wording.THINKING])
    assert bot.pressable(thread) == []


@pytest.mark.parametrize("end", [PlanEnd.LOST_BEFORE_ACTING, PlanEnd.LOST_AFTER_ACTING])
async def test_an_answer_is_not_taken_for_a_plans_result(bot: Bot, end: PlanEnd) -> None:
    """The answer to a question that was asked while a decision's outcome was looked for stays that question's alone."""
    bot.aion.plan_time = 0.6
    bot.aion.play(script.organize(end, PlanEnd.DONE))
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, wording.UNKNOWN)
    bot.aion.play(spoken("Something else altogether."))
    await bot.place.reply(bot.ada, thread, "What else do you see?")
    await bot.shows(thread, "Something else altogether.")
    found = "Outcome unknown" if end is PlanEnd.LOST_BEFORE_ACTING else wording.SEE_BELOW
    await bot.shows(thread, found)
    assert bot.text(thread).count("Something else altogether.") == 1


async def test_a_new_session_that_is_gone_at_once_is_told(bot: Bot) -> None:
    """A session that Aion has lost as soon as it was opened is Aion's failure, with a way to try again."""
    bot.aion.play(Scene((Emit("auth_error", {"error": "Session not found"}),)))
    thread = await bot.asked(bot.ada, "What?", "down or overloaded")
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "I can look at", without=["down or overloaded"])


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_a_sign_of_waiting_does_not_outlive_the_process(bot: Bot, way: str) -> None:
    """A question that waited when the bot ended loses its sign once the next process answers it."""
    first = Scene((Speak("The first. "), Hold("never"), *ENDING), Answer("The first."))
    bot.aion.play(first, spoken("The second."))
    thread = await bot.asked(bot.ada, "What is first?", "The first.")
    await bot.place.reply(bot.ada, thread, "What is second?")
    await bot.until(lambda: sign_stays(bot, thread, "What is second?"))
    await (bot.stop() if way == "stop" else bot.kill())
    await bot.start()
    await bot.shows(thread, "The second.")
    await bot.until(lambda: not sign_stays(bot, thread, "What is second?"))


async def test_a_sign_of_waiting_is_taken_away_after_a_refusal(bot: Bot) -> None:
    """A platform that fails to remove the sign is asked again."""
    first = Scene((Speak("The first. "), Hold("go"), *ENDING), Answer("The first."))
    bot.aion.play(first, spoken("The second."))
    thread = await bot.asked(bot.ada, "What is first?", "The first.")
    await bot.place.reply(bot.ada, thread, "What is second?")
    await bot.until(lambda: sign_stays(bot, thread, "What is second?"))
    if isinstance(bot.place, SimulatedDiscord):
        route = "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"
        bot.place.fail_next(route, status=503)
    elif isinstance(bot.place, SimulatedSlack):
        bot.place.fail_next("reactions.remove", status=503)
    bot.aion.release("go")
    await bot.shows(thread, "The second.")
    await bot.until(lambda: not sign_stays(bot, thread, "What is second?"))
