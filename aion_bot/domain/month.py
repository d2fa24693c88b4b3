"""The month's allowance of one key of Aion's: how much is used, and what a channel may have when it runs short. No I/O.

The rule: until `SHORT` percent are used anybody may ask. From then on what is left in the morning (UTC) is divided among the
days that the month still has and the channels that asked in it; a channel may ask so many questions that day, one at least.
"""

import calendar
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aion_bot.domain.allowance import UsedUp, Whose

SHORT = 80
"""Percent of the month's allowance from which channels share what is left."""

WARNED_AT = (95, 80)
"""Percents at which a channel and the operator are warned, the highest first."""


@dataclass(frozen=True, slots=True)
class Month:
    """The allowance of a month: how many questions are allowed, and used by everybody who has the key."""

    allowed: int
    used: int

    @property
    def left(self) -> int:
        """How many are left."""
        return max(0, self.allowed - self.used)

    @property
    def percent(self) -> int:
        """How much is used, rounded down."""
        return 100 * self.used // self.allowed if self.allowed > 0 else 100

    @property
    def warning(self) -> int | None:
        """The highest percentage to warn of that is reached."""
        return next((one for one in WARNED_AT if self.percent >= one), None)

    def refusal(self, now: float, *, today: int, of_channel: int, channels: int) -> UsedUp | None:
        """Return why a channel may not ask one more question, at `now` in unix seconds.

        `today`: questions of this day in all channels, `of_channel` those of this one. `channels`: how many asked in this
        month, with this one.
        """
        at = datetime.fromtimestamp(now, UTC)
        if not self.left:
            return UsedUp(Whose.MONTH, self.allowed, _next_month(at))
        if self.percent < SHORT:
            return None
        share = self.share(days_left(at), today, channels)
        return UsedUp(Whose.SHARE, share, _next_day(at)) if of_channel >= share else None

    def share(self, days: int, today: int, channels: int) -> int:
        """Return the questions that each of so many channels may ask today, the first of `days` that the month still has."""
        return max(1, (self.left + today) // (max(1, days) * max(1, channels)))


def days_left(at: datetime) -> int:
    """Count the days that a month still has, with this one."""
    return calendar.monthrange(at.year, at.month)[1] - at.day + 1


def _next_day(at: datetime) -> float:
    """Return the seconds until the next day begins."""
    return (_midnight(at) + timedelta(days=1) - at).total_seconds()


def _next_month(at: datetime) -> float:
    """Return the seconds until the next month begins."""
    return (_midnight(at) + timedelta(days=days_left(at)) - at).total_seconds()


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def in_words(seconds: float) -> str:
    """Say how long a wait of a day or of a month is."""
    hours = math.ceil(seconds / 3600)
    if hours <= 1:
        return "an hour"
    return f"{hours} hours" if hours <= 36 else f"{math.ceil(hours / 24)} days"
