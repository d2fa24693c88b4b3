"""Who may make which call when: one pacer for everything that shares a platform's limits. Clock-driven; no I/O.

**What it minimises.** Staleness: for how long what is said stands unseen, summed over all answers. An answer of
which `n` previews a second are shown is `1/2n` seconds stale on average; with `R` previews a second for `S` answers
the sum is least if all get the same, `S/2R` each. So slots go to whoever has waited longest with something new, and
are spread evenly over the time in which they come back.

**What it keeps.** Each answer that shows a growing message has promised one more call, its last; previews never
touch what is promised, nor the spare calls of a budget. A message that would grow is begun only where its last call
can be promised too, or after `HELD` seconds: till then it may still turn out to be one post with the whole answer.

**Young and old.** Nobody knows how long an answer will be. One that is young is taken to be short: what is free is
spread over little more than its youth. One that is old is taken to go on: it gets the pace that can be kept for a
whole window.
"""

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from aion_bot.ports.rate_limits import Budget
from aion_bot.ratelimit.fair_share import SharedLimit

Key = tuple[str, str]
"""A budget's name, and what shares it."""

Costs = tuple[tuple[Key, Budget], ...]

CROWDED = 8.0
"""Seconds between two previews from which on the first message of an answer waits, so that it shows some text."""

HELD = 12.0
"""Seconds for which the first message of an answer waits for a promise."""

_LIMITS = 1_000
"""Limits that are remembered before the idle ones are forgotten."""


class Priority(IntEnum):
    """Who goes first among those that wait for the same limit."""

    FINAL = 0
    """The end of an answer, a plan's card, a private sentence."""
    FIRST_MESSAGE = 1
    """The first message of an answer."""
    PREVIEW = 2
    BEST_EFFORT = 3
    """A sign that nobody misses."""


@dataclass(eq=False, slots=True)
class Permit:
    """A call that somebody would like to make.

    `since` is the moment from which what it shows has been unseen; `promise` what it must be able to promise before
    `insists_until`.
    """

    costs: Costs
    priority: Priority
    since: float
    earliest: float = -math.inf
    promise: Costs = ()
    insists_until: float = math.inf
    withdrawn: bool = False


_Queue = list[tuple[Priority, float, int, Permit]]


def _head(queue: _Queue) -> tuple[Priority, float, int, int, Permit]:
    """Return who comes next of those that wait for the same, to be compared with the others.

    Of those who began in the same second, who has more behind goes first: promises are spread over the channels.
    """
    priority, since, order, permit = queue[0]
    crowded = priority is Priority.FIRST_MESSAGE
    return priority, math.floor(since) if crowded else since, -len(queue) if crowded else 0, order, permit


class Scheduler:
    """Everything that waits for the limits of one platform. `gap` is the shortest time between two edits of a message."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._limits: dict[Key, SharedLimit] = {}
        self._ready: dict[tuple[Key, ...], _Queue] = {}
        self._sleeping: list[tuple[float, int, Permit]] = []
        self._count = itertools.count()
        self._tidied_at = _LIMITS

    def limit(self, key: Key, budget: Budget, now: float) -> SharedLimit:
        """Return what is known of a limit."""
        found = self._limits.get(key)
        if found is None:
            if len(self._limits) >= self._tidied_at:
                self._forget_idle(now)
            found = self._limits[key] = SharedLimit(budget, now)
        return found

    def _forget_idle(self, now: float) -> None:
        """Forget the limits of channels in which nothing goes on, as long as nothing was learned about them."""
        waiting = [one[2] for one in self._sleeping] + [
            one[3] for all_of in self._ready.values() for one in all_of
        ]
        wanted = {key for permit in waiting for key, _ in (*permit.costs, *permit.promise)}
        self._limits = {
            key: limit for key, limit in self._limits.items() if key in wanted or not limit.idle(now)
        }
        self._tidied_at = max(_LIMITS, 2 * len(self._limits))

    # Answers.

    def join(self, costs: Costs, began: float) -> None:
        """Count an answer among those that share limits for their previews."""
        for key, budget in costs:
            self.limit(key, budget, began).crowd.young.append(began)

    def leave(self, costs: Costs, began: float) -> None:
        """Count an answer no more."""
        for key, budget in costs:
            self.limit(key, budget, began).crowd.leave(began)

    def crowd(self, costs: Costs) -> int:
        """How many answers share these limits for their previews, or are about to."""
        limits = [self._limits[key] for key, _ in costs if key in self._limits]
        return max((len(limit.crowd) + limit.awaited for limit in limits), default=0)

    def preview_gap(self, costs: Costs, now: float) -> float:
        """Seconds between two previews of one answer, were there one more than there are."""
        return max((self.limit(key, budget, now).preview_gap(now) for key, budget in costs), default=0.0)

    def promise(self, costs: Costs, now: float) -> None:
        """Keep a call of each limit."""
        for key, budget in costs:
            if budget.reserved:
                self.limit(key, budget, now).window.reserved += 1

    def release(self, costs: Costs, now: float) -> None:
        """Keep it no longer."""
        for key, budget in costs:
            if budget.reserved:
                self.limit(key, budget, now).window.reserved -= 1

    def promisable(self, costs: Costs, now: float) -> bool:
        """Tell whether one more call could be promised, besides those that others wait for."""
        limits = [self.limit(key, budget, now) for key, budget in costs]
        return all(one.window.free_at(now, one.pledged + one.awaited) <= now for one in limits)

    def contested(self, costs: Costs, now: float) -> bool:
        """Tell whether a call like this was refused a moment ago: the limit is lower than thought, or shared."""
        return any(key in self._limits and self._limits[key].window.contested(now) for key, _ in costs)

    def possible(self, costs: Costs, now: float) -> bool:
        """Tell whether a sign could be shown and taken away again, without touching what is kept."""
        limits = [self.limit(key, budget, now) for key, budget in costs]
        return all(limit.window.room_at(now, limit.kept + 1) <= now for limit in limits)

    # Wishes.

    def ask(self, permit: Permit, now: float) -> None:
        """Queue a wish."""
        for key, budget in permit.costs:
            self.limit(key, budget, now)
        for key, budget in permit.promise:
            self.limit(key, budget, now).awaited += 1
        heapq.heappush(self._sleeping, (max(permit.earliest, now), next(self._count), permit))

    def withdraw(self, permit: Permit) -> None:
        """Forget a wish that waits."""
        permit.withdrawn = True
        self._await_no_more(permit)

    def grants(self, now: float) -> tuple[Sequence[Permit], float]:
        """Return the wishes whose calls may be made now, each counted as begun; and when to ask again at the latest."""
        while self._sleeping and self._sleeping[0][0] <= now:
            _, order, permit = heapq.heappop(self._sleeping)
            keys = tuple(key for key, _ in permit.costs)
            heapq.heappush(self._ready.setdefault(keys, []), (permit.priority, permit.since, order, permit))
        granted: list[Permit] = []
        again = self._sleeping[0][0] if self._sleeping else math.inf
        heads = [_head(queue) for queue in self._ready.values()]
        heapq.heapify(heads)
        while heads:
            permit = heapq.heappop(heads)[-1]
            keys = tuple(key for key, _ in permit.costs)
            queue = self._ready[keys]
            at = now if permit.withdrawn else self._at(permit, now)
            if at > now:
                again = min(again, at)
                continue
            heapq.heappop(queue)
            if not permit.withdrawn:
                self._begin(permit, now)
                granted.append(permit)
            if queue:
                heapq.heappush(heads, _head(queue))
            else:
                del self._ready[keys]
        return granted, again

    def ended(self, permit: Permit, now: float) -> None:
        """Record that a granted call was answered."""
        for key, _ in permit.costs:
            self._limits[key].window.end(now)

    def unused(self, permit: Permit) -> None:
        """Record that a granted call was not made."""
        for key, _ in permit.costs:
            self._limits[key].window.unused()

    def refused(self, permit: Permit, now: float, retry_after: float, budget: str) -> None:
        """Record that a granted call was refused by the limit of this name; by the most specific one if it is ""."""
        names = [key[0] for key, _ in permit.costs]
        culprit = names.index(budget) if budget in names else 0
        for index, (key, _) in enumerate(permit.costs):
            if index == culprit:
                self._limits[key].window.refused(now, retry_after)
            else:
                self._limits[key].window.end(now)

    def told(self, key: Key, now: float, calls: int, remaining: int, reset_after: float) -> None:
        """Record what the platform says about a limit that is in use."""
        if (limit := self._limits.get(key)) is not None:
            limit.window.told(now, calls, remaining, reset_after)

    def _await_no_more(self, permit: Permit) -> None:
        for key, _ in permit.promise:
            self._limits[key].awaited -= 1

    def _begin(self, permit: Permit, now: float) -> None:
        self._await_no_more(permit)
        for key, _ in permit.costs:
            limit = self._limits[key]
            limit.window.begin()
            if permit.priority is Priority.PREVIEW:
                limit.previewed(now)

    def _at(self, permit: Permit, now: float) -> float:
        """Return when a wish's call may be made; `inf` while only an answer can tell."""
        at = now
        for key, _ in permit.costs:
            limit = self._limits[key]
            match permit.priority:
                case Priority.PREVIEW:
                    free = limit.preview_at(now, self._gap)
                case Priority.BEST_EFFORT:
                    free = limit.window.room_at(now, limit.kept)
                case _:
                    free = limit.window.room_at(now, 0)
                    if free > now or not limit.crowd:
                        limit.window.pressed(now, pressed=free > now)
            at = max(at, free)
        if permit.promise and now < permit.insists_until:
            at = max(at, min(self._promise_at(permit.promise, now), permit.insists_until))
        return at

    def _promise_at(self, costs: Costs, now: float) -> float:
        at = now
        for key, budget in costs:
            limit = self.limit(key, budget, now)
            at = max(at, limit.window.free_at(now, limit.pledged))
        return at
