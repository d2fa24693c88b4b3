"""`aion-bot usage`: counts beside a running bot, and nobody's words, names or ids."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.plan import Plan, PlanPhase
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Action, Person, Step, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import address_of

ADA, BEN, APP = Person("U0ADA", "Ada"), Person("U0BEN", "Ben"), Person("B1", "Flow", apps=frozenset({"B1"}))


def run(path: Location, *arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; returns exit status, output and errors."""
    done = CliRunner().invoke(program, ["usage", *arguments], env={"AION_BOT_DATABASE_URL": address_of(path)})
    return done.exit_code, done.stdout, done.stderr


async def ask(store: Store, key: str, person: Person, place: Place, reason: EndReason | None = None) -> None:
    thread = ThreadKey("slack" if place.workspace else "discord", key)
    assert await store.turns.accept(
        Turn(key, thread, person, "secret lake"), Prompt(key, thread, place, person, "secret lake")
    )
    if reason is not None:
        await store.turns.end(key, reason)
        await store.turns.note_shown(key, 0, reason)


@pytest.fixture
async def used(store: Store) -> Store:
    """Six questions on two platforms, one of them long ago, and two plans."""
    one, other = Place("T0TEAM", "C0LAKE"), Place("T0TEAM", "C2")
    await ask(store, "t1", ADA, one, EndReason.ANSWERED)
    await ask(store, "t2", ADA, other, EndReason.FAILED)
    await ask(store, "t3", BEN, one)
    await ask(store, "t4", APP, one, EndReason.ANSWERED)
    await ask(store, "t5", ADA, Place("", "D0LAKE", direct=True), EndReason.ANSWERED)
    await ask(store, "t6", Person("U0OLD", "Old"), Place("T0TEAM", "C9"), EndReason.ANSWERED)
    await store.turns._do("UPDATE turn SET created_at = 1700000000, asked_at = 1700000000 WHERE key = 't6'")
    for key in ("k1", "k2"):
        await store.plans.add(
            Plan(
                key,
                key,
                "s1",
                ThreadKey("slack", "t1"),
                ADA,
                "Sort",
                (Step("a", "b"),),
                turn="t1",
                digest="d",
            )
        )
    await store.audit.note_refusal("k1", Action.APPROVE, BEN, "belongs to somebody else")
    await store.plans.claim("k1", Action.APPROVE, ADA)
    await store.plans.note_sent("k1", ())
    await store.plans.move("k1", PlanPhase.DONE, answer="200")
    await store.plans.claim("k2", Action.CANCEL, ADA)
    return store


@pytest.mark.usefixtures("used")
def test_questions_people_channels_outcomes_and_decisions_are_counted(path: Location) -> None:
    """Each platform by itself; apps are no people, a direct message is no channel, and what is older does not count."""
    status, said, errors = run(path, "--json")
    assert (status, errors) == (0, "")
    counts = json.loads(said)
    assert counts["platforms"] == {
        "discord": {"questions": 1, "people": 1, "channels": 0, "direct": 1, "outcomes": {"answered": 1}, "plans": {}},
        "slack": {
            "questions": 4, "people": 2, "channels": 2, "direct": 0, "outcomes": {"answered": 2, "failed": 1, "open": 1},
            "plans": {"proposed": 2, "presses refused": 1, "approvals": 1, "done": 1, "cancellations": 1},
        },
    }  # fmt: skip
    # A failed attempt does not count for an allowance.
    assert counts["allowance"] == {"hour": 4, "most_of_a_person": 1, "most_in_a_channel": 3, "month": 4}
    assert counts["kept_from"] == "2023-11-14T22:13:20+00:00"
    assert json.loads(run(path, "--since", "999999d", "--json")[1])["platforms"]["slack"]["questions"] == 5


@pytest.mark.usefixtures("used")
def test_the_text_has_the_same_counts_and_no_words(path: Location) -> None:
    """Neither words nor names nor ids of people and places are printed, in either form."""
    status, said, _ = run(path)
    assert status == 0
    assert "slack: 4 questions of 2 people in 2 channels" in said
    assert "plans: proposed 2, presses refused 1, approvals 1, done 1, cancellations 1" in said
    assert (
        "allowance: 4 questions in the last hour, at most 1 of one person and 3 in one channel; 4 in this month (UTC)"
        in said
    )
    for words in ("lake", "Ada", "U0", "0LAKE", "T0TEAM", "Flow"):
        assert words not in said + run(path, "--json")[1]


async def test_the_hour_is_counted_as_the_allowances_count_it(used: Store, path: Location) -> None:
    """A question whose time is ahead, as the clock was set back, counts; those of erased people are not one person's."""
    await used.turns._do("UPDATE turn SET asked_at = unixepoch() + 600 WHERE key = 't1'")
    await used.turns._do("UPDATE turn SET asker_id = 'erased' WHERE key IN ('t1', 't4')")
    counts = json.loads((await asyncio.to_thread(run, path, "--json"))[1])
    assert counts["allowance"] == {"hour": 4, "most_of_a_person": 1, "most_in_a_channel": 3, "month": 4}


async def test_an_empty_database_has_nothing_to_count(store: Store, path: Location) -> None:
    """Zeroes, and no platform."""
    assert await store.audit.keep_head() is None
    counts = json.loads(run(path, "--json")[1])
    assert (counts["platforms"], counts["kept_from"], counts["allowance"]["month"]) == ({}, None, 0)


@pytest.mark.sqlite
def test_a_malformed_time_and_a_missing_database_are_refused(path: Location) -> None:
    """Exit status 2 and 1."""
    assert run(path, "--since", "yesterday")[0] == 2
    assert run(path, "--since", "")[0] == 2
    assert run(path)[0] == 1
