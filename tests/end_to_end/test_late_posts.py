"""A platform that answers a post late: what stands then of an attempt, or of a retry that waited, does not stay."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from aion_bot.delivery.diff import Post, PostFile, StartStream
from aion_bot.delivery.executor import Executor
from aion_bot.domain import strings
from aion_bot.ports.messages import MessageRef
from aion_bot.runtime import active_turns
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation
from aion_bot.storage.turns import Turns
from tests.end_to_end.bot import Bot
from tests.support.late_answers import answer_posts_late

pytestmark = pytest.mark.slow


def row(bot: Bot) -> tuple[str | None, int, str]:
    """Read how the first question ended, its attempt, and its messages."""
    with closing(sqlite3.connect(bot.database)) as rows:
        found: tuple[str | None, int, str] = rows.execute(
            "SELECT reason, attempt, posted FROM turn ORDER BY rowid LIMIT 1"
        ).fetchone()
        return found


async def until_row(bot: Bot, condition: Callable[[tuple[str | None, int, str]], bool]) -> None:
    """Wait until the row of the first question fulfils a condition."""
    async with asyncio.timeout(60):
        while not condition(row(bot)):  # noqa: ASYNC110  # a database has no event
            await asyncio.sleep(0.01)


def shown_ids(bot: Bot, thread: str, *words: str) -> list[str]:
    """The ids of the bot's messages with one of these words, as a row has them at its end."""
    return [one.id for one in bot.bots(thread) if any(word in one.text for word in words)]


async def test_a_message_that_an_attempt_posted_too_late_does_not_stay(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the platform answers the post of a Retry only when the retry is answered elsewhere, that message goes."""
    monkeypatch.setattr(active_turns, "_EARLIER", 0.0)
    answered = answer_posts_late(
        monkeypatch,
        lambda: until_row(bot, lambda found: found[:2] == ("failed", 0)),
        holds=lambda executor: executor.delivery.name.endswith("-0"),
    )
    bot.aion.fail_next("send_stream", 500, code="INTERNAL", times=1)
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.workspace.ask(bot.ada, "What do you see?")
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.press(bot.ada, thread, "Retry")
    await bot.shows(thread, "The whole answer.")
    await until_row(bot, lambda found: found[0] == "answered")
    answered.set()
    await bot.until(lambda: bot.pressable(thread) == [])
    (message,) = shown_ids(bot, thread, "The whole answer.", "Retry")
    assert message in row(bot)[2]


async def test_a_failure_whose_post_was_not_answered_before_a_kill_does_not_stay(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Retry was pressed, and the bot is killed before it knows that the message stands: the answer takes its place after the start."""
    with monkeypatch.context() as patch:
        answer_posts_late(
            patch,
            lambda: until_row(bot, lambda found: found[:2] == ("failed", 0)),
            holds=lambda executor: executor.delivery.name.endswith("-0"),
        )
        bot.aion.fail_next("send_stream", 500, code="INTERNAL", times=1)
        thread = await bot.workspace.ask(bot.ada, "What do you see?")
        await bot.until(lambda: bot.pressable(thread) == ["Retry"])
        await bot.press(bot.ada, thread, "Retry")
        await until_row(bot, lambda found: found[1] == 1)
        await bot.kill()
    bot.aion.play(spoken("The whole answer."))
    await bot.start()
    await bot.shows(thread, "The whole answer.")
    await bot.until(lambda: bot.pressable(thread) == [])


@pytest.mark.parametrize("order", ["gone", "uneditable", "between"])
async def test_a_message_that_says_too_late_that_a_retry_waits_does_not_stay(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    """Where the platform answers that post only when the retry has begun, its message goes, and the row has the answer's."""
    post, start, claim = Executor._post, Turns.note_start, Turns.claim_retry
    waits, answered, begun = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def posting(executor: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await post(executor, step)
        if getattr(step.content, "note", "") == strings.RETRY_WAITS:
            waits.set()
            await answered.wait()
        return message

    async def starting(store: Turns, key: str) -> None:
        if waits.is_set():
            before = row(bot)[2]
            begun.set()
            if order == "between":  # the row is read: what is written now nobody has seen
                await until_row(bot, lambda found: found[2] != before)
        await start(store, key)

    async def claiming(store: Turns, key: str, *rest: Any, **more: Any) -> bool:
        claimed = await claim(store, key, *rest, **more)
        if order == "uneditable":
            bot.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE)
        else:
            bot.workspace.delete_message(failed.id)
        return claimed

    monkeypatch.setattr(Executor, "_post", posting)
    monkeypatch.setattr(Turns, "note_start", starting)
    monkeypatch.setattr(Turns, "claim_retry", claiming)
    bot.aion.fail_next("send_stream", 500, code="INTERNAL", times=1)
    first = Scene((Speak("Something else. "), Hold("go"), *ENDING), Answer("Something else."))
    bot.aion.play(first, spoken("The whole answer."))
    thread = await bot.workspace.ask(bot.ada, "What do you see?")
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Something else.")
    (failed,) = [one for one in bot.bots(thread) if any(button.label == "Retry" for button in one.buttons)]
    await bot.press(bot.ada, thread, "Retry")
    await waits.wait()
    bot.aion.release("go")
    await begun.wait()
    if order == "gone":
        await bot.shows(thread, "The whole answer.")
    answered.set()
    await bot.shows(thread, "The whole answer.", without=[strings.RETRY_WAITS])
    await bot.until(lambda: bot.pressable(thread) == [])
    await until_row(bot, lambda found: found[0] == "answered")
    (message,) = shown_ids(bot, thread, "The whole answer.", strings.RETRY_WAITS)
    assert message in row(bot)[2]
