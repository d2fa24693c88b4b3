"""What a restored backup does not know: Aion's own state decides, so that nothing is done twice."""

import shutil

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.script import PlanEnd
from aion_bot.storage.database import back_up
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


async def test_a_plan_that_was_decided_after_the_backup_is_not_acted_on_twice(bot: Bot) -> None:
    """Its card stays as it is; a press that still comes goes to Aion, which refuses a second decision: nothing is done."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    card = await bot.card(thread)
    cancel = card.buttons[1]
    back_up(bot.database, bot.database.with_name("backup.db"))
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")
    await bot.stop()
    for left in bot.database.parent.glob("bot.db-*"):
        left.unlink()
    shutil.copyfile(bot.database.with_name("backup.db"), bot.database)
    await bot.start()
    await bot.asked(bot.ben, "What is damaged on site 7?", "I found")  # what a start does is done
    assert bot.pressable(thread) == []
    assert "Approved by" in bot.text(thread)
    await bot.workspace.press_forged(bot.ada, thread, card.id, cancel)
    await bot.shows(thread, strings.EXPIRED)
    assert bot.aion.count("plan_action") == 2
    (plan,) = [plan for session in bot.aion.sessions for plan in session.plans.values()]
    assert plan.action == "approve"
