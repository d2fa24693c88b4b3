"""When a shard may begin a session: Discord grants so many a day, and one in five seconds to shards of one remainder.

The numbers come with the gateway's address (Discord's documentation, *Get Gateway Bot* and *Session Start Limit*).
"""

import asyncio
import logging
from time import monotonic

from adapters.discord.client import RestClient
from aion_bot.ports.errors import PlatformDown

EVERY = 5.0
"""Seconds between two sessions of shards whose numbers leave the same remainder when divided by `max_concurrency`."""
MARGIN = 0.25
"""Seconds more, because Discord counts from when it receives a frame."""
HOLD = 15.0
"""Seconds in which a shard whose turn it is has to connect; a longer one loses it, and begins again."""
FRESH = 60.0
"""Seconds for which Discord's number of starts that are left counts; other processes with the token use them, too."""
LONGEST_WAIT = 300.0
"""Seconds after which Discord is asked again whether there are starts, however far away it says they are."""

_log = logging.getLogger(__name__)


class SessionStarts:
    """The starts of one process."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._asked_at = monotonic()
        self._left = int(rest.session_starts["remaining"])
        self._free_at: dict[int, float] = {}
        self._turns: dict[int, asyncio.Lock] = {}

    def key(self, shard: int) -> int:
        """Return what is paced together: the shard's number modulo Discord's `max_concurrency`."""
        return shard % int(self._rest.session_starts["max_concurrency"])

    def line(self, key: int) -> asyncio.Lock:
        """Return the lock of those that wait to begin a session with this key."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def granted(self) -> None:
        """Wait until a start is left for today, and count it. Raises the port's errors where Discord cannot be asked.

        One start for each key stays unused: another process may begin a session at the same time, and one more than
        there are costs the bot its token (Discord's documentation, *Gateway*).
        """
        if monotonic() - self._asked_at > FRESH:
            await self._ask()
        while self._left <= int(self._rest.session_starts["max_concurrency"]):
            seconds = float(self._rest.session_starts["reset_after"]) / 1000
            _log.warning("session starts used up", extra={"left": self._left, "seconds": round(seconds)})
            # It counts from when Discord was asked, up to `FRESH` seconds ago: it may be over, and Discord still grant none.
            await asyncio.sleep(min(max(seconds, EVERY), LONGEST_WAIT))
            await self._ask()
        # Now, not when the session begins: shards of other keys look at the number meanwhile.
        self._left -= 1

    async def spaced(self, key: int) -> float:
        """Wait until another session of this key may begin; returns from when on it is kept free for that, by `monotonic`."""
        await asyncio.sleep(max(0.0, self._free_at.get(key, 0.0) - monotonic()))
        return monotonic()

    async def begun(self, key: int) -> None:
        """Note that a session of this key begins now."""
        self._free_at[key] = monotonic() + EVERY + MARGIN

    async def _ask(self) -> None:
        try:
            await self._rest.gateway()
        except PlatformDown:
            if self._rest.session_starts["remaining"] > 0:  # Discord could not be reached
                raise
        self._left, self._asked_at = int(self._rest.session_starts["remaining"]), monotonic()


class Turn:
    """The place of one shard's client among those that wait to begin a session."""

    def __init__(self, starts: SessionStarts, shard: int) -> None:
        self._starts = starts
        self._key = starts.key(shard)
        self._held: asyncio.Lock | None = None
        self._since = 0.0

    async def wait(self) -> None:
        """Wait until no other shard of this key is about to begin a session, a start is left, and the moment has come."""
        line = self._starts.line(self._key)
        await line.acquire()
        # Nothing is awaited before this: whoever ends this shard gives its turn to the next one by it (`leave`).
        self._held = line
        await self._starts.granted()
        # The moment comes last: it is kept for `HOLD` seconds, and a start may have to be waited for until tomorrow.
        self._since = await self._starts.spaced(self._key)

    async def begin(self) -> bool:
        """Begin the session, so that the next shard's turn comes; False where connecting took too long for that."""
        # By now another replica may have the moment, which was kept for so long.
        if monotonic() - self._since > HOLD:
            return False
        # Before the next shard's turn, which looks at once from when on it may begin.
        await self._starts.begun(self._key)
        self.leave()
        return True

    def leave(self) -> None:
        """Let the next shard have its turn, if this one has it."""
        line, self._held = self._held, None
        if line is not None:
            line.release()
