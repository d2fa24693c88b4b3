"""A full disk, and very large messages and streams."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from aion_bot.conversation.session_history import Polling
from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Cut,
    Emit,
    Hold,
    PlanEnd,
    Scene,
    Speak,
    refused,
    spoken,
)
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.statements import Statements
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

pytestmark = pytest.mark.slow


class Disk:
    """Fails writes while it is full, if `only` names them. `refused` is set at the first failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.only = ""
        self.refused = asyncio.Event()
        self._statements: list[str] = []
        self._wrote = asyncio.Event()
        written = Statements._do

        async def writing(table: Statements, sql: str, *values: object) -> int:
            if self.full and self.only in sql:
                self.refused.set()
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = (
                    sqlite3.SQLITE_FULL
                )  # the storage recognises a full disk by this code
                raise error
            changed = await written(table, sql, *values)
            self._statements.append(sql)
            self._wrote.set()
            return changed

        monkeypatch.setattr(Statements, "_do", writing)

    async def wrote(self, part: str) -> None:
        """Wait until a statement with these words has been executed."""
        while not any(part in sql for sql in self._statements):
            self._wrote.clear()
            await self._wrote.wait()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def slack(resending_slack: SimulatedSlack) -> SimulatedSlack:
    return resending_slack


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_question_that_cannot_be_recorded_is_delivered_again(bot: Bot, disk: Disk) -> None:
    """Slack's event stays unacknowledged while the disk is full; its resend is answered once there is room."""
    disk.full = True
    thread = await bot.workspace.ask(bot.ada, "What is damaged on site 7?")
    await disk.refused.wait()
    disk.full = False
    await bot.shows(thread, "I found 3 pieces")
    assert bot.aion.count("send_stream") == 1


async def test_a_full_disk_during_an_answer_loses_no_answer(bot: Bot, disk: Disk) -> None:
    """A running answer is shown to its end although nothing can be written."""
    bot.aion.play(
        Scene(
            (Speak("The first half, "), Hold("full", pings=True), Speak("the second half."), *ENDING),
            Answer("The first half, the second half."),
        )
    )
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    disk.full = True
    bot.aion.release("full")
    await bot.shows(thread, "the second half.", without=[strings.THINKING])
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_a_click_that_cannot_be_recorded_gets_a_private_reply(bot: Bot, disk: Disk) -> None:
    """A decision that cannot be claimed is not sent to Aion, and the person learns why."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    disk.full = True
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, strings.NO_RECORD)
    assert bot.aion.count("plan_action") == 0
    disk.full = False
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "Done")


@pytest.mark.parametrize(
    "only",
    rest_slow(
        [
            "SET message = ",
            "SET phase = 'sent'",
            "SET phase = ?, detail",
            "SET result = ",
            "plan SET shown = 1",
        ]
    ),
)
async def test_a_decision_continues_once_there_is_room(bot: Bot, disk: Disk, only: str) -> None:
    """Writes of a decision that fail for a moment are repeated; Aion gets one plan action and the card shows its end."""
    bot.aion.play(script.organize(PlanEnd.ACCEPTED))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await disk.wrote("SET message = ")
    disk.full, disk.only = True, only
    await bot.press(bot.ada, thread, "Approve")
    await disk.refused.wait()
    disk.full = False
    await bot.shows(thread, strings.SEE_BELOW, "3 photos are in two folders")
    await disk.wrote("plan SET shown = 1")
    assert bot.aion.count("plan_action") == 1


async def test_a_failure_that_cannot_be_recorded_gets_retry_later(bot: Bot, disk: Disk) -> None:
    """A question that a full disk kept from Aion says so at once, and gets Retry once there is room."""
    disk.full, disk.only = True, "UPDATE turn"
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_RECORD)
    await bot.until(lambda: bot.pressable(thread) == [])
    disk.full = False
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.", without=[strings.NO_RECORD])
    assert bot.aion.count("send_stream") == 1


async def test_a_failure_that_cannot_be_recorded_blocks_no_thread(bot: Bot, disk: Disk) -> None:
    """While a failure cannot be recorded no indicator is shown, and the next question is answered."""
    disk.full, disk.only = True, "UPDATE turn"
    thread = await bot.asked(bot.ada, "What?", strings.NO_RECORD)
    disk.only = "SET phase = 'ended'"
    bot.aion.play(spoken("The second answer."))
    await bot.workspace.reply(bot.ada, thread, "And this?")
    await bot.shows(thread, "The second answer.")
    await bot.until(lambda: not bot.workspace.shows_lasting_activity(thread))


async def test_a_plan_that_cannot_be_recorded_for_a_moment_gets_its_card(bot: Bot, disk: Disk) -> None:
    """A plan is written as soon as there is room, and can be decided then."""
    disk.full, disk.only = True, "INSERT INTO plan"
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await disk.refused.wait()
    disk.full = False
    await bot.card(thread)


async def test_a_plan_that_cannot_be_recorded_is_reported(
    bot: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread reports a plan that cannot be written, and does not claim that Aion was not asked."""
    monkeypatch.setattr("aion_bot.conversation.aion_stream.BRIEFLY", (0.0,))
    disk.full, disk.only = True, "INSERT INTO plan"
    thread = await bot.asked(bot.ada, "Organize the photos of site 7", strings.NO_RECORD_ANY_MORE)
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    assert strings.NO_RECORD not in bot.text(thread)


async def test_a_stored_answer_that_cannot_be_claimed_is_shown(
    bot: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stored answer is shown although the stream broke and the disk is full."""
    monkeypatch.setattr("aion_bot.conversation.stored_answer.BRIEFLY", (0.0,))
    bot.aion.play(Scene((Speak("The first half, "), Cut()), Answer("The first half, the second half.")))
    disk.full, disk.only = True, "SET answer_id = ? WHERE key"
    await bot.asked(bot.ada, "What?", "the second half.")


@pytest.mark.slow
async def test_an_event_of_five_megabytes_does_not_end_an_answer(bot: Bot) -> None:
    """A status of five megabytes is shown as one short line, and the answer follows."""
    huge = Emit("status", {"phase": "searching", "message": "searching " * 500_000})
    bot.aion.play(Scene((huge, Speak("Here it is."), *ENDING), Answer("Here it is.")))
    await bot.asked(bot.ada, "What?", "Here it is.")


@pytest.mark.slow
async def test_ten_megabytes_of_stream_are_read(bot: Bot) -> None:
    """A stream of more than ten megabytes, whose events repeat the whole text, is shown to its last word."""
    words = " ".join(f"word{number}" for number in range(1100)) + " end."
    pieces = tuple(words[at : at + 3] for at in range(0, len(words), 3))
    assert sum(range(0, len(words), 3)) > 10_000_000
    bot.aion.play(Scene((Speak(pieces=pieces), *ENDING), Answer(words)))
    thread = await bot.asked(bot.ada, "What?", "word1099 end.")
    assert bot.aion.count("send_stream") == 1
    assert "word0 " in bot.text(thread)


async def quickly_polling(idle: Bot) -> Bot:
    """Start a bot that looks at sessions more often and for a shorter time."""
    idle.polling = Polling().scaled(0.003)
    await idle.start()
    return idle


UNTOLD = "Nothing of this belongs to a plan."
HELD = Hold("full", pings=True)


@pytest.mark.parametrize(
    "answering",
    [
        Scene((HELD, Speak(UNTOLD), *ENDING), Answer(UNTOLD)),
        Scene((HELD, Speak("Nothing"), Cut()), Answer(UNTOLD)),
    ],
    ids=["told", "stored"],
)
async def test_an_answer_without_a_recorded_name_is_no_result(
    idle: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch, answering: Scene
) -> None:
    """A plan in doubt of the same session never shows, as its result, an answer whose id a full disk kept from the row."""
    monkeypatch.setattr("aion_bot.conversation.stored_answer.BRIEFLY", (0.0,))
    bot = await quickly_polling(idle)
    bot.aion.play(script.organize(PlanEnd.LOST_BEFORE_ACTING), answering)
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    disk.full, disk.only = True, "UPDATE turn SET answer_id"
    await bot.workspace.reply(bot.ada, thread, "And this?")
    await disk.refused.wait()
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.UNKNOWN)
    bot.aion.release("full")
    await bot.shows(thread, UNTOLD, strings.STILL_UNKNOWN)
    assert bot.text(thread).count(UNTOLD) == 1


async def test_a_plan_waits_for_no_name_that_there_is_room_for(idle: Bot, disk: Disk) -> None:
    """Where the disk took the plan, it takes the id of the answer too: a decision in doubt can be made again."""
    bot = await quickly_polling(idle)
    plan = script.organize(PlanEnd.LOST_BEFORE_ACTING, PlanEnd.DONE, stays_open=True)
    bot.aion.play(Scene((HELD, *plan.steps), plan.answer))
    disk.full, disk.only = True, "UPDATE turn SET answer_id"
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await disk.refused.wait()
    disk.full = False
    bot.aion.release("full")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.STILL_UNKNOWN)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "3 photos are in two folders")


async def test_pictures_that_cannot_be_recorded_hold_no_question_up(bot: Bot, disk: Disk) -> None:
    """Pictures appear although their row cannot be written, and the thread's next question is answered."""
    disk.full, disk.only = True, "gallery"
    bot.aion.play(script.damaged_equipment())
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    await bot.until(lambda: any(one.pictures for one in bot.bots(thread)))
    await bot.workspace.reply(bot.ada, thread, "What can you do?")
    await bot.shows(thread, "Ask me what is damaged")
    disk.full = False


async def cleared(bot: Bot, count: int) -> None:
    """Wait until the rows of so many questions say that their ends are shown, and that no indicator is left."""
    async with asyncio.timeout(20):
        with closing(sqlite3.connect(bot.database)) as connection:
            phases = "SELECT phase FROM turn"
            while connection.execute(phases).fetchall() != [("cleared",)] * count:  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("first", "shown"),
    [(spoken("The first answer."), "The first answer."), (refused(500), strings.trouble("SERVER_ERROR"))],
    ids=["answered", "failed"],
)
async def test_an_end_that_cannot_be_recorded_when_it_is_shown_is_recorded_later(
    bot: Bot, disk: Disk, first: Scene, shown: str
) -> None:
    """The thread's next question does not wait for that; once there is room the rows say that both ends are shown."""
    disk.full, disk.only = True, "SET phase = 'shown'"
    bot.aion.play(first, spoken("The second answer."))
    thread = await bot.asked(bot.ada, "What?", shown)
    await disk.refused.wait()
    await bot.workspace.reply(bot.ada, thread, "And this?")
    await bot.shows(thread, "The second answer.")
    disk.full = False
    await cleared(bot, 2)


async def test_an_end_that_is_not_recorded_for_a_day_is_left_to_the_next_start(
    bot: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried no longer then: a stop waits for nothing, and the next start asks nothing anew."""
    monkeypatch.setattr("aion_bot.conversation.turn_record.FOR_A_DAY", (0.0,))
    disk.full, disk.only = True, "SET phase = 'shown'"
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.asked(bot.ada, "What?", "The whole answer.")
    await disk.refused.wait()
    await bot.stop()
    disk.full = False
    await bot.start()
    await cleared(bot, 1)
    assert bot.text(thread).count("The whole answer.") == 1
    assert bot.aion.count("send_stream") == 1
