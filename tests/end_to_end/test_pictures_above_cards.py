"""The pictures and sources of the text above a plan's card stand while the plan waits, where Aion keeps its stream open."""

from typing import Any

import pytest

from aion_bot.conversation import gallery as galleries
from aion_bot.conversation import pictures_above
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    AwaitDecision,
    Emit,
    Hold,
    Operation,
    Plan,
    Propose,
    Scene,
    Speak,
    Step,
)
from aion_bot.simulators.workspace import Shown
from aion_bot.storage.galleries import Galleries
from aion_bot.storage.plans import Plans
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow
from tests.support.crashes import hang_after

pytestmark = pytest.mark.slow

FOUND = (library.PUMP, library.LIFT)
LEAD = f"The pump [[img:{library.PUMP.id[:8]}|{library.PUMP.filename}]] is torn."
RESULTS = Emit("image_results", {"images": [one.to_context() for one in FOUND], "count": 2})
PLAN = Plan("Move them", (Operation("FolderOrganizationAgent", "Move them"),), "\n\nMoved both.")
ABOVE = [one.filename for one in FOUND]


@pytest.fixture
def pictures() -> bool:
    """Default answers have pictures to fetch."""
    return True


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that goes on is known as such at once."""
    monkeypatch.setattr(pictures_above, "ENDS_WITH_CARD", 0.02)


def stays_open(*below: Step, images: tuple[Any, ...] = FOUND) -> Scene:
    steps = (RESULTS, Speak(LEAD), Propose(PLAN), *(below or (AwaitDecision(),)), *ENDING)
    return Scene(steps, Answer(LEAD, images=tuple(one.to_context() for one in images)))


def shown(bot: Bot, thread: str) -> list[Shown]:
    """The messages with pictures."""
    return [one for one in bot.bots(thread) if one.pictures]


async def waiting(bot: Bot, thread: str) -> None:
    """Wait until the card stands with its pictures below it."""
    await bot.until(lambda: bot.pressable(thread)[-2:] == [strings.ONLY_THESE, strings.CLOSER])
    assert "Approve" in bot.pressable(thread)
    assert [[one.name for one in each.pictures] for each in shown(bot, thread)] == [ABOVE]
    alternatives = [[one.description for one in each.pictures] for each in shown(bot, thread)]
    assert alternatives == [[one.description for one in FOUND]]


async def test_pictures_and_sources_stand_while_the_plan_waits(bot: Bot) -> None:
    """Before anybody decides; afterwards only what is new comes, and the sources stand under the last message."""
    bot.aion.play(stays_open(images=(*FOUND, library.SCAFFOLD)))
    thread = await bot.workspace.ask(bot.ada, "Move the photos")
    await waiting(bot, thread)
    await bot.shows(thread, strings.SOURCES)
    assert bot.aion.count("approve_plan") == 0
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Moved both.")
    await bot.until(lambda: len(shown(bot, thread)) == 2)
    assert [one.name for one in shown(bot, thread)[1].pictures] == [library.SCAFFOLD.filename]
    (listed,) = (one for one in bot.bots(thread) if strings.SOURCES in one.text)
    assert "Moved both." in listed.text


async def test_pictures_that_stand_above_are_not_shown_again(bot: Bot) -> None:
    """An answer whose pictures all stand above its card ends without another message; their buttons ask meanwhile and later."""
    bot.aion.play(stays_open())
    thread = await bot.workspace.ask(bot.ada, "Move the photos")
    await waiting(bot, thread)
    await bot.press(bot.ada, thread, strings.ONLY_THESE)
    await bot.aion.until(lambda: bot.aion.count("send_stream") == 2)
    again = bot.aion.bodies("send_stream")[1]
    assert again["message"] == "Move the photos"
    assert again["expected_image_ids"] == [one.id for one in FOUND]
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Moved both.")
    await bot.stop()
    assert [each.pictures[0].name for each in shown(bot, thread)].count(ABOVE[0]) == 1


async def test_a_stream_that_ends_with_its_card_has_one_gallery(bot: Bot) -> None:
    """What the end of the stream brings stands with the others, under the card."""
    bot.aion.play(stays_open(Speak(""), images=(*FOUND, library.SCAFFOLD)))
    thread = await bot.workspace.ask(bot.ada, "Move the photos")
    await bot.until(lambda: bool(shown(bot, thread)))
    await bot.stop()
    (found,) = shown(bot, thread)
    assert sorted(one.name for one in found.pictures) == sorted([*ABOVE, library.SCAFFOLD.filename])


@pytest.mark.parametrize("crash", rest_slow(["due", "card", "begun", "fetched", "posted", "stood"]))
async def test_a_kill_while_the_plan_waits(idle: Bot, monkeypatch: pytest.MonkeyPatch, crash: str) -> None:
    """Killed at any step around the card, the bot shows the pictures once, and its next starts show nothing more."""
    owner, name = {
        "due": (Galleries, "add"),
        "card": (Plans, "note_card"),
        "begun": (galleries.PictureReader, "read"),
        "fetched": (galleries.Pictures, "gallery"),
        "posted": (Executor, "_post_gallery"),
        "stood": (Galleries, "note_shown"),
    }[crash]
    with monkeypatch.context() as patch:
        reached = hang_after(patch, owner, name)
        idle.aion.play(stays_open(Hold("on", pings=True)))
        await idle.start()
        thread = await idle.workspace.ask(idle.ada, "Move the photos")
        await reached.wait()
        await idle.kill()
    for _ in range(2):
        await idle.start()
        await waiting(idle, thread)
        await idle.stop()
    await idle.start()
    await idle.asked(idle.ben, "What can you do?", "Ask me what is damaged")
    await waiting(idle, thread)
