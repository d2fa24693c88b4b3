"""Session starts of several processes with one token: they agree, through shared values, on who may identify next."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from adapters.discord.client import RestClient
from adapters.discord.session_starts import EVERY, HOLD, MARGIN, SessionStarts
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown

KIND = "discord identify"
"""The kind of the shared values that say who may identify: one for each remainder of `max_concurrency`."""
LOOK_EVERY = 0.5
"""Seconds after which a moment that another process keeps is looked at again."""


class Moments:
    """The moments at which one process, of all replicas, may begin a session of each remainder. One object a replica.

    A moment is kept by a value that expires. Between taking a moment and letting it expire its process may end: a value that
    stands for longer than it may is taken over.
    """

    def __init__(self, values: SharedValues) -> None:
        self._values = values
        self._mine: dict[int, str] = {}
        self._seen: dict[int, tuple[str, float]] = {}
        """The value of another process that was read last, and when it was read first."""
        self.lines: dict[int, asyncio.Lock] = {}
        """The locks of those that wait in this replica."""

    async def take(self, key: int) -> bool:
        """Keep the moment for `HOLD` seconds; False where another process keeps it. Raises `PlatformDown`."""
        with answered():
            value = await self._values.get(KIND, str(key))
            if value is not None and not self._has_stood(key, value):
                return False
            # Two replicas may have read the same: one of them replaces it. `replace` sets no time at which the value expires,
            # so that is a write of its own.
            mine = secrets.token_hex(8)
            if not await self._values.replace(KIND, str(key), value, mine):
                return False
            self._mine[key] = mine
            await self._values.set(KIND, str(key), mine, seconds=HOLD)
        return True

    async def keep(self, key: int, seconds: float) -> None:
        """Keep a moment that was taken for so many seconds from now. Raises `PlatformDown`."""
        with answered():
            await self._values.set(KIND, str(key), self._mine[key], seconds=seconds)

    def _has_stood(self, key: int, value: str) -> bool:
        # By this process's own clock: the database does not tell how long a value has stood.
        if self._seen.get(key, ("", 0.0))[0] != value:
            self._seen[key] = value, monotonic()
        # A value stands until its session begins, and then until the next one may: at most so long together.
        return monotonic() - self._seen[key][1] > HOLD + EVERY + MARGIN + LOOK_EVERY


class SharedSessionStarts(SessionStarts):
    """The starts of one adapter, paced together with those of all others, in this process and in other replicas."""

    def __init__(self, rest: RestClient, moments: Moments) -> None:
        super().__init__(rest)
        self._moments = moments

    def line(self, key: int) -> asyncio.Lock:
        """Return the lock of those in this replica that wait to begin a session with this key: one of them asks the database."""
        return self._moments.lines.setdefault(key, asyncio.Lock())

    async def granted(self) -> None:
        """Wait until a start is left for today. Discord is asked each time: it counts those of all replicas."""
        self._asked_at = float("-inf")
        await super().granted()

    async def spaced(self, key: int) -> float:
        """Wait until this replica has the moment; returns when it began to try for it, from when on `HOLD` counts."""
        # Before each try: the database counts `HOLD` from its write on, so this replica gives the moment up first.
        since = monotonic()
        while not await self._moments.take(key):  # another process's value tells nobody
            await asyncio.sleep(LOOK_EVERY)
            since = monotonic()
        return since

    async def begun(self, key: int) -> None:
        """Let nobody else begin a session of this key for as long as Discord asks."""
        await self._moments.keep(key, EVERY + MARGIN)


@contextmanager
def answered() -> Iterator[None]:
    """Raise `PlatformDown` where the shared values cannot be read or written: without them no session may begin."""
    try:
        yield
    except SharedValuesDown as error:
        raise PlatformDown("the replicas' shared values cannot be read or written") from error
