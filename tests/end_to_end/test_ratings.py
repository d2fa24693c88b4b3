"""The two small buttons under a finished answer."""

from aion_bot.domain import strings
from aion_bot.domain.rule_keys import FEEDBACK
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion.scene import Emit, Scene, Speak
from aion_bot.simulators.workspace import Shown
from aion_bot.storage import export_ratings
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
