"""What an attempt at a question writes once somebody has had it asked again: nothing of the later attempt changes."""

import pytest

from aion_bot.domain.turn import EndReason, Turn, TurnPhase
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.storage import Store

THREAD, ADA = ThreadKey("slack", "T1/C1/1700000001.000100"), Person("U1", "Ada")
FIRST, SECOND = MessageRef(THREAD, "C1/1"), MessageRef(THREAD, "C1/2")


async def turn(store: Store) -> Turn:
    found = await store.turns.get("t1")
    assert found is not None
    return found


@pytest.fixture
async def retried(store: Store) -> Store:
    """A failed question that somebody has had asked again, and no process has begun since."""
    prompt = Prompt("slack:1", THREAD, Place("T1", "C1"), ADA, "What?")
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt)
    await store.turns.note_start("t1")
    assert await store.turns.note_posted("t1", 0, [FIRST])
    await store.turns.end("t1", EndReason.FAILED)
    assert await store.turns.claim_retry("t1")
    return store


async def test_an_earlier_attempt_records_no_messages(retried: Store) -> None:
    """The messages of an attempt are not displaced by those that an earlier one has posted."""
    assert not await retried.turns.note_posted("t1", 0, [SECOND])
    assert (await turn(retried)).posted == (FIRST,)
    assert await retried.turns.note_posted("t1", 1, [SECOND])
    assert (await turn(retried)).posted == (SECOND,)


async def test_an_earlier_attempt_leaves_its_message_to_a_retry_that_waits(retried: Store) -> None:
    """A retry that no process has begun takes over what an earlier attempt has posted, once; one that has begun does not."""
    for _ in range(2):
        assert await retried.turns.leave_to_retry("t1", 0, SECOND)
        assert (await turn(retried)).posted == (FIRST, SECOND)
    assert not await retried.turns.leave_to_retry("t1", 1, SECOND)
    await retried.turns.note_start("t1")
    assert not await retried.turns.leave_to_retry("t1", 0, MessageRef(THREAD, "C1/3"))
    assert (await turn(retried)).posted == (FIRST, SECOND)


async def test_a_message_is_replaced_only_where_no_attempt_runs(retried: Store) -> None:
    """While an attempt runs nothing but itself records its messages; before and after, their sentence may move."""
    assert not await retried.turns.replace_posted("t1", 0, [SECOND])
    assert await retried.turns.replace_posted("t1", 1, [SECOND])
    await retried.turns.note_start("t1")
    assert not await retried.turns.replace_posted("t1", 1, [FIRST])
    await retried.turns.start_asking("t1", "s1")
    assert not await retried.turns.replace_posted("t1", 1, [FIRST])
    assert (await turn(retried)).posted == (SECOND,)
    await retried.turns.end("t1", EndReason.FAILED)
    assert await retried.turns.replace_posted("t1", 1, [FIRST])


async def test_an_earlier_attempt_does_not_end_the_later_one(retried: Store) -> None:
    """An attempt that fails only after its Retry was pressed leaves the later one in its queue, and offers nothing."""
    assert not await retried.turns.end("t1", EndReason.FAILED, attempt=0)
    assert (await turn(retried)).phase is TurnPhase.QUEUED
    assert await retried.turns.end("t1", EndReason.FAILED, attempt=1)


async def test_a_press_of_an_earlier_attempt_claims_nothing(retried: Store) -> None:
    """Where the later attempt failed too, it alone can be asked again by a press that says its attempt."""
    await retried.turns.end("t1", EndReason.FAILED)
    for attempt in (0, 2):
        assert not await retried.turns.claim_retry("t1", attempt=attempt)
    assert (await turn(retried)).attempt == 1
    assert await retried.turns.claim_retry("t1", attempt=1)
    assert (await turn(retried)).attempt == 2
