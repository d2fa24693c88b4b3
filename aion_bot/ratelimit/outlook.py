"""How much of the time ahead the answers that share a limit will go on: what its free requests are spread over. No I/O."""

from collections import Counter, deque

from aion_bot.ratelimit.lengths import AnswerLengths

POINTS = 12
"""Points of a window for which the outlook is worked out; between them it is interpolated."""

ARRIVALS_OVER = 3
"""Windows whose arrivals tell how many answers will come: fewer would take a burst for a stream."""

_TOGETHER = 1.0
"""Seconds within which answers begin for one reason: they tell of one arrival."""

_STEPS = 60
"""Ages of answers are told apart by this part of a window; and so often in a window the outlook is worked out anew."""


class Outlook:
    """The answers that share one limit, whose window has so many `seconds`.

    `ahead[k]` is the expected time that the answers of now, and those that will come, grow within `k` twelfths of a window,
    in seconds for each answer of now. It is `k` twelfths of a window where their number stays as it is. What will come is taken
    from what came in the last `ARRIVALS_OVER` windows.
    """

    def __init__(self, lengths: AnswerLengths, seconds: float) -> None:
        self._lengths, self._seconds = lengths, seconds
        self._step, self._over = seconds / _STEPS, ARRIVALS_OVER * seconds
        self._ages: Counter[int] = Counter()
        self._arrivals: deque[float] = deque()
        self.worked_out = -1.0
        """When the outlook was last worked out; negative where it has to be."""
        self.answers = 0
        self._points = [seconds * number / POINTS for number in range(POINTS + 1)]
        self._ahead = list(self._points)

    @property
    def soonest(self) -> float:
        """The seconds before which hardly an answer ends; a twelfth of a window at most, as what comes back may be refused."""
        return min(self._lengths.soonest, self._seconds / POINTS)

    def add(self, began: float) -> None:
        """Note an answer that shares the limit from now on."""
        self.answers += 1
        self._ages[int(began / self._step)] += 1
        # Here, too: of a window that nobody looks ahead in, `_work_out` would never forget one.
        self._forget_arrivals(began)
        if not self._arrivals or began - self._arrivals[-1] >= _TOGETHER:
            self._arrivals.append(began)
        # One more of many changes little, and a crowd begins at once: the next step of the window is soon enough.
        self.worked_out = -1.0 if self.answers < _STEPS else self.worked_out

    def remove(self, began: float) -> None:
        """Note that an answer does not share the limit any more."""
        self.answers -= 1
        age = int(began / self._step)
        self._ages[age] -= 1
        if not self._ages[age]:
            del self._ages[age]

    def ahead(self, now: float) -> list[float]:
        """Return the outlook at each point of a window."""
        if self._seconds <= 1.0 or not self.answers:
            return self._points  # nobody's end is foreseen to the second
        if not self.worked_out <= now < self.worked_out + self._step:
            self.worked_out, self._ahead = now, self._work_out(now)
        return self._ahead

    def _work_out(self, now: float) -> list[float]:
        self._forget_arrivals(now)
        grid = self._lengths.grid(self._step, _STEPS // POINTS, POINTS)
        rate, answers = len(self._arrivals) / self._over / self.answers, self.answers
        ahead = [rate * coming for coming in grid.coming()]
        at = int(now / self._step)
        for began, count in self._ages.items():
            share = count / answers
            ahead = [one + share * left for one, left in zip(ahead, grid.row(at - began), strict=True)]
        return ahead

    def _forget_arrivals(self, now: float) -> None:
        while self._arrivals and self._arrivals[0] <= now - self._over:
            self._arrivals.popleft()
