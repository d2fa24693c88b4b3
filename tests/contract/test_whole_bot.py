"""The whole bot on every platform: a question and a plan."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.workspace import Workspace
from tests.end_to_end.bot import Bot
from tests.schemas import aion as aion_contracts


@pytest.fixture
async def bot(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Bot]:
    """A running bot."""
    async with SimulatedAion(inspector=aion_contracts.inspect) as aion:
        made = Bot(aion, workspace, tmp_path)
        await made.start()
        yield made
        await made.stop()
        assert aion.violations == []


async def test_questions_of_a_thread_are_answered(bot: Bot) -> None:
    """A question is answered in its thread, with references in words; a further one continues the session."""
    thread = await bot.asked(
        bot.ada, "What is damaged on site 7?", "I found 3 pieces", "inspection_site7.pdf (p.5)"
    )
    await bot.workspace.reply(bot.ben, thread, "Which is the worst?")
    await bot.shows(thread, "Of the three, the", without=[strings.THINKING])
    assert bot.aion.count("create_session") == 1


async def test_an_answer_survives_a_restart(bot: Bot) -> None:
    """A prompt that arrives while the bot is down, or is sent again, is answered once by the next process."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.stop()
    await bot.start()
    await bot.workspace.reply(bot.ada, thread, "Which is the worst?")
    await bot.shows(thread, "Of the three, the")
    assert bot.text(thread).count("I found 3 pieces") == 1


async def test_a_plan_is_decided(bot: Bot) -> None:
    """Only the person who asked decides a plan, and Aion gets one plan action."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.press(bot.ben, thread, "Approve")
    await bot.replies_privately(thread, bot.ben, "can approve or cancel this.")
    assert bot.aion.count("plan_action") == 0
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "Done")
    assert bot.pressable(thread) == []
    assert bot.aion.count("plan_action") == 1
