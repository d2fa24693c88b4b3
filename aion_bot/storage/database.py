"""Opening the database: numbered, forward-only migrations, and a clear sentence where it cannot be used."""

import asyncio
import contextlib
import errno
import sqlite3
from importlib.resources import files
from pathlib import Path

import aiosqlite


class StoreError(Exception):
    """The database cannot be used. The text is for the engineer and says what to do."""


def migrations() -> list[tuple[int, str]]:
    """Every migration that this version knows, as (number, SQL), in order."""
    folder = files("aion_bot.storage") / "migrations"
    found = [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return sorted(found)


async def open_database(path: Path) -> aiosqlite.Connection:
    """Open the file, creating it if it is missing, and bring its schema up to date.

    Raises:
        StoreError: the file is newer than this version, no database, corrupt, read-only or not to be reached.
    """
    try:
        # aiosqlite 0.22 leaves a thread behind that outlives the loop when it cannot open a file, so that is tried first.
        await asyncio.to_thread(_try, path)
        connection = await aiosqlite.connect(path, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be opened ({_reason(error, path)})") from error
    try:
        await _prepare(connection, path)
    except sqlite3.Error as error:
        await connection.close()
        raise StoreError(f"{path} cannot be used ({_reason(error, path)})") from error
    except BaseException:
        await connection.close()
        raise
    return connection


async def _prepare(connection: aiosqlite.Connection, path: Path) -> None:
    connection.row_factory = aiosqlite.Row
    await connection.execute("PRAGMA busy_timeout = 1000")
    await connection.execute(
        "PRAGMA locking_mode = EXCLUSIVE"
    )  # one process a database, until it ends however
    known = migrations()
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    version = int(row[0]) if row else 0
    if version > known[-1][0]:
        raise StoreError(
            f"{path} was written by a newer aion-bot (schema {version}, this one knows {known[-1][0]}): "
            "install that version again, or name another file in AION_BOT_DATABASE_URL"
        )
    await connection.execute("PRAGMA journal_mode = WAL")
    await connection.execute("PRAGMA synchronous = FULL")
    for number, sql in known:
        if number > version:
            await connection.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;"
            )


def _try(path: Path) -> None:
    """Find out whether the file can be written, and whether somebody else holds it."""
    with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE probe (x)")  # a read-only file lets a transaction begin
        connection.execute("ROLLBACK")


def _reason(error: sqlite3.Error, path: Path) -> str:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_READONLY"):
        return "it is read-only: give the bot's user write permission to the file and its folder"
    if name in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
        return "it is not a sound SQLite database: move it away to start afresh, or restore a backup"
    if name.startswith("SQLITE_CANTOPEN"):
        return "it cannot be opened: " + (
            "the folder does not exist" if not path.parent.exists() else "check permissions"
        )
    if name.startswith("SQLITE_FULL"):
        return "the disk is full"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process holds it: one bot a database"
    return name or errno.errorcode.get(getattr(error, "errno", 0), str(error))
