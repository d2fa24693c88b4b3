"""A press that comes late counts only for the round in which its button was offered."""

import asyncio
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from aion_bot.conversation.recovery import Recovery
from aion_bot.domain import strings
from aion_bot.domain.rules import Rule, Rules
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Cut, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation, ShownButton, SimulatedPerson
from aion_bot.storage.plans import Plans
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

EMPTY = Scene(ENDING, Answer(""))
FIRST = Scene((Speak("The first half, "), Hold("first", pings=True), Cut(stored=False)), Answer(""))
SECOND = Scene(
    (Speak("The beginning, "), Hold("second", pings=True), Speak("the end."), *ENDING),
    Answer("The beginning, the end."),
)


def offered(bot: Bot, thread: str, label: str) -> tuple[str, ShownButton]:
    """The newest button of a label, with the message under which it stands."""
    found = [(one.id, button) for one in bot.bots(thread) for button in one.buttons if button.label == label]
    return found[-1]


def in_round(button: ShownButton, end: str) -> ShownButton:
    """The button with another round behind its key: on Slack in the value, on Discord in the id."""
    name = "value" if button.value else "id"
    return replace(button, **{name: re.sub("@.*$|$", end, getattr(button, name), count=1)})


async def press_late(bot: Bot, person: SimulatedPerson, thread: str, old: tuple[str, ShownButton]) -> None:
    """Deliver a press of a button that its message does not have any more."""
    await bot.workspace.press_forged(person, thread, *old)


async def failed_twice(bot: Bot) -> tuple[str, tuple[str, ShownButton]]:
    """Ask what fails, and have it asked again, which fails too; returns the thread and the first Retry."""
    bot.aion.play(EMPTY, EMPTY, spoken("The answer."))
    thread = await bot.asked(bot.ada, "What?", strings.NO_ANSWER)
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    old = offered(bot, thread, strings.RETRY)
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.until(
        lambda: (
            bot.aion.count("send_stream") == 2
            and bot.pressable(thread) == [strings.RETRY]
            and offered(bot, thread, strings.RETRY) != old
        )
    )
    return thread, old


async def refused_once(bot: Bot, label: str) -> tuple[str, tuple[str, ShownButton]]:
    """Press a button of a plan, which Aion refuses, until it can be decided again; returns the thread and that button."""
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    old = offered(bot, thread, label)
    await bot.press(bot.ada, thread, label)
    await bot.shows(thread, "Nothing was changed.")
    await bot.card(thread)
    return thread, old


async def test_a_late_press_of_retry_asks_nothing(bot: Bot) -> None:
    """Where the second attempt failed too, a press of the first one's button is told, and the newest button asks again."""
    thread, old = await failed_twice(bot)
    await press_late(bot, bot.ada, thread, old)
    await bot.replies_privately(thread, bot.ada, strings.RETRY_GONE)
    assert bot.pressable(thread) == [strings.RETRY]
    assert bot.aion.count("send_stream") == 2
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "The answer.")
    assert bot.aion.count("send_stream") == 3


async def test_a_retry_of_an_earlier_version_counts(bot: Bot) -> None:
    """A button that says nothing of its attempt asks again whenever the question can be asked."""
    thread, (message, button) = await failed_twice(bot)
    await press_late(bot, bot.ada, thread, (message, in_round(button, "")))
    await bot.shows(thread, "The answer.")
    assert bot.private_replies(thread, bot.ada) == []


@pytest.mark.parametrize("end", rest_slow(["@7", "@-1", "@x", "@1@1", "@99999999999", "@\u0661"], quick=1))
async def test_a_forged_round_of_retry_asks_nothing(bot: Bot, end: str) -> None:
    """A round that is yet to come, or none at all, is told like one that is over."""
    thread, (message, button) = await failed_twice(bot)
    await press_late(bot, bot.ada, thread, (message, in_round(button, end)))
    await bot.replies_privately(thread, bot.ada, strings.RETRY_GONE)
    assert bot.aion.count("send_stream") == 2


async def test_a_late_stop_stops_no_later_attempt(bot: Bot) -> None:
    """A Stop of the attempt that failed is told, and the one that runs goes on; its own Stop stops it."""
    bot.aion.play(FIRST, SECOND)
    thread = await bot.asked(bot.ada, "What?", "The first half,")
    old = offered(bot, thread, strings.STOP)
    bot.aion.release("first")
    await bot.until(lambda: bot.pressable(thread) == [strings.RETRY])
    await bot.press(bot.ada, thread, strings.RETRY)
    await bot.shows(thread, "The beginning,")
    await press_late(bot, bot.ada, thread, old)
    await bot.replies_privately(thread, bot.ada, strings.STOP_GONE)
    assert "Stopped by" not in bot.text(thread)
    await bot.press(bot.ada, thread, strings.STOP)
    await bot.shows(thread, "The beginning,", "Stopped by")


@pytest.mark.parametrize("label", ["Approve", "Cancel"])
@pytest.mark.parametrize("status", [429, 500, None])
async def test_the_second_click_of_a_double_click_decides_nothing(
    bot: Bot, label: str, status: int | None
) -> None:
    """Where Aion refused the first click, the second one, made on the card before that, is told and sent to nobody."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    if status is None:
        bot.aion.fail_next("plan_action", None)
    else:
        bot.aion.fail_next("plan_action", status, retry_after=0.01)
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    await bot.card(thread)
    old = offered(bot, thread, label)
    await bot.press(bot.ada, thread, label)
    await bot.shows(thread, f"{label} pressed by")
    await bot.card(thread)
    await press_late(bot, bot.ada, thread, old)
    await bot.replies_privately(thread, bot.ada, strings.PLAN_MOVED_ON)
    assert bot.pressable(thread) == ["Approve", "Cancel"]
    assert bot.aion.count("plan_action") == 1
    await bot.press(bot.ada, thread, label)
    await bot.shows(
        thread, "3 photos are in two folders" if label == "Approve" else "Cancelled · Aion's plan"
    )
    assert bot.aion.count("plan_action") == 2


async def test_a_card_of_an_earlier_version_counts(bot: Bot) -> None:
    """A button that says nothing of its round decides a plan that waits."""
    bot.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread, (message, button) = await refused_once(bot, "Approve")
    await press_late(bot, bot.ada, thread, (message, in_round(button, "")))
    await bot.shows(thread, "3 photos are in two folders")
    assert bot.aion.count("plan_action") == 2


@pytest.mark.parametrize(
    ("end", "told"),
    rest_slow([("@2", strings.PLAN_MOVED_ON), ("@x", strings.UNKNOWN_PLAN), ("@1@1", strings.UNKNOWN_PLAN)]),
)
async def test_a_forged_round_decides_nothing(bot: Bot, end: str, told: str) -> None:
    """A round that is yet to come is told like one that is over; what is no round is another key."""
    bot.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread, (message, button) = await refused_once(bot, "Approve")
    await press_late(bot, bot.ada, thread, (message, in_round(button, end)))
    await bot.replies_privately(thread, bot.ada, told)
    assert bot.aion.count("plan_action") == 1


async def test_several_people_approve_in_one_round(idle: Bot) -> None:
    """Each approval of a round counts; once Aion refused them, a late one of that round does not, and a new one decides."""
    people = frozenset({idle.ada.id, idle.ben.id, idle.cy.id})
    said = {"approvers": people, "approvals_required": 2}
    await idle.start(rules=Rules({key: Rule(value, "test") for key, value in said.items()}))
    idle.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
    await idle.card(thread)
    old = offered(idle, thread, "Approve")
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "1 more needed.")
    await press_late(idle, idle.ben, thread, old)
    await idle.shows(thread, "Nothing was changed.")
    await idle.card(thread)
    assert idle.aion.count("plan_action") == 1
    for person in (idle.ben, idle.cy):
        await press_late(idle, person, thread, old)
        await idle.replies_privately(thread, person, strings.PLAN_MOVED_ON)
    assert idle.aion.count("plan_action") == 1
    await idle.press(idle.cy, thread, "Approve")
    await idle.shows(thread, "3 photos are in two folders")
    assert idle.aion.count("plan_action") == 2


async def test_a_card_that_could_not_be_drawn_is_drawn_at_the_next_press(bot: Bot) -> None:
    """Where the platform did not take the card with its new buttons, a press of the old ones brings them, and decides nothing."""
    bot.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7")
    card = await bot.card(thread)
    old = offered(bot, thread, "Approve")
    bot.workspace.refuse(Operation.EDIT, Failure.FORBIDDEN)
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, "I couldn't update this plan's card")
    assert [one.id for one in bot.bots(thread) if one.buttons] == [card.id]
    await press_late(bot, bot.ada, thread, old)
    await bot.shows(thread, "Nothing was changed.")
    assert bot.aion.count("plan_action") == 1
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "3 photos are in two folders")
    assert bot.aion.count("plan_action") == 2


async def test_a_card_that_is_ahead_of_a_restored_row_is_drawn_at_the_next_press(idle: Bot) -> None:
    """Where a backup knows less of a plan than its card, a press brings the buttons that the row knows, and these count."""
    await idle.start()
    idle.aion.play(script.organize(PlanEnd.FAILED, PlanEnd.DONE))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
    await idle.card(thread)
    with closing(sqlite3.connect(":memory:")) as backup:
        await idle.stop()
        with closing(sqlite3.connect(idle.database)) as connection:
            connection.backup(backup)
        await idle.start()
        await idle.press(idle.ada, thread, "Approve")
        await idle.shows(thread, "Nothing was changed.")
        await idle.card(thread)
        await idle.stop()
        with closing(sqlite3.connect(idle.database)) as connection:
            backup.backup(connection)
    await idle.start()
    ahead = offered(idle, thread, "Approve")
    await idle.press(idle.ada, thread, "Approve")
    await idle.replies_privately(thread, idle.ada, strings.PLAN_MOVED_ON)
    await idle.until(lambda: offered(idle, thread, "Approve") != ahead)
    assert idle.aion.count("plan_action") == 1
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "3 photos are in two folders")


async def test_what_an_earlier_process_left_undoes_no_later_decision(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed decision was not noted as shown, and somebody approves while the next start reads its thread: the card shows that end."""
    hung, read, go = asyncio.Event(), asyncio.Event(), asyncio.Event()
    decision = Recovery.decision

    async def hanging(*row: Any) -> None:
        del row
        hung.set()
        await asyncio.Event().wait()

    async def waiting(*given: Any) -> Any:
        read.set()
        await go.wait()
        return await decision(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Plans, "note_shown", hanging)
        await idle.start()
        idle.aion.play(script.organize(PlanEnd.DONE))
        thread = await idle.workspace.ask(idle.ada, "Organize the photos of site 7")
        await idle.card(thread)
        idle.aion.fail_next("plan_action", 500)
        await idle.press(idle.ada, thread, "Approve")
        await hung.wait()
        await idle.kill()
    monkeypatch.setattr(Recovery, "decision", waiting)
    await idle.start()
    await read.wait()
    before = idle.aion.count("plan_action")
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, "Approved by")
    go.set()
    await idle.stop()
    assert idle.aion.count("plan_action") == before + 1
    assert "Approve" not in idle.pressable(thread)
    card = next(one for one in idle.bots(thread) if "Approved by" in one.text)
    assert "photos of site 7 into folders" in card.text
