"""Takes the requests that other replicas kept for the owner of a scope, in the order in which they arrived."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import suppress

import structlog

from aion_bot.concurrency.backoff import Backoff
from aion_bot.ports.hosting import TakesRouted
from aion_bot.ports.http_requests import HttpAnswer
from aion_bot.runtime.hosting.requests import read_request
from aion_bot.storage.hosting import Arrival, ScopeLease, SharedDatabase

_log = structlog.get_logger(__name__)

AGAIN = Backoff(0.2, cap=10.0)
"""Between two attempts to take a request that could not be written; it starts anew once one was taken."""

PASSED_OVER = 3
"""Attempts after which a request that cannot be written lets those behind it go first."""

MOST_ATTEMPTS = 100
"""Attempts after which a request is given up. Slack itself gives up after four."""

TRIED_FOR = 900.0
"""Seconds for which it is tried at least: where others are taken meanwhile, so many attempts take 20 s alone."""

OLDEST = 86_400.0
"""Seconds after which a request is dropped that had no owner: nobody expects an answer, and its words are not to stay."""

LOOK = 5.0
"""Seconds after which it is looked without being woken. The database itself wakes who waits every few seconds."""


class Arrivals:
    """What waits for the owner of one scope."""

    def __init__(self, database: SharedDatabase, lease: ScopeLease, adapter: TakesRouted) -> None:
        self._database, self._lease, self._adapter = database, lease, adapter
        self._attempts: Counter[int] = Counter()
        self._begun: dict[int, float] = {}
        """When each request was tried first, in monotonic seconds."""
        self._taken: set[int] = set()
        """Requests that were taken, and whose rows could not be removed yet: a press that is taken again would be made twice."""

    async def run(self, listens: asyncio.Event, stop: asyncio.Event) -> None:
        """Take what comes until `stop` is set, while `listens` is set: between two requests, so that none is taken twice."""
        woken, delays = self._database.waking(self._lease.scope), AGAIN.delays()
        while not stop.is_set():
            await listens.wait()
            # Before it is read: what is kept meanwhile sets it once more.
            woken.clear()
            taken = failed = 0
            try:
                taken, failed = await self._take_all(stop)
            except sqlite3.Error as error:
                _log.warning("arrivals not read", reason=str(error))
                failed = 1
            if taken:
                delays = AGAIN.delays()
            if failed:
                await asyncio.sleep(next(delays))
            elif not taken:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await woken.wait()

    async def _take_all(self, stop: asyncio.Event) -> tuple[int, int]:
        """Take what waits now; returns how many are done, and how many are to be tried again."""
        done = failed = 0
        for arrival in await self._database.arrivals(self._lease):
            if stop.is_set():
                break
            if arrival.id not in self._taken:
                answer = await self._take(arrival)
                self._attempts[arrival.id] += 1
                attempts = self._attempts[arrival.id]
                tried = time.monotonic() - self._begun.setdefault(arrival.id, time.monotonic())
                if answer.status >= 500 and (attempts < MOST_ATTEMPTS or tried < TRIED_FOR):
                    failed += 1
                    if attempts < PASSED_OVER:
                        break
                    continue
                if answer.status >= 400:
                    _log.error(
                        "arrival dropped", status=answer.status, attempts=attempts, age=round(arrival.age, 1)
                    )
                self._taken.add(arrival.id)
            await self._database.arrived(self._lease, arrival)
            self._taken.remove(arrival.id)
            del self._attempts[arrival.id], self._begun[arrival.id]
            done += 1
        return done, failed

    async def _take(self, arrival: Arrival) -> HttpAnswer:
        if arrival.age > OLDEST:
            return HttpAnswer(410)
        try:
            request = read_request(arrival.body)
        except ValueError:
            return HttpAnswer(400)
        return await self._adapter.take(request)
