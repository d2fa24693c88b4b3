"""How long the characters of an answer wait between being received and being shown."""

from collections import deque

_MOST_ARRIVALS = 1_000
"""Arrivals that wait to be shown; beyond them text counts as received with the last one, so that memory is bounded."""


class Staleness:
    """The mean over the characters of one answer. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, float]] = deque()
        """Where the text ended after an arrival, and when that was; only what is not shown yet."""
        self._part = self._above = self._length = self._shown = 0
        self.characters = 0
        """How many were shown."""
        self._seconds = 0.0

    def received(self, part: int, length: int, now: float) -> None:
        """Note that a part of the answer, which has `length` characters now, has grown; parts follow one another."""
        if part != self._part:
            self._part, self._above, self._length = part, self._above + self._length, 0
        if length <= self._length:
            return
        self._length = length
        end = self._above + length
        if len(self._waiting) >= _MOST_ARRIVALS:
            self._waiting[-1] = (end, self._waiting[-1][1])
        else:
            self._waiting.append((end, now))

    def shown(self, until: float, behind: int, now: float) -> None:
        """Note that what was received `until` then is shown `now`, but the last `behind` characters of it.

        `behind` is counted in shown characters, which are nearly as many as the received ones.
        """
        end = next((end for end, at in reversed(self._waiting) if at <= until), self._shown) - behind
        while self._waiting and self._shown < end:
            last, at = self._waiting[0]
            fresh = min(last, end) - self._shown
            self._seconds += fresh * (now - at)
            self.characters += fresh
            self._shown += fresh
            if self._shown == last:
                self._waiting.popleft()

    @property
    def mean(self) -> float | None:
        """Seconds that a shown character waited; None while none is shown."""
        return self._seconds / self.characters if self.characters else None
