"""The questions of each load, where they are asked, and under which limits. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

RATE = 30.0
"""Tokens a second that an answer grows by."""
SHORT, LONG = 300, 4_000
"""Tokens of a short and of a long answer."""
CHANNELS = 10


class Place(StrEnum):
    """Where the answers are shown."""

    CHANNELS = "slack-channels"
    """Slack, one workspace, ten channels, each answer in a thread of its own."""
    CHANNEL = "slack-channel"
    """The same in one channel."""
    DIRECT = "slack-direct"
    """Slack, direct messages of ten people."""
    DISCORD = "discord"
    """Discord, threads of one channel."""


class Limiting(StrEnum):
    """The simulator's limits, against the documented ones."""

    DOCUMENTED = "documented"
    HALF = "half"
    DOUBLE = "double"
    SHARED = "shared"
    """As documented, but a second process uses half of it."""


class Relayer(StrEnum):
    """The program that relays the answers."""

    BOT = "bot"
    PLAIN = "plain"
    """A loop of one second."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: when it is asked, in seconds, how long its answer is, and whether it ends with a plan."""

    at: float = 0.0
    tokens: int = SHORT
    plan: bool = False

    @property
    def seconds(self) -> float:
        """The seconds that Aion takes to send the answer."""
        return self.tokens / RATE


@dataclass(frozen=True, slots=True)
class Load:
    """Questions that are asked together, and the limits that apply."""

    name: str
    place: Place
    limits: Limiting
    relayer: Relayer
    asks: tuple[Ask, ...]
    deadline: float = 180.0
    """Seconds after the last token in which all answers have to be complete."""

    @property
    def ends(self) -> float:
        """When the last token is sent, in seconds."""
        return max(ask.at + ask.seconds for ask in self.asks)

    @property
    def weight(self) -> int:
        """The maximum of answers that are sent at the same time, from the times and lengths of the questions."""
        return max(sum(one.at <= ask.at < one.at + one.seconds for one in self.asks) for ask in self.asks)

    def to_json(self) -> dict[str, Any]:
        """The load as JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "Load":
        """Read what `to_json` wrote."""
        asks = tuple(Ask(**ask) for ask in given["asks"])
        place, limits, relayer = Place(given["place"]), Limiting(given["limits"]), Relayer(given["relayer"])
        return cls(given["name"], place, limits, relayer, asks, given["deadline"])


def concurrent(
    answers: int,
    tokens: int,
    place: Place,
    limits: Limiting = Limiting.DOCUMENTED,
    relayer: Relayer = Relayer.BOT,
) -> Load:
    """A load of simultaneous answers of one length."""
    asks = (Ask(tokens=tokens),) * answers
    return Load(f"{answers} x {tokens}", place, limits, relayer, asks)


def late(place: Place) -> Load:
    """A load of ten short answers that use up the window, and one that begins just then."""
    return Load("late", place, Limiting.DOCUMENTED, Relayer.BOT, (*(Ask(),) * 10, Ask(at=12.0)))


def card(place: Place) -> Load:
    """A load of ten short answers, and in their middle a plan that waits for a decision."""
    asks = (*(Ask(),) * 10, Ask(at=5.0, tokens=60, plan=True))
    return Load("card", place, Limiting.DOCUMENTED, Relayer.BOT, asks)


def rolling(place: Place, limits: Limiting, minutes: int) -> Load:
    """A load of ten answers of a minute at any time, one after the other, for so many minutes."""
    minute = round(60 * RATE)
    asks = tuple(
        Ask(at=6.0 * slot + 60.0 * turn, tokens=minute) for turn in range(minutes) for slot in range(10)
    )
    return Load(f"10 rolling, {minutes} min", place, limits, Relayer.BOT, asks)


def concurrent_sizes(
    places: Sequence[Place], sizes: Sequence[int], tokens: Sequence[int]
) -> list[tuple[int, int, Place]]:
    """The numbers, lengths and places of simultaneous answers: long ones only for one and ten, direct messages only up to ten."""
    return [
        (size, length, place)
        for length in tokens
        for place in places
        for size in sizes
        if not (length > SHORT and size not in {1, 10})
        and not (place is Place.DIRECT and (size > 10 or length > SHORT))
    ]
