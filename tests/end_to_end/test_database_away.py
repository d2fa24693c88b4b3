"""The database server is away for a moment, at reads of which nothing else would come back to what they are for."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Cut, Hold, PlanEnd, Scene, Speak, spoken
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_mentions import LONG, asked_earlier, mentions
from tests.end_to_end.test_pictures_above_cards import stays_open
from tests.support.away import Away

pytestmark = pytest.mark.slow


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    return Away(monkeypatch)


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """The lines of the log, of which none says that a task ended by an error."""
    with capture_logs() as lines:
        yield lines
    assert [one for one in lines if one["event"] == "background task failed"] == []


@pytest.mark.parametrize("only", ["FROM mention", "SELECT * FROM turn WHERE key = ?"])
async def test_a_mention_is_posted_once_the_server_is_back(
    bot: Bot, tmp_path: Path, away: Away, only: str
) -> None:
    """Whether one is due cannot be read, or whose it is: it is read again, and posted once."""
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    asked_earlier(tmp_path)
    away.goes(only)
    bot.aion.release("on")
    await bot.shows(thread, "All of it.")
    await away.comes_back()
    await bot.shows(thread, strings.ANSWER_READY)
    await bot.stop()
    assert mentions(bot, thread, strings.ANSWER_READY) == [[bot.ada.id]]


async def test_a_mention_that_cannot_be_read_for_a_day_is_left_to_the_next_start(
    bot: Bot,
    tmp_path: Path,
    away: Away,
    monkeypatch: pytest.MonkeyPatch,
    logs: list[MutableMapping[str, Any]],
) -> None:
    """The log says so in a line of its own, and the next start posts it."""
    monkeypatch.setattr("aion_bot.conversation.mentions.FOR_A_DAY", (0.0,))
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    asked_earlier(tmp_path)
    away.goes("FROM mention")
    bot.aion.release("on")
    await bot.shows(thread, "All of it.")
    await away.refused.wait()
    await bot.stop()
    assert [one["log_level"] for one in logs if one["event"] == "mention left to the next start"] == ["error"]
    await away.comes_back()
    await bot.start()
    await bot.shows(thread, strings.ANSWER_READY)


async def test_retry_goes_away_once_the_server_is_back(bot: Bot, away: Away) -> None:
    """The writer of a failed question deletes it while its row cannot be read: its message loses Retry afterwards."""
    thread = await bot.asked(bot.ada, "What does the safety report say?", "Both are due this week")
    bot.aion.fail_next("send_stream", 503, code="SERVICE_UNAVAILABLE", times=8)
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    away.goes("SELECT * FROM turn WHERE prompt")
    bot.workspace.delete_message(bot.message_of(thread, "And what else?"))
    await away.comes_back()
    await bot.shows(thread, strings.QUESTION_DELETED)
    await bot.until(lambda: bot.pressable(thread) == [])


@pytest.mark.parametrize("only", ["FROM gallery", "FROM plan_copy", "FROM mention"])
async def test_a_decision_that_was_carried_out_is_not_said_to_be_lost(
    bot: Bot, away: Away, only: str
) -> None:
    """What belongs to its end cannot be read: nobody is told that the press was not recorded, and the card shows the end."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    away.goes(only)
    await bot.press(bot.ada, thread, "Approve")
    await away.comes_back()
    await bot.shows(thread, "Approved by", "Done")
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []
    assert bot.aion.count("plan_action") == 1


async def test_a_plan_whose_pictures_cannot_be_looked_up_holds_up_no_question(
    bot: Bot, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream of its answer stays open for the decision, and the thread's next question is answered."""
    monkeypatch.setattr("aion_bot.conversation.pictures_above.BRIEFLY", (0.0,))
    away.goes("FROM gallery")
    bot.aion.play(script.organize(stays_open=True), spoken("The second answer."))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await away.refused.wait()
    await bot.workspace.reply(bot.ada, thread, "And this?")
    await bot.shows(thread, "The second answer.")
    await away.comes_back()


async def test_hints_that_cannot_be_read_cost_no_answer(bot: Bot, away: Away) -> None:
    """Whether a question is the first one that a person asks the bot alone decides on a hint; without it the answer is whole."""
    away.goes("origin -> '$.place[2]'")
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.workspace.direct_message(bot.ada, "What?")
    await bot.shows(thread, "The whole answer.")
    assert away.refused.is_set()


async def test_pictures_above_a_card_that_cannot_be_looked_up_cost_no_answer(bot: Bot, away: Away) -> None:
    """At the end of the answer nothing tells which of its pictures stand above the card: the text is shown whole, and no failure is told."""
    bot.aion.play(stays_open())
    thread = await bot.workspace.ask(bot.ada, "Move them")
    await bot.card(thread)
    await bot.until(lambda: any(one.pictures for one in bot.bots(thread)))
    away.goes("SELECT owner, pictures FROM gallery")
    await bot.press(bot.ada, thread, "Approve")
    await away.comes_back()
    await bot.shows(thread, "Moved both.")
    await bot.until(lambda: strings.STOP not in bot.pressable(thread))
    await bot.stop()
    assert bot.private_replies(thread, bot.ada) == []
    assert len([one for one in bot.bots(thread) if one.pictures]) == 1


async def test_a_card_whose_plan_cannot_be_read_again_ends_no_task(bot: Bot, away: Away) -> None:
    """Whether a newer plan has replaced it is looked up once the server is back, and its buttons work then."""
    away.goes("AS place FROM plan\n WHERE key = ?")
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await away.comes_back()
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "Done")


async def test_a_plan_whose_older_cards_cannot_be_read_gets_its_card(bot: Bot, away: Away) -> None:
    """Aion waits for the decision by then: no failure is told, and the card comes once the server is back."""
    away.goes("AS place FROM plan\n WHERE session_id")
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await away.comes_back()
    await bot.card(thread)
    assert strings.STORAGE_LOST not in bot.text(thread)


@pytest.mark.parametrize(
    "only", ["UNION SELECT id FROM spent_message", "answer_id IS NULL AND (", "count(DISTINCT plan_id)"]
)
async def test_a_stored_answer_is_found_once_the_server_is_back(bot: Bot, away: Away, only: str) -> None:
    """Whose the stored messages are cannot be read when the stream broke: it is read again."""
    away.goes(only)
    bot.aion.play(Scene((Speak("The first half, "), Cut()), Answer("The first half, the second half.")))
    thread = await bot.workspace.ask(bot.ada, "What?")
    await away.comes_back()
    await bot.shows(thread, "the second half.", without=[strings.STORAGE_LOST])


@pytest.mark.parametrize(
    "only",
    [
        "AS place FROM plan\n WHERE turn",
        "FROM turn AS own LEFT JOIN earlier",
        "SELECT * FROM file WHERE turn",
    ],
)
async def test_an_answer_is_found_after_a_restart_once_the_server_is_back(
    idle: Bot, away: Away, only: str
) -> None:
    """What belongs to it cannot be read when the bot takes it up again: it is read again."""
    await idle.start()
    halves = Scene((Speak("The first half, "), Hold("on"), *ENDING), Answer("The whole answer."))
    idle.aion.play(spoken("Hello."), halves)
    thread = await idle.asked(idle.ada, "Hello", "Hello.")
    await idle.workspace.reply(idle.ada, thread, "What?")
    await idle.shows(thread, "The first half")
    await idle.kill()
    idle.aion.release("on")
    away.goes(only)
    await idle.start()
    await away.comes_back()
    await idle.shows(thread, "The whole answer.", without=[strings.STORAGE_LOST])


async def test_a_server_that_is_away_is_not_called_a_full_disk(bot: Bot, away: Away) -> None:
    """A question that could not be recorded says that the database is away, and gets Retry once it is back."""
    away.goes("UPDATE turn")
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.asked(bot.ada, "What?", strings.STORAGE_AWAY)
    await away.comes_back()
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.")


async def test_a_plan_that_a_server_cannot_take_says_so(
    bot: Bot, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread says that the database was lost, and asks nobody to make room on a disk."""
    monkeypatch.setattr("aion_bot.conversation.aion_stream.BRIEFLY", (0.0,))
    away.goes("INSERT INTO plan")
    await bot.asked(bot.ada, "Organize the photos of site 7", strings.STORAGE_LOST)


async def test_a_press_that_a_server_cannot_take_says_so(bot: Bot, away: Away) -> None:
    """The person who pressed learns privately that the database is away."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    away.goes("UPDATE plan SET phase")
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, strings.STORAGE_AWAY)
    assert bot.aion.count("plan_action") == 0
