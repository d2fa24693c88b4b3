"""A core that writes down what an adapter tells it."""

import asyncio
from collections.abc import Callable

from aion_bot.port.adapter import Presence
from aion_bot.port.messages import Click, Inbound, Prompt


class RecordingHost:
    """Keeps everything. `refusal` is raised instead of taking an inbound."""

    def __init__(self) -> None:
        self.inbound: list[Inbound] = []
        self.presences: list[Presence] = []
        self.memory: dict[str, str] = {}
        self.refusal: Exception | None = None
        self._changed = asyncio.Event()

    async def accept(self, inbound: Inbound) -> None:
        self._changed.set()
        if self.refusal is not None:
            raise self.refusal
        self.inbound.append(inbound)

    async def connected(self, presence: Presence) -> None:
        self.presences.append(presence)
        self._changed.set()

    async def recall(self, name: str) -> str | None:
        return self.memory.get(name)

    async def remember(self, name: str, value: str) -> None:
        self.memory[name] = value

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after everything told."""
        async with asyncio.timeout(5):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def prompt(self, number: int = 1) -> Prompt:
        """Wait for so many inbounds; the last is a question."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, Prompt)
        return last

    async def click(self, number: int = 1) -> Click:
        """Wait for so many inbounds; the last is a press."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, Click)
        return last
