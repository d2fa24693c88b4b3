"""A disk that is full, and messages and streams that are enormous."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest

from aion_bot import wording
from aion_bot.demo.aion.scene import ENDING, Answer, Emit, Hold, Scene, Speak
from aion_bot.demo.slack import SimulatedSlack
from aion_bot.store import Store
from tests.contracts import slack as contracts
from tests.end_to_end.bot import Bot


class Disk:
    """Refuses to be written while it is full; `refused` is set at the first refusal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        self.refused = asyncio.Event()
        written = Store._do

        async def writing(store: Store, sql: str, *values: object) -> int:
            if self.full:
                self.refused.set()
                raise sqlite3.OperationalError("database or disk is full")
            return await written(store, sql, *values)

        monkeypatch.setattr(Store, "_do", writing)


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
    await bot.shows(thread, "the second half.", without=[wording.THINKING])
    await bot.until(lambda: bot.pressable(thread) == [])


async def test_a_click_that_cannot_be_recorded_is_told(bot: Bot, disk: Disk) -> None:
    """A decision that cannot be claimed is not sent to Aion, and the person is told why."""
    thread = await bot.place.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    disk.full = True
    await bot.press(bot.ada, thread, "Approve")
    await bot.told(thread, bot.ada, wording.NO_RECORD)
    assert bot.aion.count("plan_action") == 0
    disk.full = False
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Approved by", "Done")


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
