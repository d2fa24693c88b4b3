"""An answer that a stop cut off, and that Aion stored all the same."""

import asyncio

import pytest

from aion_bot.aion import ChatMessage
from aion_bot.conversation.recovery import Recovery
from aion_bot.domain import strings
from aion_bot.domain.turn import Turn
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

WHOLE = "The first part. The end."


async def cut_off(bot: Bot, answer: str) -> str:
    """Stop the bot in the middle of an answer, which Aion finishes with `answer`, if with any."""
    bot.aion.play(Scene((Speak("The first part. "), Hold("never"), *ENDING), Answer(answer)))
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    await bot.stop()
    assert strings.INTERRUPTED in bot.text(thread)
    assert bot.pressable(thread) == ["Retry"]
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    return thread


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a late answer was looked for."""
    done = asyncio.Event()
    find = Recovery.late_answer

    async def finding(late: Recovery, turn: Turn) -> ChatMessage | None:
        found = await find(late, turn)
        done.set()
        return found

    monkeypatch.setattr(Recovery, "late_answer", finding)
    return done


async def test_the_next_start_shows_it_in_place(bot: Bot) -> None:
    """The interrupted message becomes the stored answer, its Retry is gone, and Aion is not asked again."""
    thread = await cut_off(bot, WHOLE)
    messages = len(bot.bots(thread))
    await bot.start()
    await bot.shows(thread, WHOLE, without=[strings.INTERRUPTED])
    await bot.until(lambda: bot.pressable(thread) == [])
    assert len(bot.bots(thread)) == messages
    assert bot.aion.count("send_stream") == 1


async def test_without_one_the_mark_stays(bot: Bot, looked: asyncio.Event) -> None:
    """Where nothing was stored the text so far, the mark and Retry stay, and no later start looks again."""
    thread = await cut_off(bot, "")
    text = bot.text(thread)
    await bot.start()
    await looked.wait()
    assert (bot.text(thread), bot.pressable(thread)) == (text, ["Retry"])
    await bot.stop()
    looks = bot.aion.count("get_session")
    await bot.start()
    bot.aion.play(spoken("The whole answer."))
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.", without=[strings.INTERRUPTED])
    assert bot.aion.count("get_session") == looks


async def test_a_person_who_pressed_retry_first_wins(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer found after Retry was pressed does not come on top of the one that was asked for."""
    thread = await cut_off(bot, WHOLE)
    pressed, claimed = asyncio.Event(), asyncio.Event()
    reopen = Turns.reopen_interrupted

    async def late(store: Turns, key: str, session: str, answer: str) -> bool:
        await pressed.wait()
        opened = await reopen(store, key, session, answer)
        claimed.set()
        assert not opened
        return opened

    monkeypatch.setattr(Turns, "reopen_interrupted", late)
    bot.aion.play(spoken("The answer asked for again."))
    claim = Turns.claim_retry

    async def claiming(store: Turns, key: str) -> bool:
        won = await claim(store, key)
        pressed.set()
        return won

    monkeypatch.setattr(Turns, "claim_retry", claiming)
    await bot.start()
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The answer asked for again.", without=[strings.INTERRUPTED])
    await claimed.wait()
    await bot.stop()
    assert "The end." not in bot.text(thread)
    assert bot.aion.count("send_stream") == 2


async def test_killed_as_it_is_shown_it_is_shown_by_the_next(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between taking a late answer and showing it leaves it to the start after that."""
    thread = await cut_off(bot, WHOLE)
    taken, reopen = asyncio.Event(), Turns.reopen_interrupted

    async def fatal(store: Turns, key: str, session: str, answer: str) -> bool:
        await reopen(store, key, session, answer)
        taken.set()
        return await asyncio.Event().wait()

    monkeypatch.setattr(Turns, "reopen_interrupted", fatal)
    await bot.start()
    await taken.wait()
    await bot.kill()
    await bot.start()
    await bot.shows(thread, WHOLE, without=[strings.INTERRUPTED])
    await bot.until(lambda: bot.pressable(thread) == [])
    assert bot.aion.count("send_stream") == 1
