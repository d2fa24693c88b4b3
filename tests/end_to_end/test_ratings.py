"""The two small buttons under a finished answer."""

import json

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import FEEDBACK
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.scene import Emit, Scene, Speak
from aion_bot.simulators.workspace import Shown
from aion_bot.storage import export_ratings
from aion_bot.storage.erasure import Erasure, erase
from tests.end_to_end.bot import Bot


def rated(bot: Bot, thread: str) -> list[Shown]:
    """The messages with buttons that rate."""
    return [
        one for one in bot.bots(thread) if {strings.GOOD, strings.BAD} <= {each.label for each in one.buttons}
    ]


async def test_several_people_rate_an_answer(idle: Bot) -> None:
    """Each person once: a second press changes the rating; the buttons work after a restart, and cost no request of the answer's."""
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.until(lambda: len(rated(idle, thread)) == 1)
    await idle.press(idle.ada, thread, strings.BAD)
    await idle.replies_privately(thread, idle.ada, strings.RATED)
    await idle.stop()
    await idle.start()
    await idle.press(idle.ada, thread, strings.GOOD)
    await idle.replies_privately(thread, idle.ada, strings.RATED_AGAIN)
    await idle.press(idle.ben, thread, strings.BAD)
    await idle.replies_privately(thread, idle.ben, strings.RATED)
    lines = list(export_ratings(idle.database))
    assert [("good" in one, "bad" in one) for one in lines] == [(True, False), (False, True)]


async def says_why(bot: Bot, thread: str, words: str) -> None:
    """Rate the answer as a bad one as Ada, and write why into the form."""
    known = len(bot.workspace.private_messages(thread, bot.ada))
    await bot.press(bot.ada, thread, strings.BAD)
    await bot.until(lambda: len(bot.workspace.private_messages(thread, bot.ada)) > known)
    told = bot.workspace.private_messages(thread, bot.ada)[-1]
    assert [one.label for one in told.buttons] == [strings.WHY]
    await bot.workspace.press_private(bot.ada, told.id, told.buttons[0].id)
    await bot.until(lambda: bot.workspace.open_form(bot.ada) is not None)
    await bot.workspace.submit_form(bot.ada, words)


async def test_a_bad_rating_is_explained(idle: Bot) -> None:
    """The reason is kept with the rating, struck of secrets, over an earlier one; nobody else sees it, and it goes with the person."""
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.until(lambda: len(rated(idle, thread)) == 1)
    await says_why(idle, thread, f"Not {idle.aion.api_key}")
    await idle.replies_privately(thread, idle.ada, strings.WHY_NOTED)
    await says_why(idle, thread, "It names @Ben\n“twice”")
    await idle.until(lambda: idle.private_replies(thread, idle.ada).count(strings.WHY_NOTED) == 2)
    assert "twice" not in idle.text(thread)
    await idle.press(idle.ben, thread, strings.BAD)
    await idle.replies_privately(thread, idle.ben, strings.RATED)
    await idle.stop()
    reasons = sorted(json.loads(one)["reason"] for one in export_ratings(idle.database))
    assert reasons == ["", "It names @Ben\n“twice”"]
    erase(idle.database, Erasure(user=idle.ada.id), wait=0)
    assert [json.loads(one)["reason"] for one in export_ratings(idle.database)] == [""]


async def test_words_that_nobody_sees_explain_nothing(idle: Bot) -> None:
    """Whoever sends blanks is told to write words, not that the form could not be opened."""
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.until(lambda: len(rated(idle, thread)) == 1)
    await says_why(idle, thread, " \u200b\n")
    await idle.replies_privately(thread, idle.ada, strings.NOTHING_WRITTEN)


async def test_a_rating_that_was_changed_has_no_reason(idle: Bot) -> None:
    """Words that are sent after the person has pressed 👍 are not kept, and the person is told."""
    await idle.start()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.until(lambda: len(rated(idle, thread)) == 1)
    await idle.press(idle.ada, thread, strings.BAD)
    await idle.replies_privately(thread, idle.ada, strings.RATED)
    told = idle.workspace.private_messages(thread, idle.ada)[-1]
    await idle.workspace.press_private(idle.ada, told.id, told.buttons[0].id)
    await idle.until(lambda: idle.workspace.open_form(idle.ada) is not None)
    await idle.press(idle.ada, thread, strings.GOOD)
    await idle.replies_privately(thread, idle.ada, strings.RATED_AGAIN)
    await idle.workspace.submit_form(idle.ada, "Too late")
    await idle.replies_privately(thread, idle.ada, strings.NOTHING_TO_EXPLAIN)
    (line,) = export_ratings(idle.database)
    assert json.loads(line)["reason"] == ""


async def test_no_buttons_where_ratings_are_off(idle: Bot) -> None:
    """`feedback = false`, and an answer that failed."""
    await idle.start(rules=Rules({FEEDBACK: Rule(False, "bot.toml, line 2")}))  # a value of the file
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    await idle.aion.until(lambda: idle.aion.streaming == 0)
    await idle.stop()
    assert rated(idle, thread) == []
    await idle.start()
    error = Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})
    idle.aion.play(Scene((Speak("At work. "), error)))
    await idle.workspace.reply(idle.ada, thread, "And now?")
    await idle.until(lambda: strings.RETRY in idle.pressable(thread))
    assert rated(idle, thread) == []
