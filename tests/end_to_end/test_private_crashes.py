"""A crash at any step of a private question, or of sharing its answer: nothing shows in public before, and nothing shows twice."""

import gc
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from aion_bot.conversation.session_history import Polling
from aion_bot.domain import strings
from aion_bot.simulators.aion import library
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.workspace import Shown
from tests.end_to_end.bot import Bot
from tests.end_to_end.crash_injection import Steps
from tests.end_to_end.test_crash_points import SHORT_WAITS, reaches, store_answers
from tests.end_to_end.test_private import labels, press, public, read_by

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # a killed process closes nothing
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # likewise
]


@pytest.fixture
def steps(idle: Bot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    """Count the steps of a bot; as in `test_crash_points`."""
    made = Steps()
    made.watch_store(monkeypatch)
    idle.watch = made.watch_adapter
    idle.polling = Polling().scaled(0.001)
    gc.collect()
    gc.freeze()
    yield made
    gc.unfreeze()


def offering(bot: Bot, label: str) -> list[Shown]:
    """The messages of the asker that have a button."""
    return [one for one in bot.workspace.direct_messages(bot.ada) if label in labels(one)]


def rows(bot: Bot, table: str) -> int:
    """Count the rows of a table of a bot that does not run."""
    with closing(sqlite3.connect(bot.database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  # a name of the test's


def words_of(number: int) -> str:
    """The whole answer to the question with a number."""
    return f"Whole answer number {number}, to its last word."


async def sharable(bot: Bot, answer: str) -> Shown:
    """Wait until an answer can be shared; returns its message."""

    def found() -> list[Shown]:
        return [one for one in offering(bot, strings.SHARE) if answer in one.text]

    await bot.until(lambda: bool(found()))
    return found()[-1]


async def test_a_private_question_survives_every_crash_point(idle: Bot, steps: Steps) -> None:
    """The asker has the whole answer once, or a Retry that brings it; the channel never shows a word."""
    killed, lost, written, answer = 0, False, 0, ""
    for fatal in range(1, 200):
        await idle.start(**SHORT_WAITS)
        if not lost:  # the scene of a question that was lost is still to be played
            answer = words_of(fatal)
            idle.aion.play(spoken(answer))
        asked_before = idle.aion.count("send_stream")
        steps.arm(fatal)
        await idle.workspace.ask_privately(idle.ada, f"What is number {fatal}?")
        if not await reaches(steps, steps.turn_cleared):
            steps.disarm()
            break
        killed, where = killed + 1, steps.last
        steps.disarm()
        await idle.kill()
        # A platform delivers a command once: what was not written then is lost.
        lost, written = rows(idle, "turn") == written, rows(idle, "turn")
        store_answers(idle, answer)
        await idle.start(**SHORT_WAITS)
        if not lost:
            await idle.until(
                lambda answer=answer: answer in read_by(idle, idle.ada) or bool(offering(idle, strings.RETRY))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
            )
            if offering(idle, strings.RETRY):
                await press(idle, idle.ada, offering(idle, strings.RETRY)[-1], strings.RETRY)
            await idle.until(lambda answer=answer: answer in read_by(idle, idle.ada))  # type: ignore[misc]  # likewise
            assert read_by(idle, idle.ada).count(answer) == 1, where
            assert idle.aion.count("send_stream") - asked_before == 1, where
        assert public(idle) == "", where
        await idle.stop()
    assert killed >= 12


async def shared_with_a_kill(
    idle: Bot,
    steps: Steps,
    fatal: int,
    killed: int,
    *,
    shown: Callable[[], bool],
    images: Sequence[library.Image] = (),
) -> str | None:
    """Share the answer number `fatal`, kill the bot at that step, start it, and share again what was not claimed.

    Returns the step, once `shown` says that all of it is public; None where sharing has no such step.
    """
    answer = words_of(fatal)
    await idle.start(**SHORT_WAITS)
    named = " ".join([answer, *(one.reference for one in images)])
    idle.aion.play(spoken(named, images=tuple(one.to_context() for one in images)))
    steps.arm(0)
    await idle.workspace.ask_privately(idle.ada, f"What is number {fatal}?")
    message = await sharable(idle, answer)
    if images:
        await idle.until(lambda: len(with_pictures(idle.workspace.direct_messages(idle.ada))) == fatal)
    await steps.turn_cleared.wait()
    steps.arm(fatal)
    await press(idle, idle.ada, message, strings.SHARE)
    if not await reaches(steps, steps.share_ended):
        steps.disarm()
        return None
    where = steps.last
    steps.disarm()
    await idle.kill()
    await idle.start(**SHORT_WAITS)
    if rows(idle, "share") <= killed:
        await press(idle, idle.ada, message, strings.SHARE)
    await idle.until(shown)
    await idle.stop()
    return where


@pytest.mark.long
async def test_sharing_survives_every_crash_point(idle: Bot, steps: Steps) -> None:
    """Question and answer stand once where they were asked: after the next start, or after another press where none was claimed."""
    killed = 0
    for fatal in range(1, 100):
        answer = words_of(fatal)
        where = await shared_with_a_kill(
            idle,
            steps,
            fatal,
            killed,
            shown=lambda answer=answer: answer in public(idle),  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        )
        if where is None:
            break
        killed += 1
        assert public(idle).count(answer) == 1, where
        assert public(idle).count(f"What is number {fatal}?") == 1, where
    assert killed >= 5


def with_pictures(messages: Sequence[Shown]) -> list[Shown]:
    """Those of the messages that show pictures."""
    return [one for one in messages if one.pictures]


def shared_pictures(bot: Bot) -> int:
    """Count the messages with pictures that anybody sees."""
    return len(with_pictures(bot.workspace.public_messages()))


@pytest.mark.long
async def test_shared_pictures_survive_every_crash_point(idle: Bot, steps: Steps) -> None:
    """They stand once below each answer that was shared, though the same ones stand below the others in that place."""

    def watch(adapter: Any) -> None:
        steps.watch_adapter(adapter)
        adapter.post_gallery = steps.around("post_gallery", adapter.post_gallery)

    killed, idle.watch = 0, watch
    for fatal in range(1, 100):
        where = await shared_with_a_kill(
            idle, steps, fatal, killed, images=(library.PUMP,),
            shown=lambda wanted=killed + 1: shared_pictures(idle) >= wanted,  # type: ignore[misc]  # likewise
        )  # fmt: skip
        if where is None:
            break
        killed += 1
        assert shared_pictures(idle) == killed, where
        assert public(idle).count(words_of(fatal)) == 1, where
    assert killed >= 8
