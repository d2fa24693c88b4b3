"""`aion-bot erase` beside a bot that runs: what it erased is gone, and the bot goes on."""

import asyncio
from pathlib import Path

from aion_bot.domain import strings
from aion_bot.storage import Erasure, erase
from aion_bot.storage.database import files_of
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_what_was_shown import sent, shown


async def test_a_person_is_erased_beside_the_bot(bot: Bot, tmp_path: Path) -> None:
    """A plan that waits loses its words: pressing it says so, nothing is sent to Aion, and the next question is answered."""
    thread = await shown(bot, sent("Sort the zanzibar", "Move them"))
    await bot.card(thread)
    path = tmp_path / "bot.db"
    done = await asyncio.to_thread(erase, path, Erasure(bot.ada.id), wait=30)
    assert (done.complete, done.counts["questions"], done.counts["plans"]) == (True, 1, 1)
    contents = b"".join(one.read_bytes() for one in files_of(path) if one.exists())
    assert b"zanzibar" not in contents
    assert bot.ada.id.encode() not in contents
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, f"Only {strings.ERASED_PERSON} can approve or cancel this.")
    assert bot.aion.count("plan_action") == 0
    await shown(bot, sent("Sort again", "Move them"))
