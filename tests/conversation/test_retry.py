"""Who has a failed question asked again, and how often."""

import sqlite3
from pathlib import Path

import pytest

from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.retry import Retries
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.allowance import MOST_OF_APP, Allowance, Whose
from aion_bot.domain.turn import EndReason, Turn, TurnPhase
from aion_bot.domain.uploads import FilePhase
from aion_bot.ports.events import Click, Place, Prompt
from aion_bot.ports.failures import with_reference
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, Line, MessageRef, Person, ThreadKey
from aion_bot.storage import Store
from tests.support.databases import lay_database

HERE = Place("T1", "C1")
ADA, FLOW = Person("U1", "Ada"), Person("B1", "Site round", frozenset({"B1", "A1"}))


def question(key: str, asker: Person) -> tuple[Turn, Prompt]:
    """Make a question in a thread of its own."""
    thread = ThreadKey("slack", f"T1/C1/{key}")
    return Turn(key, thread, asker, "What?"), Prompt(f"slack:{key}", thread, HERE, asker, "What?")


async def ask(store: Store, key: str) -> ThreadKey:
    """Let the app ask a question, in a thread of its own."""
    turn, prompt = question(key, FLOW)
    assert await store.turns.accept(turn, prompt)
    return turn.thread


async def press(
    store: Store, key: str, thread: ThreadKey, action: Action = Action.RETRY, attempt: int | None = None
) -> tuple[Line, Turn | None]:
    """Press Retry, or what `action` is, under a question of the app's, as somebody else."""
    retries = Retries(store, AccessControl({"slack": AccessPolicy(allow_apps=frozenset({"A1"}))}))
    return await retries.claim(Click(action, key, MessageRef(thread, "1"), HERE, ADA, round=attempt))


async def test_a_retry_is_in_the_allowance_of_the_app_that_asked(tmp_path: Path) -> None:
    """Where nobody is limited an app still is, whoever has its question asked again."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        thread = await ask(store, "failed")
        assert await store.turns.end("failed", EndReason.FAILED)
        for number in range(MOST_OF_APP):
            await ask(store, f"t{number}")
        line, turn = await press(store, "failed", thread)
        assert turn is None
        assert "The person who asked has used their 30 questions an hour." in str(line)
        await store.turns.withdraw("slack:t0")
        line, turn = await press(store, "failed", thread)
        assert line == ()
        assert turn is not None
        assert (await press(store, "failed", thread))[0] == (with_reference(strings.RETRY_GONE, "failed"),)
    finally:
        await store.close()


async def test_names_of_one_app_share_its_allowance(tmp_path: Path) -> None:
    """An app with several webhooks is one, by the id that they share; another app and people are not."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        limit = Allowance().of_app
        for number in range(MOST_OF_APP):
            name = Person(f"B{number}", "Site round", frozenset({f"B{number}", "A1"}))
            assert await store.turns.accept(*question(f"t{number}", name), limit), number
        for other in (FLOW, Person("U7", "Ben", frozenset({"B7", "A1"}))):
            assert not await store.turns.accept(*question("one more", other), limit)
            found = await store.turns.used_up("slack", HERE, other, limit)
            assert found is not None
            assert found.whose is Whose.PERSON
        stranger = Person("B99", "Other app", frozenset({"B99", "A2"}))
        assert await store.turns.accept(*question("another app", stranger), limit)
        assert await store.turns.accept(*question("a person", ADA), Allowance(per_person=1))
    finally:
        await store.close()


async def test_a_press_that_is_refused_lets_no_file_into_the_library(tmp_path: Path) -> None:
    """A file that waits for consent is let in by the press that has the question asked, and by no other one."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        thread = await ask(store, "held")
        await store.files.add("held", [Attachment("f1", "a.jpg")], FilePhase.HELD)
        assert await store.turns.end("held", EndReason.HELD)
        for number in range(MOST_OF_APP):
            await ask(store, f"t{number}")
        assert (await press(store, "held", thread, Action.UPLOAD))[1] is None
        assert [one.phase for one in await store.files.of("held")] == [FilePhase.HELD]
        await store.turns.withdraw("slack:t0")
        # Answered without it: a press on the other button that comes a moment later changes nothing.
        assert (await press(store, "held", thread))[1] is not None
        assert (await press(store, "held", thread, Action.UPLOAD))[1] is None
        assert [one.phase for one in await store.files.of("held")] == [FilePhase.HELD]
    finally:
        await store.close()


async def test_a_press_that_counted_asks_again_whatever_the_disk_does_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row is in the queue: what fails behind that is tried again, and the question does not wait for the next start."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        thread = await ask(store, "held")
        await store.files.add("held", [Attachment("f1", "a.jpg")], FilePhase.HELD)
        assert await store.turns.end("held", EndReason.HELD)
        allow, full = store.files.allow, sqlite3.OperationalError("database or disk is full")
        full.sqlite_errorcode = sqlite3.SQLITE_FULL
        failures = [full]

        async def failing(key: str) -> None:
            if failures:
                raise failures.pop()
            await allow(key)

        monkeypatch.setattr(store.files, "allow", failing)
        _, turn = await press(store, "held", thread, Action.UPLOAD)
        assert turn is not None
        assert turn.phase is TurnPhase.QUEUED
        assert [one.phase for one in await store.files.of("held")] == [FilePhase.WAITING]
    finally:
        await store.close()


async def test_a_late_press_of_another_attempt_lets_no_file_into_the_library(tmp_path: Path) -> None:
    """Where the attempt after the choice failed, a second press on that choice neither asks nor lets the file in."""
    store = await Store.open(lay_database(tmp_path / "bot.db"))
    try:
        thread = await ask(store, "held")
        await store.files.add("held", [Attachment("f1", "a.jpg")], FilePhase.HELD)
        assert await store.turns.end("held", EndReason.HELD)
        assert (await press(store, "held", thread, attempt=0))[1] is not None
        assert await store.turns.end("held", EndReason.FAILED)
        told = (with_reference(strings.RETRY_GONE, "held"),)
        assert await press(store, "held", thread, Action.UPLOAD, attempt=0) == (told, None)
        assert [one.phase for one in await store.files.of("held")] == [FilePhase.HELD]
        assert (await press(store, "held", thread, attempt=1))[1] is not None
    finally:
        await store.close()
