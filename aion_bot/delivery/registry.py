"""Bound threads, one limiter per platform, and which message sync shows a message."""

from weakref import WeakValueDictionary

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.sync import MessageSync, View
from aion_bot.delivery.thread import Thread
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.ratelimit.limiter import Limiter


class Registry:
    """One limiter per platform for the whole process; at most one message sync shows a message."""

    def __init__(self) -> None:
        self._limiters: dict[str, Limiter] = {}
        self._showing: WeakValueDictionary[MessageRef, MessageSync] = WeakValueDictionary()

    def thread(self, adapter: PlatformAdapter, key: ThreadKey) -> Thread:
        """Bind a thread to its adapter and the limiter of its platform."""
        limiter = self._limiters.get(adapter.platform)
        if limiter is None:
            limiter = self._limiters[adapter.platform] = Limiter(adapter)
        return Thread(adapter, limiter, key)

    def sync(self, thread: Thread, view: View, delivery: Delivery) -> MessageSync:
        """Return a message sync that shows `view` in `thread`.

        The messages that `delivery` takes over may be shown by another sync, which ends: it may still try to show
        its last screen.
        """
        before = [self._showing[message] for message in delivery.posted if message in self._showing]
        for showing in before:
            showing.take_over()
        sync = MessageSync(thread, view, delivery, before=before, hold=self._hold)
        for message in delivery.posted:
            self._hold(sync, message)
        return sync

    def _hold(self, sync: MessageSync, message: MessageRef) -> None:
        self._showing[message] = sync
