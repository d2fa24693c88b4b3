"""A bounded number of jobs at once, shared fairly: one owner's many jobs never delay another owner's first.

The owner with the fewest running jobs is next; of several owners, the one who has waited longest since a job of theirs
began to wait or ended. So while an owner waits and has nothing running, no other owner starts more than one job: nobody
starves.
"""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Owner = TypeVar("Owner", bound=Hashable)


class FairOrder(Generic[Owner]):
    """Which of several owners' numbered jobs is next. No I/O; a step takes time linear in the owners who wait."""

    def __init__(self) -> None:
        self.running: Counter[Owner] = Counter()
        self.waiting: dict[Owner, list[int]] = {}
        """The jobs that wait, by owner; nobody is there without one."""
        self._since: dict[Owner, int] = {}
        self._clock = itertools.count()

    def add(self, owner: Owner, number: int) -> None:
        """Let a job wait. Of one owner's, the lowest number is the oldest, and the next."""
        if owner not in self.waiting:
            self.waiting[owner] = []
            self._since[owner] = next(self._clock)
        heapq.heappush(self.waiting[owner], number)

    def remove(self, owner: Owner, number: int) -> None:
        """Remove a job that waits; do nothing if it does not wait."""
        numbers = self.waiting.get(owner, [])
        if number in numbers:
            numbers.remove(number)
            heapq.heapify(numbers)
            if not numbers:
                del self.waiting[owner], self._since[owner]

    def start(self) -> tuple[Owner, int] | None:
        """Start what is next and return it; None where nothing waits."""
        if not self.waiting:
            return None
        owner = self.next_owner()
        numbers = self.waiting[owner]
        number = heapq.heappop(numbers)
        self.running[owner] += 1
        if not numbers:
            del self.waiting[owner], self._since[owner]
        return owner, number

    def next_owner(self) -> Owner:
        """Return whose job is next; only where one waits."""
        # Looked for each time: a heap would have to be sorted anew at every start and end.
        return min(self.waiting, key=lambda one: (self.running[one], self._since[one]))

    def ahead(self, owner: Owner, number: int, most: int) -> int:
        """Count the jobs that start before one that waits if none ends and none comes; at most `most` + 1 of them."""
        # Of each other owner those go before that bring it level, and one more if it has waited longer.
        level = self.running[owner] + sum(one < number for one in self.waiting.get(owner, ()))
        count, since = level - self.running[owner], self._since.get(owner, 0)
        for other, numbers in self.waiting.items():
            if count > most:
                return most + 1
            if other != owner:
                before = level - self.running[other] + (self._since[other] < since)
                count += min(len(numbers), max(0, before))
        return min(count, most + 1)

    def end(self, owner: Owner) -> None:
        """Record that a job of an owner has ended."""
        self.running -= Counter([owner])  # which drops what is zero
        if owner in self.waiting:
            # Behind those who began to wait while it ran.
            self._since[owner] = next(self._clock)


class FairSlots(Generic[Owner]):
    """At most `most` jobs run at once; a job without a slot waits for its turn."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._order: FairOrder[Owner] = FairOrder()
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._closed = False

    @property
    def owners(self) -> frozenset[Owner]:
        """The owners of the jobs that run."""
        return frozenset(self._order.running)

    @property
    def full(self) -> bool:
        """Whether as many run as may."""
        return self._order.running.total() >= self._most

    def ahead(self, owner: Owner, number: int, most: int) -> int:
        """Count the jobs that would start before one that waits, as of now; at most `most` + 1 of them."""
        return self._order.ahead(owner, number, most)

    def give_up(self, owner: Owner, number: int) -> None:
        """Let a job that waits end without a slot; nothing where it does not wait."""
        turn = self._waiting.pop(number, None)
        # It is done where its task was cancelled in this step of the loop: then `acquire` takes it out of the order.
        if turn is not None and not turn.done():
            self._order.remove(owner, number)
            turn.set_result(False)

    async def acquire(
        self, owner: Owner, number: int, waits: Callable[[bool], object] = lambda _: None
    ) -> bool:
        """Wait for a slot; whoever gets one calls `release`. False where nothing starts any more, or `give_up` was called.

        `number` is unique; of one owner's numbers the lowest goes first. `waits` is called if the job has to wait; its
        argument says whether no other job of the owner waits.
        """
        if self._closed:
            return False
        if not self._order.waiting and self._order.running.total() < self._most:
            self._order.running[owner] += 1
            return True
        alone = owner not in self._order.waiting
        self._order.add(owner, number)
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[number] = turn
        self._start()
        if not turn.done():
            waits(alone)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.release(owner)  # its turn came in the same moment
            else:
                self._waiting.pop(number, None)
                self._order.remove(owner, number)
            raise

    def release(self, owner: Owner) -> None:
        """Give a slot back."""
        self._order.end(owner)
        if self._order.waiting:
            self._start()

    def close(self) -> None:
        """Start nothing any more; what runs goes on."""
        self._closed = True
        for turn in self._waiting.values():
            if not turn.done():
                turn.set_result(False)
        self._waiting.clear()

    def _start(self) -> None:
        while not self._closed and self._order.running.total() < self._most:
            started = self._order.start()
            if started is None:
                return
            turn = self._waiting.pop(started[1])
            if not turn.done():
                turn.set_result(True)
            else:  # cancelled in the same moment
                self._order.end(started[0])
