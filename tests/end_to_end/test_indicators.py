"""No sign of work outlives its question, whenever the process ends."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot

QUESTIONS = ("What is first?", "What is second?")


@pytest.fixture
async def on_slack(aion: SimulatedAion, slack: SimulatedSlack, tmp_path: Path) -> Bot:
    """Slack's signs stay until they are taken away; Discord's own end by themselves."""
    return Bot(aion, slack, tmp_path)


def stopped_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> asyncio.Event:
    """Let a call be the last thing that its caller does."""
    done = asyncio.Event()
    call: Callable[..., Awaitable[None]] = getattr(owner, name)

    async def last(*arguments: Any) -> None:
        await call(*arguments)
        done.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(owner, name, last)
    return done


async def test_the_sign_of_work_does_not_outlive_a_kill(
    on_slack: Bot, slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between settling a question and clearing Slack's sign of work, the next process clears it."""
    bot = on_slack
    await bot.start()
    bot.aion.play(spoken("The answer.", Hold("go", pings=True)))
    thread = await bot.place.ask(bot.ada, "What?")
    await bot.until(lambda: slack.status(thread) == "processing")
    with monkeypatch.context() as patched:
        settled = stopped_after(patched, Turns, "note_shown")
        bot.aion.release("go")
        await settled.wait()
        await bot.kill()
    assert slack.status(thread) == "processing"
    await bot.start()
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()


async def test_a_sign_that_is_not_cleared_holds_up_nothing(on_slack: Bot, slack: SimulatedSlack) -> None:
    """While Slack hangs as the sign is cleared, the thread's next question is answered at once."""
    bot = on_slack
    await bot.start()
    bot.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await bot.place.ask(bot.ada, QUESTIONS[0])
    await bot.until(lambda: slack.status(thread) == "processing")
    slack.fail_next("agents.sessions.setStatus", hang=True, times=10)
    bot.aion.release("go")
    await bot.shows(thread, "The first.")
    async with asyncio.timeout(4.0):  # an attempt to clear it takes seven seconds
        await bot.place.reply(bot.ada, thread, QUESTIONS[1])
        await bot.shows(thread, "The second.")
    await bot.kill()


async def test_a_sign_of_waiting_that_stays_is_taken_away_by_the_next_start(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """An hourglass that Slack would not remove before the process was killed is removed by the next one."""
    bot = on_slack
    await bot.start()
    bot.aion.play(spoken("The first.", Hold("go", pings=True)), spoken("The second."))
    thread = await bot.place.ask(bot.ada, QUESTIONS[0])
    await bot.until(lambda: bool(bot.bots(thread)))
    await bot.place.reply(bot.ada, thread, QUESTIONS[1])
    asked = next(one.id for one in bot.place.thread(thread) if QUESTIONS[1] in one.text)
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


async def test_nothing_is_taken_away_from_a_working_answer(on_slack: Bot, slack: SimulatedSlack) -> None:
    """The end of one answer leaves the sign to another one that is under way in the same thread."""
    bot = on_slack
    await bot.start()
    thread = await bot.place.ask(bot.ada, "Sort the photos of site 7")
    await bot.card(thread)
    await bot.until(lambda: slack.status(thread) == "processing")
    bot.aion.play(spoken("The second."))
    await bot.place.reply(bot.ada, thread, QUESTIONS[1])
    await bot.shows(thread, "The second.")
    await bot.until(lambda: bot.pressable(thread).count("Stop") == 0)
    assert slack.status(thread) == "processing"
    await bot.press(bot.ada, thread, "Approve")
    await bot.until(lambda: slack.status(thread) == "active")
    await bot.stop()
