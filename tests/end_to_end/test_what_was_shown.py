"""What is approved is what was shown, and the card tells every attempt."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from aion_bot.domain import strings
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Emit, Hold, PlanEnd, Scene, Speak
from aion_bot.storage.audit_chain import FUNCTIONS
from tests.end_to_end.bot import Bot
from tests.support.cases import rest_slow

pytestmark = pytest.mark.slow

PLAN = "plan-1"


def sent(description: str, *steps: object, **more: Any) -> Emit:
    """A plan's event with any content."""
    invocations = [
        {"agent_name": "FolderOrganizationAgent", "description": step} if isinstance(step, str) else step
        for step in steps
    ]
    fields: Mapping[str, Any] = {"plan_id": PLAN, "description": description, "invocations": invocations}
    return Emit("plan_pending_approval", {**fields, **more})


def scene(*steps: Emit | Hold) -> Scene:
    return Scene((Speak("My plan:"), *steps, *ENDING), Answer("My plan:"))


async def shown(bot: Bot, *steps: Emit | Hold) -> str:
    """Ask for something that brings these events, and wait for a card."""
    bot.aion.play(scene(*steps))
    thread = await bot.workspace.ask(bot.ada, "Sort them")
    await bot.shows(thread, strings.PLAN_TITLE)
    return thread


async def test_a_plan_with_other_content_gets_a_card_of_its_own(bot: Bot) -> None:
    """Aion sends a plan again under the same id: the older card is replaced, and the newer one can be pressed."""
    thread = await shown(bot, sent("Sort", "Move them"), Hold("go", pings=True), sent("Sort", "Delete them"))
    old = await bot.card(thread)
    bot.aion.release("go")
    await bot.shows(thread, "Delete them", strings.PLAN_REPLACED)
    new = await bot.card(thread)
    assert new.id != old.id
    assert "Delete them" in new.text
    if (
        bot.workspace.name == "Discord"
    ):  # as from a client that lags behind; Slack's simulator has no such button any more
        await bot.workspace.press(bot.ada, thread, old.id, old.buttons[0].id)
        await bot.replies_privately(thread, bot.ada, strings.PLAN_REPLACED_PRESSED)
    assert bot.aion.count("plan_action") == 0


async def test_a_plan_that_is_repeated_as_it_was_gets_no_other_card(bot: Bot) -> None:
    """The same content in the same stream is the same card."""
    thread = await shown(bot, sent("Sort", "Move them"), sent("Sort", "Move them"), sent("Sort", "Move them"))
    await bot.card(thread)
    await bot.aion.until(lambda: bot.aion.streaming == 0)
    assert bot.text(thread).count(strings.PLAN_TITLE) == 1


async def test_a_plan_of_a_later_turn_replaces_the_older_card(bot: Bot) -> None:
    """Two questions bring one plan: one of its cards can be pressed."""
    thread = await shown(bot, sent("Sort", "Move them"))
    await bot.card(thread)
    bot.aion.play(scene(sent("Sort", "Move them")))
    await bot.workspace.reply(bot.ada, thread, "Once more")
    await bot.shows(thread, strings.PLAN_REPLACED)
    await bot.card(thread)


async def test_steps_that_cannot_be_read_are_counted(bot: Bot) -> None:
    """Strings, other field names and steps without words are no steps to approve unseen."""
    thread = await shown(
        bot,
        sent(
            "Sort",
            "Move them",
            {"agent": "X", "task": "Delete"},
            {"agent_name": "Y"},
            7,
            estimated_operations=0,
        ),
    )
    text = (await bot.card(thread)).text
    assert "I can't show 3 steps of this plan" in text
    assert "4 operations" in text


@pytest.mark.parametrize(
    "plan",
    rest_slow(
        [
            sent(""),
            sent("\u200b\u202e"),
            sent("", "\u200b"),
            sent("", {"task": "Delete"}),
            sent("", invocations="all"),
        ]
    ),
)
async def test_what_cannot_be_shown_cannot_be_approved(bot: Bot, plan: Emit) -> None:
    """A plan of which nothing can be shown has no Approve."""
    thread = await shown(bot, plan)
    await bot.shows(thread, strings.PLAN_NOT_SHOWN)
    assert bot.pressable(thread) == ["Cancel"]
    card = next(one for one in bot.bots(thread) if one.buttons)
    forged = replace(card.buttons[0], id=card.buttons[0].id.replace("cancel", "approve"))
    await bot.workspace.press_forged(bot.ada, thread, card.id, forged)
    await bot.replies_privately(thread, bot.ada, strings.PLAN_NOT_SHOWN)
    assert bot.aion.count("plan_action") == 0


async def test_tricks_with_characters_are_removed(bot: Bot) -> None:
    """Overrides, control characters and zero-width ones are not on the card."""
    thread = await shown(bot, sent("Keep \u202eeteled\u202c", "Mo\u200bve\u0007 \u2066them\u2069\nTwice"))
    text = (await bot.card(thread)).text
    assert "Move them Twice" in text
    assert not set(text) & set("\u202e\u202c\u200b\u0007\u2066\u2069")


async def test_a_long_plan_names_its_riskiest_step_on_the_card(bot: Bot) -> None:
    """The card has the first sentence, the number of steps and the riskiest step; the rest is above it."""
    steps = [f"Move folder {n} " + "with care " * 60 for n in range(1, 10)]
    steps[6] = "Delete the originals " + "for good " * 60
    thread = await shown(bot, sent("Tidy up. Everything goes.", *steps))
    text = (await bot.card(thread)).text
    assert "Tidy up." in text
    assert "9 steps" in text
    assert "7. " in text
    assert "Delete the originals" in text
    assert "Everything goes." not in text
    assert all(f"Move folder {n}" in bot.text(thread) for n in (1, 9))


async def test_the_card_tells_every_attempt(idle: Bot, tmp_path: Path) -> None:
    """One approves and the answer is lost; another cancels and Aion answers 404: both are told, and none cancelled."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    idle.aion.play(script.organize(PlanEnd.LOST_BEFORE_ACTING, PlanEnd.EXPIRED))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos")
    await idle.card(thread)
    with capture_logs() as logs:
        await idle.press(idle.ada, thread, "Approve")
        await idle.shows(thread, strings.STILL_UNKNOWN, "Approve pressed by", strings.UNKNOWN_THEN)
        await idle.card(thread)
        await idle.press(idle.ben, thread, "Cancel")
        text = await idle.shows(thread, strings.SETTLED, "Cancel pressed by")
    assert "🚫 Cancelled" not in text
    assert text.index("Approve pressed by") < text.index("Cancel pressed by")
    decided = [one for one in logs if one["event"] == "plan decided"]
    assert [(one["person"], one["action"], one["answer"], one["log_level"]) for one in decided] == [
        (idle.ada.id, "approve", "lost", "info"),
        (idle.ben.id, "cancel", "404", "info"),
    ]
    with closing(sqlite3.connect(tmp_path / "bot.db")) as connection:
        rows = connection.execute(
            "SELECT person_id, action, length(digest) FROM attempt ORDER BY number"
        ).fetchall()
    assert rows == [(idle.ada.id, "approve", 64), (idle.ben.id, "cancel", 64)]


async def test_a_refused_press_is_one_log_line(bot: Bot) -> None:
    """Who may not decide is told so, and the log says who tried what."""
    thread = await shown(bot, sent("Sort", "Move them"))
    await bot.card(thread)
    with capture_logs() as logs:
        await bot.press(bot.ben, thread, "Approve")
        await bot.replies_privately(thread, bot.ben, "can approve or cancel this.")
    (line,) = [one for one in logs if one["log_level"] == "info" and "person" in one]
    assert line["event"] == "press refused"
    assert (line["person"], line["action"], line["log_level"]) == (bot.ben.id, "approve", "info")


async def test_a_replaced_card_is_settled_by_the_next_start(bot: Bot, tmp_path: Path) -> None:
    """Killed between the newer plan's row and the older card's edit, the next start makes the edit."""
    thread = await shown(bot, sent("Sort", "Move them"))
    old = await bot.card(thread)
    await bot.kill()
    with closing(sqlite3.connect(tmp_path / "bot.db", isolation_level=None)) as connection:
        for function in FUNCTIONS:
            connection.create_function(*function)
        connection.execute("UPDATE plan SET phase = 'replaced', shown = 0")
    await bot.start()
    await bot.shows(thread, strings.PLAN_REPLACED)
    assert bot.pressable(thread) == []
    assert old.id == next(one.id for one in bot.bots(thread) if strings.PLAN_REPLACED in one.text)


async def test_denied_access_is_one_log_line(idle: Bot) -> None:
    """Who is not on the list is named in the log, and what they wrote is not."""
    await idle.start(AION_BOT_ALLOW_USERS=idle.ben.id)
    with capture_logs() as logs:
        thread = await idle.workspace.ask(idle.ada, "What is secret here?")
        await idle.replies_privately(thread, idle.ada, strings.NOT_HERE)
    # The connection may be told of only now.
    (line,) = [one for one in logs if one["log_level"] == "info" and "person" in one]
    assert line["event"] == "access denied"
    assert (line["person"], line["log_level"]) == (idle.ada.id, "info")
    assert "secret" not in str([one for one in logs if one["log_level"] != "debug"])


async def test_a_stop_is_one_log_line(bot: Bot) -> None:
    """The log says who stopped which answer, and who was not allowed to."""
    bot.aion.play(Scene((Speak("A long"), Hold("never", pings=True), *ENDING), Answer("A long")))
    thread = await bot.workspace.ask(bot.ada, "Tell me")
    await bot.shows(thread, "A long")
    await bot.until(lambda: bot.pressable(thread) == ["Stop"])
    with capture_logs() as logs:
        await bot.press(bot.ben, thread, "Stop")
        await bot.replies_privately(thread, bot.ben, strings.STOP_NOT_YOURS)
        await bot.press(bot.ada, thread, "Stop")
        await bot.shows(thread, "Stopped by")
    found = [(one["event"], one["person"]) for one in logs if one["log_level"] == "info" and "person" in one]
    assert found == [("stop refused", bot.ben.id), ("answer stopped", bot.ada.id)]


async def test_every_press_that_does_not_count_is_one_log_line(bot: Bot) -> None:
    """A forged approval, a card of nobody's and a Retry of somebody else are told and logged, once each."""
    thread = await shown(bot, sent(""))
    await bot.shows(thread, strings.PLAN_NOT_SHOWN)
    card = next(one for one in bot.bots(thread) if one.buttons)
    (cancel,) = card.buttons
    unknown = replace(cancel, id=cancel.id.replace("cancel", "approve"))
    with capture_logs() as logs:
        await bot.workspace.press_forged(bot.ada, thread, card.id, unknown)
        await bot.replies_privately(thread, bot.ada, strings.PLAN_NOT_SHOWN)
        bot.aion.fail_next("send_stream", 503, times=4)
        other = await bot.workspace.ask(bot.ada, "What is damaged on site 7?")
        await bot.until(lambda: bot.pressable(other) == ["Retry"])
        await bot.press(bot.ben, other, "Retry")
        await bot.replies_privately(other, bot.ben, strings.RETRY_NOT_YOURS)
    # What a start logs about itself, such as its sweep and its notices, may come as late as here; it names nobody.
    said = [one for one in logs if one["log_level"] == "info" and "person" in one]
    found = [(one["event"], one["person"]) for one in said]
    assert found == [("press refused", bot.ada.id), ("retry refused", bot.ben.id)]


async def test_a_cancellation_that_another_decision_overtook(idle: Bot) -> None:
    """Ada's approval was lost; Ben's cancellation gets a 409 and a result: it is not told as his."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    idle.aion.play(script.organize(PlanEnd.LOST_BEFORE_ACTING, PlanEnd.BUSY))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos")
    await idle.card(thread)
    await idle.press(idle.ada, thread, "Approve")
    await idle.shows(thread, strings.STILL_UNKNOWN)
    await idle.card(thread)
    await idle.press(idle.ben, thread, "Cancel")
    await idle.shows(thread, "Cancel pressed by", strings.ANOTHER_DECIDED, "The plan was cancelled")
    assert "🚫 Cancelled" not in idle.text(thread)


async def test_a_plan_that_an_older_card_decided(bot: Bot) -> None:
    """Aion sends a plan again that another request decided: the press on the newer card does not say that it expired."""
    thread = await shown(bot, sent("Sort", "Move them"))
    await bot.card(thread)
    bot.aion.fail_next("plan_action", 409)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.STILL_BUSY)
    bot.aion.play(scene(sent("Sort", "Move them")))
    await bot.workspace.reply(bot.ada, thread, "Once more")
    await bot.shows(thread, strings.PLAN_REPLACED)
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.SETTLED, "Approve pressed by", without=[strings.EXPIRED])
