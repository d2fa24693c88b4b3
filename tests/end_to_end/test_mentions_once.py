"""A reply that mentions the asker is posted once, where the question was asked, whatever else happens meanwhile."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aion_bot.conversation import mentions as mentions_module
from aion_bot.conversation.approval import Approvals
from aion_bot.domain import strings
from aion_bot.runtime import active_turns
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import Hold, PlanEnd, Propose
from aion_bot.storage.store import Mentions
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_mentions import LONG, PLAN_AFTER_LONG, asked_earlier, mentions
from tests.end_to_end.test_private import answered, press, private, public
from tests.support.cases import rest_slow

_CARD = next(n for n, step in enumerate(PLAN_AFTER_LONG.steps) if isinstance(step, Propose)) + 1
STAYS_OPEN = replace(
    PLAN_AFTER_LONG,
    steps=(*PLAN_AFTER_LONG.steps[:_CARD], Hold("end", pings=True), *PLAN_AFTER_LONG.steps[_CARD:]),
)
"""The stream goes on below the plan."""


def hanging(patch: pytest.MonkeyPatch, owner: object, name: str) -> asyncio.Event:
    """Let a step hang before it is done; the event is set once it would be."""
    reached = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    patch.setattr(owner, name, hang)
    return reached


def at_once(patch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let the look of the start last until the resumed turn asks as well; the event is set once that is over."""
    asked, over = asyncio.Event(), asyncio.Event()
    is_posted, send_due = mentions_module._is_posted, active_turns.send_due

    async def look(*arguments: Any) -> bool:
        found = await is_posted(*arguments)
        await asked.wait()
        return found

    async def ask(*arguments: Any, **more: Any) -> None:
        asked.set()
        await send_due(*arguments, **more)
        over.set()

    patch.setattr(mentions_module, "_is_posted", look)
    patch.setattr(active_turns, "send_due", ask)
    return over


@pytest.mark.parametrize("posted", rest_slow([True, False], quick=1))
async def test_the_mention_of_a_plan_whose_stream_goes_on_is_posted_once(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posted: bool
) -> None:
    """Killed before or after the reply: the next start and the turn that goes on do not post it beside each other."""
    await idle.start()
    idle.aion.play(STAYS_OPEN)
    with monkeypatch.context() as patch:
        reached = hanging(patch, *((Mentions, "note_sent") if posted else (mentions_module, "send")))
        thread = await idle.asked(idle.ada, "Organize the photos", "as soon as you agree")
        asked_earlier(tmp_path)
        idle.aion.release("on")
        await idle.card(thread)
        await reached.wait()
        await idle.kill()
    over = at_once(monkeypatch)
    await idle.start()
    await over.wait()
    await idle.stop()
    assert mentions(idle, thread, strings.PLAN_WAITS) == [[idle.ada.id]]


@pytest.mark.slow
async def test_the_end_of_a_private_answer_is_told_where_it_stands(bot: Bot, tmp_path: Path) -> None:
    """Once, in the asker's direct messages; what is shared later brings no such reply, also over a restart."""
    bot.aion.play(LONG)
    await bot.workspace.ask_privately(bot.ada, "Tell me")
    await bot.until(lambda: "The first half" in private(bot, bot.ada))
    asked_earlier(tmp_path)
    bot.aion.release("on")
    shown = await answered(bot, bot.ada, "All of it.", strings.ANSWER_READY)
    assert public(bot) == ""
    await press(bot, bot.ada, shown, strings.SHARE)
    await bot.until(lambda: strings.NOW_SHARED in private(bot, bot.ada))
    await bot.stop()
    await bot.start()
    await bot.asked(bot.ben, "What can you do?", "Ask me what is damaged")
    await bot.stop()
    assert "All of it." in public(bot)
    assert strings.ANSWER_READY not in public(bot)
    assert private(bot, bot.ada).count(strings.ANSWER_READY) == 1


@pytest.mark.slow
@pytest.mark.parametrize("killed", [True, False])
async def test_a_plan_that_a_restart_found_under_way_mentions_the_asker_once(
    idle: Bot, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    """It ends in the background of a process that did not send the decision; the start after that repeats nothing."""
    await idle.start()
    idle.aion.play(script.organize(PlanEnd.ACCEPTED))
    with monkeypatch.context() as patch:
        reached = hanging(patch, Approvals, "_watch")
        thread = await idle.workspace.ask(idle.ada, "Organize the photos")
        await idle.card(thread)
        await idle.press(idle.ada, thread, "Approve")
        await reached.wait()
        await (idle.kill() if killed else idle.stop())
    await idle.start()
    await idle.shows(thread, "3 photos are in two folders", strings.PLAN_ENDED)
    await idle.stop()
    await idle.start()
    await idle.asked(idle.ben, "What can you do?", "Ask me what is damaged")
    await idle.stop()
    assert mentions(idle, thread, strings.PLAN_ENDED) == [[idle.ada.id]]
