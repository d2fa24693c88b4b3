"""Which gate the calls of a platform go through, and which pump shows a message."""

from weakref import WeakValueDictionary

from aion_bot.delivery.executor import Posted
from aion_bot.delivery.sync import Pump, Source
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.ratelimit.limiter import Gate


class Desk:
    """Hands out pumps. One gate a platform, for everything in the process; at most one pump shows a message."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._showing: WeakValueDictionary[MessageRef, Pump] = WeakValueDictionary()

    def gate(self, adapter: PlatformAdapter) -> Gate:
        """Return the gate of a platform."""
        gate = self._gates.get(adapter.platform)
        if gate is None:
            gate = self._gates[adapter.platform] = Gate(adapter)
        return gate

    def pump(
        self,
        adapter: PlatformAdapter,
        thread: ThreadKey,
        source: Source,
        *,
        name: str,
        reader: Person,
        posted: tuple[MessageRef, ...] = (),
        on_posted: Posted | None = None,
        keeps_cards: bool = False,
        resumed: bool = False,
    ) -> Pump:
        """Return a pump that shows `source` in `thread`.

        `posted` are messages that it takes over, from the pump that shows them if there is one: that may still try to
        show its last screen. `resumed` says that an earlier process may have posted others.
        """
        before = [showing for message in posted if (showing := self._showing.get(message)) is not None]
        for showing in before:
            showing.take_over()
        pump = Pump(
            adapter,
            self.gate(adapter),
            thread,
            source,
            name=name,
            reader=reader,
            posted=posted,
            on_posted=on_posted,
            keeps_cards=keeps_cards,
            resumed=resumed,
            before=before,
            hold=self._hold,
        )
        for message in posted:
            self._hold(pump, message)
        return pump

    def _hold(self, pump: Pump, message: MessageRef) -> None:
        self._showing[message] = pump
