"""What people saw of an answer, and when. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from aion_bot.simulators.visible_changes import VisibleChange
from benchmarks.relay import numbered_words


@dataclass(slots=True)
class ReaderView:
    """One kind of reader: when each word was first shown, and the numbers of the words in each message now."""

    first: list[float]
    now: dict[str, Sequence[int]] = field(default_factory=dict)

    def read(self, message: str, text: str, at: float) -> None:
        """Read a message."""
        shown = numbered_words.numbers(text)
        self.now[message] = shown
        for number in shown:
            if number < len(self.first) and math.isnan(self.first[number]):
                self.first[number] = at

    @property
    def complete(self) -> bool:
        """Whether the messages contain every word, once, in order."""
        standing = [number for message in self.now.values() for number in message]
        return standing == list(range(len(self.first)))

    @property
    def missing(self) -> int:
        """How many words are in no message now."""
        return len(set(range(len(self.first))).difference(*self.now.values()))


@dataclass(slots=True)
class ObservedAnswer:
    """One answer as the asker and as bystanders see it. `last` is the last change of its messages."""

    asker: ReaderView
    bystanders: ReaderView
    begun: float = math.nan
    last: float = math.nan

    @classmethod
    def of(cls, tokens: int) -> "ObservedAnswer":
        """An answer of which nothing was shown."""
        return cls(ReaderView([math.nan] * tokens), ReaderView([math.nan] * tokens))

    def follow(self, change: VisibleChange) -> None:
        """Record a change of one of its messages."""
        if math.isnan(self.begun):
            self.begun = change.at
        self.last = change.at
        self.asker.read(change.message, change.asker, change.at)
        self.bystanders.read(change.message, change.bystanders, change.at)

    @property
    def complete(self) -> bool:
        """Whether everybody sees all of it."""
        return self.asker.complete and self.bystanders.complete
