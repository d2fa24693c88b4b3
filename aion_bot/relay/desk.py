"""Which pacer the calls of a thread share."""

from aion_bot.port.adapter import PlatformAdapter
from aion_bot.port.messages import MessageRef, ThreadKey
from aion_bot.relay.pacer import Pacer
from aion_bot.relay.pump import Posted, Pump, Source


class Desk:
    """Hands out pumps. One pacer a scope, for everything in the process."""

    def __init__(self) -> None:
        self._pacers: dict[tuple[str, str], Pacer] = {}

    def pump(
        self,
        adapter: PlatformAdapter,
        thread: ThreadKey,
        source: Source,
        *,
        name: str,
        posted: tuple[MessageRef, ...] = (),
        on_posted: Posted | None = None,
        keeps_cards: bool = False,
        resumed: bool = False,
    ) -> Pump:
        """Return a pump that shows `source` in `thread`.

        `posted` are messages that it takes over; `resumed` says that an earlier process may have posted others.
        """
        scope = (adapter.platform, adapter.scope(thread))
        pacer = self._pacers.setdefault(scope, Pacer(adapter.limits.edits))
        return Pump(
            adapter,
            thread,
            pacer,
            source,
            name=name,
            posted=posted,
            on_posted=on_posted,
            keeps_cards=keeps_cards,
            resumed=resumed,
        )
