"""When people first saw a sign of their question, and words of its answer, as `aion-bot explain` tells it."""

import sqlite3
from contextlib import closing

import pytest

from adapters.discord import gateway
from aion_bot.domain.observer import Observer
from aion_bot.domain.turn import Turn
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


class Witness(Observer):
    """Keeps what it is told of turns that an earlier process accepted."""

    def __init__(self) -> None:
        self.resumed_turns: dict[str, tuple[float, bool, bool]] = {}

    def resumed(self, turn: Turn, waited: float, *, signed: bool, worded: bool) -> None:
        """Keep it."""
        self.resumed_turns[turn.text] = (waited, signed, worded)


@pytest.mark.slow
@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_a_question_that_waited_through_a_restart_has_its_first_text(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark, seen before the restart, is its first sign, and its first words are in the timeline; both can be measured."""
    monkeypatch.setitem(gateway.OPTIONS, "guild_ready_timeout", 0.05)  # type: ignore[arg-type]  # one type for all options
    bot = idle
    await bot.start()
    bot.aion.play(
        Scene((Hold("words", pings=True), *ENDING)), spoken("The second one."), spoken("The third one.")
    )
    thread = await bot.workspace.ask(bot.ada, "What first?")
    await bot.until(lambda: bool(bot.aion.requests) and bool(bot.bots(thread)))
    await bot.workspace.reply(bot.ben, thread, "And second?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    await bot.until(lambda: "first sign" in moments(bot)[1])
    await bot.kill()
    bot.observer = witness = Witness()
    bot.aion.release("words")
    await bot.start()
    await bot.shows(thread, "The second one.")
    await bot.stop()
    second = moments(bot)[1]
    assert second["first sign"] < second["asking"] < second["first text"]
    (waited, *seen) = next(found for words, found in witness.resumed_turns.items() if "second" in words)
    assert (waited > 0, seen) == (True, [True, False])
