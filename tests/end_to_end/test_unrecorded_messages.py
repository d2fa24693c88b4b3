"""Messages that stand in a thread before a row knows them: after a kill, and under a quick press."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from aion_bot.delivery.diff import Post, PostFile, StartStream
from aion_bot.delivery.executor import Executor
from aion_bot.ports.messages import MessageRef
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.workspace import Failure, Operation
from tests.end_to_end.bot import Bot
from tests.support.late_answers import answer_posts_late

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_an_unrecorded_end_of_an_answer_is_found_after_a_kill(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole answer that took the place of a message which could not be edited does not stay beside it after a kill."""
    answer, post, posted = "The first half of it, and the second half of it.", Executor._post, asyncio.Event()

    async def posting(executor: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        message = await post(executor, step)
        if getattr(step.content, "text", "") == answer:
            posted.set()
            await asyncio.Event().wait()
        return message

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "_post", posting)
        await idle.start()
        idle.aion.play(
            Scene((Speak(pieces=(answer[:22],)), Hold("rest"), Speak(pieces=(answer[22:],)), *ENDING))
        )
        thread = await idle.workspace.ask(idle.ada, "What do you see?")
        await idle.shows(thread, answer[:20])
        idle.workspace.refuse(Operation.EDIT, Failure.UNEDITABLE)
        idle.aion.release("rest")
        async with asyncio.timeout(60):
            await posted.wait()
        await idle.kill()
    for session in idle.aion.sessions:
        idle.aion.sessions.store(session, "assistant", Answer(answer))
    await idle.start()
    # For a moment both show it: the one that is left over goes last.
    await idle.until(lambda: not idle.pressable(thread) and idle.text(thread).count(answer) == 1)


async def test_a_retry_that_is_pressed_before_its_message_is_recorded(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses Retry before the platform has answered the post of that button finds the answer in its place."""

    def row() -> tuple[str | None, int]:
        with closing(sqlite3.connect(bot.database)) as rows:
            found: tuple[str | None, int] = rows.execute("SELECT reason, attempt FROM turn").fetchone()
            return found

    answered = answer_posts_late(monkeypatch, lambda: bot.until(lambda: row() == ("failed", 0)))
    bot.aion.fail_next("send_stream", 500, code="INTERNAL", times=1)
    bot.aion.play(spoken("The whole answer."))
    thread = await bot.workspace.ask(bot.ada, "What do you see?")
    await bot.until(lambda: bot.pressable(thread) == ["Retry"])
    await bot.press(bot.ada, thread, "Retry")
    await bot.until(lambda: row()[1] == 1)
    answered.set()
    await bot.shows(thread, "The whole answer.")
    await bot.until(lambda: not bot.pressable(thread))
    (message,) = [one for one in bot.bots(thread) if "What do you see?" not in one.text]
    assert "The whole answer." in message.text
