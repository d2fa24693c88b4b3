"""`aion-bot erase`: of what is erased, no byte is left in any file of the database, beside a bot that runs."""

import asyncio
import json
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.turn import EndReason, Turn, above_key
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.failures import reference
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, MessageRef, Person, Step, ThreadKey
from aion_bot.runtime.replies import MentionHints
from aion_bot.runtime.retention_sweep import RetentionSweep
from aion_bot.storage import Store, erase_workspace
from aion_bot.storage.beside import open_beside, together
from aion_bot.storage.galleries import DueGallery
from tests.support.databases import address_of, contents_of, lay_database

BEN = Person("U0BEN0000", "Ben Nevis")

_SEED = re.compile(rb"w[0-9a-f]{14}")
"""A word of `Seeds`; none can begin inside another."""


def run(path: Location, *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; returns exit status, output and errors."""
    env = {"AION_BOT_DATABASE_URL": address_of(path)}
    done = CliRunner().invoke(program, [*arguments], env=env)
    return done.exit_code, done.stdout, done.stderr


class Seeds:
    """Words that stand nowhere else: 1,000 of them, each used once, and the same in each run."""

    def __init__(self, drawn: int = 7) -> None:
        draw = random.Random(drawn)
        self.all = [f"w{draw.randrange(16**14):014x}" for _ in range(1_000)]
        self._next: Iterator[str] = iter(self.all)

    def some(self, count: int) -> str:
        return " ".join(next(self._next) for _ in range(count))


def left(path: Location, words: list[str]) -> int:
    """How many of the words are in any file of a database."""
    contents = contents_of(path)
    # To look through the files a thousand times takes a second: the seeds in them are found in one pass.
    seeds = set(_SEED.findall(contents))
    return sum(
        one in seeds if _SEED.fullmatch(one) else one in contents for one in (word.encode() for word in words)
    )


async def seed(store: Store, number: int, seeds: Seeds, person: Person, place: Place) -> None:
    """Write a question of one person with files, a plan with a decision, pictures, a rating, a mention and a hint: 25 words."""
    thread, key, turns = ThreadKey("slack", f"T/C/{number}"), f"turn{number}", store.turns
    file = Attachment(f"file{number}", seeds.some(2), 5)
    text = seeds.some(8)
    prompt = Prompt(
        f"prompt {key}",
        thread,
        place,
        person,
        text,
        opening=text[:30],
        files=(file,),
        source=MessageRef(thread, f"C1/17000000{number:02}.000100"),
    )
    assert await turns.accept(Turn(key, thread, person, text), prompt)
    await turns.start_asking(key, f"s{number}")
    await store.files.note_attached(key, seeds.some(2))
    steps = (Step(seeds.some(1), seeds.some(3)),)
    await store.plans.add(
        Plan(
            f"plan{number}",
            f"p{number}",
            f"s{number}",
            thread,
            person,
            seeds.some(3),
            steps,
            turn=key,
            digest="d",
        )
    )
    await store.plans.claim(f"plan{number}", Action.APPROVE, person)
    await store.plans.note_sent(f"plan{number}", ())
    await store.plans.move(f"plan{number}", PlanPhase.PENDING, said=seeds.some(3), answer="500")
    title = seeds.some(2)
    for owner in (key, above_key(key, f"plan{number}")):
        await store.galleries.add(DueGallery(owner, thread, person, [{"id": "i1", "title": title}]))
    await turns.end(key, EndReason.FAILED)
    await turns.note_shown(key, 0, EndReason.FAILED)
    await store.ratings.rate(key, person, Action.BAD)
    assert await store.ratings.explain(key, person, seeds.some(1))
    hinted = Prompt(f"reply {key}", thread, place, person, "")
    assert await MentionHints(store).claim(hinted)


@pytest.fixture
async def seeded(store: Store) -> Seeds:
    """Forty questions of Ada and one of Ben, in a database whose pages were moved and freed, beside an open store."""
    seeds = Seeds()
    for number in range(40):
        ada = Person("U0ADA0000", f"Ada {number}")
        await seed(store, number, seeds, ada, Place("T", "C", direct=number % 2 == 0))
    await seed(store, 99, Seeds(8), BEN, Place("T", "C"))
    return seeds


@pytest.mark.slow
async def test_no_word_name_or_id_of_a_person_is_left(store: Store, seeded: Seeds, path: Location) -> None:
    """0 of 1,000 words, and neither id nor names, in database, log, free pages and copies; of others all is there."""
    copies = []
    if isinstance(path, Path):
        copy = path.with_name(f"{path.name}.schema-3.backup")
        with closing(sqlite3.connect(copy)) as target, closing(sqlite3.connect(path)) as source:
            source.backup(target)
        copies = [f"removed: {copy}, a copy from before an update"]
    names = ["U0ADA0000", *(f"Ada {number}" for number in range(40))]
    assert left(path, seeded.all) == 1_000
    assert left(path, names) == len(names)
    status, said, errors = await asyncio.to_thread(run, path, "erase", "--user", "U0ADA0000")
    assert (status, errors) == (0, "")
    assert said.splitlines() == [
        "erased: questions 40, plans 40, attempts 40, values of the audit 61", *copies]  # fmt: skip
    assert left(path, [*seeded.all, *names]) == 0
    ben = await store.turns.get("turn99")
    assert ben is not None
    assert len(ben.text.split()) == 8
    plan = await store.plans.get("plan99")
    assert plan is not None
    assert (plan.requester, plan.attempts[0].person) == (BEN, BEN)
    assert await store.kv.get("slack", "mention hints") == json.dumps(
        ["T/C/99 U0BEN0000"], separators=(",", ":")
    )
    # The rows stand, so that nothing is asked twice, and the bot goes on to write.
    assert await store.turns.accepted("prompt turn0")
    assert not await store.turns.claim_retry("turn0")
    assert await store.plans.claim("plan99", Action.CANCEL, BEN)


@pytest.mark.slow
@pytest.mark.usefixtures("seeded")
async def test_the_audit_keeps_its_chain(path: Location) -> None:
    """It is whole after the erasure, which is a row of it, and tells a name of an erased person no more."""
    assert (await asyncio.to_thread(run, path, "erase", "--user", "U0ADA0000"))[0] == 0
    status, said, _ = await asyncio.to_thread(run, path, "audit", "verify")
    assert status == 0
    assert "61 values erased" in said
    _, said, _ = await asyncio.to_thread(run, path, "audit", "export")
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines[-1]["record"]["kind"] == "erased"
    assert lines[0]["clear"]["requester"] is None
    assert {one["clear"]["requester"] for one in lines[:-1]} == {None, BEN.id}


@pytest.mark.slow
async def test_a_thread_is_erased_by_a_reference(store: Store, path: Location) -> None:
    """By the turn's reference, its plan's key, its message's link or its own id; its people where they are in no other."""
    seeds, dora = [Seeds(number) for number in range(5)], Person("U0DORA000", "Dora Hill")
    refs = [reference("turn0"), "plan1", "https://acme.slack.com/archives/C1/p1700000002000100", "T/C/3"]
    for number in range(5):
        await seed(store, number, seeds[number], dora if number < 4 else BEN, Place("T", "C"))
    await seed(store, 5, Seeds(5), BEN, Place("T", "C"))
    for number, ref in enumerate(refs):
        assert left(path, [dora.id, dora.name]) == 2
        assert (await asyncio.to_thread(run, path, "erase", "--thread", ref))[0] == 0
        assert left(path, seeds[number].all) == 0
    assert left(path, [dora.id, dora.name]) == 0
    assert (await asyncio.to_thread(run, path, "erase", "--thread", "plan4"))[0] == 0
    assert left(path, [BEN.id, BEN.name]) == 2
    assert (await asyncio.to_thread(run, path, "audit", "verify"))[0] == 0
    assert (await asyncio.to_thread(run, path, "erase", "--thread", "nothing"))[0] == 1


async def test_a_workspace_is_erased_and_the_others_stay(store: Store, path: Location) -> None:
    """Its people's words, names and ids; where something has not ended that is told, and there is nothing of another one."""
    ada, seeds = Person("U0ADA0000", "Ada One"), [Seeds(1), Seeds(2)]
    await seed(store, 1, seeds[0], ada, Place("T1", "C"))
    await seed(store, 2, seeds[1], BEN, Place("T2", "C"))
    assert await asyncio.to_thread(erase_workspace, path, "T3")
    assert left(path, [ada.id, BEN.id]) == 2
    assert await asyncio.to_thread(erase_workspace, path, "T1")
    assert (left(path, seeds[0].all[:25]), left(path, [ada.name])) == (0, 0)
    assert (left(path, seeds[1].all[:25]), left(path, [BEN.id, BEN.name])) == (25, 2)
    thread = ThreadKey("slack", "T/C/3")
    asked = Prompt("p3", thread, Place("T2", "C"), BEN, "asked words")
    assert await store.turns.accept(Turn("t3", thread, BEN, "asked words"), asked)
    assert not await asyncio.to_thread(erase_workspace, path, "T2")
    assert (left(path, seeds[1].all[:25]), left(path, ["asked words"])) == (0, 1)


@pytest.mark.slow
async def test_what_ended_long_ago_is_erased(store: Store, seeded: Seeds, path: Location) -> None:
    """Of what ended before the time nothing is left, people included who did nothing since; the policy in force stays."""
    await store.audit.note_policy("slack", AccessPolicy(approvers=frozenset({"U0CY00000"})))
    await store.turns._do("UPDATE turn SET created_at = 1, closed_at = 1 WHERE key <> 'turn99'")
    await store.plans._do("UPDATE plan SET created_at = 1, decided_at = 1 WHERE key <> 'plan99'")
    assert (await asyncio.to_thread(run, path, "erase", "--older-than", "1d"))[0] == 0
    assert left(path, seeded.all) == 0
    assert left(path, [BEN.name, "U0CY00000"]) == 2
    assert (await asyncio.to_thread(run, path, "audit", "verify"))[0] == 0


async def test_people_of_old_rows_of_the_audit_are_erased(
    store: Store, path: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody whose rows are all older than the time; a decision's row says `erased` as well."""
    await seed(store, 1, Seeds(), BEN, Place("T", "C"))
    monkeypatch.setattr("aion_bot.commands.database.time.time", lambda: time.monotonic() + 1e10)
    status, said, _ = await asyncio.to_thread(run, path, "erase", "--older-than", "1d")
    assert (status, said) == (0, "erased: questions 1, plans 1, attempts 1, values of the audit 3\n")
    # The hint has no time: it goes with the person.
    assert left(path, [BEN.name]) == 0
    plan = await store.plans.get("plan1")
    assert plan is not None
    assert plan.attempts[0].person == Person("erased", strings.ERASED_PERSON)


async def test_what_has_not_ended_is_waited_for_or_left(store: Store, path: Location) -> None:
    """A question that is being answered keeps its words, which is said with its reference; it is erased once it has ended."""
    thread = ThreadKey("slack", "T/C/1")
    await store.turns.accept(
        Turn("t1", thread, BEN, "asked words"), Prompt("p1", thread, Place("T", "C"), BEN, "asked words")
    )
    status, said, _ = await asyncio.to_thread(run, path, "erase", "--user", BEN.id, "--wait", "0")
    assert status == 1
    assert f"not erased, because it has not ended: ref={reference('t1')}" in said
    assert left(path, ["asked words"]) == 1
    erasing = asyncio.create_task(asyncio.to_thread(run, path, "erase", "--user", BEN.id))
    assert await store.turns.start_asking("t1", "s1") == ("asked words", "")
    await store.turns.end("t1", EndReason.FAILED)
    status, said, _ = await erasing
    assert (status, said.splitlines()[0]) == (
        0,
        "erased: questions 1, plans 0, attempts 0, values of the audit 0",
    )
    assert left(path, ["asked words", BEN.name]) == 0


async def test_a_decision_under_way_is_left(store: Store, path: Location) -> None:
    """Its plan is carried out for people who see the card; a plan that only waits is erased and cannot be approved."""
    await seed(store, 1, Seeds(), BEN, Place("T", "C"))
    assert await store.plans.claim("plan1", Action.APPROVE, Person("U0CY00000", "Cy"))
    for user in (BEN.id, "U0CY00000"):
        status, said, _ = await asyncio.to_thread(run, path, "erase", "--user", user, "--wait", "0")
        assert (status, f"ref={reference('plan1')}" in said) == (1, True)
    plan = await store.plans.get("plan1")
    assert plan is not None
    assert (plan.requester, plan.decider) == (BEN, Person("U0CY00000", "Cy"))


async def test_a_thread_that_was_renamed_is_erased(store: Store, path: Location) -> None:
    """Slack renames threads with their channel: the audit has the old id, and it goes with the new one."""
    await seed(store, 1, Seeds(), BEN, Place("T", "C"))
    await store.renaming.rename("slack", lambda one: one.replace("T/C/", "T/N/"), ("C", "N"))
    assert (await asyncio.to_thread(run, path, "erase", "--thread", "T/N/1"))[0] == 0
    # The hint goes with the person.
    assert [tuple(row) for row in await store.audit._all("SELECT kind FROM audit_clear")] == []
    assert left(path, [BEN.name]) == 0


@pytest.mark.slow
@pytest.mark.sqlite
async def test_a_reader_keeps_the_log_and_that_is_said(store: Store, seeded: Seeds, path: Location) -> None:
    """Another process that reads for long: the rows are erased, the files not yet, and the exit status is 1."""
    with open_beside(path, write=True) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM turn").fetchone()
        status, said, _ = await asyncio.to_thread(run, path, "erase", "--user", "U0ADA0000", "--wait", "0")
        assert status == 1
        assert "another process reads the database" in said
    assert (await asyncio.to_thread(run, path, "erase", "--user", "U0ADA0000"))[0] == 0
    assert left(path, seeded.all) == 0
    assert store.erased


@pytest.mark.sqlite
async def test_copies_can_be_kept(store: Store, path: Location) -> None:
    """Then they are named, as they may hold the words."""
    copy = path.with_name(f"{path.name}.schema-3.backup")
    copy.write_bytes(b"words")
    status, said, _ = await asyncio.to_thread(run, path, "erase", "--user", BEN.id, "--keep-copies")
    assert (status, copy.exists(), str(copy) in said) == (0, True, True)
    assert await store.turns.newest(ThreadKey("slack", "1")) is None


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--user", "U1", "--thread", "x"),
        ("--older-than", "90"),
        ("--older-than", "0d"),
        ("--older-than", "٣d"),
    ],
)
@pytest.mark.sqlite
def test_options_that_mean_nothing_are_refused(path: Location, arguments: tuple[str, ...]) -> None:
    """Exit status 2, and nothing is touched."""
    assert run(path, "erase", *arguments)[0] == 2
    assert not path.exists()


@pytest.mark.sqlite
def test_a_missing_or_older_database_is_refused(path: Location) -> None:
    """Exit status 1 with what to do."""
    assert run(path, "erase", "--user", "U1")[0] == 1
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 5")
    status, _, errors = run(path, "erase", "--user", "U1")
    assert (status, "start the bot once" in errors) == (1, True)


@pytest.mark.slow
@pytest.mark.sqlite
async def test_the_sweep_frees_words_in_the_same_way(store: Store, seeded: Seeds, path: Location) -> None:
    """`AION_BOT_RETENTION_DAYS`: after a sweep 0 of the words are in any file of the database."""
    await store.plans._do("UPDATE plan SET created_at = 1, decided_at = 1")
    await store.turns._do("UPDATE turn SET created_at = 1, closed_at = 1")
    assert left(path, seeded.all) == 1_000
    await RetentionSweep(store, 90, ["slack"]).sweep()
    assert await store.retention.empty_log()
    assert left(path, seeded.all) == 0


@pytest.mark.sqlite
def test_a_full_disk_is_named_although_sqlite_has_rolled_back(tmp_path: Path) -> None:
    """What stops a change of several statements is raised, not that there is nothing to roll back any more."""
    with open_beside(lay_database(tmp_path / "bot.db"), write=True) as connection:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite reports this as a full disk
        with pytest.raises(sqlite3.OperationalError, match="full"), together(connection):
            connection.execute("INSERT INTO kv VALUES ('', 'name', ?)", ("x" * 1_000_000,))
        assert connection.execute("SELECT count(*) FROM kv WHERE name = 'name'").fetchone()[0] == 0
