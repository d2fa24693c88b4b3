"""Reads the bot's database after the bot has ended."""

import itertools
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aion_bot.environment.database_location import Location
from aion_bot.ports.messages import Action
from aion_bot.storage.beside import open_beside
from benchmarks.chaos.environment import Environment

_ROWS = "SELECT key, prompt, thread, attempt, phase, reason, erased_at IS NOT NULL FROM turn"

_WHOLE = (
    "SELECT * FROM turn WHERE key = ?",
    "SELECT attempt, at, event FROM timeline WHERE key = ? ORDER BY at",
    "SELECT * FROM mention WHERE owner = ?",
    "SELECT * FROM waiting_sign WHERE turn = ?",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One turn in the bot's database."""

    key: str
    attempt: int
    phase: str
    reason: str | None
    erased: bool = False
    """Whether the words of the question are gone."""

    @property
    def failed_and_deleted(self) -> bool:
        """Whether it failed and nobody can have it asked again, as its writer deleted it."""
        return self.erased and self.reason in {"failed", "interrupted"}


def rows(environment: Environment) -> Mapping[int, list[Row]]:
    """The turns by question, found by the message that asked, or for a command by the thread that it opened."""
    numbers = {
        (one.scenario.platform, one.message or one.thread): one.scenario.number
        for one in environment.records.values()
    }
    found: dict[int, list[Row]] = defaultdict(list)
    for database, platforms in environment.databases.items():
        with open_beside(database) as connection:
            for key, prompt, thread, attempt, phase, reason, erased in connection.execute(_ROWS):
                if Action.ANOTHER_PLAN in prompt:  # a question of its own, in the thread of another
                    continue
                for platform in platforms:
                    message, opened = _last(prompt), _last(thread)
                    number = numbers.get((platform, message)) or numbers.get((platform, opened))
                    if number is not None and (
                        (platform, message) in numbers or not environment.records[number].message
                    ):
                        found[number].append(Row(key, attempt, phase, reason, bool(erased)))
    return found


def whole_rows(keys: Collection[str], databases: Collection[Location]) -> list[dict[str, object]]:
    """Every column of some turns, and what happened to them when: for a question that went wrong."""
    found: list[dict[str, object]] = []
    for database in databases:
        with open_beside(database) as connection:
            for key, select in itertools.product(keys, _WHOLE):
                found += [dict(row) for row in connection.execute(select, (key,))]
    return found


def plans(databases: Collection[Location]) -> set[str]:
    """The ids of the plans that the bot recorded."""
    found: set[str] = set()
    for database in databases:
        with open_beside(database) as connection:
            found.update(plan for (plan,) in connection.execute("SELECT plan_id FROM plan"))
    return found


def _last(name: str) -> str:
    return name.replace(":", "/").rpartition("/")[2]
