"""The whole bot with its database on a Postgres server."""

import asyncio

import aiohttp
import pytest

from aion_bot.domain import strings
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.simulators.aion.script import PlanEnd
from aion_bot.simulators.slack import SimulatedSlack
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


@pytest.mark.slow
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


@pytest.fixture
def slack(resending_slack: SimulatedSlack) -> SimulatedSlack:
    return resending_slack


@pytest.mark.slow
@pytest.mark.usefixtures("location")
@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_question_is_delivered_again_once_the_server_is_back(bot: Bot) -> None:
    """Its event stays unacknowledged while the server is away, and the question is asked once."""
    server().stop()
    try:
        thread = await bot.workspace.ask(bot.ada, QUESTION)
    finally:
        server().start()
    await bot.shows(thread, "I found")
    assert bot.asked_words == [QUESTION]


@pytest.mark.slow
async def test_an_answer_goes_on_while_the_server_is_away(bot: Bot, location: PostgresUrl) -> None:
    """It is shown to its end; its row follows once the server is back, so that the next start asks nothing anew."""
    first, second = Speak("The first half, "), Speak("the second half.")
    bot.aion.play(
        Scene((first, Hold("away", pings=True), second, *ENDING), Answer("The first half, the second half."))
    )
    thread = await bot.asked(bot.ada, QUESTION, "The first half,")
    server().stop()
    try:
        bot.aion.release("away")
        await bot.shows(thread, "the second half.", without=[strings.THINKING])
    finally:
        server().start()
    await bot.asked(bot.ben, "What is damaged on site 8?", "I found")
    await bot.stop()
    store = await Store.open(location)
    assert await store.turns.unfinished() == []
    await store.close()
    await bot.start(AION_BOT_DATABASE_URL=location.url)
    await bot.asked(bot.cy, "What is damaged on site 9?", "I found")
    assert len(bot.asked_words) == 3


@pytest.mark.slow
@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_server_that_is_away_for_long(
    bot: Bot, location: PostgresUrl, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """For ten times as long as a lease lasts, a tenth of the usual: the bot says so, stays, loses nothing and asks nothing twice."""
    await bot.stop()
    for name, seconds in (("SECONDS", 0.6), ("RENEW_EVERY", 0.2), ("MARGIN", 0.1)):
        monkeypatch.setattr(f"aion_bot.storage.postgres.lease.{name}", seconds)
    await bot.start(AION_BOT_DATABASE_URL=location.url, AION_BOT_HTTP_ADDRESS=address)
    thread = await bot.asked(bot.ada, QUESTION, "I found")
    bot.aion.play(
        Scene(
            (Speak("A first half, "), Hold("away", pings=True), Speak("a second."), *ENDING),
            Answer("A first half, a second."),
        )
    )
    growing = await bot.asked(bot.ben, "And this?", "A first half,")
    server().stop()
    try:
        asked = await bot.workspace.ask(bot.cy, "What is damaged on site 8?")
        bot.aion.release("away")
        await missing(address, "database")
        await asyncio.sleep(6.0)  # what is tried is a time
        assert len(bot.asked_words) == 2
    finally:
        server().start()
    await bot.shows(asked, "I found")
    await bot.shows(growing, "a second.")
    await bot.workspace.reply(bot.ada, thread, "What does the safety report say?")
    await bot.shows(thread, "Both are due this week")
    assert len(bot.asked_words) == 4
    await missing(address, "")


async def missing(address: str, what: str) -> None:
    """Wait until `/readyz` names this alone as missing, or nothing where it is empty."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            async with session.get(f"http://{address}/readyz") as answer:
                found = await answer.json()
            if found == [what] * bool(what):
                return
            await asyncio.sleep(0.05)  # there is no event for what another server finds out
