"""Stopping an answer, waiting for one's turn, and changing one's mind."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.runtime.dispatcher import MOST_WAITING
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_stop_ends_an_answer(bot: Bot) -> None:
    """Stop closes Aion's stream at once; the text so far stays with who stopped it, and nothing of it comes later."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    assert bot.pressable(thread) == ["Stop"]
    await bot.press(bot.ada, thread, "Stop")
    await bot.aion.until(lambda: bot.aion.streaming == 0, timeout=1.0)
    text = await bot.shows(thread, "The first half,", "Stopped by")
    assert "Ada" in text.split("Stopped by")[1]
    assert bot.pressable(thread) == []
    bot.aion.release("go")
    await bot.stop()
    await bot.start()
    assert "the second half." not in bot.text(thread)
    assert bot.aion.count("send_stream") == 1


async def test_a_stranger_does_not_stop_an_answer(bot: Bot) -> None:
    """Somebody who neither asked nor decides is refused privately, and the answer goes on."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.press(bot.ben, thread, "Stop")
    await bot.told(thread, bot.ben, strings.STOP_NOT_YOURS)
    bot.aion.release("go")
    await bot.shows(thread, "the second half.")
    assert bot.pressable(thread) == []


async def test_what_waits_is_visible(bot: Bot) -> None:
    """A question that waits for its turn carries a mark, which is taken away when its turn has come."""
    bot.aion.play(HELD, spoken("The next answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.place.reply(bot.ben, thread, "second")
    await bot.until(lambda: _marks(bot, thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, "The next answer.")
    await bot.until(lambda: _marks(bot, thread) == 0)


@pytest.fixture
def amended(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the journal has taken a change of a question."""
    happened = asyncio.Event()
    for name in ("edit_queued", "withdraw"):
        change = getattr(Turns, name)

        async def noting(*arguments: object, change: Callable[..., Awaitable[bool]] = change) -> bool:
            changed = await change(*arguments)
            happened.set()
            return changed

        monkeypatch.setattr(Turns, name, noting)
    return happened


async def test_a_waiting_question_can_be_edited(bot: Bot, amended: asyncio.Event) -> None:
    """Aion is asked what the message says when its turn comes."""
    bot.aion.play(HELD, spoken("The next answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.place.reply(bot.ben, thread, "secnd")
    await bot.until(lambda: _marks(bot, thread) == 1)
    _edit(bot, thread, "secnd", "second, rightly spelt")
    await amended.wait()
    bot.aion.release("go")
    await bot.shows(thread, "The next answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "second, rightly spelt"]


async def test_a_waiting_question_can_be_withdrawn(bot: Bot, amended: asyncio.Event) -> None:
    """A deleted message is not asked any more, and the one behind it is."""
    bot.aion.play(HELD, spoken("The third answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.place.reply(bot.ben, thread, "second")
    await bot.place.reply(bot.cy, thread, "third")
    await bot.until(lambda: _marks(bot, thread) == 2)
    _delete(bot, thread, "second")
    await amended.wait()
    bot.aion.release("go")
    await bot.shows(thread, "The third answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "third"]


async def test_a_full_thread_says_so(bot: Bot) -> None:
    """Beyond its bound a thread takes no more questions, and the person is told; those that wait are all answered."""
    bot.aion.play(HELD, *(spoken(f"Answer {number}.") for number in range(MOST_WAITING)))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    for number in range(MOST_WAITING):
        await bot.place.reply(bot.ben, thread, f"question {number}")
    await bot.until(lambda: _marks(bot, thread) == MOST_WAITING)
    await bot.place.reply(bot.cy, thread, "one too many")
    await bot.told(thread, bot.cy, strings.FULL)
    bot.aion.release("go")
    await bot.shows(thread, f"Answer {MOST_WAITING - 1}.")
    assert bot.aion.count("send_stream") == MOST_WAITING + 1


@pytest.mark.parametrize("words", ["\u200b\u200d\ufeff", "\u202e\u2066"])
async def test_words_that_nobody_can_see_are_no_question(bot: Bot, words: str) -> None:
    """Zero-width and direction marks alone get the hint."""
    assert isinstance(bot.place, SimulatedSlack | SimulatedDiscord)
    thread = await bot.place.direct_message(bot.ada, words)
    await bot.until(lambda: any(strings.HINT in one.text for one in bot.place.thread(thread)))
    assert bot.aion.requests == []


async def test_waiting_questions_survive_a_restart(bot: Bot) -> None:
    """What waited when the bot was killed is asked by the next process, in order."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.place.reply(bot.ben, thread, "second")
    await bot.until(lambda: _marks(bot, thread) == 1)
    await bot.kill()
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("The first half, the second half."))
    bot.aion.play(spoken("The next answer."))
    await bot.start()
    await bot.shows(thread, "the second half.", "The next answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "second"]


async def test_slacks_own_stop_is_obeyed(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> None:
    """Slack's Stop, which it shows while the bot says that it is at work, ends the answer as the button does."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(bot.ada, thread)
    await bot.shows(thread, "The first half,", "Stopped by")
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()


async def test_stopping_cancels_the_plan(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> None:
    """A plan of a stopped answer is cancelled in the name of who stopped it, and Aion is told so once."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    aion.play(script.organize(stays_open=True))
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(bot.ada, thread)
    await bot.shows(thread, "Cancelled by", strings.DROPPED)
    assert [body["action"] for body in aion.bodies("plan_action")] == ["cancel"]
    await bot.stop()


def _said(bot: Bot, thread: str, words: str) -> str:
    """Find a person's message by its words."""
    return next(one.id for one in bot.place.thread(thread) if not one.by_bot and words in one.text)


def _marks(bot: Bot, thread: str) -> int:
    """How many messages of people carry the mark of waiting."""
    said = [one.id for one in bot.place.thread(thread) if not one.by_bot]
    if isinstance(bot.place, SimulatedDiscord):
        return sum(bot.place.waits(one) for one in said)
    assert isinstance(bot.place, SimulatedSlack)
    return sum(bool(bot.place.reactions(one)) for one in said)


def _edit(bot: Bot, thread: str, words: str, other: str) -> None:
    message = _said(bot, thread, words)
    if isinstance(bot.place, SimulatedDiscord):
        bot.place.rewrite(message, f"<@{bot.place.world.bot.id}> {other}")
    elif isinstance(bot.place, SimulatedSlack):
        bot.place.edit(message, other)


def _delete(bot: Bot, thread: str, words: str) -> None:
    message = _said(bot, thread, words)
    if isinstance(bot.place, SimulatedDiscord):
        bot.place.withdraw(message)
    elif isinstance(bot.place, SimulatedSlack):
        bot.place.delete(message)
