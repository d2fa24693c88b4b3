"""What people saw of an answer, and when. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.grid.cells import CHARACTERS, RATE, Ask


@dataclass(slots=True)
class Reader:
    """How many tokens one kind of reader had seen, from when on, and what each message shows now."""

    shown: list[tuple[float, int]] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)

    def read(self, at: float, message: str, text: str) -> None:
        """Read a message, which is empty once it is deleted."""
        self.messages[message] = text
        tokens = sum(map(len, self.messages.values())) // CHARACTERS
        if tokens > (self.shown[-1][1] if self.shown else 0):
            self.shown.append((at, tokens))

    @property
    def words_at(self) -> float:
        """When the first words were seen; `inf` if never."""
        return self.shown[0][0] if self.shown else math.inf

    @property
    def whole_at(self) -> float:
        """When the newest words were seen."""
        return self.shown[-1][0] if self.shown else math.inf

    def stale(self, began: float) -> float:
        """The sum, over all tokens, of the seconds from when a token came until it was seen; it began to grow `began`."""
        total, before = 0.0, 0
        for at, tokens in self.shown:
            # Token `k`, counted from 1, comes k / RATE seconds after the beginning.
            mean_arrival = began + (before + 1 + tokens) / 2 / RATE
            total += (tokens - before) * (at - mean_arrival)
            before = tokens
        return total


@dataclass(slots=True)
class Seen:
    """One answer as the asker and as bystanders see it; `signs` are what showed that the question arrived."""

    ask: Ask
    began: float
    asker: Reader = field(default_factory=Reader)
    bystanders: Reader = field(default_factory=Reader)
    signs: list[tuple[float, str]] = field(default_factory=list)
    settled_at: float = math.inf
    """When nothing more said that the answer goes on."""

    def sign(self, at: float, kind: str) -> None:
        """Note a sign of life."""
        self.signs.append((at, kind))

    def read(self, at: float, message: str, text: str, *, to_all: bool) -> None:
        """Note what a message shows, to the asker and perhaps to all."""
        self.asker.read(at, message, text)
        if to_all:
            self.bystanders.read(at, message, text)

    @property
    def first_sign(self) -> float:
        """Seconds from the question to its first sign."""
        return self.signs[0][0] - self.began if self.signs else math.inf

    def standing(self, whole: str) -> bool:
        """Tell whether everybody sees all of the answer, and nothing twice."""
        return all("".join(one.messages.values()) == whole for one in (self.asker, self.bystanders))


def mean_staleness(seen: Sequence[Seen], *, bystanders: bool = False) -> float:
    """The mean staleness over all characters, in seconds."""
    total = sum((one.bystanders if bystanders else one.asker).stale(one.began) for one in seen)
    return total / sum(one.ask.tokens for one in seen)
