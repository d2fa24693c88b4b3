"""`aion-bot backup`: a consistent copy beside a running bot, and its restoration."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage import Store, StoreError, back_up

THREAD = ThreadKey("slack", "T/C/1")
ADA = Person("U1", "Ada")

pytestmark = pytest.mark.sqlite


def run(path: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the program's command in this process; returns exit status, output and errors."""
    env = {"AION_BOT_DATABASE_URL": f"sqlite:///{path}"}
    done = CliRunner().invoke(program, ["backup", *arguments], env=env)
    return done.exit_code, done.stdout, done.stderr


def modes(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def test_a_backup_beside_a_bot_that_writes_can_be_restored(
    store: Store, path: Path, tmp_path: Path
) -> None:
    """The copy has every row that was there when it began, is sound, and a bot starts with it."""
    enough, done = asyncio.Event(), asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not done.is_set():
            key = f"t{written}"
            await store.turns.accept(
                Turn(key, THREAD, ADA, "What?"), Prompt(key, THREAD, Place("T", "C"), ADA, "What?")
            )
            written += 1
            if written == 30:
                enough.set()

    writing = asyncio.create_task(write())
    await enough.wait()
    before = written
    copy = tmp_path / "copy.db"
    status, output, errors = await asyncio.to_thread(run, path, str(copy))
    done.set()
    await writing
    assert (status, output, errors) == (0, f"{path} is copied to {copy}\n", "")
    assert modes(copy) == 0o600
    restored = await Store.open(copy)
    found = len(await restored.turns.unfinished())
    assert before <= found <= written
    assert await restored.turns.accepted(f"t{before - 1}")
    await restored.close()


async def test_a_stopped_bots_database_is_copied(path: Path, tmp_path: Path) -> None:
    """No log is left beside it, and the copy is one file."""
    await (await Store.open(path)).close()
    back_up(path, tmp_path / "copy.db")
    assert names(tmp_path) == ["bot.db", "bot.db.lock", "copy.db"]


def test_without_a_database_there_is_nothing_to_copy(path: Path, tmp_path: Path) -> None:
    """No empty file is left that looks like a backup."""
    status, _, errors = run(path, str(tmp_path / "copy.db"))
    assert (status, errors) == (1, f"{path} does not exist: there is nothing to copy\n")
    assert names(tmp_path) == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("there.db", "there.db exists already: name a new file"),
        ("bot.db", "bot.db belongs to the database: name another file"),
        ("bot.db-journal", "belongs to the database"),
        ("missing/copy.db", "the folder does not exist"),
        ("there.db/copy.db", "the folder does not exist"),
    ],
)
def test_a_target_that_cannot_be_made_is_refused(
    path: Path, tmp_path: Path, target: str, sentence: str
) -> None:
    """Status 1 and one sentence; what is there stays as it is."""
    (tmp_path / "there.db").write_text("somebody's")
    status, output, errors = run(path, str(tmp_path / target))
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert sentence in errors
    assert (tmp_path / "there.db").read_text() == "somebody's"


def test_what_is_no_database_is_not_copied(path: Path, tmp_path: Path) -> None:
    """The incomplete copy is removed."""
    path.write_bytes(b"not a database" * 500)
    status, _, errors = run(path, str(tmp_path / "copy.db"))
    assert status == 1
    assert "not a sound SQLite database" in errors
    assert names(tmp_path) == ["bot.db"]


@pytest.mark.usefixtures("store")
def test_a_copy_that_is_not_sound_is_refused(path: Path, tmp_path: Path) -> None:
    """The copy is read and checked before it counts."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE short (x CHECK (length(x) < 3))")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("INSERT INTO short VALUES ('too long')")
        connection.commit()
    with pytest.raises(StoreError, match="the copy is not sound"):
        back_up(path, tmp_path / "copy.db")
    assert "copy.db" not in names(tmp_path)


def test_a_wrong_address_is_refused() -> None:
    """Status 2, as for every wrong setting."""
    done = CliRunner().invoke(program, ["backup", "x.db"], env={"AION_BOT_DATABASE_URL": "bot.db"})
    assert done.exit_code == 2
    assert "AION_BOT_DATABASE_URL: must be sqlite:///" in done.stderr
