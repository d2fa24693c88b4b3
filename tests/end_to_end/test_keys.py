"""`aion_key` of `aion-bot.toml`: a place with another key of Aion's, and what must not cross from one key to another."""

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
from tests.end_to_end.test_context import add
from tests.end_to_end.test_manage import told
from tests.end_to_end.test_uploads import PICTURE
from tests.support.logs import logged

pytestmark = pytest.mark.slow

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
        await logged(logs, "rules", within=2)
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


async def test_what_was_chosen_with_one_key_is_not_used_with_another(bot: Bot, tmp_path: Path) -> None:
    """A thread without a session whose pictures the earlier key found begins afresh, says so, and names none of them to the new key."""
    bot.aion.play(spoken("One."), spoken("Two."), spoken("Three."))
    thread = await bot.workspace.mention(bot.ada, "What is this?")
    await bot.shows(thread, "One.")
    await add(bot, bot.ada, "context pump", thread, "1 chosen image")
    await told(bot, bot.ada, "new", thread=thread, shows=strings.BEGUN_ANEW.split(".")[0])
    await use_other_key(bot, tmp_path)
    await told(bot, bot.ada, "context", thread=thread, shows=strings.CONTEXT_ALL)
    await bot.workspace.reply(bot.ada, thread, "And now?")
    await bot.shows(thread, "Two.", strings.OTHER_KEY)
    await add(bot, bot.ada, "context pump", thread, "1 chosen image")
    await bot.workspace.reply(bot.ada, thread, "And with that?")
    await bot.shows(thread, "Three.", strings.CHOSEN)
    assert set(carried(bot, "update_images")) == {SITE}
    assert bot.aion.crossed == []


async def test_no_road_leads_from_one_key_to_another(bot: Bot, tmp_path: Path) -> None:
    """After a change of the key, none of the ways to go on reaches a session or a picture of the earlier one.

    Opening, exporting and renaming it, a look at its status, a retry, and a second question after a restart in the middle.
    """
    bot.aion.play(spoken("One."))
    thread = await bot.workspace.mention(bot.ada, "What is this?")
    await bot.shows(thread, "One.")
    bot.aion.fail_next("send_stream", 503, times=4)
    failed = await bot.workspace.mention(bot.ada, "And this?")
    await bot.until(lambda: strings.RETRY in bot.pressable(failed))
    await use_other_key(bot, tmp_path)
    before = len(bot.aion.requests)
    for words in ("export private", "rename Cranes", "close", "status", "sessions", "context"):
        await bot.workspace.command(bot.ada, words, thread=thread)
    await told(bot, bot.ada, "status", thread=thread)
    bot.aion.play(spoken("Two."), spoken("Three."))
    await bot.press(bot.ada, failed, strings.RETRY)
    await bot.shows(failed, "Two.")
    await bot.kill()
    await bot.start(rules=read_rules(tmp_path / "aion-bot.toml", ())[0])
    await bot.workspace.reply(bot.ada, failed, "And after a kill?")
    await bot.shows(failed, "Three.")
    with_other = [
        one.operation
        for one in bot.aion.requests[before:]
        if one.headers["Authorization"] != f"Bearer {SITE}"
    ]
    assert with_other == []
    assert bot.aion.crossed == []


async def test_a_variable_that_gets_the_key_of_another_tenant(idle: Bot, tmp_path: Path) -> None:
    """Its threads begin afresh where Aion does not have their sessions any more, and say so; nothing of the earlier tenant is shown."""
    other = "tenant_0123456789abcdefghij"
    idle.aion.other_keys = {SITE, other}
    held = tmp_path / "site"
    held.write_text(SITE)
    (tmp_path / "aion-bot.toml").write_text(f'[defaults]\naion_key = "{PREFIX}{NAME}"\n')
    rules, problems = read_rules(tmp_path / "aion-bot.toml", ())
    assert problems == []
    idle.reloading = Reloading({**idle.env(), f"{NAME}_FILE": str(held)}, lambda: (rules, ()))
    await idle.start(rules=rules)
    idle.aion.play(spoken("One."), spoken("Two."))
    thread = await idle.workspace.mention(idle.ada, "What is this?")
    await idle.shows(thread, "One.")
    held.write_text(other)
    with capture_logs() as logs:
        idle.reloading.asked.set()
        await logged(logs, "key replaced")
    await idle.workspace.reply(idle.ada, thread, "And now?")
    await idle.shows(thread, "Two.", strings.NEW_SESSION)
    assert carried(idle, "create_session") == [SITE, other]


async def test_a_retry_about_pictures_of_the_earlier_key_says_that_they_are_gone(
    bot: Bot, tmp_path: Path
) -> None:
    """A question about an answer's pictures alone failed; with another key none of these pictures is named to Aion."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.until(lambda: strings.ONLY_THESE in bot.pressable(thread))
    bot.aion.fail_next("send_stream", 503, times=4)
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.until(lambda: strings.RETRY in bot.pressable(thread))
    await use_other_key(bot, tmp_path)
    before = len(bot.aion.requests)
    for _ in range(2):
        await bot.press(bot.ada, thread, strings.RETRY)
        await bot.shows(thread, strings.PICTURES_GONE)
    assert [one.operation for one in bot.aion.requests[before:] if one.operation != "get_session"] == []
    assert bot.aion.crossed == []


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> bool:
    """The test about pictures needs some to fetch."""
    return "pictures_of" in request.node.name
