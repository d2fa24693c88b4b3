"""A rolling upgrade on Postgres: "new" knows one migration more than this version, which is "old"."""

import asyncio
import signal

import psycopg
import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion.scene import Answer
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Begin, Program
from tests.end_to_end.test_replicas import HELD, WHOLE

pytestmark = pytest.mark.slow  # each starts whole programs


def know_another_migration() -> None:
    """Be the next version: with a migration that changes tables which the version before uses."""
    from aion_bot.storage.postgres import beside, opening, schema

    known = schema.migrations()
    sql = """
        ALTER TABLE turn ADD COLUMN of_next text NOT NULL DEFAULT 'next';
        CREATE INDEX of_next ON turn (of_next);
        ALTER TABLE kv ALTER COLUMN value SET DEFAULT '';
    """
    more = (*known, (known[-1][0] + 1, sql))
    for module in (beside, opening, schema):
        setattr(module, "migrations", lambda: more)  # noqa: B010  # a module has no such attribute for mypy


def schema_of(location: PostgresUrl) -> int:
    """The number of the database's schema."""
    with psycopg.connect(location.url) as connection:
        row = connection.execute("SELECT version FROM aion_bot.schema_version").fetchone()
    assert row is not None
    return int(row[0])


async def test_old_and_new_run_together_through_a_migration(
    idle: Bot, begin: Begin, location: PostgresUrl
) -> None:
    """New replicas stand by beside old ones and change nothing; the first that serves migrates.

    Old ones end with 2 after that, and each question is answered once.
    """
    before = schema_of(location)
    old = await begin("old")
    await idle.workspace.connected()
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found")
    new = await begin("new", before=know_another_migration)
    await new.prints('"standing by"')
    other = await begin("other")
    await other.prints('"standing by"')
    await idle.workspace.reply(idle.ada, thread, "What does the safety report say?")
    await idle.shows(thread, "Both are due this week")
    assert schema_of(location) == before
    # Whichever of the two takes the lease next, the new one has it in the end.
    old.send(signal.SIGTERM)
    assert (await old.end())[0] == 0
    await served_by_one_of(new, other)
    was_next = '"lease taken"' in other.output
    if was_next:
        other.send(signal.SIGTERM)
        assert (await other.end())[0] == 0
    await new.prints('"connected"')
    assert schema_of(location) == before + 1
    await idle.asked(idle.ben, "What is damaged on site 7?", "I found")
    # An old one that starts again is refused, and one that still stands by gives the lease back at once.
    again = await begin("again")
    assert (await again.end())[0] == 2
    assert "was written by a newer aion-bot" in again.output
    assert '"lease taken"' not in again.output
    newest = await begin("newest", before=know_another_migration)
    await newest.prints('"standing by"')
    new.send(signal.SIGKILL)
    await newest.prints('"connected"')
    await idle.asked(idle.cy, "What is damaged on site 7?", "I found")
    assert len(idle.asked_words) == 4
    newest.send(signal.SIGTERM)
    assert (await newest.end())[0] == 0
    with psycopg.connect(location.url) as connection:
        sql = "SELECT count(*) FROM aion_bot.turn WHERE phase = 'cleared'"
        assert connection.execute(sql).fetchone() == (4,)
    if not was_next:
        assert (await other.end())[0] == 2
        assert "was written by a newer aion-bot" in other.output
    assert schema_of(location) == before + 1


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
@pytest.mark.long
async def test_an_old_replica_that_was_paused_through_a_migration_ends(idle: Bot, begin: Begin) -> None:
    """The new one has taken over its answer, and migrated; what the old one then writes is refused, and it ends with 1."""
    idle.aion.play(HELD)
    old = await begin("old")
    await idle.workspace.connected()
    new = await begin("new", before=know_another_migration)
    await new.prints('"standing by"')
    thread = await idle.asked(idle.ada, "What?", "The first part.")
    (session,) = idle.aion.sessions
    idle.aion.sessions.store(session, "assistant", Answer(WHOLE))
    old.send(signal.SIGSTOP)
    await idle.shows(thread, WHOLE)
    await new.prints('"connected"')
    idle.aion.release("go")
    old.send(signal.SIGCONT)
    assert (await old.end())[0] == 1
    assert "another replica has taken over" in old.output
    assert idle.aion.count("send_stream") == 1
    await idle.asked(idle.ben, "What is damaged on site 7?", "I found")


async def served_by_one_of(*replicas: Program) -> None:
    """Wait until one of them is connected."""
    async with asyncio.timeout(60):
        while not any('"connected"' in one.output for one in replicas):  # noqa: ASYNC110  # there is no event for a file of another process
            await asyncio.sleep(0.01)
