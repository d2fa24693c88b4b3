"""No indicator remains after its question has ended, whenever the process ends."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aion_bot.conversation.indicators import Indicators
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import ENDING, Hold, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

HOURS = 36_000.0
"""Seconds that nothing in a test waits for."""
QUESTIONS = ("What is first?", "What is second?")


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> Bot:
    """Slack's indicators stay until they are removed; Discord's typing ends by itself."""
    return Bot(aion, slack, tmp_path)


def blocked_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> asyncio.Event:
    """Let a function return never; the event is set once its work is done."""
    done = asyncio.Event()
    call: Callable[..., Awaitable[None]] = getattr(owner, name)

    async def last(*arguments: Any, **named: Any) -> None:
        await call(*arguments, **named)
        done.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(owner, name, last)
    return done


async def nothing(*_: object, **__: object) -> None:
    """Take the place of what a killed process does not do any more."""


async def test_activity_is_cleared_after_a_crash(
    on_slack: Bot, slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash between showing an end and clearing Slack's activity, the next process clears it."""
    bot = on_slack
    # As where Slack is slow to end it before the last text.
    monkeypatch.setattr(Indicators, "end_activity", nothing)
    await bot.start()
    bot.aion.play(spoken("The answer.", Hold("go", pings=True)))
    thread = await bot.workspace.ask(bot.ada, "What?")
    await bot.until(lambda: slack.status(thread) == "processing")
    with monkeypatch.context() as patched:
        shown = blocked_after(patched, Turns, "note_shown")
        bot.aion.release("go")
        await shown.wait()
        # A process that is killed clears nothing; tasks that are cancelled would begin to.
        patched.setattr(Indicators, "clear", nothing)
        await bot.kill()
    assert slack.status(thread) == "processing"
    await bot.start()
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()


async def test_clearing_activity_does_not_block_the_thread(on_slack: Bot, slack: SimulatedSlack) -> None:
    """While Slack does not answer the request that clears activity, the thread's next question is answered."""
    bot = on_slack
    bot.watch = lambda adapter: setattr(adapter._status, "_timeout", HOURS)
    await bot.start()
    bot.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await bot.workspace.ask(bot.ada, QUESTIONS[0])
    await bot.until(lambda: slack.status(thread) == "processing")
    slack.fail_next("agents.sessions.setStatus", hang=True, times=10)
    bot.aion.release("go")
    await bot.shows(thread, "The first.")
    await bot.workspace.reply(bot.ada, thread, QUESTIONS[1])
    await bot.shows(thread, "The second.")
    await bot.kill()


async def test_a_queued_marker_is_removed_by_the_next_start(on_slack: Bot, slack: SimulatedSlack) -> None:
    """A queued marker that Slack would not remove before a crash is removed by the next process."""
    bot = on_slack
    await bot.start()
    bot.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await bot.workspace.ask(bot.ada, QUESTIONS[0])
    await bot.until(lambda: bool(bot.bots(thread)))
    await bot.workspace.reply(bot.ada, thread, QUESTIONS[1])
    asked = next(one.id for one in bot.workspace.thread(thread) if QUESTIONS[1] in one.text)
    await bot.until(lambda: bool(slack.reactions(asked)))
    slack.fail_next("reactions.remove", status=503, times=3)
    bot.aion.release("go")
    await bot.shows(thread, "The second.")
    await bot.until(lambda: bot.pressable(thread) == [])
    assert slack.reactions(asked)
    await bot.kill()
    slack.api._faults.clear()
    await bot.start()
    await bot.until(lambda: not slack.reactions(asked))
    await bot.stop()


@pytest.mark.slow
async def test_the_end_of_one_answer_keeps_the_activity_of_another(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """The end of an answer does not clear the activity of another answer in the same thread."""
    bot = on_slack
    await bot.start()
    thread = await bot.workspace.ask(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    await bot.until(lambda: slack.status(thread) == "active")  # nothing works while a plan waits
    bot.aion.play(Scene((Speak("The second,"), Hold("on", pings=True), Speak(" whole."), *ENDING)))
    await bot.workspace.reply(bot.ada, thread, QUESTIONS[1])
    await bot.shows(thread, "The second,")
    await bot.until(lambda: slack.status(thread) == "processing")
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by")
    assert slack.status(thread) == "processing"
    bot.aion.release("on")
    await bot.shows(thread, "The second, whole.")
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()
