"""Stopping an answer, waiting for another one, and changing or deleting a waiting question."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.domain import strings
from aion_bot.runtime.dispatcher import MOST_WAITING
from aion_bot.simulators.aion import SimulatedAion, script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

HELD = Scene(
    (Speak("The first half, "), Hold("go", pings=True), Speak("the second half."), *ENDING),
    Answer("The first half, the second half."),
)


async def test_stop_ends_an_answer(bot: Bot) -> None:
    """Stop closes Aion's stream; the text so far stays with the name of the person, and nothing follows."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    assert bot.pressable(thread) == ["Stop"]
    await bot.press(bot.ada, thread, "Stop")
    await bot.aion.until(lambda: bot.aion.streaming == 0)  # what is held ends only with its connection
    text = await bot.shows(thread, "The first half,", "Stopped by")
    assert "Ada" in text.split("Stopped by")[1]
    await bot.until(lambda: bot.pressable(thread) == [])
    bot.aion.release("go")
    await bot.stop()
    await bot.start()
    assert "the second half." not in bot.text(thread)
    assert bot.aion.count("send_stream") == 1


@pytest.mark.parametrize(
    ("ends", "words"),
    rest_slow(
        [
            ("stopped", "few"),
            ("interrupted", "few"),
            ("stopped", "table"),
            ("stopped", "pages"),
            ("interrupted", "pages"),
            ("stopped", "stream"),
            ("interrupted", "stream"),
        ],
        quick=1,
    ),
)
async def test_what_was_read_before_a_kill_stays(idle: Bot, ends: str, words: str) -> None:
    """Stopped after a restart, or lost by Aion, an answer ends under the words that people have read of it."""
    bot, table = idle, "| Site | Damage |\n| --- | --- |\n| North | The hoist |\n"
    written = {"table": f"See here:\n\n{table}\n", "pages": "A line of words.\n\n" * 1_200}.get(words, "")
    await bot.start()
    bot.aion.play(
        Scene((Speak(f"First. {written}And the newest."), Hold("never", pings=True), *ENDING), Answer(""))
    )
    ask = bot.workspace.direct_message if words == "stream" else bot.workspace.mention
    thread = await ask(bot.ada, "What?")
    before = await bot.shows(thread, "First.", "And the newest.")
    if words != "stream":
        await bot.until(lambda: bot.pressable(thread) == ["Stop"])
    await bot.kill()
    bot.polling = replace(
        bot.polling, stored_answer=Backoff(0.1, attempts=2 if ends == "interrupted" else 200)
    )
    await bot.start()
    if ends == "stopped":
        # A stream has Slack's own button, and gets the bot's as it goes on by edits.
        await bot.until(lambda: bot.pressable(thread) == ["Stop"])
        await bot.press(bot.ada, thread, "Stop")
    sign = "Stopped by" if ends == "stopped" else strings.INTERRUPTED
    after = await bot.shows(thread, "First.", "And the newest.", sign)
    await bot.until(lambda: "Stop" not in bot.pressable(thread))
    for said in ("First.", "And the newest.", "The hoist", "A line of words."):
        assert after.count(said) == before.count(said)


async def test_others_may_not_stop_an_answer(bot: Bot) -> None:
    """Somebody who neither asked nor decides is refused privately, and the answer continues."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.press(bot.ben, thread, "Stop")
    await bot.replies_privately(thread, bot.ben, strings.STOP_NOT_YOURS)
    bot.aion.release("go")
    await bot.shows(thread, "the second half.")
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_a_waiting_question_is_marked(bot: Bot) -> None:
    """A waiting question carries the queued marker until it is asked."""
    bot.aion.play(HELD, spoken("The next answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.workspace.reply(bot.ben, thread, "second")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.aion.release("go")
    await bot.shows(thread, "The next answer.")
    await bot.until(lambda: bot.queued_marker_count(thread) == 0)


@pytest.fixture
def change_recorded(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """An event that is set once the change of a question is recorded."""
    happened = asyncio.Event()
    for name in ("edit_queued", "withdraw"):
        change = getattr(Turns, name)

        async def noting(*arguments: object, change: Callable[..., Awaitable[bool]] = change) -> bool:
            changed = await change(*arguments)
            happened.set()
            return changed

        monkeypatch.setattr(Turns, name, noting)
    return happened


async def test_a_waiting_question_can_be_edited(bot: Bot, change_recorded: asyncio.Event) -> None:
    """Aion is asked the text that the message has when its turn starts."""
    bot.aion.play(HELD, spoken("The next answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.workspace.reply(bot.ben, thread, "secnd")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    bot.workspace.edit_message(bot.message_of(thread, "secnd"), "second, rightly spelt")
    await change_recorded.wait()
    bot.aion.release("go")
    await bot.shows(thread, "The next answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "second, rightly spelt"]


async def test_a_waiting_question_can_be_withdrawn(bot: Bot, change_recorded: asyncio.Event) -> None:
    """A deleted question is not asked, and the next one is."""
    bot.aion.play(HELD, spoken("The third answer."))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.workspace.reply(bot.ben, thread, "second")
    await bot.workspace.reply(bot.cy, thread, "third")
    await bot.until(lambda: bot.queued_marker_count(thread) == 2)
    bot.workspace.delete_message(bot.message_of(thread, "second"))
    await change_recorded.wait()
    bot.aion.release("go")
    await bot.shows(thread, "The third answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "third"]


@pytest.mark.slow
async def test_a_full_queue_refuses_privately(bot: Bot) -> None:
    """A question beyond the bound is refused privately; those that wait are all answered."""
    bot.aion.play(HELD, *(spoken(f"Answer {number}.") for number in range(MOST_WAITING)))
    thread = await bot.asked(bot.ada, "first", "The first half,")
    for number in range(MOST_WAITING):
        await bot.workspace.reply(bot.ben, thread, f"question {number}")
    await bot.until(lambda: bot.queued_marker_count(thread) == MOST_WAITING)
    await bot.workspace.reply(bot.cy, thread, "one too many")
    await bot.replies_privately(thread, bot.cy, strings.FULL)
    bot.aion.release("go")
    await bot.shows(thread, f"Answer {MOST_WAITING - 1}.")
    assert bot.aion.count("send_stream") == MOST_WAITING + 1


@pytest.mark.parametrize("words", ["\u200b\u200d\ufeff", "\u202e\u2066"])
async def test_invisible_characters_are_no_question(bot: Bot, words: str) -> None:
    """A question of zero-width and direction marks alone gets the hint."""
    thread = await bot.workspace.direct_message(bot.ada, words)
    await bot.until(lambda: any(strings.HINT in one.text for one in bot.workspace.thread(thread)))
    assert bot.aion.requests == []


async def test_waiting_questions_survive_a_restart(bot: Bot) -> None:
    """Questions that wait when the bot is killed are asked by the next process, in order."""
    bot.aion.play(HELD)
    thread = await bot.asked(bot.ada, "first", "The first half,")
    await bot.workspace.reply(bot.ben, thread, "second")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    await bot.kill()
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("The first half, the second half."))
    bot.aion.play(spoken("The next answer."))
    await bot.start()
    await bot.shows(thread, "the second half.", "The next answer.")
    assert [body["message"] for body in bot.aion.bodies("send_stream")] == ["first", "second"]


async def test_slacks_own_stop_ends_an_answer(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """Slack's Stop, shown while the bot works, ends the answer as the bot's button does."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    aion.play(HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(bot.ada, thread)
    await bot.shows(thread, "The first half,", "Stopped by")
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()


async def test_a_late_stop_leaves_what_was_asked_after_it(
    aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """A Stop that Slack delivers late, as while nobody could take it, ends no answer to a question that was asked after the press."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    aion.play(HELD, HELD)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    await bot.until(lambda: slack.status(thread) == "processing")
    before = bot.message_of(thread, "What?")
    await slack.stop_session(bot.ada, thread, pressed_at=f"{float(before) - 1:.6f}")
    await bot.replies_privately(thread, bot.ada, strings.STOP_GONE)
    assert "Stopped by" not in bot.text(thread)
    await slack.stop_session(bot.ada, thread)
    await bot.shows(thread, "The first half,", "Stopped by")
    await bot.stop()


async def test_stopping_cancels_the_plan(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> None:
    """The plan of a stopped answer is cancelled in the name of the person, with one plan action."""
    bot = Bot(aion, slack, tmp_path)
    await bot.start()
    aion.play(script.organize(stays_open=True))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.until(lambda: slack.status(thread) == "processing")
    await slack.stop_session(bot.ada, thread)
    await bot.shows(thread, "Cancelled · Aion's plan", strings.DROPPED)
    assert [body["action"] for body in aion.bodies("plan_action")] == ["cancel"]
    await bot.stop()
