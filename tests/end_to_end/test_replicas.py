"""Two processes on one Postgres database: one serves, the other stands by and takes over."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.storage.beside import open_beside
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program
from tests.support.postgres import lay_postgres

pytestmark = pytest.mark.slow  # each starts whole programs

WHOLE = "The first part. The end."
HELD = Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(WHOLE))

READS = ("GET ", "auth.", "apps.", "bots.", "conversations.", "users.", "usergroups.", "files.info")
"""How the names of requests begin that change nothing people see; each replica makes some when it likes."""

Begin = Callable[[str], Coroutine[Any, Any, Program]]


@pytest.fixture
def location() -> PostgresUrl:
    """The database of all replicas."""
    return lay_postgres()


@pytest.fixture
async def begin(idle: Bot, tmp_path: Path, location: PostgresUrl) -> AsyncIterator[Begin]:
    """Starts a replica of this name."""
    made = list[Program]()

    async def begun(name: str) -> Program:
        folder = tmp_path / name
        folder.mkdir()
        program = Program(folder)
        made.append(program)
        env = idle.env(AION_BOT_DATABASE_URL=location.url, AION_BOT_REPLICA=name, AION_BOT_LOG_FORMAT="json")
        await program.start(env)
        return program

    yield begun
    for program in made:
        await program.kill()


def changes(bot: Bot) -> list[str]:
    """The requests that change what people see, oldest first."""
    return [one.name for one in bot.workspace.log if not one.name.startswith(READS)]


async def cleared(location: PostgresUrl) -> None:
    """Wait until nothing is left to do for any question, by its rows."""
    with open_beside(location) as beside:
        async with asyncio.timeout(60):
            while beside.execute("SELECT 1 FROM turn WHERE phase != 'cleared'").fetchone():  # noqa: ASYNC110  # there is no event for a row of another process
                await asyncio.sleep(0.01)


async def test_who_stands_by_follows_a_stop_at_once(idle: Bot, begin: Begin) -> None:
    """The second replica says that it stands by and connects to nothing; a stop of the first one lets it serve."""
    first = await begin("first")
    await idle.workspace.connected()
    second = await begin("second")
    await second.prints('"standing by"')
    thread = await idle.asked(idle.ada, "What is damaged on site 7?", "I found")
    assert '"connected"' not in second.output
    first.send(signal.SIGTERM)
    assert (await first.end())[0] == 0
    await second.prints('"lease taken"')
    await idle.workspace.connected()
    await idle.workspace.reply(idle.ada, thread, "And on site 8?")
    await idle.until(lambda: len(idle.asked_words) == 2)
    second.send(signal.SIGTERM)
    assert (await second.end())[0] == 0


async def test_a_stop_ends_who_stands_by(idle: Bot, begin: Begin) -> None:
    """It has nothing to drain, and ends with 0."""
    await begin("first")
    await idle.workspace.connected()
    second = await begin("second")
    await second.prints('"standing by"')
    second.send(signal.SIGTERM)
    assert (await second.end())[0] == 0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_running_answer_is_taken_over(
    idle: Bot, begin: Begin, location: PostgresUrl, ending: signal.Signals
) -> None:
    """Ten seconds after a kill or a pause in mid-answer the other replica shows the stored answer; nobody asks Aion again.

    A replica that was paused past its lease sends nothing and writes nothing any more, and ends with 1.
    """
    idle.aion.play(HELD)
    first = await begin("first")
    await idle.workspace.connected()
    second = await begin("second")
    await second.prints('"standing by"')
    thread = await idle.asked(idle.ada, "What?", "The first part.")
    messages = len(idle.bots(thread))
    (session,) = idle.aion.sessions
    idle.aion.sessions.store(session, "assistant", Answer(WHOLE))
    first.send(ending)
    await idle.shows(thread, WHOLE)
    assert len(idle.bots(thread)) == messages
    assert idle.aion.count("send_stream") == 1
    if ending is signal.SIGSTOP:
        await second.prints('"connected"')
        await cleared(location)
        shown, made = idle.text(thread), changes(idle)
        idle.aion.release("go")
        first.send(signal.SIGCONT)
        assert (await first.end())[0] == 1
        assert "another replica has taken over" in first.output
        assert idle.text(thread) == shown
        assert changes(idle) == made
        assert idle.aion.count("send_stream") == 1
