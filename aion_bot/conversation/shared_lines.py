"""One line for all questions of a channel that have no room for a sign of their own."""

import asyncio
import time
from dataclasses import dataclass, field

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.conversation.shared_line import SharedLine
from aion_bot.delivery.thread import Thread
from aion_bot.domain.turn import Turn
from aion_bot.ports.capabilities import ChannelLines
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage import Store

_GATHER = 0.02
"""Seconds in which the questions of a burst come, so that the line begins with their number."""

_LOOK_EVERY = 1.0
"""Seconds between two looks at how many still wait."""

_EDIT_EVERY = 5.0
"""Seconds between two edits at least: most requests for edits are for answers."""

_REFUSED_FOR = 60.0
"""Seconds for which no line is tried in a channel that has not taken one."""


@dataclass(eq=False, slots=True)
class _Channel:
    """A channel with a line. `asked`: what is set once each question has another sign, or needs none any more."""

    line: SharedLine
    asked: list[asyncio.Event] = field(default_factory=list)
    stands: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whether the line could be posted, which `posted` says."""
    posted: bool = False

    def waiting(self) -> int:
        """Count the questions that still wait."""
        self.asked = [one for one in self.asked if not one.is_set()]
        return len(self.asked)


class SharedLines:
    """The lines of all channels, each posted with its first question and removed after its last one."""

    def __init__(self, store: Store, tasks: BackgroundTasks) -> None:
        self._store, self._tasks = store, tasks
        self._channels: dict[ThreadKey, _Channel] = {}
        self._refused: dict[ThreadKey, float] = {}
        """When each channel took no line."""

    async def join(self, thread: Thread, turn: Turn, over: asyncio.Event) -> bool:
        """Count a question in the line of its channel until `over`; returns whether people see the line.

        A channel's line is seen by who asked there, not by who asked in a thread or in private.
        """
        adapter, origin = thread.adapter, turn.origin
        channel = None
        if origin is not None and not origin.place.private and isinstance(adapter, ChannelLines):
            channel = adapter.line_channel(origin)
        if channel is None or not self._is_taken(channel):
            return False
        found = self._channels.get(channel)
        if found is None:
            line = SharedLine(self._store, Thread(adapter, thread.limiter, channel))
            found = self._channels[channel] = _Channel(line)
            self._tasks.spawn(self._show(channel, found))
        found.asked.append(over)
        await found.stands.wait()
        return found.posted

    def _is_taken(self, channel: ThreadKey) -> bool:
        now = time.monotonic()
        self._refused = {one: at for one, at in self._refused.items() if now < at + _REFUSED_FOR}
        return channel not in self._refused

    async def _show(self, key: ThreadKey, channel: _Channel) -> None:
        """Post the line, keep its number right, and remove it once nobody waits."""
        await asyncio.sleep(_GATHER)
        try:
            channel.posted = await channel.line.post(channel.waiting())
            if not channel.posted:
                self._refused[key] = time.monotonic()
        finally:
            channel.stands.set()
        edited_at = time.monotonic()
        while channel.posted and (count := channel.waiting()):
            await asyncio.sleep(_LOOK_EVERY)
            if time.monotonic() >= edited_at + _EDIT_EVERY:
                edited_at = time.monotonic()
                channel.posted = await channel.line.show(channel.waiting() or count)
        # Nothing is awaited since the last count: a question that comes from now on gets a new line.
        del self._channels[key]
        await channel.line.remove()
