"""What the database knows of one turn or plan but its words, read beside a running bot."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aion_bot.environment.database_location import Location
from aion_bot.ports.failures import reference
from aion_bot.storage.beside import Beside, open_beside
from aion_bot.storage.engines import Row
from aion_bot.storage.errors import StoreError, reason


@dataclass(frozen=True, slots=True)
class Moment:
    """When something came to a phase, or another event; `at` is in seconds since 1970."""

    at: float
    event: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A turn or plan (`kind`) without its words; `facts` are names with values, `key` is not shown: a button takes it."""

    kind: str
    key: str
    facts: tuple[tuple[str, str], ...]
    moments: tuple[Moment, ...]

    @property
    def ref(self) -> str:
        """Its reference in chats and logs."""
        return reference(self.key)

    def lines(self) -> list[str]:
        """Tell it for a terminal: what it is, its facts, then each moment with the seconds since the first one."""
        first = self.moments[0].at if self.moments else 0.0
        told = [f"{self.kind} ref={self.ref}", *(f"  {name}={value}" for name, value in self.facts)]
        for one in self.moments:
            at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds")
            retry = f" (attempt {one.attempt})" if one.attempt else ""
            told.append(f"  {at}  {one.at - first:+10.3f} s  {one.event}{retry}")
        return told if self.moments else [*told, "  no times: an earlier version wrote it"]


_TURNS = """
SELECT key, platform, phase, reason, attempt, starts, json_array_length(posted) AS messages FROM turn WHERE {}
"""
_PLANS = "SELECT key, platform, phase, action, turn, json_array_length(steps) AS steps FROM plan WHERE {}"

_BY_KEY = "key IN (SELECT value FROM json_each(:keys))"

_TURN_OF_MESSAGE = """
json_extract(origin, '$.source') = :message OR json_extract(origin, '$.echo') = :message
OR EXISTS (SELECT 1 FROM json_each(posted) AS one WHERE one.value = :message)
"""
MOST_FOUND = 20
"""Turns and plans that one reference names at most: those of one message may be several."""


def conditions(
    connection: Beside, named: str, message: tuple[str, str] | None
) -> tuple[str, str, Mapping[str, str]]:
    """Return SQL for the turns and for the plans that a reference or key names, or a `message`, and its parameters.

    References are not stored: each row's key is read.
    """
    if message is None:
        rows = connection.execute("SELECT key FROM turn UNION ALL SELECT key FROM plan")
        keys = [key for (key,) in rows if named in {key, reference(key)}]
        return _BY_KEY, _BY_KEY, {"keys": json.dumps(keys), "named": named}
    of_turn = f"platform = :platform AND ({_TURN_OF_MESSAGE})"
    of_plan = "platform = :platform AND message = :message"
    return of_turn, of_plan, {"platform": message[0], "message": message[1]}


def explain(path: Location, named: str, message: tuple[str, str] | None = None) -> list[Explanation]:
    """Find the turns and plans that a reference or key names, or of a `message` (platform and opaque id), with their plans.

    Changes nothing. Empty where the database knows of none. Reads each row's key, as references are not stored.

    Raises:
        StoreError: there is no database, it cannot be read, or its schema is an older version's.
    """
    try:
        with open_beside(path) as connection:
            of_turn, of_plan, values = conditions(connection, named, message)
            turns = connection.execute(_TURNS.format(of_turn) + f"LIMIT {MOST_FOUND}", values).fetchall()
            plans = connection.execute(_PLANS.format(of_plan) + f" LIMIT {MOST_FOUND}", values).fetchall()
            for turn in turns:
                plans += connection.execute(_PLANS.format("turn = ?"), (turn["key"],)).fetchall()
            unique = {plan["key"]: plan for plan in plans}
            return [
                _explanation(connection, kind, row)
                for kind, rows in (("turn", turns), ("plan", list(unique.values())))
                for row in rows
            ]
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error


def _explanation(connection: Beside, kind: str, row: Row) -> Explanation:
    found: Sequence[tuple[float, str, int]] = connection.execute(
        "SELECT at, event, attempt FROM timeline WHERE key = ? ORDER BY at, event", (row["key"],)
    ).fetchall()
    values = dict(row)
    facts = [
        (name, str(one)) for name, one in values.items() if name not in {"key", "turn"} and one is not None
    ]
    if kind == "plan":
        facts.append(("turn", reference(row["turn"])))
    return Explanation(
        kind, row["key"], tuple(facts), tuple(Moment(at, event, attempt) for at, event, attempt in found)
    )
