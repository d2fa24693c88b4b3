"""A plan's card while the plan is carried out, and what it tells afterwards."""

import pytest

from aion_bot.conversation import plan_steps
from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    AwaitDecision,
    Emit,
    Hold,
    Operation,
    Plan,
    PlanEnd,
    Propose,
    Scene,
    Speak,
)
from tests.end_to_end.bot import Bot

PLAN = Plan(
    "Delete 12 duplicates in *Site 7*",
    (
        Operation("FolderOrganizationAgent", "Delete the copies", ("VisualAnalysisAgent",)),
        Operation("ImageSearchAgent", "Find all photos"),
        Operation("VisualAnalysisAgent", "Compare them", ("ImageSearchAgent",)),
    ),
    "Twelve copies are gone.",
    (PlanEnd.ACCEPTED,),
)


async def test_steps_tick_while_a_plan_runs(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """In dependency order; the stream's agents tick them, and the result stands below the card, once."""
    monkeypatch.setattr(plan_steps, "_CALM", 0.0)
    bot.aion.plan_time = 60.0
    running = [
        Emit("tool_invocation", {"agent_name": one}) for one in ("ImageSearchAgent", "VisualAnalysisAgent")
    ]
    steps = (
        Hold("one", pings=True),
        running[0],
        Hold("two", pings=True),
        running[1],
        Hold("three", pings=True),
    )
    bot.aion.play(
        Scene((Speak("My plan:"), Propose(PLAN), *steps, AwaitDecision(), *ENDING), Answer("My plan:"))
    )
    thread = await bot.workspace.ask(bot.ada, "Tidy up")
    card = (await bot.card(thread)).text
    assert "Delete 12 duplicates in Site 7" in card.split("\n")[0]
    assert card.index("Find all photos") < card.index("Compare them") < card.index("Delete the copies")
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.RUNNING)
    bot.aion.release("one")
    await bot.shows(thread, "⏳ 1. ")
    bot.aion.release("two")
    await bot.shows(thread, "✅ 1. ", "⏳ 2. ", "1 of 3 steps done")
    bot.aion.release("three")
    text = await bot.shows(thread, "Twelve copies are gone.", strings.SEE_BELOW, "☑️ Decided")
    assert text.count("Twelve copies are gone.") == 1
    assert "⏳" not in text


async def proposed_with_agents(bot: Bot) -> tuple[str, str]:
    """Let Aion propose a plan in a stream that names two agents after it; returns the thread and the card's message."""
    bot.aion.plan_time = 60.0
    named = [
        Emit("tool_invocation", {"agent_name": one}) for one in ("ImageSearchAgent", "VisualAnalysisAgent")
    ]
    steps = (Hold("one", pings=True), *named, Hold("two", pings=True), AwaitDecision(), *ENDING)
    bot.aion.play(Scene((Speak("My plan:"), Propose(PLAN), *steps), Answer("My plan:")))
    thread = await bot.workspace.ask(bot.ada, "Tidy up")
    return thread, (await bot.card(thread)).id


async def test_no_step_ticks_while_a_plan_is_cancelled(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the stream names then carries nothing out: the card does not say that steps are done."""
    monkeypatch.setattr(plan_steps, "_CALM", 0.0)
    thread, card = await proposed_with_agents(bot)
    await bot.press(bot.ada, thread, "Cancel")
    await bot.shows(thread, strings.ASKING_AION)
    bot.aion.release("one")
    await bot.shows(thread, "Looking at images")
    bot.aion.release("two")
    await bot.shows(thread, "Cancelled · Aion's plan")
    shown = next(one for one in bot.bots(thread) if one.id == card)
    assert not any("✅" in version or "steps done" in version for version in shown.versions)


async def test_a_result_is_told_once(bot: Bot) -> None:
    """Where Aion's answer has the result and the stream goes on with it, the card leaves the words to the stream."""
    bot.aion.play(script.organize(stays_open=True))
    thread = await bot.workspace.ask(bot.ada, "Sort the photos")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    text = await bot.shows(thread, "✅ Done", strings.DONE, "3 photos are in two folders")
    assert text.count("3 photos are in two folders") == 1
    assert "✅ 1. " in text


@pytest.mark.slow
async def test_ticks_survive_a_restart(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while a plan runs: the next process shows the steps that were done, and none that still seems to run."""
    monkeypatch.setattr(plan_steps, "_CALM", 0.0)
    thread, card = await proposed_with_agents(bot)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.RUNNING)
    bot.aion.release("one")
    await bot.shows(thread, "✅ 1. ", "⏳ 2. ")
    await bot.kill()
    await bot.start()
    await bot.shows(thread, "✅ 1. ", "1 of 3 steps done", strings.RUNNING, without=["⏳ 2. "])
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("Twelve copies are gone."))
    await bot.shows(thread, "Twelve copies are gone.", strings.SEE_BELOW, "✅ 1. ")
    shown = next(one for one in bot.bots(thread) if one.id == card)
    assert "✅ 2. " not in shown.text
