"""What people saw of an answer, and when. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.grid.cells import CHARACTERS, RATE, Ask


@dataclass(slots=True)
class Reader:
    """How many tokens one kind of reader had seen, from when on, and what the messages of each place show now, by their numbers."""

    shown: list[tuple[float, int]] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(default_factory=dict)

    def read(self, at: float, place: str, number: str, text: str) -> None:
        """Read a message. One that replaces another says what that said, and more."""
        self.places.setdefault(place, {})[number] = text
        tokens = sum(max(map(len, one.values()), default=0) for one in self.places.values()) // CHARACTERS
        if tokens > (self.shown[-1][1] if self.shown else 0):
            self.shown.append((at, tokens))

    @property
    def text(self) -> str:
        """All that stands now."""
        return "".join(text for place in self.places.values() for text in place.values())

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

    def read(self, at: float, place: str, number: str, text: str, *, to_all: bool) -> None:
        """Note what a message shows, to the asker and perhaps to all."""
        self.asker.read(at, place, number, text)
        if to_all:
            self.bystanders.read(at, place, number, text)

    def remove(self, place: str, number: str) -> None:
        """Note that a message is gone."""
        for one in (self.asker, self.bystanders):
            one.places.get(place, {}).pop(number, None)

    @property
    def first_sign(self) -> float:
        """Seconds from the question to its first sign."""
        return self.signs[0][0] - self.began if self.signs else math.inf

    def standing(self, whole: str) -> bool:
        """Tell whether everybody sees all of the answer, and nothing twice."""
        return all(one.text == whole for one in (self.asker, self.bystanders))


def mean_staleness(seen: Sequence[Seen], *, bystanders: bool = False) -> float:
    """The mean staleness over all characters, in seconds."""
    total = sum((one.bystanders if bystanders else one.asker).stale(one.began) for one in seen)
    return total / sum(one.ask.tokens for one in seen)
