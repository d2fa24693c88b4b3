"""`aion_key` of `aion-bot.toml`: a place with another key of Aion's, and what must not cross from one key to another."""

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aion_bot.config import read_rules
from aion_bot.domain import strings
from aion_bot.domain.key_variables import PREFIX
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import PlanEnd, spoken
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_uploads import PICTURE

SITE, NAME = "site_0123456789abcdefghij", "SITE_KEY"


def carried(bot: Bot, operation: str) -> list[str]:
    """The keys that the requests of one kind carried."""
    sent = [one.headers["Authorization"] for one in bot.aion.requests if one.operation == operation]
    return [one.removeprefix("Bearer ") for one in sent]


@pytest.fixture
async def bot(idle: Bot, tmp_path: Path) -> Bot:
    """A bot that reads its file again when it is asked to, and knows the variable of another key."""
    idle.aion.other_keys = {SITE}
    idle.reloading = Reloading({**idle.env(), NAME: SITE}, lambda: read_rules(tmp_path / "aion-bot.toml", ()))
    await idle.start()
    return idle


async def use_other_key(bot: Bot, folder: Path) -> list[MutableMapping[str, Any]]:
    """Let the other key hold everywhere from now on, within 2 s; returns the log."""
    (folder / "aion-bot.toml").write_text(f'[defaults]\naion_key = "{PREFIX}{NAME}"\n')
    assert bot.reloading is not None
    with capture_logs() as logs:
        bot.reloading.asked.set()
        async with asyncio.timeout(2):
            events: list[str] = []
            while "rules" not in events:
                await asyncio.sleep(0.005)
                events = [one["event"] for one in logs]
    return logs


async def test_nothing_crosses_from_one_key_to_another(bot: Bot, tmp_path: Path) -> None:
    """After a reload within 2 s a thread begins afresh with the new key and says so; its earlier plan is decided with the old one."""
    bot.aion.play(
        spoken("A picture."),
        script.organize(PlanEnd.DONE),
        spoken("With the other key."),
        spoken("Again."),
        spoken("Still."),
    )
    await bot.shows(await bot.workspace.mention(bot.ada, "What is this?", files=[PICTURE]), "A picture.")
    thread = await bot.workspace.ask(bot.ada, "Tidy up")
    await bot.card(thread)
    logs = await use_other_key(bot, tmp_path)
    await bot.workspace.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "With the other key.", strings.OTHER_KEY)
    await bot.press(bot.ada, thread, "Approve")
    await bot.until(lambda: bot.aion.count("plan_action") == 1)
    await bot.shows(await bot.workspace.mention(bot.ada, "And this?", files=[PICTURE]), "Again.")
    main = bot.aion.api_key
    assert carried(bot, "create_session") == [main, main, SITE, SITE]
    assert carried(bot, "upload_image") == [main, SITE]
    assert carried(bot, "send_stream") == [main, main, SITE, SITE]
    assert carried(bot, "plan_action") == [main]
    await bot.stop()
    await bot.start()
    await bot.workspace.reply(bot.ada, thread, "And after a restart?")
    await bot.until(lambda: bot.aion.count("send_stream") == 5)
    assert bot.aion.crossed == []
    assert SITE not in str(logs)


async def test_a_retry_with_another_key_sends_the_files_again(bot: Bot, tmp_path: Path) -> None:
    """What the first attempt put into one library counts for that key alone."""
    bot.aion.fail_next("create_session", 503, times=4)
    thread = await bot.workspace.mention(bot.ada, "What is this?", files=[PICTURE])
    await bot.until(lambda: strings.RETRY in bot.pressable(thread))
    await use_other_key(bot, tmp_path)
    bot.aion.play(spoken("A picture."))
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "A picture.")
    assert carried(bot, "upload_image") == [bot.aion.api_key, SITE]
