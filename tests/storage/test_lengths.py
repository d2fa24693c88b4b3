"""The histogram of answers' lengths: the database counts each finished answer, and forgets older ones slowly."""

import time

import pytest

from aion_bot.domain.turn import EndReason, FirstSeen, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.ratelimit.lengths import BINS, HALF_LIFE, bin_of
from aion_bot.storage import Store

ADA = Person("U0ADA0000", "Ada")


async def finished(
    store: Store, key: str, seconds: float, reason: EndReason = EndReason.ANSWERED, *, posted: bool = True
) -> None:
    """Write the row of a question whose answer took so many seconds."""
    thread = ThreadKey("slack", f"T/C/{key}")
    await store.turns.accept(
        Turn(key, thread, ADA, "q"), Prompt(f"p{key}", thread, Place("T", "C"), ADA, "q")
    )
    seen = FirstSeen(sign=time.time() - seconds)
    if posted:
        await store.turns.note_posted(key, 0, [MessageRef(thread, key)])
    await store.turns.note_shown(key, 0, reason, seen=seen)


@pytest.mark.parametrize("seconds", [0.5, 3.0, 17.0, 18.0, 40.0, 300.0, 5_000.0])
async def test_each_finished_answer_counts_in_its_bin(store: Store, seconds: float) -> None:
    """The bins are those that the pace of previews knows."""
    await finished(store, "a", seconds)
    assert await store.lengths.weights() == {bin_of(seconds): 1.0}


async def test_an_answer_counts_once(store: Store) -> None:
    """Nothing that happens to a question after its answer stands counts again."""
    await finished(store, "a", 20.0)
    await store.turns.note_cleared("a")
    assert sum((await store.lengths.weights()).values()) == 1.0


async def test_what_did_not_end_by_itself_says_nothing(store: Store) -> None:
    """A failure, a stop and an answer that nobody saw are no lengths."""
    await finished(store, "a", 20.0, EndReason.FAILED)
    await finished(store, "b", 20.0, EndReason.STOPPED)
    await finished(store, "c", 20.0, posted=False)
    assert await store.lengths.weights() == {}


async def test_older_answers_are_forgotten_as_the_process_forgets_them(store: Store) -> None:
    """The weight of an answer halves within `HALF_LIFE` others: here after a tenth of them."""
    await finished(store, "first", 3.0)
    for number in range(HALF_LIFE // 10):
        await finished(store, str(number), 100.0)
    weights = await store.lengths.weights()
    assert weights[bin_of(3.0)] == pytest.approx(0.5**0.1, rel=1e-3)
    assert max(weights) < BINS
