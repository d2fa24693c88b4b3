"""Ratings of answers, and `aion-bot feedback export`."""

import asyncio
import json
import os
import sys

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import Location
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import Action, Person, ThreadKey
from aion_bot.storage import Store
from aion_bot.storage.ratings import MOST_REASON, export_ratings
from tests.support.databases import address_of

ADA, BEN = Person("U0ADA0000", "Ada"), Person("U0BEN0000", "Ben")


async def answered(store: Store, key: str) -> None:
    """Write the row of a question that was answered."""
    thread = ThreadKey("slack", f"T/C/{key}")
    await store.turns.accept(
        Turn(key, thread, ADA, "q"), Prompt(f"p{key}", thread, Place("T", "C"), ADA, "q")
    )
    await store.turns.note_shown(key, 0, EndReason.ANSWERED)


async def export(path: Location) -> list[dict[str, object]]:
    """Run the command beside the open store."""
    env = {"AION_BOT_DATABASE_URL": address_of(path)}
    done = await asyncio.to_thread(CliRunner().invoke, program, ["feedback", "export"], env=env)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


async def test_ratings_are_exported(store: Store, path: Location) -> None:
    """One a person and answer, the last one, with its reason; a reason goes where the rating changes, and is bounded."""
    await answered(store, "a")
    assert await store.ratings.rate("a", ADA, Action.BAD) is False
    assert await store.ratings.explain("a", ADA, "x" * 3_000)
    assert await store.ratings.rate("a", BEN, Action.BAD) is False
    assert await store.ratings.explain("a", BEN, "not “mine”\n")
    assert await store.ratings.rate("a", BEN, Action.GOOD) is True
    assert await store.ratings.rate("gone", ADA, Action.GOOD) is None
    assert not await store.ratings.explain("gone", ADA, "why")
    first, second = await export(path)
    assert first["reason"] == "x" * MOST_REASON
    assert {name: second[name] for name in ("ref", "person_id", "rating", "reason", "outcome")} == {
        "ref": reference("a"),
        "person_id": BEN.id,
        "rating": "good",
        "reason": "",
        "outcome": "answered",
    }


async def test_lines_that_nobody_takes_hold_nothing_up(store: Store, path: Location) -> None:
    """The bot can empty its log while what reads the export waits, as a pager does."""
    for key in ("a", "b"):
        await answered(store, key)
        await store.ratings.rate(key, ADA, Action.GOOD)
    lines = export_ratings(path)
    first = next(lines)
    assert await store.retention.empty_log()
    assert [json.loads(one)["ref"] for one in (first, *lines)] == [reference("a"), reference("b")]


async def test_ratings_go_with_their_question(store: Store, path: Location) -> None:
    """The sweep that removes the row of a question removes what people thought of its answer."""
    await answered(store, "a")
    await store.ratings.rate("a", ADA, Action.BAD)
    await store.retention.remove_turns(1e10, ["slack"], {})
    assert await export(path) == []


@pytest.mark.slow
async def test_the_command_is_a_process_beside_the_bot(store: Store, path: Location) -> None:
    """It prints one line for each rating, the words of people as they wrote them, and nothing else."""
    await answered(store, "a")
    await store.ratings.rate("a", ADA, Action.BAD)
    assert await store.ratings.explain("a", ADA, "ein Maß zu groß")
    command = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aion_bot", "feedback", "export",
        env={**os.environ, "AION_BOT_DATABASE_URL": address_of(path)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, complained = await command.communicate()
    assert (command.returncode, complained) == (0, b"")
    (rating,) = [json.loads(line) for line in said.decode().splitlines()]
    assert (rating["person_id"], rating["rating"], rating["reason"]) == (ADA.id, "bad", "ein Maß zu groß")
