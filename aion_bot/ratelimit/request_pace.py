"""When which request goes to Aion: within the requests a minute of one key, shared fairly among people.

The limit is learned and never assumed: from the headers of each answer, from what Aion says of the workspace
(`RequestPace.learn`). A refusal without a number closes the pace for as long as it says. Until the first answer has come, few
requests are sent.

People take turns (`concurrency.fair_slots.FairOrder`): next is who has sent the fewest requests in the last minutes, and of
those who has waited longest. Urgent requests go before all others, and a few places are kept free for them.
"""

import asyncio
import itertools
import math
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast

from aion_bot.concurrency.fair_slots import FairOrder
from aion_bot.ports.rate_limits import UNLIMITED_CALLS, Budget, Scope
from aion_bot.ratelimit.sliding_window import SlidingWindow

MINUTE = 60.0
"""Seconds of the window in which Aion counts requests (*Rate Limits*: requests a minute)."""

BEYOND_TIERS = 10_000
"""Requests a minute that no tier reaches: the highest documented one has 500. A header that says more is not believed."""

SHARED_OVER = 300.0
"""Seconds in which people's requests are compared: a minute alone would forget who had the most just before."""

AT_FIRST = 10
"""Requests within `FIRST_PAUSE` until the first answer tells more: the fewest a minute that a tier has."""

FIRST_PAUSE = 2.0
"""Seconds."""

URGENT_PART = 15
"""One place of so many is kept free for urgent requests, and at least one."""

CROWDED = 8
"""Whoever has sent so much of what is left, one part of it, has the next requests spaced: else a person with many questions
takes all places in the moment before others come."""

SPACING = 0.5
"""Seconds between such requests of one person, at most; less where the limit is high."""

SHORTEST_TOLD = 2.0
"""Seconds of a wait that are not worth telling."""

TELL_EVERY = 10.0
"""Seconds between two estimates for somebody who waits."""

SHORTEST_PAUSE = 1.0
"""Seconds that a refusal closes the limit for where Aion names none."""

_MOMENT = 1.0
"""Seconds whose requests count as sent together where those of `SHARED_OVER` are compared."""

_LATE = 0.001
_LIMIT, _REMAINING, _RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom requests are sent in a task, and what learns the seconds that they are estimated to wait."""

    owner: Hashable
    waits: Callable[[float], object] = lambda _: None
    urgent: bool = False
    """Whether somebody has decided something: that goes before all else."""


ASKER: ContextVar[Asker] = ContextVar("asker", default=Asker(None))  # noqa: B039  # frozen
"""Set in the task of each question; all requests without one share a turn among people."""


class RequestPace:
    """The pace of one API key, as `aion.pacing.Pace` has it."""

    def __init__(self) -> None:
        # Here a job runs for `SHARED_OVER` seconds from when its request was sent, whatever comes of that.
        self._order: FairOrder[Hashable] = FairOrder()
        self._urgent: deque[tuple[int, Hashable]] = deque()
        self._waiting: dict[int, asyncio.Future[_Passage]] = {}
        self._numbers = itertools.count(1)
        self._timer: asyncio.TimerHandle | None = None
        self._sent: deque[tuple[float, Counter[Hashable]]] = deque()
        """The requests of `SHARED_OVER`, by the moment in which they were sent: people's numbers, so that a busy bot keeps few objects."""
        self._recent: deque[tuple[float, Hashable]] = deque()
        self._of_minute: Counter[Hashable] = Counter()
        self._window, self._known = self._new_window(), False
        self._last: dict[Hashable, float] = {}

    def _new_window(self) -> SlidingWindow:
        # As of a limit that nobody documents, a refusal says how long to wait and nothing else (`SlidingWindow.refused`): somebody
        # else uses the key, or the server is busy. A limit or a longer minute that was read from what was sent before would hold
        # back everybody from one such moment on.
        # Never probed one at a time, as platforms are: an upload may be under way for minutes.
        budget = Budget("aion", UNLIMITED_CALLS, MINUTE, Scope.BOT, probe_threshold=UNLIMITED_CALLS)
        return SlidingWindow(budget, time.monotonic())

    def forget(self) -> None:
        """Forget what was learned: another key is used from now on. Who waits goes on waiting, for the new key's limit."""
        # Another window: requests under way end in the one that they began in.
        self._window, self._known = self._new_window(), False
        self._order.running.clear()
        self._of_minute.clear()
        self._sent.clear()
        self._recent.clear()
        self._issue()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    @property
    def limit(self) -> int | None:
        """The requests a minute that the key has; None while nothing is known."""
        return int(self._window.calls) if self._window.calls < BEYOND_TIERS else None

    def learn(self, limit: int) -> None:
        """Take over what Aion says the limit of the key is."""
        if 0 < limit < BEYOND_TIERS:
            self._window.calls, self._known = float(limit), True

    def begin(self) -> "_Passage | None":
        """Let a request through at once; None where it has to `wait`."""
        now, asker = time.monotonic(), ASKER.get()
        if (self._waiting and not asker.urgent) or self._room_at(now, asker.owner, urgent=asker.urgent) > now:
            return None
        self._order.running[asker.owner] += 1
        return self._let_through(asker.owner, now)

    async def wait(self) -> "_Passage":
        """Wait until a request may be sent; the asker learns an estimate at once, and again every `TELL_EVERY` seconds."""
        asker, number = ASKER.get(), next(self._numbers)
        # Before `_issue`: it may be let through at once.
        turn: asyncio.Future[_Passage] = asyncio.get_running_loop().create_future()
        self._waiting[number] = turn
        if asker.urgent:
            self._urgent.append((number, asker.owner))
        else:
            self._order.add(asker.owner, number)
        self._issue()
        try:
            while not turn.done():
                if (left := self._estimate(asker.owner, number, urgent=asker.urgent)) >= SHORTEST_TOLD:
                    asker.waits(left)
                # `asyncio.wait` cancels nothing: `_issue` can still set the result where the task was cancelled a moment ago.
                await asyncio.wait({turn}, timeout=TELL_EVERY)
        except asyncio.CancelledError:
            if turn.done():  # its turn came in the same moment
                turn.result().give_back()
            elif asker.urgent:
                self._urgent.remove((number, asker.owner))
            else:
                self._order.remove(asker.owner, number)
            self._waiting.pop(number, None)
            raise
        return turn.result()

    def _room_at(self, now: float, owner: Hashable, *, urgent: bool) -> float:
        """Return when a request of somebody may be sent."""
        sent = self._sent
        while sent and sent[0][0] <= now - SHARED_OVER:
            for one in sent.popleft()[1].elements():
                self._order.end(one)
        while self._recent and self._recent[0][0] <= now - MINUTE:
            self._of_minute -= Counter([self._recent.popleft()[1]])  # which drops what is zero
        if not self._known and len(self._recent) >= AT_FIRST:
            # Requests that hang keep others back for a moment only.
            return max(now, self._recent[-AT_FIRST][0] + FIRST_PAUSE)
        if urgent:
            return self._window.capacity_at(now, 0)
        at, own = self._window.capacity_at(now, self._kept()), self._of_minute[owner]
        if own and self._window.calls - self._window.used(now) < own * CROWDED:
            at = max(at, self._last[owner] + min(SPACING, MINUTE / self._window.calls))
        return at

    def _kept(self) -> int:
        """Return how many places stay free for urgent requests."""
        calls = int(self._window.calls)
        return 0 if calls < 2 else max(1, calls // URGENT_PART)

    def _let_through(self, owner: Hashable, now: float) -> "_Passage":
        self._window.begin()
        self._last[owner] = now
        sent = (now, owner)
        if not self._sent or now >= self._sent[-1][0] + _MOMENT:
            self._sent.append((now, Counter()))
        self._sent[-1][1][owner] += 1
        self._recent.append(sent)
        self._of_minute[owner] += 1
        return _Passage(self, self._window, sent)

    def end(self, window: SlidingWindow) -> None:
        """Count what came of a request, and let through what has a place now."""
        window.end(time.monotonic())
        self._known |= window is self._window
        if self._waiting:
            self._issue()

    def read(self, window: SlidingWindow, limit: int, headers: Mapping[str, str]) -> None:
        """Take over what the headers of an answer say, which still is under way."""
        remaining, reset = _number(headers.get(_REMAINING)), _number(headers.get(_RESET))
        # The clock of this machine may be wrong: it makes the minute neither longer nor nothing.
        after = MINUTE if reset is None else min(max(reset - time.time(), 1.0), MINUTE)
        left = limit if remaining is None else min(remaining, limit)
        window.apply_reading(time.monotonic(), limit, left, after)

    def take_back(self, window: SlidingWindow, sent: tuple[float, Hashable]) -> None:
        """Let a request that came to nothing not count for its asker, and let through what has a place now."""
        if window is self._window and sent in self._recent:
            at = bisect_right(self._sent, sent[0], key=lambda one: one[0]) - 1
            self._sent[at][1][sent[1]] -= 1
            self._recent.remove(sent)
            self._order.end(sent[1])
            self._of_minute -= Counter([sent[1]])
        self._issue()

    def refused(self, window: SlidingWindow, retry_after: float | None, limit: int | None) -> None:
        """Close the limit for as long as Aion says; the requests a minute are those that Aion names, here or in earlier answers."""
        # A date that is over by the clock of this machine counts as none: each request would be refused again at once.
        window.refused(time.monotonic(), retry_after or SHORTEST_PAUSE)
        if window is self._window:
            self._known = True
            self.learn(limit or 0)

    def _issue(self) -> None:
        """Let through those for whom there is room, and come back when there is room for the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        while self._urgent or self._order.waiting:
            owner = self._urgent[0][1] if self._urgent else self._order.next_owner()
            at = self._room_at(now, owner, urgent=bool(self._urgent))
            if at > now:
                self._come_back(now, at)
                return
            if self._urgent:
                number, owner = self._urgent.popleft()
                self._order.running[owner] += 1
            else:
                owner, number = cast("tuple[Hashable, int]", self._order.start())
            self._waiting.pop(number).set_result(self._let_through(owner, now))
        # Nobody has sent anything in the last minute, so that nobody is spaced: else each person would stay here for ever.
        if not self._recent:
            self._last.clear()

    def _come_back(self, now: float, at: float) -> None:
        if at < math.inf:
            # A little later: a timer may come by its clock's resolution too early, and would then come again and again.
            self._timer = asyncio.get_running_loop().call_later(at - now + _LATE, self._issue)

    def _estimate(self, owner: Hashable, number: int, *, urgent: bool) -> float:
        """Return in how many seconds a request that waits will be sent, as far as its place and the limit tell."""
        now, kept = time.monotonic(), 0 if urgent else self._kept()
        ahead = [one for one, _ in self._urgent].index(number) if urgent else self._ahead(owner, number)
        rounds, place = divmod(ahead, max(1, int(self._window.calls) - kept))
        at = self._window.capacity_at(now, place + kept)
        return (MINUTE if at == math.inf else max(0.0, at - now)) + rounds * MINUTE

    def _ahead(self, owner: Hashable, number: int) -> int:
        """Count the requests that go before one: of each other owner those that bring them level with its own."""
        waiting, running = self._order.waiting, self._order.running
        own = sum(one < number for one in waiting[owner])
        level = running[owner] + own
        ahead = len(self._urgent) + own
        for other, numbers in waiting.items():
            if other != owner:
                # Who has waited longer is told by the numbers: an estimate, as `FairOrder` counts from the end of a job.
                ahead += min(len(numbers), max(0, level - running[other] + (min(numbers) < number)))
        return ahead


@dataclass(frozen=True, slots=True)
class _Passage:
    """One request that was let through, as `aion.pacing.Passage` has it; `sent`: when, and for whom."""

    pace: RequestPace
    window: SlidingWindow
    sent: tuple[float, Hashable]

    def answered(self, headers: Mapping[str, str]) -> None:
        """Count the answer, and learn from its headers."""
        if (limit := _number(headers.get(_LIMIT))) is not None and 0 < limit < BEYOND_TIERS:
            # Before `end`, which lets others through: they go by the limit that is known then.
            self.pace.read(self.window, limit, headers)
        self.pace.end(self.window)

    def refused(self, retry_after: float | None, limit: int | None) -> None:
        """Record that Aion refused it for its rate (429)."""
        # In this order: `take_back` lets others through, who would meet the same refusal.
        self.pace.refused(self.window, retry_after, limit)
        self.pace.take_back(self.window, self.sent)

    def unanswered(self) -> None:
        """Count it although no answer came, or it was cancelled: Aion may have counted it."""
        self.pace.end(self.window)

    def give_back(self) -> None:
        """Let it not count: it is not sent."""
        # In this order: `take_back` lets through whoever has its place now.
        self.window.give_back()
        self.pace.take_back(self.window, self.sent)


def _number(text: str | None) -> int | None:
    """Read a header's number of at most 12 digits."""
    return int(text) if text is not None and len(text) <= 12 and text.isascii() and text.isdigit() else None
