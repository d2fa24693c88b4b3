"""Words and rows go when their time is over, and the files of the database hold nothing of them."""

import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from aion_bot.domain.plan import FINISHED, UNDER_WAY, Plan, PlanPhase
from aion_bot.domain.turn import KEPT_FOR_RETRY, EndReason, Turn, TurnPhase
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, MessageRef, Person, Step, ThreadKey
from aion_bot.rendering.card_buttons import can_be_approved
from aion_bot.storage import Store, StoreError, database
from aion_bot.storage.beside import open_beside
from aion_bot.storage.copies import copies_of, remove_copies
from tests.support.databases import contents_of, lay_database, tables_of

THREAD = ThreadKey("discord", "1")
ADA = Person("U1", "Ada")
WORDS = 'Is "Żółw" broken?\nTell 🐢 me'
PLAN = Plan("k1", "p1", "s1", THREAD, ADA, WORDS, (Step("Folders", WORDS),), digest="d1", said=WORDS)
RETRYABLE = (EndReason.FAILED, EndReason.INTERRUPTED, EndReason.HELD, EndReason.INCOMPLETE)


@pytest.fixture
async def store(path: Location) -> AsyncIterator[Store]:
    opened = await Store.open(lay_database(path))
    yield opened
    await opened.close()


def traces(path: Location, words: str = WORDS) -> list[str]:
    """The files of a database's folder that hold a part of these words, as they are or with JSON's escapes."""
    forms = {part.encode() for part in words.split()} | {
        json.dumps(words).encode(),
        json.dumps(words)[1:9].encode(),
    }
    if isinstance(path, PostgresUrl):
        return ["rows"] * any(form in contents_of(path) for form in forms if len(form) > 5)
    return [
        one.name
        for one in sorted(path.parent.iterdir())
        if one.suffix != ".backup" and any(form in one.read_bytes() for form in forms if len(form) > 5)
    ]


def columns(path: Location) -> set[str]:
    """Every column of every table that holds one of the words."""
    found = set()
    with open_beside(path, write=True) as connection:
        for (table,) in connection.execute(tables_of(path)).fetchall():
            for row in connection.execute(f"SELECT * FROM {table}").fetchall():  # noqa: S608  # a name of ours
                found |= {f"{table}.{name}" for name, value in dict(row).items() if "Tell" in str(value)}
    return found


async def ask(
    store: Store, key: str, words: str = WORDS, platform: str = "discord", files: tuple[Attachment, ...] = ()
) -> None:
    """Write a turn that opens a thread, as Discord's questions do."""
    thread = ThreadKey(platform, f"thread of {key}")
    prompt = Prompt(f"prompt {key}", thread, Place("W", "C"), ADA, words, opening=words, files=files)
    assert await store.turns.accept(Turn(key, thread, ADA, words), prompt)


async def end(store: Store, key: str, reason: EndReason) -> None:
    """End a turn as the runner does."""
    if reason is EndReason.WITHDRAWN:
        assert await store.turns.withdraw(f"prompt {key}")
    else:
        assert await store.turns.start_asking(key, "s1") is not None
        await store.turns.name_answer(key, f"answer {key}")
    if reason in RETRYABLE:
        assert await store.turns.end(key, reason)
    await store.turns.note_shown(key, 0, reason)


async def read(store: Store, key: str) -> Turn:
    turn = await store.turns.get(key)
    assert turn is not None
    return turn


@pytest.mark.parametrize("reason", [reason for reason in EndReason if reason not in RETRYABLE])
async def test_a_question_that_ended_is_in_no_column_and_no_file(
    store: Store, path: Location, reason: EndReason
) -> None:
    """However it ended: neither its text nor the name of its thread stay, nor their bytes once the log is emptied."""
    await ask(store, "t1")
    assert columns(path) == {"turn.text", "turn.origin"}
    assert traces(path) != []
    await end(store, "t1", reason)
    assert columns(path) == set()
    assert (await read(store, "t1")).erased
    assert store.erased.is_set()
    assert await store.retention.empty_log()
    assert traces(path) == []


@pytest.mark.parametrize("reason", RETRYABLE)
async def test_a_failed_question_is_kept_for_a_day(store: Store, path: Location, reason: EndReason) -> None:
    """Retry finds it for so long and not longer; the name of its thread is gone at once."""
    await ask(store, "t1")
    await end(store, "t1", reason)
    assert columns(path) == {"turn.text"}
    now = time.time()
    assert await store.retention.erase_expired(now + KEPT_FOR_RETRY - 60) == 0
    assert (await read(store, "t1")).text == WORDS
    assert await store.retention.erase_expired(now + KEPT_FOR_RETRY + 60) == 1
    assert columns(path) == set()
    assert not await store.turns.claim_retry("t1")
    assert await store.turns.interrupted() == []
    assert await store.retention.empty_log()
    assert traces(path) == []


@pytest.mark.parametrize("goes", ["deleted", "expired", "answered", "withdrawn"])
async def test_the_files_of_a_question_go_with_its_words(store: Store, path: Location, goes: str) -> None:
    """They stay for a Retry as the text does, and the names that people gave them are in no column afterwards."""
    file = Attachment("1/2/3", WORDS, 5)
    await ask(store, "t1", files=(file,))
    if goes == "withdrawn":
        await end(store, "t1", EndReason.WITHDRAWN)
    elif goes == "answered":
        await end(store, "t1", EndReason.ANSWERED)
    else:
        await end(store, "t1", EndReason.FAILED)
        assert "turn.origin" in columns(path)
        if goes == "deleted":
            await store.turns.note_deleted("prompt t1")
        else:
            await store.retention.erase_expired(time.time() + KEPT_FOR_RETRY + 60)
    assert columns(path) == set()
    assert await store.retention.empty_log()
    assert traces(path) == []


async def test_a_question_that_is_asked_again_keeps_its_words(store: Store) -> None:
    """Time that passes while an attempt waits or runs erases nothing; its own end counts anew."""
    await ask(store, "t1")
    await end(store, "t1", EndReason.FAILED)
    assert await store.turns.claim_retry("t1")
    assert await store.retention.erase_expired(time.time() + 10 * KEPT_FOR_RETRY) == 0
    assert await store.turns.start_asking("t1", "s1") == (WORDS, "")


@pytest.mark.parametrize("reason", RETRYABLE)
async def test_a_failed_question_whose_writer_deleted_it_goes_at_once(
    store: Store, path: Location, reason: EndReason
) -> None:
    """Nothing of it is kept for a Retry any more."""
    await ask(store, "t1")
    await end(store, "t1", reason)
    await store.turns.note_deleted("prompt t1")
    assert columns(path) == set()
    assert not await store.turns.claim_retry("t1")
    assert await store.retention.empty_log()
    assert traces(path) == []


async def test_a_question_deleted_while_it_is_answered_goes_with_its_end(
    store: Store, path: Location
) -> None:
    """It is answered as it was asked; where it fails instead, no Retry is offered."""
    await ask(store, "t1")
    assert await store.turns.start_asking("t1", "s1") == (WORDS, "")
    await store.turns.note_deleted("prompt t1")
    assert (await read(store, "t1")).text == WORDS
    assert not await store.turns.end("t1", EndReason.FAILED)
    assert columns(path) == set()


@pytest.mark.sqlite
async def test_words_before_an_edit_leave_the_log(store: Store, path: Location) -> None:
    """What a person has replaced is in no file either."""
    await ask(store, "t1", "Tell Turtles")
    assert await store.turns.edit_queued("prompt t1", "Tell Hares")
    assert await store.turns.withdraw("prompt t1")
    assert await store.retention.empty_log()
    assert traces(path, "Turtles") == []


async def finish(store: Store, phase: PlanPhase) -> None:
    """Bring a plan to its end."""
    if phase is PlanPhase.REPLACED:
        await store.plans.add(replace(PLAN, key="k2", description="other", steps=(), said=""))
        return
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    assert await store.plans.note_sent("k1", ())
    assert await store.plans.move("k1", phase, said=WORDS, answer="200")


@pytest.mark.parametrize("phase", sorted(FINISHED))
async def test_a_plan_loses_its_words_once_its_end_is_shown(
    store: Store, path: Location, phase: PlanPhase
) -> None:
    """Description, steps and Aion's words go; who decided what, and the digest of it, stay."""
    await store.plans.add(PLAN)
    await finish(store, phase)
    assert {"plan.description", "plan.steps"} <= columns(path)
    await store.plans.note_shown("k1")
    assert columns(path) == set()
    plan = await store.plans.get("k1")
    assert plan is not None
    assert (plan.phase, plan.digest, plan.erased) == (phase, "d1", True)
    assert [one.person for one in plan.attempts] == ([] if phase is PlanPhase.REPLACED else [ADA])
    assert await store.retention.empty_log()
    assert traces(path) == []


async def test_a_plan_that_waits_keeps_its_words(store: Store) -> None:
    """Also where an attempt that changed nothing brought its buttons back, however long ago."""
    await store.plans.add(PLAN)
    await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.move("k1", PlanPhase.PENDING)
    await store.plans.note_shown("k1")
    await store.retention.erase_expired(time.time() + 10 * KEPT_FOR_RETRY)
    plan = await store.plans.get("k1")
    assert plan is not None
    assert (plan.description, plan.steps, plan.erased) == (WORDS, PLAN.steps, False)


async def test_a_plan_whose_end_no_card_can_show_loses_its_words(store: Store, path: Location) -> None:
    """Its card may be deleted, or its platform gone: after a day nobody waits for it."""
    await store.plans.add(PLAN)
    await finish(store, PlanPhase.DONE)
    assert await store.retention.erase_expired(time.time() + KEPT_FOR_RETRY + 60) == 1
    assert columns(path) == set()


@pytest.mark.parametrize("phase", sorted(UNDER_WAY))
async def test_a_plan_whose_decision_nobody_finishes_loses_its_words(
    store: Store, path: Location, phase: PlanPhase
) -> None:
    """Recovery passes it over where its asker may not use the bot any more: its words go a day after the decision."""
    await store.plans.add(PLAN)
    await store.plans.claim("k1", Action.APPROVE, ADA)
    if phase is not PlanPhase.CLAIMED:
        await store.plans.note_sent("k1", [])
    if phase not in {PlanPhase.CLAIMED, PlanPhase.SENT}:
        assert await store.plans.move("k1", phase)
    assert await store.retention.erase_expired(time.time() + KEPT_FOR_RETRY - 60) == 0
    assert await store.retention.erase_expired(time.time() + KEPT_FOR_RETRY + 60) == 1
    assert columns(path) == set()
    plan = await store.plans.get("k1")
    assert plan is not None
    assert (plan.phase, plan.erased, can_be_approved(plan)) == (phase, True, False)


async def test_a_plan_that_got_no_card_loses_its_words(store: Store, path: Location) -> None:
    """Its answer had no room for it, or could not be shown: a day after that nobody can decide it any more."""
    await ask(store, "t1")
    await store.plans.add(replace(PLAN, turn="t1"))
    later = time.time() + KEPT_FOR_RETRY + 60
    assert await store.retention.erase_expired(later) == 0
    await store.turns.note_shown("t1", 0, EndReason.UNDELIVERABLE)
    assert await store.retention.erase_expired(later) == 1
    assert columns(path) == set()
    await store.plans.add(replace(PLAN, key="k2", plan_id="p2", turn="t1"))
    await store.plans.note_card("k2", MessageRef(THREAD, "1"))
    assert await store.retention.erase_expired(later) == 0


async def age(store: Store, table: str, key: str, days: float) -> None:
    """Make a row older."""
    seconds = int(days * 86_400)
    later = "closed_at = closed_at - ?1" if table == "turn" else "decided_at = decided_at - ?1"
    sql = f"UPDATE {table} SET created_at = created_at - ?1, {later} WHERE key = ?2"  # noqa: S608  # literals of ours
    await store.turns._do(sql, seconds, key)


async def sweep(store: Store, days: float = 90, delivered: dict[str, float] | None = None) -> tuple[int, int]:
    """Remove the plans and turns that are older."""
    before = time.time() - days * 86_400
    plans = await store.retention.remove_plans(before)
    return plans, await store.retention.remove_turns(before, ["discord"], delivered or {})


async def test_old_turns_are_removed_and_their_threads_stay(store: Store) -> None:
    """A younger one stays, and so does one that has not ended."""
    for key in ("old", "young", "open"):
        await ask(store, key)
    for key in ("old", "young"):
        await end(store, key, EndReason.ANSWERED)
    for key, days in (("old", 91), ("young", 89), ("open", 91)):
        await age(store, "turn", key, days)
    assert await sweep(store) == (0, 1)
    assert [await store.turns.get(key) is None for key in ("old", "young", "open")] == [True, False, False]
    assert await store.threads.known(ThreadKey("discord", "thread of old"))


async def test_an_answer_of_a_removed_turn_is_nobody_elses(store: Store) -> None:
    """A later question in the same words must not be answered with it."""
    await ask(store, "old")
    await end(store, "old", EndReason.ANSWERED)
    await age(store, "turn", "old", 91)
    assert await sweep(store) == (0, 1)
    assert await store.turns.taken("s1", "another") == {"answer old"}


async def test_what_may_be_delivered_once_more_stays(store: Store) -> None:
    """After a long pause a platform is read from shortly before the stop on: without its row a question is asked again."""
    for key in ("before", "after"):
        await ask(store, key)
        await end(store, key, EndReason.ANSWERED)
    await age(store, "turn", "before", 92)
    await age(store, "turn", "after", 91)
    assert await sweep(store, delivered={"discord": time.time() - 91.5 * 86_400}) == (0, 1)
    assert await store.turns.accepted("prompt after")


async def test_turns_of_a_platform_that_is_not_connected_any_more_are_removed(store: Store) -> None:
    """Nobody will finish them, and they hold words."""
    await ask(store, "gone", platform="slack")
    await ask(store, "here")
    for key in ("gone", "here"):
        await age(store, "turn", key, 91)
    assert await sweep(store) == (0, 1)
    assert await store.turns.get("gone") is None


async def test_old_plans_are_removed_and_their_attempts_stay(store: Store, path: Location) -> None:
    """The record of who decided what outlives plan and turn; a turn stays as long as a plan of it does."""
    for number in ("1", "2"):
        await ask(store, f"t{number}")
        await end(store, f"t{number}", EndReason.ANSWERED)
        plan = replace(PLAN, key=f"k{number}", plan_id=f"p{number}", turn=f"t{number}")
        await store.plans.add(plan)
        assert await store.plans.claim(plan.key, Action.APPROVE, ADA)
        await age(store, "turn", f"t{number}", 91)
    await age(store, "plan", "k1", 91)
    await store.turns._do("UPDATE plan SET created_at = created_at - 9000000 WHERE key = 'k2'")
    assert await sweep(store) == (1, 1)
    assert await store.turns.get("t1") is None
    assert await store.turns.get("t2") is not None
    with open_beside(path, write=True) as connection:
        found = [tuple(row) for row in connection.execute("SELECT plan, digest FROM attempt")]
    assert found == [("k1", "d1"), ("k2", "d1")]


async def test_rows_are_removed_in_batches(store: Store) -> None:
    """No statement removes so many rows that others wait for it."""
    await store.turns._do(
        "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 450) "
        "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, phase, closed_at, created_at) "
        "SELECT x, x, 'discord', '1', 'U1', 'Ada', '', ?, 1, 1 FROM n",
        TurnPhase.SHOWN,
    )
    batches = [(await sweep(store))[1] for _ in range(4)]
    assert batches == [200, 200, 50, 0]


@pytest.mark.sqlite
def test_a_copy_is_removed_after_its_time(path: Location) -> None:
    """Copies that a migration made hold words; other files of similar names are somebody else's."""
    for name in (
        "bot.db.schema-3.backup",
        "bot.db.schema-3-2.backup",
        "bot.db.backup",
        "other.db.schema-3.backup",
    ):
        path.with_name(name).write_bytes(b"x")
        os.utime(path.with_name(name), (1, 1000.0 if name != "bot.db.schema-3-2.backup" else 3000.0))
    assert copies_of(path) == [path.with_name(f"bot.db.schema-3{more}.backup") for more in ("-2", "")]

    assert remove_copies(path, 2000.0) == 1
    assert not path.with_name("bot.db.schema-3.backup").exists()
    assert len(list(path.parent.iterdir())) == 3


# The files.


@pytest.mark.sqlite
async def test_a_log_that_somebody_reads_is_not_emptied(store: Store, path: Location) -> None:
    """It is said, so that it is tried again; it has no part in what the bot answers."""
    await store.turns._do("PRAGMA busy_timeout = 0")  # so that the test need not wait for a second
    await ask(store, "t1")
    with open_beside(path, write=True) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM turn").fetchall()
        await end(store, "t1", EndReason.ANSWERED)
        assert not await store.retention.empty_log()
        assert traces(path) == ["bot.db-wal"]
    assert await store.retention.empty_log()
    assert traces(path) == []


@pytest.mark.sqlite
async def test_a_rewritten_database_holds_nothing_of_what_was_deleted(store: Store, path: Location) -> None:
    """Also what was deleted without being overwritten, as by a shell."""
    with open_beside(path, write=True) as other:
        other.execute("PRAGMA secure_delete = OFF")
        other.execute("INSERT INTO kv VALUES ('slack', 'name', ?)", (WORDS,))
        other.execute("DELETE FROM kv")
    assert await store.retention.empty_log()
    assert traces(path) == ["bot.db"]
    assert await store.retention.rewrite()
    assert await store.retention.empty_log()
    assert traces(path) == []


@pytest.mark.sqlite
async def test_a_large_database_is_not_rewritten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people do would wait for it."""
    monkeypatch.setattr("aion_bot.storage.database._LARGEST_REWRITTEN", 1000)
    assert not await store.retention.rewrite()


@pytest.mark.sqlite
async def test_deleted_words_are_overwritten_by_every_connection(store: Store) -> None:
    """It is read back, not hoped for."""
    (row,) = await store.turns._all("PRAGMA secure_delete")
    assert row[0] == 1


@pytest.mark.sqlite
async def test_a_sqlite_that_does_not_overwrite_is_refused(
    path: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot does not start where deleted words would stay."""
    monkeypatch.setattr(database, "_PRAGMAS", "PRAGMA secure_delete = FAST;")
    with pytest.raises(StoreError, match="does not overwrite deleted words"):
        await Store.open(path)
