"""A Host that keeps what an adapter tells it, and waits with the tests."""

import asyncio
from collections.abc import Callable, Sequence

from aion_bot.ports.events import Click, InboundEvent, MessageChange, Prompt, StopRequest
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import ThreadKey


class RecordingHost:
    """Takes everything over, unless told to fail or to take its time."""

    def __init__(self) -> None:
        self.inbounds: list[InboundEvent] = []
        self.presences: list[Presence] = []
        self.facts: dict[str, str] = {}
        self.failures = 0
        self.failure: Exception = OSError("the disk is full of secret words")
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = 0
        self._happened = asyncio.Event()

    async def accept(self, inbound: InboundEvent) -> None:
        """Keep `inbound`, once the gate is open."""
        self.entered += 1
        self._happened.set()
        await self.gate.wait()
        if self.failures:
            self.failures -= 1
            raise self.failure
        self.inbounds.append(inbound)
        self._happened.set()

    async def connected(self, presence: Presence) -> None:
        """Keep `presence`."""
        self.presences.append(presence)
        self._happened.set()

    async def known_threads(self) -> Sequence[ThreadKey]:
        """None: Slack sends again by itself what was missed."""
        return ()

    async def missed_since(self) -> float | None:
        """Never away."""
        return None

    async def recall(self, name: str) -> str | None:
        """Give back what was stored."""
        return self.facts.get(name)

    async def remember(self, name: str, value: str) -> None:
        """Store a fact."""
        self.facts[name] = value

    @property
    def prompts(self) -> list[Prompt]:
        """The questions so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, Prompt)]

    @property
    def clicks(self) -> list[Click]:
        """The presses so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, Click)]

    @property
    def amendments(self) -> list[MessageChange]:
        """The edits and deletions so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, MessageChange)]

    @property
    def stops(self) -> list[StopRequest]:
        """The uses of Slack's own Stop so far."""
        return [inbound for inbound in self.inbounds if isinstance(inbound, StopRequest)]

    async def until(self, condition: Callable[[], bool], *, timeout: float = 5.0) -> None:
        """Wait until `condition` holds. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not condition():
                self._happened.clear()
                await self._happened.wait()
