"""First signs go before the work on answers, which waits for a moment."""

import asyncio

import pytest

from aion_bot.conversation.first_signs import FEW, LONGEST, FirstSigns
from tests.support.virtual_time import run_in_virtual_time


async def seconds_until_passed(signs: FirstSigns) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await signs.passed()
    return loop.time() - began


def test_few_questions_hold_up_no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """While at most `FEW` questions look for their first sign, work begins at once: their signs do not need the moment."""

    async def run() -> float:
        signs = FirstSigns()
        for question in range(FEW):
            signs.begin(str(question))
        return await seconds_until_passed(signs)

    assert run_in_virtual_time(monkeypatch, run()) == 0.0


def test_work_begins_when_few_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a crowd work waits until all but `FEW` questions have their sign, and one that ends twice counts once."""

    async def run() -> list[bool]:
        signs = FirstSigns()
        for question in range(FEW + 2):
            signs.begin(str(question))
        work = asyncio.create_task(signs.passed())
        seen = []
        for question in ("0", "0", "1"):
            signs.end(question)
            await asyncio.sleep(0.01)
            seen.append(work.done())
        return seen

    assert run_in_virtual_time(monkeypatch, run()) == [False, False, True]


def test_a_slow_platform_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work waits for `LONGEST` at most, and questions that have looked for that long hold up nothing more."""

    async def run() -> tuple[float, float, int]:
        signs = FirstSigns()
        for question in range(100):
            signs.begin(str(question))
        first = await seconds_until_passed(signs)
        await asyncio.sleep(0.01)
        return first, await seconds_until_passed(signs), len(signs)

    assert run_in_virtual_time(monkeypatch, run()) == (pytest.approx(LONGEST), 0.0, 0)


def test_questions_that_keep_coming_hold_work_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more come all the time, each piece of work waits for `LONGEST` and no longer."""

    async def run() -> float:
        signs = FirstSigns()

        async def come() -> None:
            for question in range(400):
                signs.begin(str(question))
                await asyncio.sleep(0.01)

        coming = asyncio.create_task(come())
        await asyncio.sleep(0.5)
        waited = await seconds_until_passed(signs)
        coming.cancel()
        return waited

    assert run_in_virtual_time(monkeypatch, run()) == pytest.approx(LONGEST)


async def test_a_question_counts_inside() -> None:
    """A question whose acceptance fails is counted no more."""
    signs = FirstSigns()

    def fail() -> None:
        with signs.looking("1"):
            assert len(signs) == 1
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert len(signs) == 0
