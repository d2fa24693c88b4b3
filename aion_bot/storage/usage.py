"""`aion-bot usage`: how much the bot is used, read beside a running bot: counts, never words, names or ids."""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aion_bot.domain.allowance import UNCOUNTED
from aion_bot.environment.database_location import Location
from aion_bot.storage.allowance import COUNTED
from aion_bot.storage.beside import Beside, open_beside
from aion_bot.storage.errors import StoreError, reason
from aion_bot.storage.serialization import ERASED
from aion_bot.storage.statements import among

_QUESTIONS = f"""
SELECT platform, count(*),
    count(DISTINCT asker_id) FILTER (WHERE asker_id <> '{ERASED}' AND coalesce(json_array_length(origin, '$.apps'), 0) = 0),
    count(DISTINCT workspace || ' ' || channel) FILTER (WHERE coalesce(origin -> '$.place[2]', 'false') <> 'true'),
    count(*) FILTER (WHERE origin -> '$.place[2]' = 'true')
FROM turn WHERE created_at >= ? GROUP BY platform ORDER BY platform
"""  # noqa: S608  # a literal of ours

_OUTCOMES = """
SELECT platform, coalesce(reason, 'open'), count(*) FROM turn WHERE created_at >= ? GROUP BY 1, 2 ORDER BY 3 DESC, 2
"""

_PLANS = """
SELECT platform, CASE kind
    WHEN 'asked' THEN 'proposed' WHEN 'refused' THEN 'presses refused'
    WHEN 'attempt' THEN iif(record ->> '$.action' = 'approve', 'approvals', 'cancellations')
    ELSE record ->> '$.phase'
END AS what, count(*) FROM audit
WHERE CAST(record ->> '$.at' AS BIGINT) >= ? AND kind IN ('asked', 'refused', 'attempt', 'outcome', 'expired')
    AND (kind <> 'outcome' OR record ->> '$.phase' IN ('done', 'failed', 'cancelled', 'settled'))
GROUP BY platform, what ORDER BY platform, min(number)
"""

# Whoever was erased is nobody: the questions of several people would be those of one.
_HOUR = f"""
SELECT coalesce(sum(questions), 0), coalesce(max(of_person), 0), coalesce(max(of_channel), 0) FROM (
    SELECT count(*) AS questions, CAST(NULL AS BIGINT) AS of_person, CAST(NULL AS BIGINT) AS of_channel FROM turn AS asked WHERE {COUNTED}
    UNION ALL SELECT NULL, count(*), CAST(NULL AS BIGINT) FROM turn AS asked WHERE {COUNTED} AND asker_id <> '{ERASED}'
    GROUP BY platform, workspace, asker_id
    UNION ALL SELECT NULL, NULL, count(*) FROM turn AS asked WHERE {COUNTED} GROUP BY platform, channel
) AS counted
"""  # noqa: S608  # literals of ours


@dataclass(frozen=True, slots=True)
class PlatformUsage:
    """What was asked and decided on one platform. `people` are no apps; `direct` counts questions in direct messages."""

    questions: int = 0
    people: int = 0
    channels: int = 0
    direct: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    plans: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Questions that count for the allowances: in the rolling hour, the most of one person and in one channel; in the month.

    The month is the calendar's, in UTC, and the bot's own count: what Aion's tier has left is not known.
    """

    hour: int
    most_of_a_person: int
    most_in_a_channel: int
    month: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The counts since a time. `kept_from`: the oldest question that is still there, None where there is none (ISO 8601, UTC)."""

    since: str
    kept_from: str | None
    platforms: Mapping[str, PlatformUsage]
    allowance: Allowance

    def lines(self) -> list[str]:
        """Tell it for a terminal."""
        told = [f"since {self.since}; the oldest question that is kept: {self.kept_from or 'none'}"]
        for name, one in self.platforms.items():
            who = f"{one.people} people in {one.channels} channels and in direct messages ({one.direct})"
            told += [
                f"{name}: {one.questions} questions of {who}",
                f"  outcomes: {_listed(one.outcomes)}",
                f"  plans: {_listed(one.plans)}",
            ]
        used = self.allowance
        told.append(
            f"allowance: {used.hour} questions in the last hour, at most {used.most_of_a_person} of one person and "
            f"{used.most_in_a_channel} in one channel; {used.month} in this month (UTC)"
        )
        return told


def read_usage(path: Location, seconds: float, *, now: float | None = None) -> Usage:
    """Count what happened in the last `seconds`, before `now`; rows that the sweep removed do not count.

    Raises:
        StoreError: there is no database, it cannot be read, or its schema is another version's.
    """
    until = time.time() if now is None else now
    since = max(int(until - seconds), 0)
    month = datetime.fromtimestamp(until, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    try:
        with open_beside(path) as connection:
            (oldest,) = connection.execute("SELECT min(created_at) FROM turn").fetchone()
            (asked,) = connection.execute(
                f"SELECT count(*) FROM turn WHERE asked_at >= ? AND (reason IS NULL OR NOT {among('reason', UNCOUNTED)})",  # noqa: S608  # literals of ours
                (int(month.timestamp()),),
            ).fetchone()
            hour, of_person, in_channel = connection.execute(_HOUR).fetchone()
            used = Allowance(hour, of_person, in_channel, asked)
            kept_from = None if oldest is None else _written(oldest)
            return Usage(_written(since), kept_from, _platforms(connection, since), used)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error


def _platforms(connection: Beside, since: int) -> dict[str, PlatformUsage]:
    outcomes: dict[str, dict[str, int]] = {}
    plans: dict[str, dict[str, int]] = {}
    for found, sql in ((outcomes, _OUTCOMES), (plans, _PLANS)):
        for platform, what, count in connection.execute(sql, (since,)):
            found.setdefault(platform, {})[what] = count
    usages = {name: PlatformUsage(plans=counts) for name, counts in plans.items()}
    for name, questions, people, channels, direct in connection.execute(_QUESTIONS, (since,)):
        usages[name] = PlatformUsage(
            questions, people, channels, direct, outcomes.get(name, {}), plans.get(name, {})
        )
    return dict(sorted(usages.items()))


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
