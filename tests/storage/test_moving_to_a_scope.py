"""`aion-bot database copy --scope`: a bot of one workspace becomes a scope of a deployment, with its threads and their sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.turn import EndReason, Turn
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store, StoreError, copy_database, verify_audit
from aion_bot.storage.hosting import SharedDatabase, known_scopes, open_shared
from tests.support.databases import address_of, lay_database
from tests.support.postgres import lay_postgres, lay_shared

ADA = Person("U1", "Ada")


async def asked(path: Location, workspace: str = "T1", platform: str = "slack") -> None:
    """Write a question of a workspace, whose thread has a session."""
    store, thread = await Store.open(path), ThreadKey(platform, f"{workspace}/C/1")
    question = Prompt("p1", thread, Place(workspace, "C"), ADA, "What?")
    assert await store.turns.accept(Turn("t1", thread, ADA, "What?"), question)
    await store.turns.start_asking("t1", "s1")
    await store.turns.end("t1", EndReason.ANSWERED)
    await store.close()


@asynccontextmanager
async def replica(location: PostgresUrl, *scopes: str) -> AsyncIterator[SharedDatabase]:
    """A replica that knows these workspaces."""
    shared = await open_shared(location, "one")
    try:
        assert not await shared.agree({})
        await shared.note_scopes("slack", scopes)
        yield shared
    finally:
        await shared.close()


def run(source: Location, target: Location, scope: str) -> tuple[int, str, str]:
    """Run the command in this process; returns exit status, output and errors."""
    arguments = ["database", "copy", address_of(source), address_of(target), "--scope", scope]
    done = CliRunner().invoke(program, arguments)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.slow  # takes a second, as a whole schema is made
@pytest.mark.parametrize("source", ["a file", "another database", "the same database"])
async def test_a_bot_moves_into_a_workspace_of_a_deployment(tmp_path: Path, source: str) -> None:
    """Before the workspace installs the app, while another workspace is served: its owner then has the rows."""
    location = lay_shared()
    made = {"a file": lambda: lay_database(tmp_path / "bot.db"), "another database": lay_postgres}
    path: Location = made[source]() if source in made else location
    await asked(path)
    async with replica(location, "T2") as shared:
        (other,) = await shared.claim(5)
        status, said, errors = run(path, location, "slack:T1")
        assert (status, errors) == (0, "")
        assert "turn 1" in said
        assert "is copied to slack:T1 of" in said
        assert [one.name for one in known_scopes(location)] == ["slack:T2"]
        await shared.note_scopes("slack", ["T1"])
        (lease,) = await shared.claim(5)
        store = await shared.open_scope(lease)
        newest = await store.turns.newest(ThreadKey("slack", "T1/C/1"))
        assert newest is not None
        assert (newest.key, newest.session_id) == ("t1", "s1")
        await store.turns.note_shown("t1", 0, EndReason.ANSWERED)
        assert verify_audit(known_scopes(location)[0].location).line() == verify_audit(path).line()
        await store.close()
        assert (lease.held(), other.held()) == (True, True)


@pytest.mark.slow  # likewise
async def test_rows_are_refused_where_they_would_do_harm(tmp_path: Path) -> None:
    """Onto a workspace with rows or one that is served, of another workspace or platform, onto a file, under a wrong name."""
    path, location = lay_database(tmp_path / "bot.db"), lay_shared()
    other, discord = lay_database(tmp_path / "other.db"), lay_database(tmp_path / "discord.db")
    await asked(path)
    await asked(other, "T9")
    await asked(discord, "T1", "discord")
    for source in (other, discord):
        with pytest.raises(StoreError, match="of another platform or workspace than slack:T1"):
            copy_database(source, location, "slack:T1")
    with pytest.raises(StoreError, match="has no scopes"):
        copy_database(path, tmp_path / "new.db", "slack:T1")
    for name in ("T1", "slack:../T1", "Slack:T1", "slack:"):
        status, _, errors = run(path, location, name)
        assert (status, "--scope is no <platform>:<id>" in errors) == (2, True)
    async with replica(location, "T1") as shared:
        (lease,) = await shared.claim(1)
        with pytest.raises(StoreError, match="a replica serves slack:T1"):
            copy_database(path, location, "slack:T1")
        await shared.release(lease)
        assert copy_database(path, location, "slack:T1")["turn"] == 1
    with pytest.raises(StoreError, match="is not empty"):
        copy_database(path, location, "slack:T1")
