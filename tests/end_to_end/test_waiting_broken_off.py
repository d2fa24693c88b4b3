"""Questions that wait while something breaks: the process ends, or the disk is full."""

import sqlite3

import pytest

from aion_bot.runtime import waiting
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.workspace import SimulatedFile
from aion_bot.storage.waiting_signs import WaitingSigns
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_waiting_questions import held, places, shows, withdraw

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are shown, and edited, after hundredths of a second."""
    monkeypatch.setattr(waiting, "AFTER", 0.02)
    monkeypatch.setattr(waiting, "EVERY", 0.02)


async def test_what_is_taken_back_after_a_restart_brings_no_file(idle: Bot) -> None:
    """A question of an earlier process that is withdrawn while it waits in this one is passed over: its file is not sent to Aion."""
    every_message = idle.uses.show_every_message()
    await idle.start(**every_message)
    thread = await held(idle, "second")
    await shows(idle, thread, 1)
    idle.uses.say(idle.ada, thread, "third", [SimulatedFile("site_7.png", png("site_7.png"))])
    await shows(idle, thread, 1, 2)
    await idle.kill()
    idle.aion.play(spoken("Answer 1.", Hold("on", pings=True)), spoken("Answer 3."))
    await idle.start(**every_message)
    await shows(idle, thread, 1)
    await withdraw(idle, thread, 1)
    await idle.until(lambda: places(idle, thread) == [])
    await idle.workspace.reply(idle.ben, thread, "fourth")
    await shows(idle, thread, 1)
    idle.aion.release("on")
    await idle.shows(thread, "Answer 3.")
    assert idle.asked_words == ["first", "second", "fourth"]
    assert idle.aion.files.uploaded == []


async def test_a_question_that_replaces_another_is_answered_whatever_the_disk_does(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the older one cannot be taken back it goes on waiting, and the newer one is answered behind it."""
    withdraw_row, failures = WaitingSigns.withdraw, [sqlite3.OperationalError("database or disk is full")]

    async def full(signs: WaitingSigns, key: str) -> bool:
        if failures:
            raise failures.pop()
        return await withdraw_row(signs, key)

    monkeypatch.setattr(WaitingSigns, "withdraw", full)
    await idle.start(AION_BOT_BUSY="replace")
    thread = await held(idle)
    await idle.workspace.reply(idle.ben, thread, "of Ben")
    await shows(idle, thread, 1)
    await idle.workspace.reply(idle.ben, thread, "of Ben, newer")
    await shows(idle, thread, 1, 2)
    idle.aion.play(spoken("Answer 1."), spoken("Answer 2."))
    idle.aion.release("go")
    await idle.shows(thread, "Answer 1.", "Answer 2.")
    assert idle.asked_words == ["first", "of Ben", "of Ben, newer"]
