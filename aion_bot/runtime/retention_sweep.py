"""The background task that erases words, and removes rows and copies, when their time is over."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

import structlog

from aion_bot.runtime.supervisor import delivered_from
from aion_bot.storage import Store

_log = structlog.get_logger(__name__)

DAY = 86_400.0

REWRITTEN = "rewritten"
"""Name of the value that says when the database was written anew last, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class SweepPauses:
    """Seconds. `look`: between two looks for words whose time is over; every `DAY` one of them is a whole sweep.

    `settle`: from when words were erased until the log is emptied; what is erased meanwhile goes with it. A log that
    somebody reads is tried again after as long, so that an erased word is there for half a minute at most, unless a
    connection reads for longer than that.
    """

    look: float = 60.0
    settle: float = 12.0


DEFAULT_PAUSES = SweepPauses()


class RetentionSweep:
    """Sweeps at the start and then daily. `days`: how long rows are kept; `platforms`: those that this process connects."""

    def __init__(
        self,
        store: Store,
        days: int,
        platforms: Collection[str],
        *,
        clock: Callable[[], float] = time.time,
        pauses: SweepPauses | None = None,
    ) -> None:
        self._store = store
        self._retention = store.retention
        self._days = days
        self._platforms = platforms
        self._clock = clock
        self._pauses = pauses or DEFAULT_PAUSES
        self._next = 0.0
        self._delivered: Mapping[str, float] = {}

    async def load(self) -> None:
        """Read from when on each platform may deliver an event again.

        Call it before a platform connects, because that changes the time.
        """
        found = {one: await delivered_from(self._store, one) for one in self._platforms}
        self._delivered = {one: since for one, since in found.items() if since is not None}

    async def run(self) -> None:
        """Sweep until it is cancelled. A database that cannot be written is tried again at the next look."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_sweeping())
            group.create_task(self._keep_log_empty())

    async def sweep(self) -> None:
        """Erase and remove everything whose time is over, in batches, and say how much that was."""
        before = self._clock() - self._days * DAY
        words = await self._all(lambda: self._retention.erase_expired(self._clock()))
        plans = await self._all(lambda: self._retention.remove_plans(before))
        turns = await self._all(
            lambda: self._retention.remove_turns(before, self._platforms, self._delivered)
        )
        copies = await asyncio.to_thread(self._retention.remove_copies, before)
        rewritten = await self._rewrite(removed=bool(words or plans or turns))
        _log.info(
            "retention sweep",
            days=self._days, turns=turns, plans=plans, words=words, copies=copies, rewritten=rewritten,
        )  # fmt: skip

    async def _rewrite(self, *, removed: bool) -> bool:
        """Write the database anew where something was removed, or not in the last day; False where that was not done.

        It reads and writes all of the database: a start should not do so again, when nothing has changed since.
        """
        now, at = self._clock(), float(await self._store.kv.get("", REWRITTEN) or 0)
        if not removed and at <= now < at + DAY:
            return False
        rewritten = await self._retention.rewrite()
        if rewritten:
            await self._store.kv.set("", REWRITTEN, str(now))
        return rewritten

    async def _keep_sweeping(self) -> None:
        while True:
            try:
                if self._clock() >= self._next:
                    await self.sweep()
                    self._next = self._clock() + DAY
                    # Read again: each platform has gone on, so that more rows may go at the next sweep.
                    await self.load()
                else:
                    await self._all(lambda: self._retention.erase_expired(self._clock()))
            except (sqlite3.Error, OSError) as error:
                _log.error("retention sweep failed", reason=str(error))
            await asyncio.sleep(self._pauses.look)

    async def _keep_log_empty(self) -> None:
        """Empty the log soon after words were erased. Writes nothing while the bot is idle."""
        erased = self._store.erased
        said = False
        while True:
            await erased.wait()
            # One emptying then serves everything that is erased in this time.
            await asyncio.sleep(self._pauses.settle)
            # Before the log is emptied: words that are erased meanwhile set the event again.
            erased.clear()
            try:
                emptied = await self._retention.empty_log()
                why = "another connection reads it"
            except sqlite3.Error as error:
                emptied, why = False, str(error)
            if not emptied:
                erased.set()
                if not said:
                    _log.warning("database log not emptied, trying again", reason=why)
            said = not emptied

    @staticmethod
    async def _all(batch: Callable[[], Awaitable[int]]) -> int:
        """Repeat a batch until it changes nothing; other statements run between two batches."""
        total = 0
        while changed := await batch():
            total += changed
        return total
