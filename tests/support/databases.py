"""Databases as an earlier start of this version left them: cheaper than to migrate an empty file in every test."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from aion_bot.storage.schema import migrate, migrations


def lay_database(path: Path) -> Path:
    """Put an empty database of the newest schema at `path`, unless a file is there. Returns the path."""
    if not path.exists():
        path.touch(0o600)
        path.write_bytes(_empty_database())
    return path


@cache
def _empty_database() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "bot.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, path, migrations())
        return path.read_bytes()
