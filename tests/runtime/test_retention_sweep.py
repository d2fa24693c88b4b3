"""The sweep: at the start and then daily, in the background, and the log is emptied soon after words were erased."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aion_bot.domain.turn import EndReason, Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.runtime.retention_sweep import DAY, DEFAULT_PAUSES, RetentionSweep, SweepPauses
from aion_bot.storage import Store

THREAD = ThreadKey("slack", "T/C/1")
ADA = Person("U1", "Ada")
QUICK = SweepPauses(look=0.002, settle=0.002)


class Clock:
    """A wall clock that a test turns on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def sweeping(store: Store, clock: Clock, pauses: SweepPauses = QUICK) -> AsyncIterator[None]:
    """A sweep that runs in the background."""
    sweep = RetentionSweep(store, 90, ["slack"], clock=clock, pauses=pauses)
    await sweep.load()
    task = asyncio.create_task(sweep.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  # there is no event for a file's content
            await asyncio.sleep(0.001)


async def ended(store: Store, key: str, reason: EndReason = EndReason.ANSWERED) -> None:
    """Write a turn that has ended."""
    await store.turns.accept(
        Turn(key, THREAD, ADA, "WORDS"), Prompt(key, THREAD, Place("T", "C"), ADA, "WORDS")
    )
    await store.turns.note_shown(key, 0, reason)


def test_words_are_in_the_log_for_half_a_minute_at_most() -> None:
    """Also where the first attempt finds a reader and waits a second for it."""
    assert 2 * DEFAULT_PAUSES.settle + 1 < 30


async def test_it_sweeps_at_the_start_and_daily(store: Store, clock: Clock) -> None:
    """One line each, with counts; nothing is removed before its time."""
    await ended(store, "t1")
    with capture_logs() as logs:
        async with sweeping(store, clock):
            await until(lambda: len(logs) == 1)
            assert await store.turns.get("t1") is not None
            clock.ahead = 91 * DAY
            await until(lambda: len(logs) == 2)
    assert await store.turns.get("t1") is None
    counts = {"plans": 0, "words": 0, "copies": 0, "days": 90, "rewritten": True}
    said = [{name: value for name, value in one.items() if name != "log_level"} for one in logs]
    assert said == [{"event": "retention sweep", "turns": turns, **counts} for turns in (0, 1)]


async def test_a_start_does_not_write_a_database_anew_that_was_not_changed(
    store: Store, clock: Clock
) -> None:
    """It is written anew after something was removed, and else once a day, whichever process did so last."""
    await ended(store, "t1")
    said = list[bool]()
    for ahead in (0, 60, DAY - 60, DAY + 60, 91 * DAY, 91 * DAY + 60):
        clock.ahead = ahead
        with capture_logs() as logs:
            await RetentionSweep(store, 90, ["slack"], clock=clock).sweep()
        said.append(logs[0]["rewritten"])
    assert said == [True, False, False, True, True, False]
    # The clock was set back.
    clock.ahead = 0
    with capture_logs() as logs:
        await RetentionSweep(store, 90, ["slack"], clock=clock).sweep()
    assert logs[0]["rewritten"]


async def test_the_words_of_a_failed_question_go_between_two_sweeps(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    """After a day, whenever that is; then they leave the files."""
    await ended(store, "t1", EndReason.FAILED)
    async with sweeping(store, clock):
        await until(lambda: b"WORDS" in (tmp_path / "bot.db").read_bytes())
        clock.ahead = DAY + 60
        files = [tmp_path / "bot.db", tmp_path / "bot.db-wal"]
        await until(lambda: not any(b"WORDS" in one.read_bytes() for one in files))
    turn = await store.turns.get("t1")
    assert turn is not None
    assert turn.erased


async def test_an_idle_bot_writes_nothing(store: Store, clock: Clock, tmp_path: Path) -> None:
    """After the first sweep the log stays empty and the database as it is."""
    with capture_logs() as logs:
        async with sweeping(store, clock):
            await until(lambda: len(logs) == 1)
            await until(lambda: (tmp_path / "bot.db-wal").stat().st_size == 0 and not store.erased.is_set())
            await _looks_write_nothing(store, tmp_path / "bot.db")


def written(path: Path) -> tuple[int, int, int]:
    """Size and time of the last write of a database, and the size of its log."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, path.with_name(f"{path.name}-wal").stat().st_size


async def _looks_write_nothing(store: Store, path: Path) -> None:
    looked = 0
    erase = store.retention.erase_expired

    async def counted(now: float) -> int:
        nonlocal looked
        looked += 1
        return await erase(now)

    store.retention.erase_expired = counted  # type: ignore[method-assign]  # counts the looks
    before = written(path)
    await until(lambda: looked > 20)
    assert written(path) == before
    assert before[2] == 0


async def test_a_log_that_is_read_is_tried_again_and_told_once(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    """A shell that reads for long keeps erased words there; the bot goes on, and the log is emptied afterwards."""
    await store.turns._do("PRAGMA busy_timeout = 0")
    reader = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    with capture_logs() as logs:
        async with sweeping(store, clock):
            await until(lambda: (tmp_path / "bot.db-wal").stat().st_size == 0)
            await ended(store, "t1")
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM turn").fetchall()
            await ended(store, "t2")
            warned = "database log not emptied, trying again"
            await until(lambda: any(one["event"] == warned for one in logs))
            reader.close()
            await until(lambda: (tmp_path / "bot.db-wal").stat().st_size == 0)
    assert [one["event"] for one in logs].count(warned) == 1


async def test_a_sweep_that_fails_is_made_again(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a locked file is a line in the log; the next look sweeps."""
    remove = store.retention.remove_plans
    failed = asyncio.Event()

    async def fail_once(before: float) -> int:
        if not failed.is_set():
            failed.set()
            raise sqlite3.OperationalError("database or disk is full")
        return await remove(before)

    monkeypatch.setattr(store.retention, "remove_plans", fail_once)
    with capture_logs() as logs:
        async with sweeping(store, clock):
            await until(lambda: len(logs) == 2)
    assert [one["event"] for one in logs] == ["retention sweep failed", "retention sweep"]
