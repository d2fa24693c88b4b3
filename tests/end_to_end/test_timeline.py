"""When people first saw a sign of their question, and words of its answer, as `aion-bot explain` tells it."""

import sqlite3
from contextlib import closing

from aion_bot.simulators.aion.scene import ENDING, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot


def moments(bot: Bot) -> list[dict[str, float]]:
    """The events of each turn with their seconds since 1970, turns in the order in which they were asked."""
    with closing(sqlite3.connect(bot.database)) as connection:
        keys = connection.execute("SELECT key FROM turn ORDER BY rowid").fetchall()
        read = "SELECT event, min(at) FROM timeline WHERE key = ? GROUP BY event"
        return [dict(connection.execute(read, key).fetchall()) for key in keys]


async def test_the_first_sign_and_the_first_text_are_in_the_timeline(bot: Bot) -> None:
    """Without metrics: of an answer as it grows, of a question that waits with its mark, also while it waits."""
    held = Scene((Hold("words", pings=True), Speak("The first one. "), Hold("end", pings=True), *ENDING))
    bot.aion.play(held, spoken("The second one."))
    thread = await bot.workspace.ask(bot.ada, "What first?")
    await bot.until(lambda: bool(bot.aion.requests) and bool(bot.bots(thread)))
    bot.aion.release("words")
    await bot.shows(thread, "The first one.")
    await bot.workspace.reply(bot.ben, thread, "And second?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("end")
    await bot.shows(thread, "The second one.")
    await bot.stop()
    first, second = moments(bot)
    exact = 0.002  # SQLite tells milliseconds
    for one in (first, second):
        assert one["accepted"] <= one["first sign"] <= one["first text"] + exact <= one["shown"] + 2 * exact
    assert first["asking"] <= first["first text"] + exact
    assert second["first sign"] < first["shown"] < second["first text"]
