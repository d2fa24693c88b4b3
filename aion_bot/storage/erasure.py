"""`aion-bot erase`: people's words, names and ids leave the database and its files, also beside a running bot."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aion_bot.domain.plan import UNDER_WAY
from aion_bot.domain.turn import UNFINISHED
from aion_bot.environment.database_location import Location
from aion_bot.ports.failures import reference
from aion_bot.storage.audit_chain import canonical
from aion_bot.storage.audit_check import digests_in, rows_of
from aion_bot.storage.beside import Beside, open_beside, rewrite, together
from aion_bot.storage.copies import copies_of
from aion_bot.storage.errors import StoreError, reason
from aion_bot.storage.explanation import MOST_FOUND, conditions
from aion_bot.storage.serialization import ERASED, stripped_origin
from aion_bot.storage.statements import among

MENTION_HINTS = "mention hints"
"""Name of the value that holds who got a hint in which thread, as a JSON list of `<thread> <person>`."""

_LOOK = 0.25
"""Seconds between two looks whether what goes on has ended, or the log is free."""

_LONGEST_WRITE = 10
"""Seconds that a write of the bot takes at most."""

_LISTED = 1000
"""Digests of one row of the audit that records an erasure."""

_IN_THREADS = (
    "EXISTS (SELECT 1 FROM json_each(:threads) WHERE value ->> 0 = {0}.platform AND value ->> 1 = {0}.thread)"
)


_TURN_LEFT = f"NOT {among('phase', UNFINISHED)} AND asker_id <> '{ERASED}'"
_PLAN_LEFT = f"NOT {among('phase', UNDER_WAY)} AND (requester_id <> '{ERASED}' OR coalesce(decider_id, '{ERASED}') <> '{ERASED}')"
"""Rows that have ended and were not erased before."""

_TURNS = f"""
UPDATE turn SET text = '', attached = '', asker_id = '{ERASED}', asker_name = '', {stripped_origin()},
    erased_at = coalesce(erased_at, unixepoch())
WHERE key IN (SELECT key FROM gone WHERE of_plan = 0)
"""  # noqa: S608  # literals of ours

# Of a card that does not show the outcome yet the sentence about it stays: it is the bot's own.
_PLANS = f"""
UPDATE plan SET description = '', steps = '[]', said = '', pending = '[]', requester_id = '{ERASED}', requester_name = '',
    detail = iif(shown = 1, '', detail), erased_at = coalesce(erased_at, unixepoch())
WHERE key IN (SELECT key FROM gone WHERE of_plan = 1)
"""  # noqa: S608  # literals of ours

_ATTEMPTS = f"""
UPDATE attempt SET person_id = '{ERASED}', person_name = '' WHERE person_id <> '{ERASED}' AND NOT EXISTS (
    SELECT 1 FROM plan WHERE plan.key = attempt.plan AND {among("plan.phase", UNDER_WAY)}
)
"""  # noqa: S608  # literals of ours

_APPROVALS = _ATTEMPTS.replace("attempt", "approval")

_REST = (
    "UPDATE file SET name = '' WHERE turn IN (SELECT key FROM gone)",
    "DELETE FROM earlier WHERE turn IN (SELECT key FROM gone) OR EXISTS (SELECT 1 FROM json_each(authors) WHERE value = :user)",
    f"""
UPDATE plan SET decider_id = '{ERASED}', decider_name = '' WHERE decider_id IS NOT NULL
AND (decider_id = :user OR :user IS NULL AND key IN (SELECT key FROM gone)) AND NOT {among("phase", UNDER_WAY)}
""",  # noqa: S608  # literals of ours
    f"""
UPDATE gallery SET person_id = '{ERASED}', phase = 'shown', pictures = (
    SELECT json_group_array(json_object('id', value ->> '$.id')) FROM json_each(pictures)
) WHERE substr(owner, 1, instr(owner || '-', '-') - 1) IN (SELECT key FROM gone) OR person_id = :user
""",  # noqa: S608  # literals of ours
    f"""
UPDATE reason SET person_id = '{ERASED}', person_name = '', words = '', told = '', salt = ''
WHERE person_id = :user OR :user IS NULL AND plan IN (SELECT key FROM gone)
""",  # noqa: S608  # a literal of ours
    "DELETE FROM rating WHERE person_id = :user",
    "DELETE FROM plan_copy WHERE person_id = :user OR :user IS NULL AND plan IN (SELECT key FROM gone)",
    "DELETE FROM search WHERE person_id = :user OR :user IS NULL AND turn IN (SELECT key FROM gone)",
    f"UPDATE rating SET person_id = '{ERASED} ' || rowid, reason = '' WHERE :user IS NULL AND turn IN (SELECT key FROM gone)",  # noqa: S608  # a literal of ours
    f"UPDATE mention SET person_id = '{ERASED}', phase = 'sent' WHERE owner IN (SELECT key FROM gone) OR person_id = :user",  # noqa: S608  # literals of ours
    f"""
UPDATE kv SET value = (
    SELECT json_group_array(hint.value) FROM json_each(kv.value) AS hint
    WHERE coalesce(substr(hint.value, length(hint.value) - length(:user)) <> ' ' || :user, true) AND NOT EXISTS (
        SELECT 1 FROM json_each(:threads) AS thread WHERE thread.value ->> 0 = kv.platform
        AND substr(hint.value, 1, length(thread.value ->> 1) + 1) = (thread.value ->> 1) || ' '
    )
) WHERE name = '{MENTION_HINTS}'
""",  # noqa: S608  # literals of ours
)


# The platform may have renamed a thread: the audit has the id of the time, and the plan the one of today.
_THREADS_LEFT = f"""
SELECT digest FROM audit_clear AS own WHERE kind = 'thread'
AND NOT EXISTS (SELECT 1 FROM json_each(:threads) WHERE value ->> 0 = own.platform AND value ->> 1 = own.value)
AND NOT EXISTS (
    SELECT 1 FROM plan JOIN audit ON audit.plan = plan.key
    WHERE record ->> '$.thread' = own.digest AND {_IN_THREADS.format("plan")}
)
"""  # noqa: S608  # literals of ours


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is to be erased: of a person (an id), of threads (platform and opaque id), or of what ended before a time."""

    user: str | None = None
    threads: Sequence[tuple[str, str]] | None = None
    before: float | None = None

    def condition(self, table: str) -> str:
        """SQL for the rows of `turn`, `plan`, `attempt` or `approval` that are meant."""
        if self.user is not None:
            column = {
                "turn": "asker_id",
                "plan": "requester_id",
                "attempt": "person_id",
                "approval": "person_id",
            }[table]
            return f"{column} = :user"
        if self.threads is not None:
            return _IN_THREADS.format(table)
        at = {"turn": "coalesce(closed_at, created_at)", "plan": "coalesce(decided_at, created_at)"}
        return f"{at.get(table, 'at')} < :before"

    @property
    def values(self) -> Mapping[str, object]:
        """The parameters of the conditions."""
        return {"user": self.user, "threads": json.dumps(self.threads or ()), "before": self.before}


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure came to: rows by kind, copies that are gone, and what could not be done.

    `open` are references of questions and plans that have not ended, `copies_left` copies that were to be kept.
    `log_left`: somebody reads the database, so that its log still holds the words.
    """

    counts: Mapping[str, int]
    copies: Sequence[Path] = ()
    copies_left: Sequence[Path] = ()
    open: Sequence[str] = field(default=())
    log_left: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing of what was meant is left, but in copies that were to be kept."""
        return not self.open and not self.log_left

    def lines(self) -> list[str]:
        """Tell it for a terminal."""
        told = ["erased: " + ", ".join(f"{name} {count}" for name, count in self.counts.items())]
        told += [f"removed: {one}, a copy from before an update" for one in self.copies]
        told += [
            f"kept: {one}, a copy from before an update; it may hold the words" for one in self.copies_left
        ]
        if self.open:
            refs = ", ".join(f"ref={one}" for one in self.open)
            told.append(f"not erased, because it has not ended: {refs}; let the bot end it, then erase again")
        if self.log_left:
            told.append("another process reads the database: its log holds the words until you erase again")
        return told


def threads_of(path: Location, named: str, message: tuple[str, str] | None = None) -> list[tuple[str, str]]:
    """Find the threads that a reference, key or thread id names, or a `message`. Raises `StoreError` as `explain` does."""
    own = "" if message else "OR thread = :named"
    try:
        with open_beside(path) as connection:
            of_turn, of_plan, values = conditions(connection, named, message)
            rows = connection.execute(
                f"SELECT platform, thread FROM turn WHERE {of_turn} {own} "  # noqa: S608  # literals of ours
                f"UNION SELECT platform, thread FROM plan WHERE {of_plan} {own} LIMIT {MOST_FOUND}",
                values,
            )
            return [(platform, thread) for platform, thread in rows]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error


def erase_workspace(path: Location, workspace: str) -> bool:
    """Erase the threads of a workspace as `erase` does; False where something has not ended. Raises `StoreError`."""
    try:
        with open_beside(path) as connection:
            of_plans = "SELECT plan.platform, plan.thread FROM plan JOIN turn ON turn.key = plan.turn"
            rows = connection.execute(
                f"SELECT platform, thread FROM turn WHERE workspace = :id UNION {of_plans} WHERE workspace = :id",  # noqa: S608  # literals of ours
                {"id": workspace},
            )
            threads = [(platform, thread) for platform, thread in rows]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error
    return not threads or erase(path, Erasure(threads=threads), wait=0.0).complete


def erase(path: Location, erasure: Erasure, *, wait: float, keep_copies: bool = False) -> Erased:
    """Erase words, names and ids, and what of them is left in the files of the database.

    Rows stay, without them, so that nothing is asked twice; the audit keeps its chain. What has not ended is waited for,
    `wait` seconds at most, and then left as it is. Copies that were made before an update are removed.

    Raises:
        StoreError: there is no database, it cannot be written, or its schema is another version's.
    """
    try:
        with open_beside(path, write=True) as connection:
            until = time.monotonic() + wait
            while _open(connection, erasure) and time.monotonic() < until:
                time.sleep(_LOOK)
            if isinstance(connection, sqlite3.Connection):
                # The bot may write its database anew just now.
                connection.execute(f"PRAGMA busy_timeout = {_LONGEST_WRITE * 1000}")
            with together(connection):
                # Once more, now that nobody else can write: something may have begun since.
                left = _open(connection, erasure)
                counts = _erase_rows(connection, erasure)
                counts["values of the audit"] = _erase_audit(connection, erasure)
            emptied = _rewrite(connection, until=time.monotonic() + wait + _LOOK)
        copies = copies_of(path) if isinstance(path, Path) else []
        for copy in () if keep_copies else copies:
            copy.unlink()
    except ValueError as error:
        raise StoreError(
            f"{path}: the audit cannot be read, so nothing was erased; see aion-bot audit verify"
        ) from error
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be erased ({reason(error, path)}): erase again") from error
    gone, kept = ((), copies) if keep_copies else (copies, ())
    return Erased(counts, gone, kept, left, not emptied)


def _open(connection: Beside, erasure: Erasure) -> list[str]:
    """Return the references of what is meant and has not ended: a question that is answered, a decision that is carried out."""
    rows = connection.execute(
        f"SELECT key FROM turn WHERE {erasure.condition('turn')} AND {among('phase', UNFINISHED)} "  # noqa: S608  # literals of ours
        f"UNION ALL SELECT key FROM plan WHERE ({erasure.condition('plan')} OR decider_id = :user) AND {among('phase', UNDER_WAY)}",
        erasure.values,
    )
    return [reference(key) for (key,) in rows]


def _erase_rows(connection: Beside, erasure: Erasure) -> dict[str, int]:
    """Erase what is meant and has ended; returns how many rows of each kind that are."""
    # What is meant is written down first: the changes below take away by what it is found.
    connection.execute("CREATE TEMP TABLE gone (key TEXT PRIMARY KEY, of_plan INTEGER)")
    for of_plan, table, ended in ((0, "turn", _TURN_LEFT), (1, "plan", _PLAN_LEFT)):
        sql = f"INSERT INTO gone SELECT key, {of_plan} FROM {table} WHERE {erasure.condition(table)} AND {ended}"  # noqa: S608  # literals of ours
        connection.execute(sql, erasure.values)
    # An attempt keeps the id that its thread had.
    attempts = f"{_ATTEMPTS} AND ({erasure.condition('attempt')} OR :user IS NULL AND plan IN (SELECT key FROM gone))"  # noqa: S608  # literals of ours
    approvals = f"{_APPROVALS} AND ({erasure.condition('approval')} OR :user IS NULL AND plan IN (SELECT key FROM gone))"  # noqa: S608  # literals of ours
    connection.execute(approvals, erasure.values)
    counted = {"questions": _TURNS, "plans": _PLANS, "attempts": attempts}
    counts = {name: connection.execute(sql, erasure.values).rowcount for name, sql in counted.items()}
    for sql in _REST:
        connection.execute(sql, erasure.values)
    connection.execute("DROP TABLE gone")
    return counts


def _erase_audit(connection: Beside, erasure: Erasure) -> int:
    """Remove the clear values that are meant, and record their digests; returns how many there were."""
    if erasure.user is not None:
        found = {
            one
            for (one,) in connection.execute(
                "SELECT digest FROM audit_clear WHERE person = ?", (erasure.user,)
            )
        }
    else:
        found = _unused_digests(connection, erasure)
    known = connection.execute(
        "DELETE FROM audit_clear WHERE digest IN (SELECT value FROM json_each(?)) RETURNING digest",
        (canonical(sorted(found)),),
    ).fetchall()
    digests = sorted(one for (one,) in known)
    for at in range(0, len(digests), _LISTED):
        more = canonical({"erased": digests[at : at + _LISTED]})
        connection.execute("INSERT INTO audit_entry (kind, more) VALUES (?, ?)", (ERASED, more))
    return len(digests)


def _unused_digests(connection: Beside, erasure: Erasure) -> set[str]:
    """Return the digests that stand in the rows that are meant alone: who also stands in another row stays."""
    # A row whose thread was erased earlier keeps nobody.
    threads = {one for (one,) in connection.execute(_THREADS_LEFT, erasure.values)}
    in_force = {
        one
        for (one,) in connection.execute(
            "SELECT max(number) FROM audit WHERE kind = 'policy' GROUP BY platform"
        )
    }
    meant, others = set[str](), set[str]()
    for number, record, _ in rows_of(connection):
        said: Mapping[str, Any] = json.loads(record)
        is_old = erasure.before is not None and said.get("at", 0) < erasure.before and number not in in_force
        is_gone = "thread" in said and said["thread"] not in threads
        for _, _, found in digests_in(said):
            (meant if is_old or is_gone else others).update(found if isinstance(found, list) else [found])
    return meant - others


def _rewrite(connection: Beside, *, until: float) -> bool:
    """Write the database anew without its free space, and empty the log; False where somebody reads it for too long."""
    if not isinstance(connection, sqlite3.Connection):
        rewrite(connection)
        return True
    # A checkpoint that waits for a reader keeps the bot from writing: it waits for a moment only, and is tried again.
    connection.execute(f"PRAGMA busy_timeout = {int(_LOOK * 1000)}")
    # The first checkpoint lets the log begin anew, the last one moves into the database what VACUUM wrote to it.
    steps = ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"]
    while steps:
        try:
            row = connection.execute(steps[0]).fetchone()
            done = row is None or row[0] == 0
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            done = False
        if done:
            del steps[0]
        elif time.monotonic() > until:
            return False
        else:
            time.sleep(_LOOK)
    return True
