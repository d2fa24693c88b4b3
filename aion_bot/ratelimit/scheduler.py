"""Which permit is issued when: one scheduler for everything that shares a platform's limits. No I/O.

It has no clock: every method is told the time, in seconds of one monotonic clock.
"""

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from aion_bot.ports.rate_limits import Budget, Charge, Scope
from aion_bot.ratelimit.bursts import Bursts
from aion_bot.ratelimit.caution import Caution
from aion_bot.ratelimit.fair_share import SharedLimit
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.outlook import Outlook
from aion_bot.ratelimit.permit import Needs, Permit, Priority
from aion_bot.ratelimit.sliding_window import SlidingWindow
from aion_bot.ratelimit.taken import Key, TakenBefore, is_kept
from aion_bot.ratelimit.tuning import REMEMBERED_LIMITS

_Queue = list[tuple[Priority, float, int, Permit]]
"""A heap of permits that need the same of the limits: priority, `since`, order of request."""

_HeadEntry = tuple[float, int, int, Permit]
"""The rank of a queue's first permit among others of its priority, a number, and the permit."""

_WIDE = frozenset({Scope.WORKSPACE, Scope.BOT})
"""Scopes whose limits another process of the same app would use as well."""

_FEW = 64
"""Entries that may stand for heads that are no more."""


class Scheduler:
    """Everything that waits for the limits of one platform.

    `gap`: shortest seconds between two edits of a message. `budgets`: the documented ones by their names; they go
    before those that a charge brings along. `before`: what an earlier process learned.
    """

    def __init__(
        self,
        gap: float,
        budgets: Mapping[str, Budget] | None = None,
        lengths: AnswerLengths | None = None,
        before: TakenBefore | None = None,
    ) -> None:
        self._gap = gap
        self._lengths = lengths or AnswerLengths()
        self._budgets, self._before = budgets or {}, before or TakenBefore()
        self._bursts = Bursts()
        self._cautions: dict[str, Caution] = {}
        """By workspace or bot."""
        self._limits: dict[Key, SharedLimit] = {}
        self._ready: dict[Needs, _Queue] = {}
        self._heads: dict[Priority, dict[SharedLimit, list[_HeadEntry]]] = {one: {} for one in Priority}
        """The first of each queue, by priority, the highest first, and by the widest of their limits."""
        self._sleeping: list[tuple[float, int, Permit]] = []
        self._order = itertools.count()
        self._forget_above = REMEMBERED_LIMITS

    def limit(self, charge: Charge, now: float) -> SharedLimit:
        """Return what is known of the limit of a charge."""
        budget, scope = charge
        found = self._limits.get((budget.name, scope))
        if found is None:
            budget = self._budgets.get(budget.name, budget)
            caution = self._cautions.setdefault(scope, Caution()) if budget.scope in _WIDE else None
            window = SlidingWindow(
                budget, now, *self._before.of(budget, scope), self._bursts, caution=caution
            )
            found = self._limits[budget.name, scope] = SharedLimit(
                (budget, scope), window, Outlook(self._lengths, budget.seconds)
            )
        return found

    def taken(self) -> Iterator[tuple[Key, int, float]]:
        """Return each limit of which this process has learned how many requests it takes, with that number and its seconds."""
        for key, limit in self._limits.items():
            taken = limit.window.taken if is_kept(limit.window.budget) else None
            if taken is not None:
                yield key, taken, limit.window.budget.seconds

    def _forget_idle(self, now: float) -> None:
        """Forget the limits of channels in which nothing goes on, as long as nothing was learned about them."""
        waiting = [permit for *_, permit in self._sleeping]
        waiting += [permit for queue in self._ready.values() for *_, permit in queue]
        needed = {limit for permit in waiting for limit in (*permit.limits, *permit.reserve)}
        self._limits = {
            key: limit for key, limit in self._limits.items() if limit in needed or not limit.is_idle(now)
        }
        # Twice what is left: the look at all of them costs each new limit the same, however many are in use.
        self._forget_above = max(REMEMBERED_LIMITS, 2 * len(self._limits))

    def request(self, permit: Permit, now: float) -> None:
        """Queue a permit."""
        for limit in permit.limits:
            limit.waiting += 1
        for limit in permit.reserve:
            limit.awaiting_reservation += 1
        heapq.heappush(self._sleeping, (max(permit.earliest, now), next(self._order), permit))

    def cancel(self, permit: Permit) -> None:
        """Forget a permit that waits."""
        permit.cancelled = True  # `issue` drops it: to take it out of the middle of a heap would cost more
        self._waits_no_more(permit)

    def _waits_no_more(self, permit: Permit) -> None:
        for limit in permit.limits:
            limit.waiting -= 1
        for limit in permit.reserve:
            limit.awaiting_reservation -= 1

    def take(self, permit: Permit, now: float, leaving: int) -> bool:
        """Count a best-effort permit as begun if it may run now and leave so many others; it never waits."""
        if not all(limit.best_effort_at(now, leaving) <= now for limit in permit.limits):
            return False
        self._count(permit, now)
        return True

    def issue(self, now: float) -> tuple[Sequence[Permit], float]:
        """Return the permits whose operations may run now, each counted as begun, and when to ask again at the latest.

        Only the head of each queue is looked at: those behind it need the same of the limits. Nor is any head behind one
        that the limit holds up which they have in common.
        """
        # Idle limits are forgotten here and not in `limit`, whose caller is about to use the one that it looked up.
        if len(self._limits) >= self._forget_above:
            self._forget_idle(now)
        # Permits whose earliest time has come compete from now on with those that wait for the same limits.
        while self._sleeping and self._sleeping[0][0] <= now:
            _, order, permit = heapq.heappop(self._sleeping)
            queue = self._ready.setdefault(permit.needs, [])
            heapq.heappush(queue, (permit.priority, permit.since, order, permit))
            # The rank of a first message changes with the number of those behind it (`_head`), whoever they are.
            if queue[0][-1] is permit or queue[0][0] in _FIRST:
                self._offer(permit.needs)
        issued: list[Permit] = []
        again = self._sleeping[0][0] if self._sleeping else math.inf
        for of in self._heads.values():
            if not of:
                continue
            for shared, heads in tuple(of.items()):
                again = min(again, self._issue_from(shared, heads, now, issued))
                if not heads:
                    del of[shared]
        return issued, again

    def _offer(self, needs: Needs) -> None:
        """Let the first of those that need the same compete with the other queues' first."""
        queue = self._ready[needs]
        heads = self._heads[queue[0][0]].setdefault(needs[0][-1], [])
        if len(heads) > _FEW + 2 * len(self._ready):
            # Most that stand here for nothing leave when they come up; behind a head that waits they would only gather.
            heads[:] = [one for one in heads if self._stands(one)]  # heads that are no more
            heapq.heapify(heads)
        heapq.heappush(heads, (*_head(queue), next(self._order), queue[0][-1]))

    def _stands(self, head: "_HeadEntry") -> bool:
        """Tell whether the head of a queue is still that."""
        queue = self._ready.get(head[-1].needs)
        return queue is not None and queue[0][-1] is head[-1] and _head(queue) == head[:2]

    def _issue_from(
        self, shared: SharedLimit, heads: list["_HeadEntry"], now: float, issued: list[Permit]
    ) -> float:
        """Issue what may run now of the heads of one priority that share a limit; returns when to ask again."""
        again, aside = math.inf, []
        while heads:
            head = heapq.heappop(heads)
            permit = head[-1]
            if not self._stands(head):
                continue
            # A cancelled permit is taken off its queue at once, so that it holds up nobody behind it.
            at, by = (now, None) if permit.cancelled else self._issuable_at(permit, now)
            if at > now:
                again = min(again, at)
                aside.append(head)
                if by is shared:
                    break  # all others of this priority wait for it as well
                continue
            queue = self._ready[permit.needs]
            heapq.heappop(queue)
            if not permit.cancelled:
                self._begin(permit, now)
                issued.append(permit)
            if queue:  # the next one of the queue competes with the other queues' first
                self._offer(permit.needs)
            else:
                del self._ready[permit.needs]
        for head in aside:
            heapq.heappush(heads, head)
        return again

    def give_back(self, permit: Permit) -> None:
        """Record that an issued permit is not used."""
        for limit in permit.limits:
            limit.window.give_back()
        self.settle(permit)

    def settle(self, permit: Permit) -> None:
        """End the reservation that comes with an issued permit: its answer has made its own, or needs none."""
        for limit in permit.reserve:
            limit.reserve(-1)

    def apply_reading(self, key: Key, now: float, calls: int, remaining: int, reset_after: float) -> None:
        """Record what the platform says about a limit that is in use."""
        if (limit := self._limits.get(key)) is not None:
            limit.window.apply_reading(now, calls, remaining, reset_after)

    def _begin(self, permit: Permit, now: float) -> None:
        """Count the operation of a permit as begun, and its wait as over."""
        self._waits_no_more(permit)
        self._count(permit, now)
        # Until its answer has made its own: others that are issued in the same moment must not reserve the same request.
        for limit in permit.reserve:
            limit.reserve(1)

    def _count(self, permit: Permit, now: float) -> None:
        for limit in permit.limits:
            limit.window.begin()
            if permit.priority is Priority.PREVIEW:
                limit.previewed_at = now

    def _issuable_at(self, permit: Permit, now: float) -> tuple[float, SharedLimit | None]:
        """Return when a permit may be issued, and the limit that holds it up, if one does; `inf` while only an answer can tell."""
        previews = permit.priority is Priority.PREVIEW
        # The widest first: where it has no room, the others need no look.
        for limit in reversed(permit.limits):
            free = limit.preview_at(now, self._gap) if previews else _free_at(limit, permit.priority, now)
            if free > now:
                return free, limit
        if permit.reserve and now < permit.insists_until:
            # `inf` of a limit that only an answer can tell of is cut: the permit is issued without in the end.
            reservable_at = max(limit.end_reservable_at(now, permit.began) for limit in permit.reserve)
            # No limit by name: others of its priority may need no reservation.
            return max(now, min(reservable_at, permit.insists_until)), None
        return now, None


def _free_at(limit: SharedLimit, priority: Priority, now: float) -> float:
    """Return when a limit has room for an operation of this priority, which is no preview."""
    if priority is Priority.BEST_EFFORT:
        return limit.best_effort_at(now)
    free = limit.window.room_at(now, 0, ends=priority is Priority.FINAL)
    if priority is Priority.FIRST_MESSAGE:
        # Bursts are for signs and for ends: a message that will grow can wait for a second.
        free = max(free, limit.window.alone_at(now))
    if free > now or not limit.answers:
        # Where answers share the limit, `preview_at` knows better whether they have enough of it.
        limit.window.note_saturated(now, saturated=free > now)
    return free


_FIRST = frozenset({Priority.FIRST_SIGN, Priority.FIRST_MESSAGE})


def _head(queue: _Queue) -> tuple[float, int]:
    """Return the rank of the first of those that wait for the same limits among other queues' first of its priority.

    Of first messages whose answers began in the same second, the one with more behind it goes first, so that
    reservations are spread over the channels.
    """
    priority, since, _, _ = queue[0]
    return (math.floor(since), -len(queue)) if priority in _FIRST else (since, 0)
