"""One short reply mentions whoever asked: after an answer that took long, or a plan that ended in the background."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aion_bot.conversation import mentions as mentions_module
from aion_bot.domain import strings
from aion_bot.domain.rule_keys import SHARED
from aion_bot.domain.rules import Rules
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import Failure, Operation
from aion_bot.storage.store import Mention, Mentions
from tests.end_to_end.bot import Bot
from tests.end_to_end.test_approvals import section

LONG = Scene(
    (Speak("The first half, "), Hold("on", pings=True), Speak("and all."), *ENDING), Answer("All of it.")
)


def asked_earlier(folder: Path) -> None:
    """Let the questions have been asked two minutes ago."""
    with closing(sqlite3.connect(folder / "bot.db", isolation_level=None)) as connection:
        connection.execute("UPDATE turn SET asked_at = asked_at - 120")


def mentions(bot: Bot, thread: str, words: str) -> list[list[str]]:
    """Whom the replies with these words notify."""
    return [one.pings for one in bot.bots(thread) if words in one.text]


async def long_answer(bot: Bot, folder: Path) -> str:
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    asked_earlier(folder)
    bot.aion.release("on")
    await bot.shows(thread, "All of it.")
    return thread


async def test_a_long_answer_mentions_the_asker_once(bot: Bot, tmp_path: Path) -> None:
    """The reply notifies the asker and nobody else; the answer itself notifies nobody, and a short one has no reply."""
    thread = await long_answer(bot, tmp_path)
    await bot.shows(thread, strings.ANSWER_READY)
    assert mentions(bot, thread, strings.ANSWER_READY) == [[bot.ada.id]]
    assert mentions(bot, thread, "All of it.") == [[]]
    await bot.workspace.reply(bot.ben, thread, "What does the safety report say?")
    await bot.shows(thread, "Both are due this week")
    await bot.stop()
    assert len(mentions(bot, thread, strings.ANSWER_READY)) == 1


async def test_nobody_is_mentioned_where_that_is_switched_off(idle: Bot, tmp_path: Path) -> None:
    """0: never."""
    await idle.start(AION_BOT_NOTIFY_AFTER="0")
    thread = await long_answer(idle, tmp_path)
    await idle.stop()
    assert strings.ANSWER_READY not in idle.text(thread)


async def test_who_has_left_is_not_mentioned(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deactivated on Slack, no member of the server any more on Discord: the answer ends, nothing is posted or tried again."""
    bot, noted, note_sent = idle, asyncio.Event(), Mentions.note_sent

    async def note(store: Mentions, mention: Mention) -> None:
        await note_sent(store, mention)
        noted.set()

    monkeypatch.setattr(Mentions, "note_sent", note)
    await bot.start()
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    asked_earlier(tmp_path)
    bot.workspace.leave(bot.ada)
    with capture_logs() as logs:
        bot.aion.release("on")
        await bot.shows(thread, "All of it.")
        await noted.wait()
    await bot.stop()
    assert [one["log_level"] for one in logs if one["event"] == "mention left out"] == ["info"]
    before = len(bot.workspace.log)
    await bot.start()
    await bot.workspace.reply(bot.ben, thread, "What does the safety report say?")
    await bot.shows(thread, "Both are due this week")
    assert strings.ANSWER_READY not in bot.text(thread)
    assert all(bot.ada.id not in one.pings for one in bot.bots(thread))
    assert all(one.status < 400 for one in bot.workspace.log[before:])


@pytest.mark.slow
async def test_whom_the_platform_cannot_tell_of_is_mentioned(idle: Bot, tmp_path: Path) -> None:
    """Where it does not answer whether somebody is still there, it is taken that they are."""
    bot = idle
    await bot.start()
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    asked_earlier(tmp_path)
    bot.workspace.refuse(Operation.LOOK_UP_PERSON, Failure.DOWN, times=20)
    bot.aion.release("on")
    await bot.shows(thread, "All of it.", strings.ANSWER_READY)
    assert mentions(bot, thread, strings.ANSWER_READY) == [[bot.ada.id]]


@pytest.mark.slow
async def test_who_belongs_to_another_workspace_is_mentioned(
    on_slack: Bot, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """In a channel that two organisations share, whoever asked is mentioned, whichever is theirs."""
    bot = on_slack
    site = slack.open_channel("site", shared=True, guests=[bot.ada.id])
    await bot.start(rules=Rules(channels={site.id: section(**{SHARED: True})}))
    bot.aion.play(LONG)
    thread = await slack.ask(bot.ada, "Tell me", channel=site)
    await bot.shows(thread, "The first half")
    asked_earlier(tmp_path)
    bot.aion.release("on")
    await bot.shows(thread, "All of it.", strings.ANSWER_READY)
    assert mentions(bot, thread, strings.ANSWER_READY) == [[bot.ada.id]]


@pytest.mark.parametrize("posted", [True, False])
async def test_a_mention_survives_a_crash_and_is_posted_once(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posted: bool
) -> None:
    """Killed before the reply is posted, or before that is recorded: the next start posts it, unless it is there."""
    reached, noted = asyncio.Event(), asyncio.Event()
    note_sent = Mentions.note_sent

    async def hang(*_: object) -> list[Mention]:
        reached.set()
        await asyncio.Event().wait()
        return []

    async def note(store: Mentions, mention: Mention) -> None:
        await note_sent(store, mention)
        noted.set()

    await idle.start()
    with monkeypatch.context() as patch:
        patch.setattr(Mentions, "note_sent" if posted else "due", hang)
        thread = await long_answer(idle, tmp_path)
        await reached.wait()
        await idle.kill()
    assert len(mentions(idle, thread, strings.ANSWER_READY)) == posted
    monkeypatch.setattr(Mentions, "note_sent", note)
    await idle.start()
    await noted.wait()
    assert mentions(idle, thread, strings.ANSWER_READY) == [[idle.ada.id]]


@pytest.mark.slow
async def test_a_plan_that_ended_in_the_background_mentions_the_asker(idle: Bot) -> None:
    """Whoever approved it, the one who asked is told; a plan that is done at once needs no reply."""
    await idle.start(AION_BOT_APPROVERS="anyone")
    idle.aion.play(script.organize(PlanEnd.ACCEPTED), script.organize(PlanEnd.DONE))
    thread = await idle.workspace.ask(idle.ada, "Organize the photos")
    await idle.card(thread)
    await idle.press(idle.ben, thread, "Approve")
    await idle.shows(thread, "3 photos are in two folders", strings.PLAN_ENDED)
    assert mentions(idle, thread, strings.PLAN_ENDED) == [[idle.ada.id]]
    other = await idle.workspace.ask(idle.ada, "Organize them again")
    await idle.card(other)
    await idle.press(idle.ada, other, "Approve")
    await idle.shows(other, strings.DONE)
    await idle.stop()
    assert strings.PLAN_ENDED not in idle.text(other)


_PLAN = script.organize(PlanEnd.DONE)
PLAN_AFTER_LONG = replace(_PLAN, steps=(_PLAN.steps[0], Hold("on", pings=True), *_PLAN.steps[1:]))


async def test_a_plan_that_came_after_long_mentions_the_asker_once(bot: Bot, tmp_path: Path) -> None:
    """Its card notifies nobody on Discord: the reply below it does, before the decision, and the end repeats none."""
    bot.aion.play(PLAN_AFTER_LONG)
    thread = await bot.asked(bot.ada, "Organize the photos", "as soon as you agree")
    asked_earlier(tmp_path)
    bot.aion.release("on")
    await bot.card(thread)
    await bot.shows(thread, strings.PLAN_WAITS)
    assert mentions(bot, thread, strings.PLAN_WAITS) == [[bot.ada.id]]
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, strings.DONE)
    await bot.stop()
    assert len(mentions(bot, thread, strings.PLAN_WAITS)) == 1
    assert strings.ANSWER_READY not in bot.text(thread)


@pytest.mark.parametrize("decided", [False, True])
async def test_the_mention_of_a_late_plan_survives_a_crash_while_the_plan_waits(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, decided: bool
) -> None:
    """Killed before the reply is posted: the next start posts it, unless the plan was decided before that."""
    reached = asyncio.Event()

    async def hang(*_: object, **__: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    await idle.start()
    idle.aion.play(PLAN_AFTER_LONG)
    with monkeypatch.context() as patch:
        patch.setattr(mentions_module, "send", hang)
        thread = await idle.asked(idle.ada, "Organize the photos", "as soon as you agree")
        asked_earlier(tmp_path)
        idle.aion.release("on")
        await idle.card(thread)
        await reached.wait()
        if decided:
            await idle.press(idle.ada, thread, "Cancel")
            await idle.shows(thread, strings.DROPPED)
        await idle.kill()
    await idle.start()
    if not decided:
        await idle.shows(thread, strings.PLAN_WAITS)
    await idle.stop()
    assert mentions(idle, thread, strings.PLAN_WAITS) == ([] if decided else [[idle.ada.id]])


@pytest.mark.slow
async def test_time_in_the_queue_counts_and_nobody_is_mentioned_twice(bot: Bot, tmp_path: Path) -> None:
    """Who waited long behind another question is mentioned, however short the work; a restart repeats no reply."""
    bot.aion.play(LONG)
    thread = await bot.asked(bot.ada, "Tell me", "The first half")
    await bot.workspace.reply(bot.ben, thread, "What does the safety report say?")
    await bot.until(lambda: bot.queued_marker_count(thread) == 1)
    asked_earlier(tmp_path)
    bot.aion.release("on")
    await bot.until(lambda: len(mentions(bot, thread, strings.ANSWER_READY)) == 2)
    await bot.stop()
    await bot.start()
    await bot.workspace.reply(bot.ben, thread, "What does the safety report say?")
    await bot.until(lambda: bot.text(thread).count("Both are due this week") == 2)
    await bot.stop()
    assert mentions(bot, thread, strings.ANSWER_READY) == [[bot.ada.id], [bot.ben.id]]


async def test_a_direct_message_is_told_of_the_end_as_well(bot: Bot, tmp_path: Path) -> None:
    """The first words of an answer notify there; its end is an edit, which notifies nobody. The reply is posted once."""
    bot.aion.play(LONG)
    thread = await bot.workspace.direct_message(bot.ada, "Tell me")
    await bot.shows(thread, "The first half")
    asked_earlier(tmp_path)
    bot.aion.release("on")
    await bot.shows(thread, "All of it.", strings.ANSWER_READY)
    await bot.stop()
    assert len(mentions(bot, thread, strings.ANSWER_READY)) == 1


async def test_a_plan_that_ended_in_the_background_mentions_once_over_a_restart(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the reply was posted, before that was recorded: the next start finds it."""
    reached, noted = asyncio.Event(), asyncio.Event()
    note_sent = Mentions.note_sent

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def note(store: Mentions, mention: Mention) -> None:
        await note_sent(store, mention)
        noted.set()

    await idle.start()
    idle.aion.play(script.organize(PlanEnd.ACCEPTED))
    with monkeypatch.context() as patch:
        patch.setattr(Mentions, "note_sent", hang)
        thread = await idle.workspace.ask(idle.ada, "Organize the photos")
        await idle.card(thread)
        await idle.press(idle.ada, thread, "Approve")
        await reached.wait()
        await idle.kill()
    monkeypatch.setattr(Mentions, "note_sent", note)
    await idle.start()
    await noted.wait()
    assert mentions(idle, thread, strings.PLAN_ENDED) == [[idle.ada.id]]
