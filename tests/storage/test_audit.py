"""The audit: one chain of hashes over everything that happened to plans, and what a check finds in tampered copies."""

import asyncio
import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.rule_keys import ALLOW_USERS, GUESTS
from aion_bot.domain.rules import NO_RULES, Rule, Rules
from aion_bot.domain.turn import Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.runtime.audit_heads import audited
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import Store, verify_audit
from aion_bot.storage.audit_chain import FUNCTIONS, START, canonical, sha256
from tests.storage.older_databases import write_older
from tests.support.databases import address_of

THREAD = ThreadKey("slack", "T1/C1/1")
ADA, BEN = Person("U100000001", "Ada Lovelace"), Person("U100000002", "Ben Nevis")
PLAN = Plan(
    "k1", "p1", "s1", THREAD, ADA, "Sort the photos", (Step("Folders", "Move"),), digest="d1", turn="t1"
)


def run(path: Location, *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; returns exit status, output and errors."""
    env = {"AION_BOT_DATABASE_URL": address_of(path)}
    done = CliRunner().invoke(program, ["audit", *arguments], env=env)
    return done.exit_code, done.stdout, done.stderr


async def ask(store: Store, key: str, thread: ThreadKey = THREAD, *, direct: bool = False) -> None:
    """Write the turn that leads to a plan."""
    prompt = Prompt(f"prompt {key}", thread, Place("T1", "C1", direct=direct), ADA, "Sort")
    assert await store.turns.accept(Turn(key, thread, ADA, "Sort"), prompt)


async def decide(store: Store, key: str, person: Person = ADA, phase: PlanPhase = PlanPhase.DONE) -> None:
    """Let somebody approve a plan, and Aion answer."""
    assert await store.plans.claim(key, Action.APPROVE, person)
    assert await store.plans.note_sent(key, ())
    assert await store.plans.move(key, phase, answer="200")


async def records(store: Store) -> list[dict[str, Any]]:
    rows = await store.audit._all("SELECT record FROM audit ORDER BY number")
    return [json.loads(row["record"]) for row in rows]


@pytest.fixture
async def kept(store: Store) -> Store:
    """A chain of eleven rows: a policy, a refusal, a decision that changed nothing, one that was done, and a claim."""
    await store.audit.note_policy(
        "slack", AccessPolicy(approvers=frozenset({BEN.id}), allow_channels=frozenset({"C1"}))
    )
    await ask(store, "t1")
    await store.plans.add(PLAN)
    await store.audit.note_refusal("k1", Action.APPROVE, ADA, "belongs to somebody else")
    await decide(store, "k1", BEN, PlanPhase.PENDING)
    await decide(store, "k1", BEN)
    await store.plans.add(replace(PLAN, key="k2", plan_id="p2", digest="d2"))
    await store.plans.claim("k2", Action.CANCEL, BEN)
    return store


async def test_each_thing_that_happens_to_a_plan_is_a_row(kept: Store) -> None:
    """Asked with the digest of what was shown, each attempt, refusal and outcome, the policy in force, who and where."""
    await kept.plans.note_sent("k2", ())
    await kept.plans.move("k2", PlanPhase.EXPIRED, answer="404")
    said = await records(kept)
    assert [(one["kind"], one.get("phase", one.get("reason"))) for one in said] == [
        ("policy", None), ("asked", None), ("refused", "belongs to somebody else"),
        ("attempt", "claimed"), ("outcome", "sent"), ("outcome", "pending"),
        ("attempt", "claimed"), ("outcome", "sent"), ("outcome", "done"),
        ("asked", None), ("attempt", "claimed"), ("outcome", "sent"), ("expired", "expired"),
    ]  # fmt: skip
    asked, refused, attempt, outcome = said[1], said[2], said[3], said[8]
    assert {one["policy"] for one in said[1:]} == {1}
    assert (asked["digest"], asked["workspace"], asked["channel"], asked["plan"]) == ("d1", "T1", "C1", "k1")
    assert refused["person"] == asked["requester"] != attempt["person"]
    assert (attempt["action"], attempt["source"], outcome["answer"]) == ("approve", "pending", "200")
    assert all(isinstance(one["at"], int) for one in said)


async def test_each_row_has_the_hash_of_the_one_before(kept: Store) -> None:
    """SHA-256 over canonical JSON, as anybody can compute it."""
    rows = await kept.audit._all("SELECT number, record, hash FROM audit ORDER BY number")
    previous = START
    for row in rows:
        said = json.loads(row["record"])
        written = json.dumps(said, sort_keys=True, separators=(",", ":"))
        assert (said["previous"], said["number"]) == (previous, row["number"])
        assert row["hash"] == hashlib.sha256(written.encode()).hexdigest()
        previous = row["hash"]


async def test_the_record_holds_nobodys_name_or_id(kept: Store, path: Location) -> None:
    """They are salted digests; the clear values are in a table of their own, and so is the thread."""
    said = canonical(await records(kept))
    for one in (ADA.id, ADA.name, BEN.id, BEN.name, THREAD.id, "photos"):
        assert one not in said
    rows = await kept.audit._all("SELECT kind, value, salt FROM audit_clear")
    assert {(row["kind"], row["value"]) for row in rows} == {
        ("id", ADA.id), ("name", ADA.name), ("id", BEN.id), ("name", BEN.name), ("thread", THREAD.id),
    }  # fmt: skip
    assert len({row["salt"] for row in rows}) == 5
    assert run(path, "verify")[0] == 0


async def test_a_direct_message_is_as_private_as_its_asker(store: Store) -> None:
    """Its channel is not in the record, and its thread is erased with the person."""
    await ask(store, "t1", direct=True)
    await store.plans.add(PLAN)
    (asked,) = await records(store)
    assert "channel" not in asked
    (row,) = await store.audit._all("SELECT person FROM audit_clear WHERE kind = 'thread'")
    assert row["person"] == ADA.id


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET hash = 'x' WHERE number = 2", "DELETE FROM audit WHERE number = 5",
        "INSERT OR REPLACE INTO audit (number, record, hash) VALUES (2, '{}', 'x')",
        "INSERT INTO audit (number, record, hash) VALUES (99, '{}', 'x')",
        "UPDATE audit_clear SET value = 'U1'", "UPDATE audit_head SET hash = 'x'", "DELETE FROM audit_head",
        "INSERT OR REPLACE INTO audit_head (number, hash) VALUES (11, 'x')",
        "UPDATE attempt SET action = 'cancel'", "UPDATE attempt SET person_id = 'U1'",
        "UPDATE attempt SET person_id = 'erased', person_name = '', at = 1", "DELETE FROM attempt",
    ],
)  # fmt: skip
async def test_the_database_refuses_changes(kept: Store, statement: str) -> None:
    """Nothing that was recorded can be changed, removed or written over."""
    await kept.audit.keep_head()
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|erased or stays"):
        await kept.audit._do(statement)


async def test_refusals_of_one_plan_are_bounded(store: Store) -> None:
    """Somebody who presses for ever fills no disk; a key that no plan has is recorded nowhere."""
    await store.plans.add(PLAN)
    for _ in range(101):
        await store.audit.note_refusal("k1", Action.APPROVE, BEN, "belongs to somebody else")
    await store.audit.note_refusal("k9", Action.APPROVE, BEN, "unknown plan")
    assert len(await records(store)) == 101


async def test_a_policy_is_recorded_when_it_changes(store: Store) -> None:
    """A start with the same policy adds no row; one with another approver does, for its platform alone."""
    for approvers in (
        "requester",
        "requester",
        frozenset({BEN.id}),
        frozenset({BEN.id}),
        frozenset[str](),
        "anyone",
    ):
        await store.audit.note_policy("slack", AccessPolicy(approvers=approvers))
        await store.audit.note_policy("discord", AccessPolicy())
    said = [(one["platform"], one["rules"]["approvers"]) for one in await records(store)]
    assert [platform for platform, _ in said] == ["slack", "discord", "slack", "slack", "slack"]
    assert said[0][1] == "requester"
    assert len(said[2][1]) == 1
    assert [approvers for _, approvers in said[3:]] == [[], "anyone"]


@pytest.mark.sqlite
async def test_a_plan_and_its_row_are_one_transaction(kept: Store) -> None:
    """Where the audit cannot be written, the plan does not change either."""
    await kept.audit._do(
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no room'); END"
    )
    with pytest.raises(sqlite3.IntegrityError, match="no room"):
        await kept.plans.note_sent("k2", ())
    plan = await kept.plans.get("k2")
    assert plan is not None
    assert plan.phase is PlanPhase.CLAIMED


async def test_heads_are_stored_and_logged(kept: Store) -> None:
    """Every hour and at the stop; an idle hour stores nothing, and no head is stored of an empty chain."""
    with capture_logs() as logs:
        async with audited(kept, {}, pause=0.01):
            while len(logs) < 2:  # noqa: ASYNC110  # a list that is appended to
                await asyncio.sleep(0)
    assert {one["event"] for one in logs} == {"audit head"}
    (row,) = await kept.audit._all("SELECT number, hash FROM audit_head")
    assert {(one["number"], one["head"]) for one in logs} == {(row["number"], row["hash"])}


async def test_an_empty_audit_is_whole(store: Store, path: Location) -> None:
    """Nothing was recorded: no head is stored, and the check says so."""
    assert await store.audit.keep_head() is None
    assert run(path, "verify") == (0, f"audit: whole, 0 rows, 0 values erased, head {START}\n", "")


@pytest.mark.sqlite
async def test_an_older_database_begins_with_its_attempts(path: Location) -> None:
    """What earlier versions recorded of decisions is imported, and the chain is whole."""
    write_older(path, 3)
    store = await Store.open(path)
    said = await records(store)
    await store.close()
    assert {one["kind"] for one in said} == {"attempt", "outcome"}
    assert all(one["imported"] == 1 for one in said)
    assert run(path, "verify")[0] == 0


def rewrite(connection: sqlite3.Connection, number: int, **changes: object) -> None:
    """Change a row and compute its hash anew, and that of each row behind it: the whole chain is then sound."""
    previous = None
    rows = connection.execute(
        "SELECT number, record FROM audit WHERE number >= ? ORDER BY number", (number,)
    ).fetchall()
    for at, record in rows:
        said = json.loads(record) | (changes if at == number else {"previous": previous})
        previous = sha256(canonical(said))
        connection.execute(
            "UPDATE audit SET record = ?, hash = ? WHERE number = ?", (canonical(said), previous, at)
        )


def swap(connection: sqlite3.Connection) -> None:
    """Exchange two rows."""
    connection.executescript(
        "UPDATE audit SET number = -1 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5; "
        "UPDATE audit SET number = 5 WHERE number = -1;"
    )


def one_row_anew(connection: sqlite3.Connection) -> None:
    """Change a row and its own hash."""
    (record,) = connection.execute("SELECT record FROM audit WHERE number = 4").fetchone()
    changed = record.replace('"approve"', '"cancel"')
    connection.execute("UPDATE audit SET record = ?, hash = ? WHERE number = 4", (changed, sha256(changed)))


TAMPERED: dict[str, tuple[Any, int, str]] = {
    "a changed action": ("UPDATE audit SET record = replace(record, '\"approve\"', '\"cancel\"') WHERE number = 4", 4, "changed"),
    "a changed time": ("UPDATE audit SET record = json_set(record, '$.at', 1) WHERE number = 8", 8, "changed"),
    "a changed last row": ("UPDATE audit SET record = replace(record, '\"cancel\"', '\"approve\"') WHERE number = 11", 11, "changed"),
    "a changed row with its own hash": (one_row_anew, 5, "replaced"),
    "a removed row": ("DELETE FROM audit WHERE number = 3", 3, "missing"),
    "a removed first row": ("DELETE FROM audit WHERE number = 1", 1, "missing"),
    "removed rows": ("DELETE FROM audit WHERE number IN (6, 7)", 6, "missing"),
    "two rows exchanged": (swap, 4, "moved"),
    "rows closed up after a removal": (
        "DELETE FROM audit WHERE number = 6; UPDATE audit SET number = number - 1 WHERE number > 6;", 6, "moved",
    ),
    "the end cut off": ("DELETE FROM audit WHERE number > 9", 10, "cut off"),
    "the chain written anew": (lambda connection: rewrite(connection, 4, action="cancel"), 11, "stored as a head"),
    "a row put in behind": (
        lambda connection: connection.execute(
            "INSERT INTO audit (number, record, hash) SELECT 12, record, hash FROM audit WHERE number = 8"
        ), 12, "moved",
    ),
    "a record in another form": ("UPDATE audit SET record = record || ' ' WHERE number = 2", 2, "canonical"),
    "another name": ("UPDATE audit_clear SET value = 'Cy' WHERE kind = 'name' AND value LIKE 'Ben%'", 4, "name of a person was changed"),
    "another person": ("UPDATE audit_clear SET value = 'U9' WHERE kind = 'id' AND value LIKE '%2'", 1, "id of a person was changed"),
    "a name removed by hand": ("DELETE FROM audit_clear WHERE kind = 'name' AND value LIKE 'Ada%'", 2, "no erasure is recorded"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.sqlite
async def test_tampered_copies_are_told(kept: Store, path: Location, tmp_path: Path) -> None:
    """Sixteen copies, each changed by somebody who can write the file: the check names the row at which it breaks."""
    await kept.audit.keep_head()
    assert (await kept.audit.keep_head()) is not None
    assert await kept.retention.empty_log()
    assert run(path, "verify")[0] == 0
    told = {}
    for number, (name, (change, _, _)) in enumerate(TAMPERED.items()):
        copy = tmp_path / f"copy{number}.db"
        shutil.copy(path, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            for function in FUNCTIONS:
                connection.create_function(*function)
            connection.execute("PRAGMA ignore_check_constraints = ON")
            triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            connection.execute("DROP INDEX audit_plan")
            connection.execute("DROP INDEX audit_policy")
            for (trigger,) in triggers:
                connection.execute(f"DROP TRIGGER {trigger}")
            change(connection) if callable(change) else connection.executescript(change)
        status, said, errors = run(copy, "verify")
        told[name] = (status, said.partition(":")[2].strip(), errors)
    for name, (_, row, what) in TAMPERED.items():
        status, said, errors = told[name]
        assert (status, errors) == (1, ""), name
        assert said.startswith(f"broken at row {row}: "), (name, said)
        assert what in said, (name, said)


@pytest.mark.sqlite
async def test_a_head_from_the_log_tells_a_chain_that_was_cut_with_its_heads(
    kept: Store, path: Location, tmp_path: Path
) -> None:
    """Whoever also removes the stored heads leaves a chain that is whole; the hash of a log line is not in it."""
    head = await kept.audit.keep_head()
    assert head is not None
    assert await kept.retention.empty_log()
    assert run(path, "verify", "--head", head.hash)[0] == 0
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.executescript(
            "DROP TRIGGER audit_is_kept; DROP TRIGGER audit_head_is_kept; DELETE FROM audit_head; DELETE FROM audit WHERE number > 9;"
        )
    assert run(copy, "verify")[0] == 0
    status, said, _ = run(copy, "verify", "--head", head.hash)
    assert (status, said.split(": ")[1]) == (1, "broken at row 10")
    assert run(copy, "verify", "--head", "nonsense")[0] == 2


@pytest.mark.usefixtures("kept")
def test_an_export_is_lines_of_json_that_prove_themselves(path: Location) -> None:
    """Each line has the record, its hash and the clear values; nothing else is on standard output."""
    status, said, errors = run(path, "export")
    lines = [json.loads(line) for line in said.splitlines()]
    assert (status, errors, len(lines)) == (0, "", 11)
    assert all(sha256(canonical(one["record"])) == one["hash"] for one in lines)
    assert lines[3]["clear"] == {
        "requester": ADA.id, "requester_name": ADA.name, "person": BEN.id, "person_name": BEN.name, "thread": THREAD.id,
    }  # fmt: skip
    assert lines[0]["clear"] == {"approvers": [BEN.id], "allow_users": []}


@pytest.mark.usefixtures("kept")
async def test_an_export_is_joined_with_aions_log(path: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an admin's key: entries behind the rows, each with the rows of its plan; another key is said, with status 1."""
    async with SimulatedAion() as aion:
        monkeypatch.setenv("AIONVISION_API_KEY", API_KEY)
        monkeypatch.setenv("AIONVISION_BASE_URL", aion.base_url)
        base = {"event_timestamp": datetime.now(UTC).isoformat(), "event_type": "plan", "severity": "info"}
        of_plan = {**base, "action": "approve", "result": "success", "resource_id": "p2"}
        aion.audit_log = [{**of_plan, "id": str(number)} for number in range(101)]
        aion.audit_log += [
            {**base, "id": "other", "action": "login", "result": "denied", "resource_id": None}
        ]
        status, said, errors = await asyncio.to_thread(run, path, "export", "--aion")
        lines = [json.loads(line) for line in said.splitlines()]
        assert (status, errors, len(lines)) == (0, "", 11 + 102)
        assert [lines[11]["aion"]["id"], lines[11]["rows"], lines[12]["rows"]] == ["other", [], [10, 11]]
        assert lines[12]["aion"]["action"] == "approve"
        aion.files.hides_limits = True
        status, said, errors = await asyncio.to_thread(run, path, "export", "--aion")
        assert (status, len(said.splitlines()), "an admin's key" in errors) == (1, 11, True)
        monkeypatch.delenv("AIONVISION_API_KEY")
        assert (await asyncio.to_thread(run, path, "export", "--aion"))[0] == 2


async def test_reading_takes_pages(kept: Store, path: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that is longer than a page is read to its end, and nothing is held between two pages."""
    monkeypatch.setattr("aion_bot.storage.audit_check._PAGE", 2)
    verdict = verify_audit(path)
    assert (verdict.rows, verdict.broken) == (11, "")
    assert await kept.retention.empty_log()


@pytest.mark.sqlite
def test_without_a_database_the_commands_say_so(path: Location) -> None:
    """Exit status 1 with a sentence; no file is made."""
    for command in ("verify", "export"):
        status, said, errors = run(path, command)
        assert (status, said) == (1, "")
        assert "does not exist" in errors
        assert not path.exists()


async def test_the_rules_of_the_file_are_part_of_the_policy(store: Store) -> None:
    """A key, a section or a person more in the file is another policy; another line of the same is not. No id is in clear."""

    def rules(source: str, *people: str) -> Rules:
        return Rules(
            channels={"C1": {ALLOW_USERS: Rule(frozenset(people), source), GUESTS: Rule(False, source)}}
        )

    for one in (
        NO_RULES,
        rules("line 1", "U0ADA"),
        rules("line 9", "U0ADA"),
        rules("line 9", "U0ADA", "U0BEN"),
    ):
        await store.audit.note_policy("slack", AccessPolicy(), one)
    noted = await records(store)
    assert len(noted) == 3
    assert "U0ADA" not in str(noted)
