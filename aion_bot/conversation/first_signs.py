"""First signs go before other work: while many questions look for theirs, the work on answers waits for a moment.

All questions share one processor. What an answer needs before its first word (its session, its files, requests to Aion, its
first screen) takes longer than a sign, and nobody misses it in the first half second.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aion_bot.conversation.silence import happens

FEW = 5
"""Questions that look for their first sign at once, and hold up no work: their signs come at once anyway."""

LONGEST = 0.5
"""Seconds for which work waits at most, and for which a question counts: a platform that is slow holds nobody up for longer."""


class FirstSigns:
    """The questions that look for their first sign."""

    def __init__(self) -> None:
        self._looking: dict[str, float] = {}
        """Until when each counts, in the order in which they came."""
        self._few = asyncio.Event()
        self._few.set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._looking)

    @contextmanager
    def looking(self, question: str) -> Iterator[None]:
        """Count a question inside."""
        self.begin(question)
        try:
            yield
        finally:
            self.end(question)

    def begin(self, question: str) -> None:
        """Count a question until `end`, or for `LONGEST`."""
        loop = asyncio.get_running_loop()
        self._looking[question] = loop.time() + LONGEST
        if len(self._looking) > FEW:
            self._few.clear()
        if self._timer is None:
            self._timer = loop.call_later(LONGEST, self._expire)

    def end(self, question: str) -> None:
        """Note that a question has its sign, or has found no room for one; nothing where it is not counted."""
        if self._looking.pop(question, None) is not None and len(self._looking) <= FEW:
            self._few.set()

    def _expire(self) -> None:
        """Forget the questions that look for too long, and come back for the next one."""
        loop, self._timer = asyncio.get_running_loop(), None
        for question in [one for one, until in self._looking.items() if until <= loop.time()]:
            self.end(question)
        if self._looking:
            self._timer = loop.call_at(next(iter(self._looking.values())), self._expire)

    async def passed(self) -> None:
        """Wait until few questions look for their first sign; `LONGEST` at most."""
        if not self._few.is_set():
            await happens(self._few, LONGEST)
