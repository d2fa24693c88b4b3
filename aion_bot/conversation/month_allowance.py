"""The month's allowance of the key in use: read from Aion where it tells, warned of, and shared among channels."""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Mapping

import structlog

from aion_bot.aion import AionVision, AionvisionError
from aion_bot.domain import strings
from aion_bot.domain.allowance import UsedUp
from aion_bot.domain.month import SHORT
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Prompt
from aion_bot.ratelimit.request_pace import RequestPace
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

READ_EVERY = 300.0
"""Seconds between two looks at what Aion says of the month: one request in five minutes."""


class MonthAllowance:
    """How the month stands. `short`: channels share what is left and are warned; `percent`: how much is used."""

    def __init__(self, store: Store, aion: AionVision, variable: str = "") -> None:
        self._months, self._aion = store.months.of_key(variable) if variable else store.months, aion
        self.short, self.percent = False, 0
        self.left: int | None = None
        """Questions left in the month, as Aion said at the last look; None where it does not tell."""

    async def run(self, api_key: str) -> None:
        """Count for this key, and read what Aion says of it now and again."""
        work = self.use_key(api_key)
        while True:
            try:
                await work
            except sqlite3.Error as error:
                _log.error("database write failed", what="month", reason=str(error))
            await asyncio.sleep(READ_EVERY)
            work = self.read()

    async def use_key(self, api_key: str) -> None:
        """Count for another key from now on; of the key only a digest is kept."""
        await self._months.use_key(hashlib.sha256(api_key.encode()).hexdigest()[:16])
        await self.read()

    async def read(self) -> None:
        """Ask Aion how the month stands, judge it, and warn the operator; where Aion does not tell, nothing is assumed."""
        try:
            limits = await self._aion.tenant.get_limits()
        except AionvisionError as error:  # not every key may know
            self.left = None
            _log.debug("monthly allowance not known", reason=error.code)
        else:
            if isinstance(self._aion.pace, RequestPace) and (minute := named_count(limits.limits, "minute")):
                self._aion.pace.learn(minute)
            allowed, left = named_count(limits.limits, *MESSAGES), named_count(limits.remaining, *MESSAGES)
            used, self.left = named_count(limits.usage, *MESSAGES), left
            if used is None and left is not None and allowed is not None:
                used = max(0, allowed - left)
            if allowed:
                await self._months.note(allowed, await self._months.own() if used is None else used)
        month = await self._months.now()
        self.percent = 0 if month is None else month.percent
        self.short = month is not None and month.percent >= SHORT
        if month and month.warning and await self._months.warn(month.warning):
            _log.warning(
                "monthly allowance running low", percent=month.percent, used=month.used, allowed=month.allowed
            )

    async def refusal(self, prompt: Prompt) -> UsedUp | None:
        """Return why the channel of a question may not ask it, while the month is `short`."""
        month = await self._months.now()
        if month is None:
            return None
        use = await self._months.of_channel(prompt.thread.platform, prompt.place.channel)
        return month.refusal(time.time(), today=use.today, of_channel=use.of_channel, channels=use.channels)

    async def warning(self, turn: Turn) -> str:
        """Return what the channel of a question is to be told of the month: once of each percentage, otherwise ""."""
        try:
            month = await self._months.now()
            if month is None or month.warning is None:
                return ""
            warned = await self._months.warn(month.warning, turn.thread.platform, turn.place.channel)
        except sqlite3.Error as error:  # a full disk costs the warning, not the answer
            _log.error("database write failed", what="month", reason=str(error))
            return ""
        return strings.month_short(month.warning, month.used, month.allowed) if warned else ""


MESSAGES = ("chat", "message")
"""The contract names the kinds of limits by examples alone: `api_calls_per_minute`, `monthly_uploads`."""


def named_count(numbers: Mapping[str, int], *words: str) -> int | None:
    """Return the first number whose name has one of the words; none a minute unless that is the word, and no largest size."""
    named = (
        count
        for name, count in numbers.items()
        if any(word in name for word in words)
        and ("minute" in words or "minute" not in name)
        and not name.startswith("max_")
    )
    return next(named, None)
