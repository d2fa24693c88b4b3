"""A disk that is full, and messages and streams that are enormous."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Cut, Emit, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage.statements import Statements
from tests.end_to_end.bot import Bot
from tests.schemas import slack as contracts


class Disk:
    """Refuses to be written while it is full: what contains `only`. `refused` is set at the first refusal."""

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
                error.sqlite_errorcode = sqlite3.SQLITE_FULL  # as SQLite sets it: by it a full disk is known
                raise error
            changed = await written(table, sql, *values)
            self._statements.append(sql)
            self._wrote.set()
            return changed

        monkeypatch.setattr(Statements, "_do", writing)

    async def wrote(self, part: str) -> None:
        """Wait until a statement with these words has been written."""
        while not any(part in sql for sql in self._statements):
            self._wrote.clear()
            await self._wrote.wait()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A Slack that repeats what was not acknowledged sooner than the real one."""
    simulated = SimulatedSlack(contracts.inspect, within=0.3, again=(0.3, 0.3, 0.3))
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.mark.parametrize("place", ["slack"], indirect=True)
async def test_a_question_that_cannot_be_recorded_is_delivered_again(bot: Bot, disk: Disk) -> None:
    """While the disk is full Slack's event stays unacknowledged; once there is room its repetition is answered, once."""
    disk.full = True
    thread = await bot.place.ask(bot.ada, "What is damaged on site 7?")
    await disk.refused.wait()
    disk.full = False
    await bot.shows(thread, "I found 3 pieces")
    assert bot.aion.count("send_stream") == 1


async def test_a_disk_that_fills_up_in_mid_answer_costs_no_answer(bot: Bot, disk: Disk) -> None:
    """An answer that is under way is shown to its end although nothing can be noted any more."""
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


async def test_a_click_that_cannot_be_recorded_is_told(bot: Bot, disk: Disk) -> None:
    """A decision that cannot be claimed is not sent to Aion, and the person is told why."""
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    disk.full = True
    await bot.press(bot.ada, thread, "Approve")
    await bot.told(thread, bot.ada, strings.NO_RECORD)
    assert bot.aion.count("plan_action") == 0
    disk.full = False
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "Done")


@pytest.mark.parametrize(
    "only",
    ["SET message = ", "SET phase = 'sent'", "SET phase = ?, detail", "SET result = ", "plan SET shown = 1"],
)
async def test_a_decision_goes_on_when_there_is_room(bot: Bot, disk: Disk, only: str) -> None:
    """Whatever cannot be written of a decision for a moment is written later; Aion is told once, the card its end."""
    bot.aion.play(script.organize(PlanEnd.ACCEPTED))
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    await disk.wrote("SET message = ")
    disk.full, disk.only = True, only
    await bot.press(bot.ada, thread, "Approve")
    await disk.refused.wait()
    disk.full = False
    await bot.shows(thread, strings.SEE_BELOW, "3 photos are in two folders")
    await disk.wrote("plan SET shown = 1")
    assert bot.aion.count("plan_action") == 1


async def test_a_failure_that_cannot_be_recorded_gets_its_retry_later(bot: Bot, disk: Disk) -> None:
    """A question that a full disk kept from Aion says so at once, and has its Retry as soon as there is room."""
    disk.full, disk.only = True, "UPDATE turn"
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_RECORD)
    assert bot.pressable(thread) == []
    disk.full = False
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.", without=[strings.NO_RECORD])
    assert bot.aion.count("send_stream") == 1


async def test_a_retry_that_comes_later_keeps_nobody_waiting(bot: Bot, disk: Disk) -> None:
    """While a failure cannot be recorded nothing says that the bot works, and the next question is answered."""
    disk.full, disk.only = True, "UPDATE turn"
    thread = await bot.asked(bot.ada, "What?", strings.NO_RECORD)
    disk.only = "SET phase = 'ended'"
    bot.aion.play(spoken("The second answer."))
    await bot.place.reply(bot.ada, thread, "And this?")
    await bot.shows(thread, "The second answer.")
    if isinstance(bot.place, SimulatedSlack):
        await bot.until(lambda: "processing" not in bot.place.conversations.sessions.values())  # type: ignore[attr-defined]


async def test_a_plan_that_cannot_be_recorded_for_a_moment_gets_its_card(bot: Bot, disk: Disk) -> None:
    """A plan is written down as soon as there is room, and can be decided then."""
    disk.full, disk.only = True, "INSERT INTO plan"
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await disk.refused.wait()
    disk.full = False
    await bot.card(thread)


async def test_a_plan_that_cannot_be_recorded_is_told(
    bot: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is told that Aion was not asked, where it was and its plan cannot be written down."""
    monkeypatch.setattr("aion_bot.conversation.aion_stream.BRIEFLY", (0.0,))
    disk.full, disk.only = True, "INSERT INTO plan"
    thread = await bot.asked(bot.ada, "Organize the photos of site 7", strings.NO_RECORD_ANY_MORE)
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    assert strings.NO_RECORD not in bot.text(thread)


async def test_a_stored_answer_that_cannot_be_claimed_is_shown(
    bot: Bot, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken stream and a full disk together cost no answer that Aion has stored."""
    monkeypatch.setattr("aion_bot.conversation.aion_stream.BRIEFLY", (0.0,))
    bot.aion.play(Scene((Speak("The first half, "), Cut()), Answer("The first half, the second half.")))
    disk.full, disk.only = True, "SET answer_id = ? WHERE key"
    await bot.asked(bot.ada, "What?", "the second half.")


async def test_an_event_of_five_megabytes_ends_nothing(bot: Bot) -> None:
    """A status of five megabytes is shown as one short line, and the answer comes."""
    huge = Emit("status", {"phase": "searching", "message": "searching " * 500_000})
    bot.aion.play(Scene((huge, Speak("Here it is."), *ENDING), Answer("Here it is.")))
    await bot.asked(bot.ada, "What?", "Here it is.")


async def test_ten_megabytes_of_stream_are_read(bot: Bot) -> None:
    """A stream whose events repeat the whole text so far, more than ten megabytes in all, ends on its last word."""
    words = " ".join(f"word{number}" for number in range(1100)) + " end."
    pieces = tuple(words[at : at + 3] for at in range(0, len(words), 3))
    assert sum(range(0, len(words), 3)) > 10_000_000
    bot.aion.play(Scene((Speak(pieces=pieces), *ENDING), Answer(words)))
    thread = await bot.asked(bot.ada, "What?", "word1099 end.")
    assert bot.aion.count("send_stream") == 1
    assert "word0 " in bot.text(thread)
