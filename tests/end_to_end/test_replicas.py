"""Two processes on one Postgres database: one serves, the other stands by and takes over."""

import asyncio
import signal
import socket
import time
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from aion_bot.storage.beside import open_beside
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Begin, Program

pytestmark = pytest.mark.slow  # each starts whole programs

WHOLE = "The first part. The end."
HELD = Scene((Speak("The first part. "), Hold("go", pings=True), Speak("The end."), *ENDING), Answer(WHOLE))

READS = ("GET ", "auth.", "apps.", "bots.", "conversations.", "users.", "usergroups.", "files.info")
"""How the names of requests begin that change nothing people see; each replica makes some when it likes."""

KNOWN_BY = "SELECT value FROM kv WHERE platform = '' AND name = 'deployment'"
"""The digest of Aion's key."""


def changes(bot: Bot) -> list[str]:
    """The requests that change what people see, oldest first."""
    return [one.name for one in bot.workspace.log if not one.name.startswith(READS)]


async def none_left(location: PostgresUrl, sql: str, *values: str) -> None:
    """Wait until a query returns no row."""
    with open_beside(location) as beside:
        async with asyncio.timeout(60):
            while beside.execute(sql, values).fetchone():  # noqa: ASYNC110  # there is no event for a row of another process
                await asyncio.sleep(0.01)


async def rotated(replica: Program, location: PostgresUrl) -> None:
    """Let a replica read the key's file again, and wait until the database is known by the new key."""
    with open_beside(location) as beside:
        (digest,) = [row[0] for row in beside.execute(KNOWN_BY)]
    replica.send(signal.SIGHUP)
    await none_left(location, f"{KNOWN_BY} AND value = ?", digest)


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
        await none_left(location, "SELECT 1 FROM turn WHERE phase != 'cleared'")
        shown, made = idle.text(thread), changes(idle)
        idle.aion.release("go")
        first.send(signal.SIGCONT)
        assert (await first.end())[0] == 1
        assert "another replica has taken over" in first.output
        assert idle.text(thread) == shown
        assert changes(idle) == made
        assert idle.aion.count("send_stream") == 1


async def test_another_key_beside_a_replica_is_refused(
    idle: Bot, begin: Begin, location: PostgresUrl, tmp_path: Path
) -> None:
    """It ends with 2 and one line, and changes nothing; once the one that serves has the new key, it stands by and takes over."""
    other = f"aion_{'b' * 24}"
    idle.aion.other_keys = {other}
    file = tmp_path / "key"
    file.write_text(idle.aion.api_key)
    first = await begin("first", AIONVISION_API_KEY_FILE=str(file))
    await idle.workspace.connected()
    second = await begin("second", AIONVISION_API_KEY=other)
    assert (await second.end())[0] == 2
    (line,) = [one for one in second.output.splitlines() if one.startswith("AION_BOT_DATABASE_URL")]
    assert "first serves there with another AIONVISION_API_KEY" in line
    assert other not in second.output
    file.write_text(other)
    await rotated(first, location)
    third = await begin("third", AIONVISION_API_KEY=other)
    await third.prints('"standing by"')
    first.send(signal.SIGTERM)
    assert (await first.end())[0] == 0
    await third.prints('"connected"')
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found")


async def test_a_standby_takes_the_key_that_was_replaced_meanwhile(
    idle: Bot, begin: Begin, location: PostgresUrl, tmp_path: Path
) -> None:
    """It reads the key's file again once it serves, as the database says that another key was used last."""
    other = f"aion_{'b' * 24}"
    file = tmp_path / "key"
    file.write_text(idle.aion.api_key)
    first = await begin("first", AIONVISION_API_KEY_FILE=str(file))
    await idle.workspace.connected()
    second = await begin("second", AIONVISION_API_KEY_FILE=str(file))
    await second.prints('"standing by"')
    idle.aion.other_keys = {other}
    file.write_text(other)
    await rotated(first, location)
    idle.aion.api_key, idle.aion.other_keys = other, set()
    first.send(signal.SIGTERM)
    assert (await first.end())[0] == 0
    await second.prints('"key replaced"')
    await second.prints('"connected"')
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found")


@pytest.mark.usefixtures("idle")
async def test_another_bot_is_refused(begin: Begin, location: PostgresUrl) -> None:
    """A database that belongs to another bot is left as it is, also while nobody serves."""
    with open_beside(location) as beside:
        for platform in ("slack", "discord"):
            beside.execute("INSERT INTO kv VALUES (?, 'deployment', 'salt:digest')", (platform,))
    first = await begin("first")
    assert (await first.end())[0] == 2
    assert "belongs to another deployment, whose bot on" in first.output
    with open_beside(location) as beside:
        assert [row[0] for row in beside.execute("SELECT epoch FROM lease")] == [0]


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_the_clocks_of_hosts_may_differ(idle: Bot, begin: Begin, seconds: int) -> None:
    """A replica whose clock is an hour ahead, or behind, takes over and goes on; nothing is asked twice, and nothing is left out."""
    idle.aion.play(HELD)
    first = await begin("first", before=partial(shift_clock, seconds))
    await idle.workspace.connected()
    second = await begin("second", before=partial(shift_clock, -seconds))
    await second.prints('"standing by"')
    thread = await idle.asked(idle.ada, "What?", "The first part.")
    (session,) = idle.aion.sessions
    idle.aion.sessions.store(session, "assistant", Answer(WHOLE))
    first.send(signal.SIGKILL)
    await idle.shows(thread, WHOLE)
    await second.prints('"connected"')
    await idle.workspace.reply(idle.ada, thread, "What does the safety report say?")
    await idle.shows(thread, "Both are due this week")
    assert idle.aion.count("send_stream") == 2


def shift_clock(seconds: int) -> None:
    """Let the clock of this process be ahead by so many seconds; no clock that only counts is changed."""
    real = time.time
    time.time = lambda: real() + seconds


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_standby_is_as_ready_as_it_can_be(
    idle: Bot, begin: Begin, address: str, tmp_path: Path
) -> None:
    """Systemd is told that it is ready, and `/readyz?standby=ok` is 200 before and after it serves; `/readyz` alone only then."""
    first = await begin("first")
    await idle.workspace.connected()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        more = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "AION_BOT_HTTP_ADDRESS": address}
        second = await begin("second", **more)
        async with asyncio.timeout(60):
            assert await asyncio.get_running_loop().sock_recv(manager, 100) == b"READY=1"
        assert await answers(address) == (200, 503, 200)
        first.send(signal.SIGTERM)
        await second.prints('"connected"')
        assert await answers(address) == (200, 200, 200)
        second.send(signal.SIGTERM)
        assert (await second.end())[0] == 0
        assert manager.recv(100) == b"STOPPING=1"  # READY=1 was told once


async def answers(address: str) -> tuple[int, ...]:
    """What a replica answers to each way to ask whether it lives or serves."""
    found = []
    async with aiohttp.ClientSession() as session:
        for path in ("/healthz", "/readyz", "/readyz?standby=ok"):
            async with session.get(f"http://{address}{path}") as answer:
                found.append(answer.status)
    return tuple(found)
