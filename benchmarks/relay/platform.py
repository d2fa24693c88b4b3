"""A simulated platform as a benchmark uses it: places to ask in, limits, rivals, and what was called."""

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
    """A question that was put: where its answer will stand, and when it was sent."""

    channel: str
    thread: str
    at: float


class MeasuredPlatform(Protocol):
    """What both platforms offer. `indicators`: when a thread first showed a reaction or that the bot is at work."""

    indicators: dict[str, float]

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot."""

    async def start(self) -> None:
        """Serve."""

    async def stop(self) -> None:
        """Stop serving."""

    async def connected(self) -> None:
        """Wait until a bot listens."""

    def prepare(self, answers: int) -> None:
        """Open what so many answers stand in."""

    def watch(self, listener: ChangeListener) -> None:
        """Tell of every change of the bot's messages."""

    def limit(self, limiting: Limiting) -> None:
        """Count calls from now on."""

    def ask(self, number: int, text: str) -> SentQuestion:
        """Put a question."""

    def at_rest(self, thread: str) -> bool:
        """Tell whether nothing in a thread says that the answer goes on: no button, no open stream."""

    def buttons(self, thread: str) -> Sequence[str]:
        """Labels of the buttons in a thread."""

    def competing_processes(self) -> Sequence["CompetingProcess"]:
        """Return what a second process uses of each budget: half of it."""

    @property
    def calls(self) -> Counter[str]:
        """Calls so far, refused ones included."""

    @property
    def log(self) -> Sequence[Logged]:
        """The newest calls."""

    @property
    def refused(self) -> Sequence[Logged]:
        """Calls that were turned away."""


@dataclass(slots=True)
class CompetingProcess:
    """Uses up to `most` calls in any `seconds`, in bursts at random moments; `use` makes some and tells how many."""

    most: float
    seconds: float
    use: Callable[[int], int]
    rng: random.Random
    _made: deque[float] = field(default_factory=deque)
    _next: float = 0.0

    def turn(self, now: float) -> None:
        """Make calls if it is time to."""
        while self._made and now - self._made[0] >= self.seconds:
            self._made.popleft()
        available = int(self.most) - len(self._made)
        if now < self._next or available < 1:
            return
        burst = min(available, self.rng.randint(1, max(1, int(self.most / 4))))
        self._made.extend([now] * self.use(burst))
        self._next = now + self.rng.expovariate(1.4 * self.most / self.seconds / burst)


async def run_competing(competing_processes: Sequence[CompetingProcess]) -> None:
    """Let a second process go on until it is cancelled."""
    while True:
        now = time.monotonic()
        for process in competing_processes:
            process.turn(now)
        await asyncio.sleep(0.05)
