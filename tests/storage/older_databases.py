"""Databases as earlier versions left them: the migrations of their time, and rows of each kind."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from aion_bot.storage.schema import migrations

_TURN = "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, state, session_id, posted) VALUES (?, ?, 'slack', 'T/C/1', 'U1', 'Ada', ?, ?, 's1', '[\"m1\"]')"
_PLAN = "INSERT INTO plan (key, plan_id, session_id, platform, thread, requester_id, requester_name, description, steps, operations, status, action, decider_id, decider_name, decided_at) VALUES (?, 'p1', 's1', 'slack', 'T/C/1', 'U1', 'Ada', 'Sort', '[[\"Folders\", \"sort them\"]]', 3, ?, 'approve', 'U1', 'Ada', 1750000000)"


def write_older(path: Path, schema: int) -> None:
    """Write a database of this schema (1 to 3) as a bot of that version left it after a stop; 0 is an empty file.

    It holds the questions `open`, `done` and `failed` of one thread with the session `s1`, the plans `running` and
    `finished`, and a value.
    """
    path.touch()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        fill(connection, schema)


def fill(connection: sqlite3.Connection, schema: int) -> None:
    """Write the same to an open connection, in autocommit mode."""
    if schema == 0:
        return
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    for number, sql in migrations()[:schema]:
        connection.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
    for key, text in (("open", "What?"), ("done", ""), ("failed", "Why?")):
        connection.execute(_TURN, (key, f"prompt {key}", text, key))
    connection.execute("UPDATE thread SET session_id = 's1'")
    for key, status in (("running", "running"), ("finished", "done")):
        connection.execute(_PLAN, (key, status))
    connection.execute("INSERT INTO note VALUES ('discord', 'newest', '42')")
    if schema >= 2:
        connection.execute("UPDATE turn SET settled = state <> 'open'")
        connection.execute("UPDATE plan SET settled = status = 'done'")
    if schema >= 3:
        connection.execute("UPDATE turn SET tidy = settled")
        connection.execute("UPDATE plan SET decision = rowid")


def write_schema_6(path: Path) -> None:
    """Write a database of schema 6, with secure deletion off as somebody's shell has it, and words that it kept.

    Its turns are `queued`, `answered`, `failed` (just now) and `old` (failed two days ago), its plans `pending` and `done`.
    """
    turns = [
        ("queued", "queued", None, 0),
        ("answered", "cleared", "answered", 0),
        ("failed", "shown", "failed", 0),
    ]
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        for number, sql in migrations()[:6]:
            connection.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
        for key, phase, reason, age in [*turns, ("old", "cleared", "failed", 172_800)]:
            words = f"{key} WORDS"
            text = "" if key == "answered" else words
            origin = {
                "key": key,
                "place": ["T", "C", False, False, ""],
                "opening": words,
                "attachments": 0,
                "source": None,
            }
            connection.execute(
                "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, origin, phase, reason, closed_at) "
                "VALUES (?, ?, 'discord', '1', 'U1', 'Ada', ?, ?, ?, ?, unixepoch() - ?)",
                (key, key, text, json.dumps(origin), phase, reason, age),
            )
        for key in ("pending", "done"):
            connection.execute(
                "INSERT INTO plan (key, plan_id, session_id, platform, thread, turn, requester_id, requester_name, "
                "description, steps, said, digest, phase) VALUES (?, ?, 's1', 'discord', '1', '', 'U1', 'Ada', ?, ?, 'said', "
                "'d', ?)",
                (key, key, f"{key} WORDS", json.dumps([["Folders", f"{key} WORDS"]]), key),
            )
