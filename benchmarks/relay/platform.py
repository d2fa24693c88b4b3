"""A simulated platform as the relay benchmark uses it: channels, limits, competing processes, and the requests made."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aion_bot.simulators.visible_changes import ChangeListener
from aion_bot.simulators.workspace import Logged
from benchmarks.relay.loads import Limiting


@dataclass(frozen=True, slots=True)
class SentQuestion:
    """A question that was sent: the thread of its answer, and the time."""

    channel: str
    thread: str
    at: float


class MeasuredPlatform(Protocol):
    """The members of both platforms. `indicators`: when a thread first showed a reaction or activity."""

    indicators: dict[str, float]

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot."""

    async def start(self) -> None:
        """Start the server."""

    async def stop(self) -> None:
        """Stop the server."""

    async def connected(self) -> None:
        """Wait until a bot listens."""

    def prepare(self, answers: int) -> None:
        """Open the channels or threads of so many answers."""

    def watch(self, listener: ChangeListener) -> None:
        """Report every change of the bot's messages."""

    def limit(self, limiting: Limiting) -> None:
        """Set the limits and count requests from now on."""

    def ask(self, number: int, text: str) -> SentQuestion:
        """Send a question."""

    def at_rest(self, thread: str) -> bool:
        """Whether nothing in a thread says that the answer continues: no button, no open stream."""

    def buttons(self, thread: str) -> Sequence[str]:
        """Labels of the buttons in a thread."""

    def competing_processes(self) -> Sequence["CompetingProcess"]:
        """The use of each budget by a second process: half of it."""

    @property
    def calls(self) -> Counter[str]:
        """The number of requests so far, with refused ones."""

    @property
    def log(self) -> Sequence[Logged]:
        """The newest requests."""

    @property
    def refused(self) -> Sequence[Logged]:
        """The refused requests."""


@dataclass(slots=True)
class CompetingProcess:
    """Uses up to `most` requests in any `seconds`, in random bursts; `use` makes some and returns how many were taken."""

    most: float
    seconds: float
    use: Callable[[int], int]
    rng: random.Random
    _made: deque[float] = field(default_factory=deque)
    _next: float = 0.0

    def turn(self, now: float) -> None:
        """Make requests if they are due."""
        while self._made and now - self._made[0] >= self.seconds:
            self._made.popleft()
        available = int(self.most) - len(self._made)
        if now < self._next or available < 1:
            return
        burst = min(available, self.rng.randint(1, max(1, int(self.most / 4))))
        self._made.extend([now] * self.use(burst))
        self._next = now + self.rng.expovariate(1.4 * self.most / self.seconds / burst)


async def run_competing(competing_processes: Sequence[CompetingProcess]) -> None:
    """Run a second process until it is cancelled."""
    while True:
        now = time.monotonic()
        for process in competing_processes:
            process.turn(now)
        await asyncio.sleep(0.05)
