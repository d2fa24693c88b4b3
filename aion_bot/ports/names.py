"""The names of people, groups and channels that a text mentions by id: looked up once, and remembered for a day."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from time import monotonic
from typing import TypeVar

from aion_bot.ports.errors import PlatformError
from aion_bot.ports.text import clip, visible_line

_log = logging.getLogger(__name__)

LIFETIME = 24 * 3600.0
"""Seconds for which a name counts: people change theirs."""
UNKNOWN_LIFETIME = 600.0
"""Seconds before a key whose name the bot could not read is looked up again."""
CAPACITY = 2_000
"""Names that are remembered; the one that was learned first is dropped."""
LONGEST = 100
"""Characters of a name that are read; Slack and Discord allow fewer."""
MOST_AT_ONCE = 10
"""Look-ups for one event; further mentions keep their ids."""

Find = Callable[[str], str | None]
"""Returns the name for an id, by the platform's own kind of key; None where it is not known."""
LookUp = Callable[[str], Awaitable[Mapping[str, str]]]
"""Asks the platform for the name of a key, and returns it with whatever else the answer names.

The key is left out where the platform does not tell. Raises `PlatformError` where it may tell later.
"""

Read = TypeVar("Read")


def in_words(name: str) -> str | None:
    """Return a name as it may stand among words: one line, bounded, nothing hidden; None where nothing is left."""
    return clip(visible_line(name[: 10 * LONGEST]), LONGEST) or None


def no_name(_key: str) -> str | None:
    """Know no name."""
    return None


class Names:
    """The names of one platform. `timeout`: seconds that an event waits for them; a late answer serves the next event."""

    def __init__(self, look_up: LookUp, *, timeout: float, clock: Callable[[], float] = monotonic) -> None:
        self._look_up = look_up
        self._timeout = timeout
        self._clock = clock
        self._known: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def read(
        self, build: Callable[[Find], Read], *, wanted: Callable[[Read], bool] = lambda one: one is not None
    ) -> Read:
        """Build an event; if it is `wanted` and mentions what has no name yet, look that up and build it again."""
        missing: dict[str, None] = {}

        def find(key: str) -> str | None:
            name, expires_at = self._known.get(key, (None, 0.0))
            if expires_at <= self._clock():
                missing[key] = None
            return name

        # The first reading only finds out which names are missing.
        event = build(find)
        if not missing or not wanted(event):
            return event
        await self._learn(list(missing)[:MOST_AT_ONCE])
        return build(find)

    def known(self, key: str) -> str | None:
        """Return a name that is remembered; None where it would have to be looked up."""
        name, expires_at = self._known.get(key, (None, 0.0))
        return name if expires_at > self._clock() else None

    def remember(self, names: Mapping[str, str | None]) -> None:
        """Take over names; None for what has none."""
        for key, given in names.items():
            name = None if given is None else in_words(given)
            lifetime = UNKNOWN_LIFETIME if name is None else LIFETIME
            # Taken out first, so that the order of the dictionary is that of the last look-ups.
            self._known.pop(key, None)
            self._known[key] = (name, self._clock() + lifetime)
        while len(self._known) > CAPACITY:
            self._known.popitem(last=False)

    def begin(self, key: str) -> None:
        """Look a name up in the background, unless it is being looked up: it serves later events."""
        if key not in self._running:
            self._start(key)

    async def close(self) -> None:
        """End the look-ups that are under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _learn(self, keys: Collection[str]) -> None:
        # Two deliveries of one message come together: they share the look-up.
        tasks = [self._running.get(key) or self._start(key) for key in keys]
        # `wait`, not `wait_for`: the look-up goes on after the timeout.
        await asyncio.wait(tasks, timeout=self._timeout)

    def _start(self, key: str) -> asyncio.Task[None]:
        task = self._running[key] = asyncio.create_task(self._ask(key))
        return task

    async def _ask(self, key: str) -> None:
        try:
            # None stands for the key itself unless the answer names it.
            self.remember({key: None, **await self._look_up(key)})
        except PlatformError as error:
            _log.debug("name lookup failed", extra={"reason": str(error)})
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # An answer of another shape than documented: ids stay ids.
            _log.warning("name lookup not readable", extra={"reason": type(error).__name__})
        finally:
            # Also when cancelled, or the name would never be looked up again.
            del self._running[key]
