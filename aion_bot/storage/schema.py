"""Bringing a database to the schema of this version: numbered, forward-only migrations in one transaction."""

import sqlite3
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import structlog

from aion_bot.storage.audit_chain import FUNCTIONS
from aion_bot.storage.copies import copy_before_migration
from aion_bot.storage.errors import StoreError, reason

_log = structlog.get_logger(__name__)

Migration = tuple[int, str]
"""The schema that it leads to, and its SQL."""


@cache
def migrations() -> Sequence[Migration]:
    """Every migration that this version knows, in order; read once, although a start asks for them twice."""
    folder = files("aion_bot.storage") / "migrations"
    found = [(int(entry.name.split("_")[0]), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return tuple(sorted(found))


def read_schema(connection: sqlite3.Connection, path: Path, known: Sequence[Migration]) -> int:
    """Return the number of the database's schema, 0 for an empty one.

    Raises:
        StoreError: a newer version wrote it.
        sqlite3.Error: it cannot be read, or is no database.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    newest = known[-1][0]
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer aion-bot (schema {version}, this one knows {newest}): "
            "install that version again, or name another file in AION_BOT_DATABASE_URL"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, known: Sequence[Migration]) -> None:
    """Carry out the migrations that the database lacks, all of them or none; first a copy is made beside it.

    An empty database gets no copy. The caller holds the lock, so that nobody writes between the copy and the migration.

    Raises:
        StoreError: the copy or the migration failed; the database is as it was.
    """
    version = read_schema(connection, path, known)
    for name, arguments, function in FUNCTIONS:
        connection.create_function(name, arguments, function, deterministic=True)
    pending = [migration for migration in known if migration[0] > version]
    if not pending:
        return
    copy: Path | None = None
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is not None:
        copy = copy_before_migration(connection, path, version)
    steps = "\n".join(f"{sql}\nPRAGMA user_version = {number};" for number, sql in pending)
    try:
        # One script: `executescript` commits before it begins, so that a second call would end the transaction.
        connection.executescript(f"BEGIN IMMEDIATE;\n{steps}\nCOMMIT;")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        kept = "" if copy is None else f"; a copy is in {copy}"
        raise StoreError(
            f"{path} cannot be brought from schema {version} to {pending[-1][0]} ({reason(error, path)}): "
            f"it is as it was{kept}"
        ) from error
    if copy is not None:
        _log.info("database migrated", schema=pending[-1][0], was=version, copy=str(copy))
