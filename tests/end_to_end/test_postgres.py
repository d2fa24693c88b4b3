"""The whole bot with its database on a Postgres server."""

import asyncio

import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.script import PlanEnd
from aion_bot.storage import Store, StoreError, verify_audit
from tests.end_to_end.bot import Bot
from tests.support.postgres import lay_postgres, server

QUESTION = "What is damaged on site 7?"


@pytest.fixture
async def location(bot: Bot) -> PostgresUrl:
    """Where the bot remembers: an empty database on a server, with which it is started anew."""
    await bot.stop()
    made = lay_postgres()
    await bot.start(AION_BOT_DATABASE_URL=made.url)
    return made


async def test_a_question_and_a_plan_on_a_server(bot: Bot, location: PostgresUrl) -> None:
    """A question is answered and a plan decided as on SQLite; the record is whole; a restart asks nothing twice."""
    await bot.asked(bot.ada, QUESTION, "I found")
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.kill()
    await bot.start(AION_BOT_DATABASE_URL=location.url)
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")
    await bot.until(lambda: bot.pressable(thread) == [])
    assert len(bot.asked_words) == 2
    assert bot.aion.count("plan_action") == 1
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(location)
    await bot.stop()
    assert not (await asyncio.to_thread(verify_audit, location)).broken


@pytest.mark.slow
@pytest.mark.usefixtures("location")
async def test_a_server_that_goes_away_costs_nothing(bot: Bot) -> None:
    """A question that came before and one that comes meanwhile are answered once, when the server is back."""
    thread = await bot.asked(bot.ada, QUESTION, "I found")
    server().stop()
    try:
        later = await bot.workspace.ask(bot.ben, "And on site 8?")
        await asyncio.sleep(1.5)  # the server is away so long, and the bot has tried
    finally:
        server().start()
    await bot.shows(later, "I found")
    await bot.workspace.reply(bot.ada, thread, "And on site 9?")
    await bot.until(lambda: bot.text(thread).count("I found") == 2)
    assert sorted(bot.asked_words) == ["And on site 8?", "And on site 9?", QUESTION]
