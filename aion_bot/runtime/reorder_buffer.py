"""Replies that overtake the question which opens their thread. No I/O."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from aion_bot.ports.messages import ThreadKey

PATIENCE = 2.0
"""Seconds that a reply waits; Slack sends an event again that is not acknowledged within three."""

_IN_A_THREAD = 5
_IN_ALL = 200
"""Replies that wait at most; the others count only if their thread is known already."""


class ReorderBuffer:
    """Replies that wait until their thread turns out to be the bot's."""

    def __init__(self) -> None:
        self._waiting: dict[ThreadKey, list[asyncio.Event]] = {}

    def opened(self, thread: ThreadKey) -> None:
        """Tell that a question was accepted in a thread."""
        for event in self._waiting.get(thread, ()):
            event.set()

    @contextmanager
    def expecting(self, thread: ThreadKey) -> Iterator[asyncio.Event | None]:
        """Return what is set when the thread has been opened, or None where too many wait."""
        events = self._waiting.setdefault(thread, [])
        event = asyncio.Event()
        full = len(events) >= _IN_A_THREAD or sum(map(len, self._waiting.values())) >= _IN_ALL
        if not full:
            events.append(event)
        try:
            yield None if full else event
        finally:
            if not full:
                events.remove(event)
            if not events:
                self._waiting.pop(thread, None)


async def comes(event: asyncio.Event | None) -> bool:
    """Wait a little for an opening; tell whether it came."""
    if event is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                return await event.wait()
    return False
