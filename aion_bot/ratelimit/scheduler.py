"""Which permit is issued when: one scheduler for everything that shares a platform's limits. No I/O.

It has no clock: every method is told the time, in seconds of one monotonic clock.
"""

import heapq
import itertools
import math
from collections.abc import Sequence

from aion_bot.ports.rate_limits import Charge
from aion_bot.ratelimit.fair_share import SharedLimit
from aion_bot.ratelimit.permit import Charges, Key, Permit, Priority, key_of
from aion_bot.ratelimit.tuning import REMEMBERED_LIMITS

_Queue = list[tuple[Priority, float, int, Permit]]
"""A heap of permits that count against the same limits: priority, `since`, order of request."""


class Scheduler:
    """Everything that waits for the limits of one platform. `gap`: shortest seconds between two edits of a message."""

    def __init__(self, gap: float) -> None:
        self._gap = gap
        self._limits: dict[Key, SharedLimit] = {}
        self._ready: dict[tuple[Key, ...], _Queue] = {}
        self._sleeping: list[tuple[float, int, Permit]] = []
        self._order = itertools.count()
        self._forget_above = REMEMBERED_LIMITS

    def limit(self, charge: Charge, now: float) -> SharedLimit:
        """Return what is known of the limit of a charge."""
        key = key_of(charge)
        found = self._limits.get(key)
        if found is None:
            found = self._limits[key] = SharedLimit(charge[0], now)
        return found

    def _forget_idle(self, now: float) -> None:
        """Forget the limits of channels in which nothing goes on, as long as nothing was learned about them."""
        waiting = [permit for *_, permit in self._sleeping]
        waiting += [permit for queue in self._ready.values() for *_, permit in queue]
        needed = {key for permit in waiting for key in permit.keys}
        needed |= {key_of(charge) for permit in waiting for charge in permit.reserve}
        self._limits = {
            key: limit for key, limit in self._limits.items() if key in needed or not limit.is_idle(now)
        }
        self._forget_above = max(REMEMBERED_LIMITS, 2 * len(self._limits))

    # Answers and what is reserved for them.

    def join(self, charges: Charges, began: float) -> None:
        """Count an answer among those that share limits for their previews."""
        for charge in charges:
            self.limit(charge, began).answers.young.append(began)

    def leave(self, charges: Charges, began: float) -> None:
        """Count an answer no more; `began` as it was for `join`."""
        for charge in charges:
            self.limit(charge, began).answers.leave(began)

    def active_answers(self, charges: Charges) -> int:
        """Return how many answers share these limits for their previews, or are about to."""
        limits = [self._limits[key] for key in map(key_of, charges) if key in self._limits]
        return max((len(limit.answers) + limit.awaiting_reservation for limit in limits), default=0)

    def preview_gap(self, charges: Charges, now: float) -> float:
        """Return the seconds between two previews of one answer, were there one answer more than there are."""
        return max((self.limit(charge, now).preview_gap(now) for charge in charges), default=0.0)

    def reserve(self, charges: Charges, now: float) -> None:
        """Reserve a request in each limit whose budget keeps reservations."""
        for charge in charges:
            if charge[0].reserved:
                self.limit(charge, now).window.reserved += 1

    def release(self, charges: Charges, now: float) -> None:
        """End a reservation."""
        for charge in charges:
            if charge[0].reserved:
                self.limit(charge, now).window.reserved -= 1

    def can_reserve(self, charges: Charges, now: float) -> bool:
        """Tell whether one more request could be reserved, besides those that others wait for."""
        limits = [self.limit(charge, now) for charge in charges]
        return all(
            limit.window.capacity_at(now, limit.reservation_headroom + limit.awaiting_reservation) <= now
            for limit in limits
        )

    def recently_refused(self, charges: Charges, now: float) -> bool:
        """Tell whether a request like this was refused a moment ago: the limit is lower than thought, or shared."""
        limits = [self._limits[key] for key in map(key_of, charges) if key in self._limits]
        return any(limit.window.recently_refused(now) for limit in limits)

    def has_room(self, charges: Charges, now: float) -> bool:
        """Tell whether an indicator could be shown and removed again without touching what previews leave free."""
        limits = [self.limit(charge, now) for charge in charges]
        return all(limit.window.room_at(now, limit.preview_headroom + 1) <= now for limit in limits)

    # Permits.

    def request(self, permit: Permit, now: float) -> None:
        """Queue a permit."""
        for charge in permit.charges:
            self.limit(charge, now)
        for charge in permit.reserve:
            self.limit(charge, now).awaiting_reservation += 1
        heapq.heappush(self._sleeping, (max(permit.earliest, now), next(self._order), permit))

    def cancel(self, permit: Permit) -> None:
        """Forget a permit that waits."""
        permit.cancelled = True  # `issue` drops it: to take it out of the middle of a heap would cost more
        self._end_wait(permit)

    def issue(self, now: float) -> tuple[Sequence[Permit], float]:
        """Return the permits whose operations may run now, each counted as begun, and when to ask again at the latest.

        Only the head of each queue is looked at: those behind it count against the same limits.
        """
        # Here and not in `limit`: there, the second limit of a permit could make the scheduler forget the first.
        if len(self._limits) >= self._forget_above:
            self._forget_idle(now)
        while self._sleeping and self._sleeping[0][0] <= now:
            _, order, permit = heapq.heappop(self._sleeping)
            queue = self._ready.setdefault(permit.keys, [])
            heapq.heappush(queue, (permit.priority, permit.since, order, permit))
        issued: list[Permit] = []
        again = self._sleeping[0][0] if self._sleeping else math.inf
        heads = [_head(queue) for queue in self._ready.values()]
        heapq.heapify(heads)
        while heads:
            permit = heapq.heappop(heads)[-1]
            queue = self._ready[permit.keys]
            # A cancelled permit is taken off its queue at once, so that it holds up nobody behind it.
            at = now if permit.cancelled else self._issuable_at(permit, now)
            if at > now:
                again = min(again, at)
                continue
            heapq.heappop(queue)
            if not permit.cancelled:
                self._begin(permit, now)
                issued.append(permit)
            if queue:  # the next one of the queue competes with the other queues' first
                heapq.heappush(heads, _head(queue))
            else:
                del self._ready[permit.keys]
        return issued, again

    def give_back(self, permit: Permit) -> None:
        """Record that an issued permit is not used."""
        for key in permit.keys:
            self._limits[key].window.give_back()

    def apply_reading(self, key: Key, now: float, calls: int, remaining: int, reset_after: float) -> None:
        """Record what the platform says about a limit that is in use."""
        if (limit := self._limits.get(key)) is not None:
            limit.window.apply_reading(now, calls, remaining, reset_after)

    def _end_wait(self, permit: Permit) -> None:
        for charge in permit.reserve:
            self._limits[key_of(charge)].awaiting_reservation -= 1

    def _begin(self, permit: Permit, now: float) -> None:
        self._end_wait(permit)
        for key in permit.keys:
            limit = self._limits[key]
            limit.window.begin()
            if permit.priority is Priority.PREVIEW:
                limit.note_preview(now)

    def _issuable_at(self, permit: Permit, now: float) -> float:
        """Return when a permit may be issued; `inf` while only an answer can tell."""
        at = now
        for key in permit.keys:
            limit = self._limits[key]
            match permit.priority:
                case Priority.PREVIEW:
                    free = limit.preview_at(now, self._gap)
                case Priority.BEST_EFFORT:
                    free = limit.window.room_at(now, limit.preview_headroom)
                case _:
                    free = limit.window.room_at(now, 0)
                    if free > now or not limit.answers:
                        # Where answers share the limit, `preview_at` knows better whether they have enough of it.
                        limit.window.note_saturated(now, saturated=free > now)
            at = max(at, free)
        if permit.reserve and now < permit.insists_until:
            # `inf` of a limit that only an answer can tell of is cut: the permit is issued without in the end.
            at = max(at, min(self._reservable_at(permit.reserve, now), permit.insists_until))
        return at

    def _reservable_at(self, charges: Charges, now: float) -> float:
        limits = [self.limit(charge, now) for charge in charges]
        return max(
            (limit.window.capacity_at(now, limit.reservation_headroom) for limit in limits), default=now
        )


def _head(queue: _Queue) -> tuple[Priority, float, int, int, Permit]:
    """Return the first of those that wait for the same limits, as a key that compares with the other queues' first.

    Of first messages whose answers began in the same second, the one with more behind it goes first, so that
    reservations are spread over the channels.
    """
    priority, since, order, permit = queue[0]
    if priority is Priority.FIRST_MESSAGE:
        return priority, math.floor(since), -len(queue), order, permit
    return priority, since, 0, order, permit
