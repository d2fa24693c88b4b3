"""Plan results that are stored later as session messages: each belongs to one plan, and to no question."""

import asyncio
import functools
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.domain.plan import PlanPhase
from aion_bot.simulators.aion import plans as simulated_plans
from aion_bot.simulators.aion import script
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
from aion_bot.simulators.aion.sessions import Proposed
from aion_bot.storage.plans import Plans
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow

STEPS = (Operation("FolderOrganizationAgent", "Move them"),)


def plan(name: str) -> Scene:
    """A plan whose result is stored only when the test stores it."""
    return proposed(Plan(f"Plan {name}", STEPS, "", (PlanEnd.ACCEPTED,)), f"Lead {name}.")


def are_in_progress(bot: Bot, thread: str, count: int) -> bool:
    """Whether this many cards say that Aion carries out their plans."""
    return bot.text(thread).count(strings.RUNNING) == count


async def approve_plans(bot: Bot, *names: str) -> str:
    """Propose plans in one thread, approve them in this order, and wait until Aion carries out all of them."""
    bot.aion.plan_time = 60.0
    thread = ""
    for number, name in enumerate(names, 1):
        bot.aion.play(plan(name))
        if thread:
            await bot.workspace.reply(bot.ada, thread, f"Do {name}")
        else:
            thread = await bot.workspace.ask(bot.ada, f"Do {name}")
        await bot.card(thread)
        await bot.press(bot.ada, thread, "Approve")
        await bot.until(functools.partial(are_in_progress, bot, thread, number))
    return thread


def store_results(bot: Bot, *results: str) -> None:
    """Store results in the session, in this order."""
    (session,) = bot.aion.sessions
    for result in results:
        bot.aion.sessions.store(session, "assistant", Answer(result))


def results(bot: Bot, folder: Path) -> Mapping[str, str]:
    """Which plan claimed which message, read from the database of a bot that has ended. Its words are erased by then."""
    (session,) = bot.aion.sessions
    texts = {message.id: message.answer.content for message in session.messages}
    with sqlite3.connect(folder / "bot.db") as connection:
        rows = list(connection.execute("SELECT result FROM plan ORDER BY decision"))
    connection.close()
    decided_in_order = ("Plan one", "Plan two")
    return {name: texts[result] for name, (result,) in zip(decided_in_order, rows, strict=True)}


@pytest.mark.parametrize("together", [True, False])
async def test_each_result_belongs_to_one_plan(bot: Bot, tmp_path: Path, together: bool) -> None:
    """Of two waiting plans the one decided first gets the first message, and each result is shown once."""
    thread = await approve_plans(bot, "one", "two")
    store_results(bot, *["Result one.", "Result two."][: 2 if together else 1])
    if not together:
        await bot.shows(thread, "Result one.")
        store_results(bot, "Result two.")
    await bot.shows(thread, "Result one.", "Result two.", without=[strings.RUNNING])
    await bot.stop()
    assert [bot.text(thread).count(f"Result {name}.") for name in ("one", "two")] == [1, 1]
    assert results(bot, tmp_path) == {"Plan one": "Result one.", "Plan two": "Result two."}


async def test_a_claimed_result_survives_a_crash(
    bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash between claiming and showing a result the plan shows the same result."""
    thread = await approve_plans(bot, "one", "two")
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
    store_results(bot, "Result one.", "Result two.")
    await both.wait()
    await bot.kill()
    monkeypatch.setattr(Plans, "claim_result", claim)
    await bot.start()
    await bot.shows(thread, "Result one.", "Result two.", without=[strings.RUNNING])
    await bot.stop()
    assert [bot.text(thread).count(f"Result {name}.") for name in ("one", "two")] == [1, 1]
    assert results(bot, tmp_path) == {"Plan one": "Result one.", "Plan two": "Result two."}


async def test_a_result_is_not_taken_for_a_stored_answer(bot: Bot) -> None:
    """A question whose stream broke does not show a plan's result as its stored answer."""
    thread = await approve_plans(bot, "one")
    bot.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Half an ans")
    store_results(bot, "Result one.")
    await bot.shows(thread, "Result one.", without=[strings.RUNNING])
    bot.aion.cut_streams()
    await bot.shows(thread, "Half an ans", strings.CUT)
    assert bot.text(thread).count("Result one.") == 1


@pytest.mark.parametrize("end", ["cut", "kill"])
async def test_a_result_of_a_plan_that_was_given_up_is_no_answer(idle: Bot, end: str) -> None:
    """A result that comes when its plan was given up answers no question, whose stream broke or that a kill cut off."""
    idle.polling = replace(idle.polling, accepted=Backoff(0.01, attempts=2))
    await idle.start()
    thread = await approve_plans(idle, "one")
    await idle.shows(thread, strings.UNSEEN_END)
    idle.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")))
    await idle.workspace.reply(idle.ada, thread, "And what else?")
    await idle.shows(thread, "Half an ans")
    store_results(idle, "Result one.")
    if end == "cut":
        idle.aion.cut_streams()
        await idle.shows(thread, strings.CUT)
    else:
        await idle.kill()
        await idle.start()
        await idle.shows(thread, strings.INTERRUPTED)
    assert "Result one." not in idle.text(thread)


async def test_a_result_that_the_stream_told_leaves_no_doubt(bot: Bot, tmp_path: Path) -> None:
    """No other result can come to be stored then: an answer behind it is found by its place."""
    bot.aion.plan_time = 60.0
    bot.aion.play(
        proposed(Plan("Plan one", STEPS, "Result one.", (PlanEnd.LOST_AFTER_ACTING,)), stays_open=True)
    )
    thread = await bot.workspace.ask(bot.ada, "Do one")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Result one.", strings.SEE_BELOW)
    await bot.stop()
    with sqlite3.connect(tmp_path / "bot.db") as connection:
        assert connection.execute("SELECT phase, doubt FROM plan").fetchall() == [(PlanPhase.SETTLED, 0)]
    connection.close()


async def test_a_stored_answer_is_not_taken_for_a_result(bot: Bot) -> None:
    """A plan that waits for a result does not claim the stored answer of a question."""
    thread = await approve_plans(bot, "one")
    whole = "Half an answer, and the rest."
    bot.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer(whole)), spoken("Later."))
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Half an ans")
    bot.aion.cut_streams()
    await bot.shows(thread, whole)
    store_results(bot, "Result one.")
    await bot.shows(thread, "Result one.", without=[strings.RUNNING])
    assert bot.text(thread).count(whole) == 1


async def test_a_late_answer_to_an_earlier_attempt_is_no_result(idle: Bot, tmp_path: Path) -> None:
    """What Aion stores to a question that a kill cut off, after it was asked again, stands nowhere; the plan gets its own result."""
    await idle.start()
    thread = await approve_plans(idle, "one")
    idle.aion.play(Scene((Speak("Half an ans"), Hold("never"), *ENDING), Answer("")), spoken("Asked again."))
    await idle.workspace.reply(idle.ada, thread, "And what else?")
    await idle.shows(thread, "Half an ans")
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        ((named,),) = connection.execute("SELECT answer_id FROM turn WHERE phase = 'streaming'")
    await idle.kill()
    await idle.start()
    await idle.shows(thread, strings.INTERRUPTED)
    await idle.until(lambda: idle.pressable(thread) == ["Retry"])
    await idle.press(idle.ada, thread, "Retry")
    await idle.shows(thread, "Asked again.")
    (session,) = idle.aion.sessions
    idle.aion.sessions.store(session, "assistant", Answer("Half an answer, and the rest."), named)
    store_results(idle, "Result one.")
    await idle.shows(thread, "Result one.", "Asked again.", without=["Half an ans", strings.RUNNING])


@pytest.mark.parametrize("end", ["stopped", "cut"])
async def test_an_answer_that_ended_before_it_had_a_name_is_no_result(idle: Bot, end: str) -> None:
    """Aion stores it after all: a plan that waits does not show it as its result, and says that it has seen none."""
    idle.polling = replace(
        idle.polling, accepted=Backoff(0.05, factor=1.0, attempts=40), stored_answer=Backoff(0.01, attempts=2)
    )
    await idle.start()
    thread = await approve_plans(idle, "one")
    idle.aion.fail_next("send_stream", None, silent=end == "stopped")
    await idle.workspace.reply(idle.ada, thread, "And what else?")
    if end == "stopped":
        await idle.until(lambda: "Stop" in idle.pressable(thread))
        await idle.aion.until(lambda: idle.aion.count("send_stream") == 2)
        await idle.press(idle.ada, thread, "Stop")
        await idle.shows(thread, "Stopped by")
    else:
        await idle.shows(thread, strings.CUT)
    (session,) = idle.aion.sessions
    idle.aion.sessions.store(session, "user", Answer("And what else?"))
    idle.aion.sessions.store(session, "assistant", Answer("An answer without a name."))
    await idle.shows(thread, strings.UNSEEN_END)
    assert "without a name" not in idle.text(thread)


@pytest.mark.parametrize("phase", ["row", "card"])
async def test_a_crash_before_an_end_is_noted_as_shown_keeps_its_result(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    """Killed when the row or the card tells the end: the next process leaves the result where it stands."""
    reached, noted = asyncio.Event(), asyncio.Event()
    moved, note_shown = Plans.move, Plans.note_shown

    async def move_and_hang(store: Plans, key: str, to: PlanPhase, **more: Any) -> bool:
        done = await moved(store, key, to, **more)
        if to is PlanPhase.SETTLED:
            reached.set()
            await asyncio.Event().wait()
        return done

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def note(*row: Any) -> None:
        await note_shown(*row)
        noted.set()

    await idle.start()
    thread = await approve_plans(idle, "A")
    with monkeypatch.context() as patch:
        patch.setattr(Plans, *(("move", move_and_hang) if phase == "row" else ("note_shown", hang)))
        store_results(idle, "Result A.")
        await reached.wait()
        await idle.kill()
    monkeypatch.setattr(Plans, "note_shown", note)
    await idle.start()
    await noted.wait()
    assert idle.text(thread).count("Result A.") == 1
    assert strings.SEE_BELOW in idle.text(thread)


@pytest.mark.parametrize("posted", [False, True])
async def test_what_needs_another_confirmation_survives_a_crash(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posted: bool
) -> None:
    """Killed before its card is posted, or before that is recorded: the next start shows it, once, and erases its words."""
    reached, noted = asyncio.Event(), asyncio.Event()
    moved, note_shown, done = Plans.move, Plans.note_shown, simulated_plans._done

    def with_more(proposed: Proposed, action: str) -> dict[str, Any]:
        return {**done(proposed, action), "pending_actions": [{"description": "Empty the bin"}, {"id": 7}]}

    async def move_and_hang(store: Plans, key: str, to: PlanPhase, **more: Any) -> bool:
        await moved(store, key, to, **more)
        reached.set()
        return await asyncio.Event().wait()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def note(*row: Any) -> None:
        await note_shown(*row)
        noted.set()

    monkeypatch.setattr(simulated_plans, "_done", with_more)
    await idle.start()
    idle.aion.play(script.organize(PlanEnd.DONE))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos")
    await idle.card(thread)
    with monkeypatch.context() as patch:
        patch.setattr(Plans, *(("note_shown", hang) if posted else ("move", move_and_hang)))
        await idle.press(idle.ada, thread, "Approve")
        await reached.wait()
        await idle.kill()
    assert idle.text(thread).count(strings.PENDING_HOW) == posted
    monkeypatch.setattr(Plans, "note_shown", note)
    await idle.start()
    await noted.wait()
    text = idle.text(thread)
    assert text.count(strings.PENDING_HOW) == 1
    assert text.count("Empty the bin") == 1
    assert text.count("I can't show 1 step") == 1
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        assert connection.execute("SELECT pending FROM plan").fetchall() == [("[]",)]


async def test_no_card_refers_to_a_result_that_is_not_there(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the result is posted: the card does not yet say that it is below; after the restart both are there."""
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    await idle.start()
    thread = await approve_plans(idle, "A")
    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", hang)
        store_results(idle, "Result A.")
        await reached.wait()
        await idle.kill()
    assert strings.SEE_BELOW not in idle.text(thread)
    await idle.start()
    await idle.shows(thread, strings.SEE_BELOW)
    assert idle.text(thread).count("Result A.") == 1
