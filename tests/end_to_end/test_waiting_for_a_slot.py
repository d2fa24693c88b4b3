"""Questions that wait only because as many answers run as may: they show their place, and can be taken back."""

import pytest

from aion_bot.domain import strings
from aion_bot.runtime import active_turns, waiting
from aion_bot.simulators.aion.scene import Emit, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_waiting_questions import held, places, shows, sign, withdraw

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """One answer runs at once; places are shown, edited and looked at after hundredths of a second."""
    monkeypatch.setattr(active_turns, "MOST_ACTIVE", 1)
    for pause in ("AFTER", "EVERY", "SLOTS_EVERY"):
        monkeypatch.setattr(waiting, pause, 0.02)


async def alone_in_two_threads(bot: Bot) -> list[str]:
    """Let each of two people have a thread with an answer, while a single answer runs at once; returns the threads."""
    await bot.start()
    bot.aion.play(spoken("Answer a."), spoken("Answer b."))
    threads = [
        await bot.asked(bot.ben, "of Ben", "Answer a."),
        await bot.asked(bot.cy, "of Cy", "Answer b."),
    ]
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    return threads


async def wait_for_a_slot(bot: Bot, threads: list[str]) -> None:
    """Let each of two people ask in their thread while somebody else's answer runs."""
    await held(bot)
    await bot.workspace.reply(bot.ben, threads[0], "waits")
    await shows(bot, threads[0], 0)
    await bot.workspace.reply(bot.cy, threads[1], "waits longer")
    await shows(bot, threads[1], 1)


async def test_a_question_that_waits_for_a_slot_shows_its_place(idle: Bot) -> None:
    """Where its thread is idle, too, a question says how many are ahead, moves up, and can be withdrawn: Aion is not asked."""
    threads = await alone_in_two_threads(idle)
    await wait_for_a_slot(idle, threads)
    await withdraw(idle, threads[0], 0, by=2)
    await idle.replies_privately(threads[0], idle.cy, strings.WITHDRAW_NOT_YOURS)
    await withdraw(idle, threads[0], 0, by=1)
    await idle.replies_privately(threads[0], idle.ben, strings.WITHDRAWN)
    await idle.until(lambda: places(idle, threads[0]) == [])
    idle.aion.play(spoken("Answer 1."))
    idle.aion.release("go")
    await idle.shows(threads[1], "Answer 1.")
    await idle.until(lambda: places(idle, threads[1]) == [])
    assert idle.asked_words == ["of Ben", "of Cy", "first", "waits longer"]


async def test_places_for_a_slot_show_again_after_a_restart(idle: Bot) -> None:
    """After a kill the same message says how many are ahead, and withdraws; the sign of what is asked now is gone."""
    threads = await alone_in_two_threads(idle)
    await wait_for_a_slot(idle, threads)
    last = sign(idle, threads[1], 1).id
    await idle.kill()
    idle.aion.play(spoken("Answer 1.", Hold("on", pings=True)))
    await idle.start()
    await shows(idle, threads[1], 0)
    await idle.until(lambda: places(idle, threads[0]) == [])
    assert [sign(idle, threads[1], 0).id, len(places(idle, threads[1]))] == [last, 1]
    await withdraw(idle, threads[1], 0, by=2)
    await idle.until(lambda: places(idle, threads[1]) == [])
    await idle.until(lambda: not idle.workspace.is_marked(idle.message_of(threads[1], "waits longer")))
    idle.aion.release("on")
    await idle.shows(threads[0], "Answer 1.")
    assert idle.asked_words == ["of Ben", "of Cy", "first", "waits"]


async def test_a_first_question_that_waits_for_a_slot_shows_its_place(idle: Bot) -> None:
    """Where it was asked until its thread is opened, after a kill too; what is withdrawn there opens no thread."""
    await idle.start()
    await held(idle)
    asked = [await idle.workspace.mention(idle.ben, "of Ben"), await idle.workspace.mention(idle.cy, "of Cy")]
    where = [idle.uses.place_of(one) for one in asked]
    await idle.until(lambda: len([each for one in set(where) for each in places(idle, one)]) == 2)
    await withdraw(idle, where[0], 0, by=1)
    await idle.until(lambda: len([each for one in set(where) for each in places(idle, one)]) == 1)
    await shows(idle, where[1], 0)
    await idle.kill()
    idle.aion.play(spoken("Answer 1."))
    await idle.start()
    await idle.shows(asked[1], "Answer 1.")
    await idle.until(lambda: [each for one in set(where) for each in places(idle, one)] == [])
    assert idle.asked_words == ["first", "of Cy"]
    assert idle.text(asked[0]) == ""


@pytest.mark.slow
@pytest.mark.parametrize("busy", ["reject", "replace"])
async def test_a_place_for_a_slot_however_busy_threads_are_treated(idle: Bot, busy: str) -> None:
    """With `reject` the thread of a question that waits is busy, with `replace` a newer one of the same person takes its place."""
    await idle.start(AION_BOT_BUSY=busy)
    idle.aion.play(spoken("Answer a."))
    thread = await idle.asked(idle.ben, "of Ben", "Answer a.")
    await idle.aion.until(lambda: idle.aion.streaming == 0)
    await held(idle)
    await idle.workspace.reply(idle.ben, thread, "waits")
    await shows(idle, thread, 0)
    await idle.workspace.reply(idle.ben, thread, "newer")
    told = strings.WAIT if busy == "reject" else strings.REPLACED_WAITING
    await idle.replies_privately(thread, idle.ben, told)
    idle.aion.play(spoken("Answer 1."))
    idle.aion.release("go")
    await idle.shows(thread, "Answer 1.")
    await idle.until(lambda: places(idle, thread) == [])
    assert idle.asked_words == ["of Ben", "first", "waits" if busy == "reject" else "newer"]


@pytest.mark.slow
async def test_a_retry_that_waits_for_a_slot_can_be_withdrawn(idle: Bot) -> None:
    """Its thread shows its place; its failed answer says that it was withdrawn."""
    await idle.start()
    error = Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})
    idle.aion.play(Scene((Speak("At work. "), error)))
    thread = await idle.workspace.mention(idle.ben, "fails")
    await idle.until(lambda: strings.RETRY in idle.pressable(thread))
    await held(idle)
    await idle.press(idle.ben, thread, strings.RETRY)
    await shows(idle, thread, 0)
    await withdraw(idle, thread, 0, by=1)
    await idle.shows(thread, strings.RETRY_WITHDRAWN)
    idle.aion.release("go")
    await idle.until(lambda: places(idle, thread) == [])
    assert idle.asked_words == ["fails", "first"]
