"""What is asked, and what was shown of the answers. No I/O."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from aion_bot.simulators.aion.scene import Answer, Scene, Speak, spoken
from aion_bot.simulators.aion.wire import plain_words
from benchmarks.stream import TEXT

WORDS = tuple(re.findall(r"\s*\S+", TEXT))
"""Pieces of a text with Markdown and references, as an assistant's tokens."""


@dataclass(frozen=True, slots=True)
class Load:
    """`answers` side by side, each `tokens` long at `rate` tokens a second; asked at `arrivals` a second."""

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
        """The scene that Aion plays."""
        text = "".join(self.pieces)
        ending = spoken(text).steps[1:]
        return Scene((Speak(text, self.pieces), *ending), Answer(text))

    @property
    def shown(self) -> str:
        """The text of a thread at the end, without white space: pages are split at white space."""
        return without_whitespace(plain_words(Answer("".join(self.pieces))))


def without_whitespace(text: str) -> str:
    """Remove the white space of a text."""
    return "".join(text.split())


@dataclass(frozen=True, slots=True)
class Operation:
    """A request that showed something: seconds after the first question, the content, and the message."""

    at: float
    method: str
    body: Mapping[str, Any]
    message: str = ""


def calls_of(
    calls: Sequence[Operation], messages: Mapping[str, Sequence[str]]
) -> Mapping[str, Sequence[Operation]]:
    """Return the requests that showed each thread's `messages`, in order, with the message that each of them showed.

    The first posts of a thread made its messages, in their order. Requests for any other message are left out: the edit that
    puts the rating buttons below an answer may come after its run, when its message is forgotten.
    """
    threads = {message: thread for thread, of in messages.items() for message in of}
    posted = {thread: iter(of) for thread, of in messages.items()}
    found = defaultdict[str, list[Operation]](list)
    for call in calls:
        message = call.body.get("ts") or next(posted.get(call.body["thread_ts"], iter(())), "")
        if message in threads:
            found[threads[message]].append(replace(call, message=message))
    return found


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer of a run: its thread, whether all of it was shown, and the requests that showed it."""

    channel: str
    thread: str
    whole: bool
    calls: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the servers recorded it. `at_once` is the maximum of open streams."""

    answers: tuple[AnswerRecord, ...]
    seconds: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Replay:
    """One answer for the reference program: the stream to read, and the requests to make in this thread."""

    session: str
    channel: str
    thread: str
    begin: float
    calls: tuple[Operation, ...]
