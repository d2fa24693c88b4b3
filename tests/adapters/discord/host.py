"""A core that writes down what an adapter tells it."""

import asyncio
from collections.abc import Callable, Sequence

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey


class RecordingHost:
    """Keeps everything.

    `refusal` is raised instead of taking an inbound; `away` and `known` are what it says of missed events and of
    its threads; nothing is taken while `open` is cleared.
    """

    def __init__(self) -> None:
        self.inbound: list[InboundEvent] = []
        self.presences: list[Presence] = []
        self.memory: dict[str, str] = {}
        self.refusal: Exception | None = None
        self.away: float | None = None
        self.known: list[ThreadKey] = []
        self.knocking = 0
        self.open = asyncio.Event()
        self.open.set()
        self._changed = asyncio.Event()

    async def accept(self, inbound: InboundEvent) -> None:
        self.knocking += 1
        self._changed.set()
        await self.open.wait()
        if self.refusal is not None:
            raise self.refusal
        self.inbound.append(inbound)
        self._changed.set()

    async def connected(self, presence: Presence) -> None:
        self.presences.append(presence)
        self._changed.set()

    async def known_threads(self) -> Sequence[ThreadKey]:
        return self.known

    async def missed_since(self) -> float | None:
        return self.away

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

    async def amendment(self, number: int = 1) -> MessageChange:
        """Wait for so many inbounds; the last is an edit or a deletion."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, MessageChange)
        return last

    async def click(self, number: int = 1) -> Click:
        """Wait for so many inbounds; the last is a press."""
        await self.until(lambda: len(self.inbound) >= number)
        last = self.inbound[number - 1]
        assert isinstance(last, Click)
        return last
