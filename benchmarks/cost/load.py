"""What is asked for, and what was seen of it. No I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from aion_bot.simulators.aion.scene import Answer, Scene, Speak, spoken
from aion_bot.simulators.aion.wire import plain_words
from benchmarks.stream import TEXT

WORDS = tuple(re.findall(r"\s*\S+", TEXT))
"""Pieces of a text with Markdown and references, as an assistant's tokens."""


@dataclass(frozen=True, slots=True)
class Load:
    """`answers` side by side, each `tokens` long and told at `rate` tokens a second; asked for `arrivals` a second."""

    answers: int
    tokens: int
    rate: float
    arrivals: float = 50.0

    @property
    def pieces(self) -> tuple[str, ...]:
        """The tokens of one answer."""
        return tuple(islice(cycle(WORDS), self.tokens))

    @property
    def scene(self) -> Scene:
        """What Aion plays."""
        text = "".join(self.pieces)
        ending = spoken(text).steps[1:]
        return Scene((Speak(text, self.pieces), *ending), Answer(text))

    @property
    def shown(self) -> str:
        """What a thread shows in the end, without white space: pages are cut where there is some."""
        return bare_words(plain_words(Answer("".join(self.pieces))))


def bare_words(text: str) -> str:
    """Return a text without white space."""
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Operation:
    """A call that showed something: when after the first question, what, and in which message."""

    at: float
    method: str
    body: Mapping[str, Any]
    message: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer of a run: its thread, whether all of it was shown, and the calls that showed it."""

    channel: str
    thread: str
    whole: bool
    calls: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as the servers saw it. `at_once` is the largest number of streams open at one time."""

    answers: tuple[Asked, ...]
    seconds: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What the bare program does for one answer: read this stream, and make these calls in this thread."""

    session: str
    channel: str
    thread: str
    begin: float
    calls: tuple[Operation, ...]
