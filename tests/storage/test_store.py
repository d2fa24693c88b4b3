"""The repositories: what survives a crash, and which changes of a phase are allowed."""

import asyncio
import itertools
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.domain.allowance import Allowance
from aion_bot.domain.plan import PLAN_TRANSITIONS, Plan, PlanPhase
from aion_bot.domain.turn import TURN_TRANSITIONS, UNFINISHED, EndReason, Turn, TurnPhase, Words
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, MessageRef, Person, Step, ThreadKey
from aion_bot.storage import Store, StoreError
from aion_bot.storage.beside import open_beside
from aion_bot.storage.database import migrations
from aion_bot.storage.turns import UNNAMED_FOR, Turns

THREAD = ThreadKey("slack", "T/C/1")
ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
PLAN = Plan("k1", "p1", "s1", THREAD, ADA, "Sort", (Step("Folders", "sort them"),), operations=3)


def prompt(key: str) -> Prompt:
    return Prompt(
        key,
        THREAD,
        Place("T", "C"),
        ADA,
        "What?",
        opening="What?",
        attachments=1,
        files=(Attachment("T/F1", "roof.jpg", 4_096, "image/jpeg"),),
        source=MessageRef(THREAD, "m0"),
        reply_token="1:2:3:a secret",
    )


async def test_a_threads_session_survives_a_restart(tmp_path: Path) -> None:
    """Another process finds the session of a thread."""
    first = await Store.open(tmp_path / "bot.db")
    await first.threads.bind(THREAD, "s1")
    await first.close()
    second = await Store.open(tmp_path / "bot.db")
    assert await second.threads.session(THREAD) == "s1"
    assert await second.threads.session(ThreadKey("slack", "T/C/2")) is None
    await second.close()


async def test_a_question_is_accepted_once(store: Store) -> None:
    """The second delivery of a message finds the row of the first, whatever key it has."""
    assert await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("slack:1"))
    assert not await store.turns.accept(Turn("t2", THREAD, ADA, "What?"), prompt("slack:1"))
    assert [turn.key for turn in await store.turns.unfinished()] == ["t1"]
    assert await store.threads.known(THREAD)


async def test_a_closed_question_keeps_no_text(store: Store) -> None:
    """The text of an answered question is erased; a failed one keeps it for Retry."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "secret words"), prompt("1"))
    await store.turns.accept(Turn("t2", THREAD, ADA, "other words"), prompt("2"))
    await store.turns.note_shown("t1", 0)
    await store.turns.end("t2", EndReason.FAILED)
    done, failed = await store.turns.get("t1"), await store.turns.get("t2")
    assert done is not None
    assert done.text == ""
    assert failed is not None
    assert failed.text == "other words"


async def test_a_withdrawn_question_cannot_fail(store: Store) -> None:
    """A question withdrawn at its start is not offered for a Retry that nobody could claim."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    assert await store.turns.withdraw(prompt("1").key)
    assert not await store.turns.end("t1", EndReason.FAILED)
    await store.turns.accept(Turn("t2", THREAD, ADA, "What?"), prompt("2"))
    assert await store.turns.end("t2", EndReason.FAILED)
    assert await store.turns.end("t2", EndReason.FAILED)


async def test_an_attempt_that_ended_does_not_close_the_next_one(store: Store) -> None:
    """A Retry may be pressed before it is recorded that the thread shows the end of the attempt before."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.end("t1", EndReason.FAILED)
    assert await store.turns.claim_retry("t1")
    await store.turns.note_shown("t1", 0)
    again = await store.turns.get("t1")
    assert again is not None
    assert (again.phase, again.text, again.attempt) == (TurnPhase.QUEUED, "What?", 1)
    assert [one.key for one in await store.turns.unfinished()] == ["t1"]


async def test_a_failed_question_is_retried_once(store: Store) -> None:
    """Of two presses of Retry one claims the question."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    assert not await store.turns.claim_retry("t1")
    await store.turns.end("t1", EndReason.FAILED)
    assert [await store.turns.claim_retry("t1"), await store.turns.claim_retry("t1")] == [True, False]


async def test_one_of_many_claims_a_plan(store: Store) -> None:
    """Of any number of simultaneous decisions one claims the plan."""
    await store.plans.add(PLAN)
    claims = [
        await store.plans.claim("k1", action, who)
        for action, who in [(Action.APPROVE, ADA), (Action.CANCEL, BEN)] * 3
    ]
    assert claims.count(True) == 1
    plan = await store.plans.get("k1")
    assert plan is not None
    assert (plan.phase, plan.action, plan.decider) == (PlanPhase.CLAIMED, Action.APPROVE, ADA)


@pytest.mark.slow
async def test_a_plan_moves_along_its_table_only(store: Store) -> None:
    """Every change of phase that the plan's table does not have is refused."""
    for before, after in itertools.product(PlanPhase, PlanPhase):
        key = f"{before}-{after}"
        await store.plans.add(replace(PLAN, key=key))
        await store.plans._connection.execute("UPDATE plan SET phase = ? WHERE key = ?", (before, key))
        if after is PlanPhase.CLAIMED:
            moved = await store.plans.claim(key, Action.APPROVE, ADA)
        elif after is PlanPhase.SENT:
            moved = await store.plans.note_sent(key, [])
        else:
            moved = await store.plans.move(key, after)
        assert moved == (after in PLAN_TRANSITIONS[before]), key


async def test_an_earlier_decision_moves_no_later_one(store: Store) -> None:
    """What still ends the first decision changes nothing once there is a second one, nor records that its end is shown."""
    await store.plans.add(PLAN)
    await store.plans.claim("k1", Action.APPROVE, ADA)
    assert await store.plans.move("k1", PlanPhase.PENDING, attempts=1)
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    assert not await store.plans.move("k1", PlanPhase.PENDING, attempts=1)
    await store.plans.note_sent("k1", [])
    assert await store.plans.move("k1", PlanPhase.DONE, attempts=2)
    await store.plans.note_shown("k1", 1)
    assert [plan.key for plan in await store.plans.not_shown()] == ["k1"]
    await store.plans.note_shown("k1", 2)
    assert await store.plans.not_shown() == []


async def test_a_decision_that_ended_does_not_close_the_next_one(store: Store) -> None:
    """A plan may be decided again before it is recorded that the thread shows the end of the decision before."""
    await store.plans.add(PLAN)
    await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.move("k1", PlanPhase.PENDING)
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.note_shown("k1")
    assert [plan.key for plan in await store.plans.not_shown()] == ["k1"]
    await store.plans.note_sent("k1", [])
    await store.plans.move("k1", PlanPhase.DONE)
    await store.plans.note_shown("k1")
    assert await store.plans.not_shown() == []


async def test_a_plan_is_read_as_it_was_written(store: Store) -> None:
    """Steps, people and the card's place are read back unchanged."""
    await store.plans.add(PLAN)
    await store.plans.note_card("k1", MessageRef(THREAD, "m1"))
    await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.note_sent("k1", ["a", "b"])
    plan = await store.plans.get("k1")
    assert plan is not None
    assert (plan.steps, plan.requester, plan.operations) == (PLAN.steps, ADA, 3)
    assert (plan.message, plan.seen) == (MessageRef(THREAD, "m1"), ("a", "b"))


@pytest.mark.sqlite
async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """A database of a later version is not changed, and the error says what to do."""
    path = tmp_path / "bot.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(StoreError, match="newer aion-bot"):
        await Store.open(path)


async def test_a_corrupt_file_is_refused(tmp_path: Path) -> None:
    """A file that is no database is reported as such, and not overwritten."""
    path = tmp_path / "bot.db"
    path.write_bytes(b"this is not a database, but long enough to be read as one" * 100)
    with pytest.raises(StoreError, match="not a sound SQLite database"):
        await Store.open(path)
    assert path.read_bytes().startswith(b"this is not")


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """A path in a missing folder is refused with the reason."""
    with pytest.raises(StoreError, match="the folder does not exist"):
        await Store.open(tmp_path / "nowhere" / "bot.db")


async def test_a_read_only_database_is_refused(tmp_path: Path) -> None:
    """A read-only file is refused at the start, with what to do about it."""
    path = tmp_path / "bot.db"
    await (await Store.open(path)).close()
    with path.open("r+b") as file:
        file.seek(18)  # the version of the file format for writers; what SQLite does not know it only reads
        file.write(b"\x03")
    with pytest.raises(StoreError, match="read-only"):
        await Store.open(path)


@pytest.mark.single
async def test_a_second_process_is_refused(store: Store, path: Location) -> None:
    """A second bot on the same database is refused, and doctor does not disturb the first."""
    with pytest.raises(StoreError, match="another process holds it"):
        await Store.open(path)
    assert await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))


async def test_a_prompt_is_read_as_it_was_written(store: Store) -> None:
    """All that opening a thread and marking a message need is kept until its end, the files and the reply token too."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    turn = await store.turns.get("t1")
    assert turn is not None
    assert turn.origin == prompt("1")


@pytest.mark.parametrize("end", ["ended", "shown", "withdrawn"])
async def test_the_reply_token_goes_with_the_end(store: Store, path: Location, end: str) -> None:
    """A reply token, which may be a secret, is erased however a turn ends, also where its words stay for a retry."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    if end == "ended":
        assert await store.turns.end("t1", EndReason.FAILED)
    elif end == "shown":
        await store.turns.note_shown("t1", 0)
    else:
        assert await store.turns.withdraw("1")
    turn = await store.turns.get("t1")
    assert turn is not None
    assert turn.origin is not None
    assert turn.origin.reply_token == ""
    assert store.erased.is_set()
    with open_beside(path, write=True) as connection:
        assert "secret" not in str(connection.execute("SELECT * FROM turn").fetchall())


async def test_a_question_is_open_until_its_end_is_shown(store: Store) -> None:
    """A turn that ended stays open for startup recovery until its thread shows the end."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.end("t1", EndReason.FAILED)
    assert [turn.reason for turn in await store.turns.unfinished()] == [EndReason.FAILED]
    await store.turns.note_shown("t1", 0)
    assert await store.turns.unfinished() == []
    failed = await store.turns.get("t1")
    assert failed is not None
    assert (failed.reason, failed.text) == (EndReason.FAILED, "What?")


async def test_a_waiting_question_can_be_changed_or_withdrawn(store: Store) -> None:
    """A question can be changed or withdrawn until its turn starts."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.accept(Turn("t2", THREAD, ADA, "And?"), prompt("2"))
    assert await store.turns.edit_queued("1", "What else?")
    assert await store.turns.withdraw("2")
    await store.turns.start_asking("t1", "s1")
    assert not await store.turns.edit_queued("1", "Too late")
    assert not await store.turns.withdraw("1")
    assert [turn.text for turn in await store.turns.unfinished()] == ["What else?", ""]


async def decided(store: Store, key: str) -> None:
    """Write a plan of session s1 whose decision Aion has accepted."""
    await store.plans.add(replace(PLAN, key=key))
    await store.plans.note_card(key, MessageRef(THREAD, f"card of {key}"))
    await store.plans.claim(key, Action.APPROVE, ADA)
    await store.plans.note_sent(key, [])
    await store.plans.move(key, PlanPhase.RUNNING)


async def test_a_value_is_claimed_once(store: Store) -> None:
    """Of all who try at once one has it; what was written before is left as it is."""
    await store.kv.set("slack", "known", "value")
    claimed = await asyncio.gather(*(store.kv.claim("slack", "name") for _ in range(5)))
    assert sorted(claimed) == [False] * 4 + [True]
    assert not await store.kv.claim("slack", "known")
    assert await store.kv.get("slack", "known") == "value"
    assert await store.kv.claim("discord", "name")


async def test_a_result_is_claimed_in_the_order_of_the_decisions(store: Store) -> None:
    """A plan leaves one message for each plan decided earlier that still waits, and claims only one."""
    for key in ("k1", "k2", "k3"):
        await decided(store, key)
    assert await store.plans.claim_result("k2", ["m1"]) is None
    assert await store.plans.claim_result("k2", ["m1", "m2"]) == "m2"
    assert await store.plans.claim_result("k1", ["m1", "m2"]) == "m1"
    assert await store.plans.claim_result("k3", ["m1", "m2"]) is None
    assert await store.plans.claim_result("k3", ["m1", "m2", "m3"]) == "m3"
    assert await store.plans.claim_result("k2", ["m1", "m2", "m3", "m4"]) == "m2"


async def test_no_message_is_left_for_a_plan_that_ended(store: Store) -> None:
    """Once an earlier decision has ended, its message can be claimed by the next plan."""
    await decided(store, "k1")
    await decided(store, "k2")
    await store.plans.move("k1", PlanPhase.SETTLED)
    assert await store.plans.claim_result("k2", ["m1"]) == "m1"


async def test_a_message_is_claimed_by_one_turn_or_plan(store: Store) -> None:
    """A question claims neither a plan's result nor another question's answer; a plan claims no answer."""
    await decided(store, "k1")
    for number in ("1", "2"):
        await store.turns.accept(Turn(f"t{number}", THREAD, ADA, "What?"), prompt(number))
        await store.turns.start_asking(f"t{number}", "s1")
    assert await store.turns.awaits_name("s1")
    assert await store.plans.claim_result("k1", ["m1"]) is None
    assert await store.turns.claim_answer("t1", "s1", "m1")
    assert not await store.turns.claim_answer("t2", "s1", "m1")
    await store.turns.end("t2", EndReason.INTERRUPTED)
    assert await store.plans.claim_result("k1", ["m1", "m2"]) == "m2"
    assert not await store.turns.claim_answer("t2", "s1", "m2")
    assert not await store.turns.reopen_interrupted("t2", "s1", "m2")
    assert await store.turns.taken("s1", "t1") == {"m2"}


async def test_an_answer_of_an_earlier_attempt_is_no_result(store: Store) -> None:
    """A plan takes no answer that Aion stored to a question before it was asked again, nor one of a turn that was removed."""
    await decided(store, "k1")
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.name_answer("t1", "m1")
    await store.turns.end("t1", EndReason.FAILED)
    assert await store.turns.claim_retry("t1")
    assert await store.plans.claim_result("k1", ["m1"]) is None
    await store.turns.start_asking("t1", "s1")
    await store.turns.name_answer("t1", "m3")
    assert await store.plans.claim_result("k1", ["m1"]) is None
    assert await store.turns.taken("s1", "t1") == {"m1"}
    assert await store.plans.claim_result("k1", ["m1", "m2", "m3"]) == "m2"


async def test_an_answer_that_ended_without_a_name_is_no_result(store: Store) -> None:
    """Aion may store it after the decision: the plan takes no message of the session, also once the question was asked again."""
    await decided(store, "k1")
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.end("t1", EndReason.FAILED, unnamed=True)
    assert await store.plans.claim_result("k1", ["m1"]) is None
    await store.turns.note_shown("t1", 0)
    assert await store.turns.claim_retry("t1")
    assert await store.plans.claim_result("k1", ["m1"]) is None
    await store.turns.start_asking("t1", "s2")
    await store.turns.name_answer("t1", "m2")
    await store.turns.end("t1", EndReason.ANSWERED)
    assert await store.plans.claim_result("k1", ["m1"]) is None


@pytest.mark.parametrize("end", ["name", "refusal", "other session", "never asked"])
async def test_a_plan_takes_its_result_beside_answers_that_are_known(store: Store, end: str) -> None:
    """Where the answer has a name, where Aion refused the question, and where it was asked elsewhere or not at all."""
    await decided(store, "k1")
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    if end != "never asked":
        await store.turns.start_asking("t1", "s2" if end == "other session" else "s1")
    name = "m1" if end == "name" else None
    await store.turns.note_shown("t1", 0, EndReason.STOPPED, name, unnamed=end != "refusal")
    assert await store.plans.claim_result("k1", ["m1", "m2"]) == ("m2" if end == "name" else "m1")


async def test_a_plan_that_is_decided_long_after_a_lost_answer_takes_its_result(store: Store) -> None:
    """What Aion has stored by then was there before the decision."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.end("t1", EndReason.STOPPED, unnamed=True)
    await decided(store, "k1")
    assert await store.plans.claim_result("k1", ["m1"]) is None
    later = "UPDATE plan SET decided_at = decided_at + ? WHERE key = 'k1'"
    await store.plans._connection.execute(later, (UNNAMED_FOR,))
    assert await store.plans.claim_result("k1", ["m1"]) == "m1"


async def test_a_late_answer_that_is_found_makes_room_for_a_result(store: Store) -> None:
    """Its name is known from then on: the next message may be the plan's."""
    await decided(store, "k1")
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.end("t1", EndReason.INTERRUPTED, unnamed=True)
    assert await store.plans.claim_result("k1", ["m1", "m2"]) is None
    assert await store.turns.reopen_interrupted("t1", "s1", "m1")
    assert await store.plans.claim_result("k1", ["m1", "m2"]) == "m2"


async def test_missing_words_are_known_until_they_are_shown(store: Store) -> None:
    """Of a turn that was answered at a plan's card, and of no other: not while it runs, nor after a failure or in a later attempt."""
    for key in ("t1", "t2", "t3"):
        await store.turns.accept(Turn(key, THREAD, ADA, "What?"), prompt(key))
        await store.turns.start_asking(key, "s1")
        await store.turns.note_words_missing(key, 0)
    assert await store.turns.without_words() == []
    await store.turns.note_shown("t1", 0)
    await store.turns.note_shown("t2", 0, EndReason.FAILED)
    await store.turns.note_shown("t3", 0)
    await store.turns.note_cleared("t3")
    assert [turn.key for turn in await store.turns.without_words()] == ["t1", "t3"]
    await store.turns.note_words_shown("t1")
    await store.turns.note_words_missing("t1", 0)
    assert [turn.key for turn in await store.turns.without_words()] == ["t3"]
    assert await store.turns.claim_retry("t2")
    found = await store.turns.get("t2")
    assert found is not None
    assert found.words is Words.SHOWN


async def test_a_retry_that_is_refused_leaves_the_answer(store: Store) -> None:
    """Where nobody can have a question asked again, its stored answer can still be found."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.name_answer("t1", "m1")
    assert not await store.turns.claim_retry("t1")
    assert await store.turns.taken("s1", "t1") == set()


async def test_a_retry_that_finds_no_room_leaves_the_answer(store: Store) -> None:
    """Where another question takes the last place of an allowance in the middle of a Retry, the answer can still be found."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns.start_asking("t1", "s1")
    await store.turns.name_answer("t1", "m1")
    await store.turns.end("t1", EndReason.INTERRUPTED)
    one = Allowance(per_person=1)
    another = store.turns.accept(Turn("t2", THREAD, ADA, "And?"), prompt("2"), one)
    assert await asyncio.gather(store.turns.claim_retry("t1", one), another) == [False, True]
    assert await store.turns.taken("s1", "t1") == set()


async def test_a_retry_and_a_late_answer_exclude_each_other(store: Store) -> None:
    """Of a press of Retry and a late answer the first one claims the turn."""
    for key in ("t1", "t2"):
        await store.turns.accept(Turn(key, THREAD, ADA, "What?"), prompt(key))
        await store.turns.start_asking(key, "s1")
        await store.turns.end(key, EndReason.INTERRUPTED)
    assert [turn.key for turn in await store.turns.interrupted()] == ["t1", "t2"]
    assert await store.turns.claim_retry("t1")
    assert not await store.turns.reopen_interrupted("t1", "s1", "m1")
    assert await store.turns.reopen_interrupted("t2", "s1", "m1")
    assert not await store.turns.claim_retry("t2")
    assert await store.turns.interrupted() == []


TURN_WRITES: dict[TurnPhase, Callable[[Turns, str], Awaitable[object]]] = {
    TurnPhase.QUEUED: lambda turns, key: turns.claim_retry(key),
    TurnPhase.ASKING: lambda turns, key: turns.start_asking(key, "s1"),
    TurnPhase.STREAMING: lambda turns, key: turns.reopen_interrupted(key, "s1", "m1"),
    TurnPhase.ENDED: lambda turns, key: turns.end(key, EndReason.FAILED),
    TurnPhase.SHOWN: lambda turns, key: turns.note_shown(key, 0),
    TurnPhase.CLEARED: lambda turns, key: turns.note_cleared(key),
}
"""A write that moves a turn to each phase; a plan's row parks it, and naming the answer makes `ASKING` `STREAMING`."""


@pytest.mark.parametrize("after", list(TURN_WRITES))
async def test_a_turn_moves_along_its_table_only(store: Store, after: TurnPhase) -> None:
    """Every change of phase that the turn's table does not have is refused."""
    for before in TurnPhase:
        key = f"from {before}"
        await store.turns.accept(Turn(key, THREAD, ADA, "What?"), prompt(key))
        reason = None if before in UNFINISHED else EndReason.INTERRUPTED
        await store.turns._connection.execute(
            "UPDATE turn SET phase = ?, reason = ? WHERE key = ?", (before, reason, key)
        )
        await TURN_WRITES[after](store.turns, key)
        now = await store.turns.get(key)
        assert now is not None
        allowed = after in TURN_TRANSITIONS[before] and not (after is TurnPhase.STREAMING and reason is None)
        assert now.phase == (after if allowed else before), key


@pytest.mark.parametrize("before", list(TurnPhase))
async def test_naming_an_answer_and_parking_keep_to_the_table(store: Store, before: TurnPhase) -> None:
    """Naming its answer moves an asking turn to streaming, and a plan parks only a turn that was asked."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("1"))
    await store.turns._connection.execute("UPDATE turn SET phase = ?", (before,))
    await store.turns.name_answer("t1", "m1")
    named = await store.turns.get("t1")
    await store.plans.add(replace(PLAN, turn="t1"))
    parked = await store.turns.get("t1")
    assert named is not None
    assert parked is not None
    assert named.phase == (TurnPhase.STREAMING if before is TurnPhase.ASKING else before)
    asked = {TurnPhase.ASKING, TurnPhase.STREAMING, TurnPhase.PARKED}
    assert parked.phase == (TurnPhase.PARKED if before in asked else before)


async def test_an_unknown_phase_is_refused_by_the_database(store: Store) -> None:
    """The database refuses a phase that the table does not have, from any statement."""
    await store.plans.add(PLAN)
    with pytest.raises(sqlite3.IntegrityError, match=r"(?i)check"):
        await store.plans._connection.execute("UPDATE plan SET phase = 'deciding'")


async def test_the_newest_text_of_a_waiting_question_is_asked(store: Store) -> None:
    """The text is read when the turn starts, so that an edit before that counts."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "Waht?"), prompt("1"))
    assert await store.turns.edit_queued("1", "What?")
    assert await store.turns.start_asking("t1", "s1") == ("What?", "")
    await store.turns.accept(Turn("t2", THREAD, ADA, "And?"), prompt("2"))
    await store.turns.withdraw("2")
    assert await store.turns.start_asking("t2", "s1") is None


@pytest.mark.sqlite
async def test_an_older_database_is_migrated(tmp_path: Path) -> None:
    """Rows of an earlier version are read, and turns that it had cleared stay cleared."""
    path = tmp_path / "bot.db"
    with sqlite3.connect(path) as connection:
        for number, sql in migrations()[:2]:
            connection.executescript(f"{sql}\nPRAGMA user_version = {number};")
        row = "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, state, settled) VALUES (?, ?, 'slack', 'T/C/1', 'U1', 'Ada', 'What?', ?, ?)"
        connection.executemany(row, [("t1", "1", "done", 1), ("t2", "2", "open", 0)])
    connection.close()
    opened = await Store.open(path)
    assert await opened.turns.not_cleared() == []
    assert [turn.key for turn in await opened.turns.unfinished()] == ["t2"]
    await opened.turns.note_shown("t2", 0)
    assert [turn.key for turn in await opened.turns.not_cleared()] == ["t2"]
    await opened.close()


async def test_starts_are_counted_for_each_attempt(store: Store) -> None:
    """A turn that was taken up twice and did not end is given up; Retry counts anew."""
    await store.turns.accept(Turn("t1", THREAD, ADA, "What?"), prompt("slack:1"))
    for starts in range(3):
        turn = await store.turns.get("t1")
        assert turn is not None
        assert (turn.starts, turn.given_up) == (starts, starts >= 2)
        await store.turns.note_start("t1")
    await store.turns.end("t1", EndReason.FAILED)
    ended = await store.turns.get("t1")
    assert ended is not None
    assert not ended.given_up
    assert await store.turns.claim_retry("t1")
    again = await store.turns.get("t1")
    assert again is not None
    assert (again.starts, again.given_up) == (0, False)


async def test_halves_of_surrogate_pairs_are_stored(store: Store) -> None:
    """JSON of a platform or of Aion may hold what UTF-8 cannot: the question is accepted all the same."""
    asked = replace(prompt("sur"), text="What?\ud800", person=Person("U1", "A\udc00da"))
    turn = Turn("k-sur", asked.thread, asked.person, asked.text, origin=asked)
    assert await store.turns.accept(turn, asked)
    found = await store.turns.get("k-sur")
    assert found is not None
    assert (found.text, found.asker.name) == ("What??", "A?da")
