"""Late answers: Aion stores an answer after a stop interrupted the turn."""

import asyncio
from typing import Any

import pytest

from aion_bot.aion import ChatMessage
from aion_bot.conversation.recovery import Recovery
from aion_bot.domain import strings
from aion_bot.domain.allowance import Allowance
from aion_bot.domain.turn import Turn
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

WHOLE = "The first part. The end."


async def cut_off(bot: Bot, answer: str) -> str:
    """Stop the bot in the middle of an answer; Aion stores `answer`, unless it is empty."""
    bot.aion.play(Scene((Speak("The first part. "), Hold("never"), *ENDING), Answer(answer)))
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    await bot.stop()
    assert strings.INTERRUPTED in bot.text(thread)
    assert bot.pressable(thread) == ["Retry"]
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    return thread


@pytest.fixture
def late_answer_checked(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An event that is set once the bot has looked for a late answer."""
    done = asyncio.Event()
    find = Recovery.late_answer

    async def finding(late: Recovery, turn: Turn) -> ChatMessage | None:
        found = await find(late, turn)
        done.set()
        return found

    monkeypatch.setattr(Recovery, "late_answer", finding)
    return done


async def test_the_next_start_shows_a_late_answer_in_place(bot: Bot) -> None:
    """The interrupted message becomes the stored answer without Retry, and Aion is not asked again."""
    thread = await cut_off(bot, WHOLE)
    messages = len(bot.bots(thread))
    await bot.start()
    await bot.shows(thread, WHOLE, without=[strings.INTERRUPTED])
    await bot.until(lambda: bot.pressable(thread) == [])
    assert len(bot.bots(thread)) == messages
    assert bot.aion.count("send_stream") == 1


async def test_without_a_late_answer_the_message_stays_interrupted(
    bot: Bot, late_answer_checked: asyncio.Event
) -> None:
    """Where nothing is stored the partial text and Retry stay, and no later start looks again."""
    thread = await cut_off(bot, "")
    text = bot.text(thread)
    await bot.start()
    await late_answer_checked.wait()
    assert (bot.text(thread), bot.pressable(thread)) == (text, ["Retry"])
    await bot.stop()
    looks = bot.aion.count("get_session")
    await bot.start()
    bot.aion.play(spoken("The whole answer."))
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.", without=[strings.INTERRUPTED])
    assert bot.aion.count("get_session") == looks


async def test_retry_wins_over_a_late_answer_found_afterwards(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late answer found after a press of Retry is not shown beside the new answer."""
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

    async def claiming(store: Turns, key: str, allowance: Allowance, **more: Any) -> bool:
        won = await claim(store, key, allowance, **more)
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


async def test_a_late_answer_survives_a_crash_while_it_is_shown(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between claiming and showing a late answer leaves it to the next start."""
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
