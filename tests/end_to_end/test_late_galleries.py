"""Pictures whose platform was down are shown later by the same process, once, on both platforms."""

import asyncio
from typing import Any

import pytest

from aion_bot.concurrency.backoff import Backoff
from aion_bot.conversation import late_galleries
from aion_bot.delivery import outage
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.simulators.workspace import Failure, Operation
from aion_bot.storage.galleries import DueGallery, Galleries
from tests.end_to_end.bot import Bot
from tests.support.loop_time import loop_seconds

pytestmark = pytest.mark.slow

QUESTION, ANSWER = "What is damaged on site 7?", "I found 3 pieces"


@pytest.fixture
def pictures() -> bool:
    """Default answers have pictures to fetch."""
    return True


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a post up at its first failure, and show pictures again soon after that."""
    monkeypatch.setattr(outage, "PATIENCE", 0.0)
    monkeypatch.setattr(late_galleries, "AGAIN", Backoff(0.05, attempts=9))


def failing(bot: Bot, *failures: Failure) -> list[str]:
    """Let the posts of pictures fail like this, one after another; returns the nonces of all of them."""
    tried, left = list[str](), list(failures)

    def watch(adapter: PlatformAdapter) -> None:
        post = adapter.post_gallery  # type: ignore[attr-defined]  # both adapters have it

        async def failing_post(*args: Any, nonce: str) -> Any:
            tried.append(nonce)
            if left:
                bot.workspace.refuse(Operation.POST, left.pop(0))
            return await post(*args, nonce=nonce)

        adapter.post_gallery = failing_post  # type: ignore[attr-defined]  # replaces a method of the adapter

    bot.watch = watch
    return tried


def shown(bot: Bot, thread: str) -> int:
    """Count the messages with pictures."""
    return sum(bool(one.pictures) for one in bot.bots(thread))


async def is_shown_once(bot: Bot, thread: str) -> None:
    """Wait for the pictures; neither time nor another start brings them again."""
    await bot.until(lambda: shown(bot, thread) > 0)
    await asyncio.sleep(0.3)  # several of its pauses: nothing tells that no further attempt follows
    await bot.stop()
    await bot.start()
    await bot.asked(bot.ben, "What can you do?", "Ask me what is damaged")
    assert shown(bot, thread) == 1


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.slow
async def test_pictures_come_when_the_platform_works_again(idle: Bot, times: int) -> None:
    """Their first posts are refused: they stand under their answer without a restart, and once."""
    tried = failing(idle, *[Failure.DOWN] * times)
    await idle.start()
    thread = await idle.asked(idle.ada, QUESTION, ANSWER)
    await idle.until(lambda: shown(idle, thread) > 0)
    assert len(tried) == times + 1
    await is_shown_once(idle, thread)


async def test_pictures_whose_answer_was_lost_are_not_posted_again(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform took them and its answer was lost: the next attempt finds them in the thread, without a restart."""
    tried, noted, note_shown = failing(idle, Failure.LOST), asyncio.Event(), Galleries.note_shown

    async def note(store: Galleries, due: DueGallery) -> None:
        await note_shown(store, due)
        noted.set()

    monkeypatch.setattr(Galleries, "note_shown", note)
    await idle.start()
    thread = await idle.asked(idle.ada, QUESTION, ANSWER)
    async with loop_seconds(10.0):
        await noted.wait()
    await is_shown_once(idle, thread)
    assert len(tried) == 1


async def test_the_next_question_does_not_wait_for_pictures(
    idle: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While they wait for their platform the thread goes on; a stop does not wait, and the next start shows them."""
    monkeypatch.setattr(late_galleries, "AGAIN", Backoff(60.0, attempts=2))
    tried = failing(idle, Failure.DOWN)
    await idle.start()
    thread = await idle.asked(idle.ada, QUESTION, ANSWER)
    await idle.until(lambda: len(tried) == 1)
    await idle.workspace.reply(idle.ada, thread, "What can you do?")
    await idle.shows(thread, "Ask me what is damaged")
    async with loop_seconds(10.0):
        await idle.stop()
    assert shown(idle, thread) == 0
    await idle.start()
    await is_shown_once(idle, thread)
