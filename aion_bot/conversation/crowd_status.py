"""The bot's own status says how many questions wait, where the limits leave no room for a sign of each."""

import asyncio
from dataclasses import dataclass, field

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.delivery.thread import Thread
from aion_bot.domain import strings
from aion_bot.ports.capabilities import BotStatus

_GATHER = 0.02
"""Seconds in which the questions of a burst come, so that the status begins with their number."""

_CHANGE_EVERY = 15.0
"""Seconds between two changes: Discord closes the connection of who changes it often. Libraries name five a minute and fifteen."""


@dataclass(eq=False, slots=True)
class _Crowd:
    """The questions of one platform. `asked`: what is set once each has another sign, or needs none any more."""

    asked: list[asyncio.Event] = field(default_factory=list)
    known: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whether the status could be shown, which `shown` says."""
    shown: bool = False

    def waiting(self) -> int:
        """Count the questions that still wait."""
        self.asked = [one for one in self.asked if not one.is_set()]
        return len(self.asked)


class CrowdStatus:
    """Shows the status with the first question that joins, and ends it some seconds after the last one has a sign of its own."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._crowds: dict[str, _Crowd] = {}
        """By the platform."""

    async def join(self, thread: Thread, over: asyncio.Event) -> bool:
        """Count a question until `over`; returns whether people see the status."""
        adapter = thread.adapter
        if not isinstance(adapter, BotStatus):
            return False
        crowd = self._crowds.get(thread.platform)
        if crowd is None:
            crowd = self._crowds[thread.platform] = _Crowd()
            self._tasks.spawn(self._show(thread.platform, adapter, crowd))
        crowd.asked.append(over)
        await crowd.known.wait()
        return crowd.shown

    async def _show(self, platform: str, status: BotStatus, crowd: _Crowd) -> None:
        await asyncio.sleep(_GATHER)
        try:
            crowd.shown = await status.show_status(strings.status_of_crowd(crowd.waiting()))
            crowd.known.set()
            await asyncio.sleep(_CHANGE_EVERY)
            while crowd.shown:
                count = crowd.waiting()
                # Before it is awaited: a question that joins while the status goes away is not told that it has a sign.
                crowd.shown = bool(count)
                sent = await status.show_status(strings.status_of_crowd(count))
                crowd.shown = crowd.shown and sent
                await asyncio.sleep(_CHANGE_EVERY)
        finally:
            crowd.known.set()
            # A question that comes from now on begins another crowd.
            del self._crowds[platform]
