"""Replies that arrive before the question that opens their thread: they wait for it for some seconds."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aion_bot.ports.messages import ThreadKey

LONGEST_WAIT = 2.0
"""Seconds that a reply waits; Slack sends an event again that is not acknowledged within three."""

_MOST_IN_A_THREAD = 5
_MOST_IN_ALL = 200
"""Replies that wait at most; the others count only if their thread is known already."""


class ReorderBuffer:
    """Replies that wait until their thread turns out to be the bot's."""

    def __init__(self) -> None:
        self._waiting: dict[ThreadKey, list[asyncio.Event]] = {}

    def opened(self, thread: ThreadKey) -> None:
        """Record that a question was accepted in a thread."""
        for event in self._waiting.get(thread, ()):
            event.set()

    @contextmanager
    def expecting(self, thread: ThreadKey) -> Iterator[asyncio.Event | None]:
        """Return the event that is set when the thread has been opened, or None where too many replies wait."""
        events = self._waiting.setdefault(thread, [])
        event = asyncio.Event()
        # Bounded: a flood of replies in foreign threads must not hold up their acknowledgements.
        full = len(events) >= _MOST_IN_A_THREAD or sum(map(len, self._waiting.values())) >= _MOST_IN_ALL
        if not full:
            events.append(event)
        try:
            yield None if full else event
        finally:
            if not full:
                events.remove(event)
            if not events:
                self._waiting.pop(thread, None)


async def opens(event: asyncio.Event | None) -> bool:
    """Wait for an opening; returns whether it came in time."""
    if event is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                return await event.wait()
    return False
