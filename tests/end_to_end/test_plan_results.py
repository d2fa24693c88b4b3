"""Results that come later as messages of the session: each belongs to one plan, and to no question."""

import asyncio
import functools
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Hold,
    Operation,
    Plan,
    PlanEnd,
    Scene,
    Speak,
    proposed,
    spoken,
)
from aion_bot.storage.plans import Plans
from tests.end_to_end.bot import Bot

STEPS = (Operation("FolderOrganizationAgent", "Move them"),)


def plan(name: str) -> Scene:
    """A plan whose result comes only when the test stores it."""
    return proposed(Plan(f"Plan {name}", STEPS, "", (PlanEnd.ACCEPTED,)), f"Lead {name}.")


def carried_out(bot: Bot, thread: str, count: int) -> bool:
    """Whether so many cards say that Aion carries their plans out."""
    return bot.text(thread).count(strings.RUNNING) == count


async def accepted(bot: Bot, *names: str) -> str:
    """Bring plans about in one thread, approve them in this order, and wait until Aion carries out all of them."""
    bot.aion.plan_time = 60.0
    thread = ""
    for number, name in enumerate(names, 1):
        bot.aion.play(plan(name))
        if thread:
            await bot.place.reply(bot.ada, thread, f"Do {name}")
        else:
            thread = await bot.place.ask(bot.ada, f"Do {name}")
        await bot.card(thread)
        await bot.press(bot.ada, thread, "Approve")
        await bot.until(functools.partial(carried_out, bot, thread, number))
    return thread


def finish(bot: Bot, *results: str) -> None:
    """Let results appear in the session, in this order."""
    (session,) = bot.aion.sessions
    for result in results:
        bot.aion.sessions.store(session, "assistant", Answer(result))


def results(bot: Bot, folder: Path) -> Mapping[str, str]:
    """Which plan took which message, from the journal of a bot that has ended."""
    (session,) = bot.aion.sessions
    texts = {message.id: message.answer.content for message in session.messages}
    with sqlite3.connect(folder / "bot.db") as connection:
        rows = list(connection.execute("SELECT description, result FROM plan"))
    connection.close()
    return {description: texts[result] for description, result in rows}


@pytest.mark.parametrize("together", [True, False])
async def test_each_result_is_one_plans(bot: Bot, tmp_path: Path, together: bool) -> None:
    """Of two plans that wait for their results the one decided earlier gets the earlier message, and each is shown once."""
    thread = await accepted(bot, "one", "two")
    finish(bot, *["Result one.", "Result two."][: 2 if together else 1])
    if not together:
        await bot.shows(thread, "Result one.")
        finish(bot, "Result two.")
    await bot.shows(thread, "Result one.", "Result two.", without=[strings.RUNNING])
    await bot.stop()
    assert [bot.text(thread).count(f"Result {name}.") for name in ("one", "two")] == [1, 1]
    assert results(bot, tmp_path) == {"Plan one": "Result one.", "Plan two": "Result two."}


async def test_a_claimed_result_is_found_again(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between claiming its result and showing it, a plan shows the same one after the restart."""
    thread = await accepted(bot, "one", "two")
    claim = Plans.claim_result
    claimed: set[str] = set()
    both, never = asyncio.Event(), asyncio.Event()

    async def fatal(store: Plans, key: str, found: list[str]) -> str | None:
        result = await claim(store, key, found)
        if result is not None:
            claimed.add(result)
            if len(claimed) == 2:
                both.set()
            await never.wait()
        return result

    monkeypatch.setattr(Plans, "claim_result", fatal)
    finish(bot, "Result one.", "Result two.")
    await both.wait()
    await bot.kill()
    monkeypatch.setattr(Plans, "claim_result", claim)
    await bot.start()
    await bot.shows(thread, "Result one.", "Result two.", without=[strings.RUNNING])
    await bot.stop()
    assert [bot.text(thread).count(f"Result {name}.") for name in ("one", "two")] == [1, 1]
    assert results(bot, tmp_path) == {"Plan one": "Result one.", "Plan two": "Result two."}


async def test_a_result_is_not_taken_for_a_stored_answer(bot: Bot) -> None:
    """A question whose stream broke does not take a plan's result for its stored answer, whoever looks first."""
    thread = await accepted(bot, "one")
    bot.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    await bot.place.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Half an ans")
    finish(bot, "Result one.")
    await bot.shows(thread, "Result one.", without=[strings.RUNNING])
    bot.aion.cut_streams()
    await bot.shows(thread, "Half an ans", strings.CUT)
    assert bot.text(thread).count("Result one.") == 1


async def test_a_stored_answer_is_not_taken_for_a_result(bot: Bot) -> None:
    """An answer that a question has found again stays that question's, though a plan waits for a result."""
    thread = await accepted(bot, "one")
    whole = "Half an answer, and the rest."
    bot.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer(whole)), spoken("Later."))
    await bot.place.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Half an ans")
    bot.aion.cut_streams()
    await bot.shows(thread, whole)
    finish(bot, "Result one.")
    await bot.shows(thread, "Result one.", without=[strings.RUNNING])
    assert bot.text(thread).count(whole) == 1
