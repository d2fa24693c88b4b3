"""Bound threads, one limiter per platform, and which message sync shows a message."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from weakref import WeakSet

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.outage import RETRY
from aion_bot.delivery.sync import MessageSync
from aion_bot.delivery.thread import Thread
from aion_bot.delivery.view import View
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import RequestObserver
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.limiter import Limiter
from aion_bot.ratelimit.taken import Key, TakenBefore


class Registry:
    """One limiter per platform for the whole process; at most one message sync shows a message.

    The requests of `adapters` are counted from now on, those of others from their first thread. `retry` has the delays
    of every sync while its platform is down, in seconds. `observer` makes, by the name of a platform, what learns of
    every request to it, as its limiter does. `lengths`: how long answers go on, as far as earlier processes learned;
    `taken`: what limits took, by platform and limit, as `TakenBefore` takes it.
    """

    def __init__(
        self,
        adapters: Iterable[PlatformAdapter] = (),
        *,
        retry: Iterable[float] = RETRY,
        observer: Callable[[str], RequestObserver | None] = lambda _: None,
        lengths: AnswerLengths | None = None,
        taken: Mapping[str, Mapping[Key, tuple[int, float]]] | None = None,
    ) -> None:
        self._retry = retry
        self._observer, self._lengths = observer, lengths or AnswerLengths()
        self._taken, self._began = taken or {}, time.monotonic()
        self._limiters = {adapter.platform: self._new_limiter(adapter) for adapter in adapters}
        # Weak references: a process shows many answers, and a sync that no task runs any more is not needed.
        self._syncs: WeakSet[MessageSync] = WeakSet()

    def thread(self, adapter: PlatformAdapter, key: ThreadKey) -> Thread:
        """Bind a thread to its adapter and the limiter of its platform."""
        # A limiter observes the requests of its adapter from the moment it is made.
        limiter = self._limiters.get(adapter.platform)
        if limiter is None:
            limiter = self._limiters[adapter.platform] = self._new_limiter(adapter)
        return Thread(adapter, limiter, key)

    def _new_limiter(self, adapter: PlatformAdapter) -> Limiter:
        before = TakenBefore(self._taken.get(adapter.platform, {}), self._began)
        return Limiter(adapter, self._observer(adapter.platform), self._lengths, before)

    def taken(self) -> Iterator[tuple[str, Key, int, float]]:
        """Return the platform and the name of each limit of which this process has learned, how many requests it took, and in how many seconds."""
        for platform, limiter in self._limiters.items():
            for limit, taken, seconds in limiter.taken():
                yield platform, limit, taken, seconds

    def sync(self, thread: Thread, view: View, delivery: Delivery) -> MessageSync:
        """Return a message sync that shows `view` in `thread`.

        The messages that `delivery` takes over may be shown by another sync. That one ends, and the new one waits for
        its end: the other may be about to show an older screen.
        """
        # A new answer takes no messages over: of a thousand answers each would look at all others.
        others = self._syncs if delivery.posted else ()
        predecessors = [sync for sync in others if not set(sync.diff.replies).isdisjoint(delivery.posted)]
        for sync in predecessors:
            sync.take_over()
        sync = MessageSync(thread, view, delivery, predecessors=predecessors, retry=self._retry)
        self._syncs.add(sync)
        return sync
