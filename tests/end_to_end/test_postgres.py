"""The whole bot with its database on a Postgres server."""

import asyncio
from pathlib import Path

import pytest

from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.script import PlanEnd
from aion_bot.storage import Store, StoreError, explain, verify_audit
from aion_bot.ports.failures import reference
from tests.end_to_end.bot import Bot
from tests.support.postgres import lay_postgres, server

QUESTION = "What is damaged on site 7?"


@pytest.fixture
async def on_server(bot: Bot) -> Bot:
    """The bot, started anew with an empty database on a server."""
    await bot.stop()
    location = lay_postgres()
    bot.database = location  # type: ignore[assignment]  # what the tests below hand over
    await bot.start(AION_BOT_DATABASE_URL=location.url)
    return bot


async def test_a_question_and_a_plan_on_a_server(on_server: Bot) -> None:
    """A question is answered and a plan decided as on SQLite; the record is whole; a restart asks nothing twice."""
    bot, location = on_server, on_server.database
    await bot.asked(bot.ada, QUESTION, "I found")
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.kill()
    await bot.start(AION_BOT_DATABASE_URL=location.url)  # type: ignore[attr-defined]  # on a server
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
async def test_a_server_that_goes_away_costs_nothing(on_server: Bot) -> None:
    """A question that came before and one that comes meanwhile are answered once, when the server is back."""
    bot = on_server
    thread = await bot.asked(bot.ada, QUESTION, "I found")
    server().stop()
    try:
        later = await bot.workspace.ask(bot.ben, "And on site 8?")
        await asyncio.sleep(1.5)  # the server is away so long, and the bot has tried
    finally:
        server().start()
    await bot.shows(later, "I found")
    await bot.workspace.ask_in(bot.ada, thread, "And on site 9?")
    await bot.until(lambda: bot.text(thread).count("I found") == 2)
    assert sorted(bot.asked_words) == ["And on site 8?", "And on site 9?", QUESTION]
