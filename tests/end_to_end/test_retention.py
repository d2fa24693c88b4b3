"""After a question ended its words are in no file of the database, and what is pressed later is answered right."""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.domain import strings
from aion_bot.runtime import retention_sweep
from aion_bot.runtime.retention_sweep import SweepPauses
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, Hold, PlanEnd, Scene, Speak
from tests.end_to_end.bot import Bot

SEED = 'Tell "Żółw-7731" about\nturtles-4409'


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention_sweep, "DEFAULT_PAUSES", SweepPauses(look=0.05, settle=0.02))


def left(folder: Path, *words: str) -> list[str]:
    """The files of the database that hold one of these words, as it is or as JSON escapes it."""
    forms = [form for one in words for form in (one.encode(), json.dumps(one)[1:-1].encode())]
    return [
        one.name for one in sorted(folder.glob("bot.db*")) if any(form in one.read_bytes() for form in forms)
    ]


async def erased(folder: Path, *words: str) -> None:
    """Wait until no file holds one of these words."""
    async with asyncio.timeout(60):
        while left(folder, *words):  # noqa: ASYNC110  # there is no event for a file's content
            await asyncio.sleep(0.01)


async def test_an_answered_question_leaves_the_files(bot: Bot, tmp_path: Path) -> None:
    """Nor does the name of the thread stay that Discord's question opened."""
    bot.aion.play(Scene((Speak("An answer."), *ENDING), Answer("An answer.")))
    await bot.asked(bot.ada, SEED, "An answer.")
    await erased(tmp_path, "Żółw-7731", "turtles-4409")


async def test_a_failed_question_leaves_the_files_once_its_writer_deletes_it(
    bot: Bot, tmp_path: Path
) -> None:
    """Its message says so and offers no Retry any more; a press that comes too late is told that it has expired."""
    thread = await bot.asked(bot.ada, "What does the safety report say?", "Both are due this week")
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    bot.aion.fail_next("send_stream", 503, code="SERVICE_UNAVAILABLE", times=8)
    await bot.workspace.reply(bot.ada, thread, SEED)
    await bot.shows(thread, strings.trouble("SERVER_ERROR"))
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    assert left(tmp_path, "turtles-4409") != []
    failed = next(
        one for one in bot.bots(thread) if strings.RETRY in {button.label for button in one.buttons}
    )
    (retry,) = failed.buttons
    bot.workspace.delete_message(bot.message_of(thread, "turtles-4409"))
    await erased(tmp_path, "Żółw-7731", "turtles-4409")
    await bot.shows(thread, strings.QUESTION_DELETED)
    assert bot.pressable(thread) == []
    await bot.workspace.press_forged(bot.ada, thread, failed.id, retry)
    await bot.replies_privately(thread, bot.ada, f"{strings.RETRY_EXPIRED} (ref ")


async def test_a_question_deleted_before_it_fails_offers_no_retry(bot: Bot, tmp_path: Path) -> None:
    """Its words are gone, so that there is no button, and the sentence does not speak of one."""
    error = Emit("error", {"message": "Tired", "code": "SERVER_ERROR"})
    bot.aion.play(Scene((Speak("At work. "), Hold("go", pings=True), error)))
    thread = await bot.workspace.mention(bot.ada, SEED)
    await bot.shows(thread, "At work.")
    bot.workspace.delete_message(bot.message_of(thread, "turtles-4409"))
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        async with asyncio.timeout(60):
            while connection.execute("SELECT deleted_at FROM turn").fetchone() == (None,):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)
    bot.aion.release("go")
    told = strings.without_retry(strings.trouble("SERVER_ERROR"))
    await bot.shows(thread, f"{told} (ref ", without=[strings.STOP])
    assert strings.RETRY not in bot.text(thread)
    assert bot.pressable(thread) == []
    await erased(tmp_path, "Żółw-7731", "turtles-4409")


async def test_a_decided_plan_leaves_the_files_and_its_card_answers(bot: Bot, tmp_path: Path) -> None:
    """A late press is told who decided; the attempt keeps the digest of what was shown."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, SEED)
    card = await bot.card(thread)
    assert left(tmp_path, "Find all photos") != []
    await bot.press(bot.ada, thread, strings.APPROVE)
    await bot.shows(thread, "Approved by", "Done")
    await erased(tmp_path, "turtles-4409", "Organize the photos", "Find all photos")
    for button in card.buttons:
        await bot.workspace.press_forged(bot.ada, thread, card.id, replace(button))
        await bot.replies_privately(thread, bot.ada, "This plan was already decided. ✅ Done. Approved by")
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        (digest,) = connection.execute("SELECT digest FROM attempt").fetchone()
    assert len(digest) == 64
    assert bot.aion.count("plan_action") == 1
