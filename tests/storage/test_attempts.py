"""Every attempt to decide a plan is kept, and one card of a plan can be pressed."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aion_bot.domain.plan import Attempt, Plan, PlanPhase
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.storage import Store, migrations
from aion_bot.storage.beside import open_beside
from tests.storage.older_databases import write_older

THREAD = ThreadKey("slack", "T/C/1")
ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
PLAN = Plan("k1", "p1", "s1", THREAD, ADA, "Sort", (Step("Folders", "sort them"),), 3, digest="d1")


async def read(store: Store, key: str) -> Plan:
    plan = await store.plans.get(key)
    assert plan is not None
    return plan


async def lose(store: Store, key: str, person: Person) -> None:
    """Decide a plan so that the answer is lost and the buttons come back."""
    assert await store.plans.claim(key, Action.APPROVE, person)
    await store.plans.note_sent(key, ())
    await store.plans.move(key, PlanPhase.UNKNOWN, answer="lost", doubt=True)
    await store.plans.move(key, PlanPhase.PENDING, answer="lost")


async def test_every_attempt_is_a_row(store: Store) -> None:
    """A second person's attempt leaves the first one's as it was, with what came of each."""
    await store.plans.add(PLAN)
    await lose(store, "k1", ADA)
    assert await store.plans.claim("k1", Action.CANCEL, BEN)
    await store.plans.note_sent("k1", ())
    await store.plans.move("k1", PlanPhase.SETTLED, answer="404")
    first, second = (await read(store, "k1")).attempts
    assert replace(first, at=0) == Attempt(
        ADA, Action.APPROVE, 0, PlanPhase.UNKNOWN, PlanPhase.PENDING, "lost"
    )
    assert replace(second, at=0) == Attempt(BEN, Action.CANCEL, 0, PlanPhase.SENT, PlanPhase.SETTLED, "404")
    assert 0 < first.at <= second.at


async def test_a_decision_counts_in_its_round_alone(store: Store) -> None:
    """Neither a claim nor an approval that says of how many attempts it knows counts where there are others; one that says none does."""
    await store.plans.add(PLAN)
    assert not await store.plans.claim("k1", Action.APPROVE, ADA, attempts=1)
    assert not await store.plans.approve("k1", BEN, 1)
    assert await store.plans.approve("k1", BEN, 0)
    await lose(store, "k1", ADA)
    plan = await read(store, "k1")
    assert (plan.round, plan.approvals) == (1, (BEN,))
    assert not await store.plans.approve("k1", ADA, 0)
    assert not await store.plans.claim("k1", Action.CANCEL, ADA, attempts=0)
    assert (await read(store, "k1")).approvals == (BEN,)
    assert await store.plans.claim("k1", Action.APPROVE, ADA, 1, 1)
    assert (await read(store, "k1")).round == 2


@pytest.mark.parametrize("table", ["attempt", "attempt_outcome"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET number = number",
        "UPDATE OR REPLACE {} SET number = 1",
        "DELETE FROM {}",
        "INSERT OR REPLACE INTO {0} SELECT * FROM {0} WHERE number = 1",
        "REPLACE INTO {0} SELECT * FROM {0} WHERE number = 1",
        "INSERT INTO {0} SELECT * FROM {0} WHERE number = 1 ON CONFLICT (number) DO UPDATE SET at = 0",
    ],
)
async def test_the_record_is_append_only(store: Store, path: Location, table: str, change: str) -> None:
    """Nothing that goes through SQL changes or removes a row of it, also not by accident."""
    await store.plans.add(PLAN)
    await lose(store, "k1", ADA)
    if isinstance(path, PostgresUrl) and "REPLACE" in change:
        change = "TRUNCATE {0} CASCADE"  # what Postgres has, and SQLite has not
    with (
        open_beside(path, write=True) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(change.format(table))


async def test_the_record_outlives_the_plan(store: Store, path: Location) -> None:
    """It says what was shown by its digest, never in words, and stays when the plan's row goes."""
    await store.plans.add(replace(PLAN, description="secret words"))
    await lose(store, "k1", ADA)
    with open_beside(path, write=True) as connection:
        connection.execute("DELETE FROM plan")
        (row,) = connection.execute("SELECT * FROM attempt").fetchall()
        assert {"k1", "p1", "s1", "U1", "approve", "d1"} <= set(row)
        assert not any("secret words" in str(value) for value in row)


async def test_a_plan_sent_again_replaces_its_older_card(store: Store) -> None:
    """One card of a plan can be pressed: the newest one."""
    await store.plans.add(PLAN)
    await store.plans.add(replace(PLAN, key="other", plan_id="p2"))
    await store.plans.add(replace(PLAN, key="k2", digest="d2"))
    assert (await read(store, "k1")).phase is PlanPhase.REPLACED
    assert (await read(store, "other")).phase is PlanPhase.PENDING
    assert not await store.plans.claim("k1", Action.APPROVE, ADA)
    assert await store.plans.claim("k2", Action.APPROVE, ADA)
    assert [plan.key for plan in await store.plans.of_plan("s1", "p1")] == ["k1", "k2"]


async def test_the_same_id_in_another_session_is_another_plan(store: Store) -> None:
    """Plans of two sessions do not replace each other."""
    await store.plans.add(PLAN)
    await store.plans.add(replace(PLAN, key="k2", session_id="s2"))
    assert (await read(store, "k1")).phase is PlanPhase.PENDING


async def test_buttons_of_a_replaced_card_do_not_come_back(store: Store) -> None:
    """A decision is under way while Aion sends the plan again; it changes nothing, and the newer card stays the one."""
    await store.plans.add(PLAN)
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.note_sent("k1", ())
    await store.plans.add(replace(PLAN, key="k2", digest="d2"))
    await store.plans.move("k1", PlanPhase.PENDING, answer="500")
    now = await read(store, "k1")
    assert now.phase is PlanPhase.REPLACED
    assert (now.attempts[0].source, now.attempts[0].phase) == (PlanPhase.SENT, PlanPhase.PENDING)
    assert not await store.plans.claim("k1", Action.APPROVE, ADA)


async def test_an_older_database_knows_its_newest_decisions(tmp_path: Path) -> None:
    """What an older version kept of a decision becomes the first attempt."""
    write_older(tmp_path / "bot.db", 3)
    store = await Store.open(tmp_path / "bot.db")
    (attempt,) = (await read(store, "finished")).attempts
    assert (attempt.person, attempt.action, attempt.phase) == (ADA, Action.APPROVE, PlanPhase.DONE)
    await store.close()


@pytest.mark.sqlite
async def test_of_two_live_cards_in_an_older_database_the_newest_stays(tmp_path: Path) -> None:
    """Schema 5 could have several; all but the newest are told to be replaced."""
    path = tmp_path / "bot.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, sql in migrations():
            if number < 6:
                connection.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
        for key in ("k1", "k2"):
            connection.execute(
                "INSERT INTO plan (key, plan_id, session_id, platform, thread, turn, requester_id, requester_name, "
                "description, steps) VALUES (?, 'p1', 's1', 'slack', 'T/C/1', '', 'U1', 'Ada', 'Sort', '[]')",
                (key,),
            )
    store = await Store.open(path)
    assert (await read(store, "k1")).phase is PlanPhase.REPLACED
    assert (await read(store, "k2")).phase is PlanPhase.PENDING
    assert [plan.key for plan in await store.plans.not_shown()] == ["k1"]
    await store.close()


async def test_a_decision_is_not_sent_once_the_content_is_another(store: Store) -> None:
    """Aion would carry out the newer content, which nobody approved; the same content again is no reason to wait."""
    await store.plans.add(PLAN)
    assert await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.add(replace(PLAN, key="k2"))
    await store.plans.add(replace(PLAN, key="k3", digest="d2"))
    assert not await store.plans.note_sent("k1", ())
    await store.plans.move("k1", PlanPhase.PENDING)
    assert (await read(store, "k1")).phase is PlanPhase.REPLACED
    await store.plans.add(replace(PLAN, key="other", plan_id="p2"))
    assert await store.plans.claim("other", Action.APPROVE, ADA)
    await store.plans.add(replace(PLAN, key="same", plan_id="p2"))
    assert await store.plans.note_sent("other", ())
