"""The cells of the grid: which answers come when. No I/O."""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ratelimit.lengths import bin_of

RATE = 15.0
"""Tokens a second that an answer grows by."""
CHARACTERS = 4
"""Characters of a token."""
LENGTHS = (5, 10, 20, 40, 80, 160)
"""Seconds that answers grow for."""
COUNTS = (1, 3, 10, 30, 100)
"""Answers at once."""
STAGGERED_OVER = 10.0
"""Seconds over which staggered answers begin."""
STREAM_SECONDS = 180.0
"""Seconds in which the answers of a Poisson stream begin."""
MEDIAN, SPREAD = 18.0, 0.8
"""Median in seconds, and standard deviation of the logarithm, of the lengths in a stream: two thirds take 8 to 40 seconds."""
SHORTEST, LONGEST = 2.0, 240.0
"""Seconds between which the lengths in a stream are kept."""

EARLIER = 300
"""Answers that a bot has shown before, where it has learned from them."""


class Platform(StrEnum):
    """Where the answers are shown."""

    SLACK = "slack"
    """One workspace; as many channels as `channels` says, each answer in a thread of its own."""
    DISCORD = "discord"
    """Threads of one channel."""


class Arrival(StrEnum):
    """When the answers begin."""

    TOGETHER = "together"
    STAGGERED = "staggered"
    POISSON = "poisson"


class Limiting(StrEnum):
    """What the platform's limits are, against the documented ones."""

    DOCUMENTED = "documented"
    HALF = "half"
    CHANGING = "changing"
    """As documented for the first ten seconds, and half of it from then on."""
    SHARED = "shared"
    """As documented, but a second process uses half of it."""
    NONE = "none"
    """The platform refuses nothing; the bot knows what is documented."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: when it is asked and how long its answer grows, in seconds, and the number of its channel."""

    at: float
    seconds: float
    channel: int

    @property
    def tokens(self) -> int:
        """The tokens of the answer, which come evenly, the first one `1 / RATE` seconds after the question."""
        return max(1, round(self.seconds * RATE))

    @property
    def ends(self) -> float:
        """When the last token comes."""
        return self.at + self.tokens / RATE


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `length` is 0 for the mixed lengths of a stream."""

    platform: Platform
    arrival: Arrival
    count: int
    length: float
    limiting: Limiting = Limiting.DOCUMENTED

    @property
    def name(self) -> str:
        """The cell in words."""
        lengths = "mixed" if self.arrival is Arrival.POISSON else f"{self.length:g} s"
        return f"{self.platform}, {self.count} of {lengths}, {self.arrival}"

    def asks(self) -> Sequence[Ask]:
        """The questions, in order; the same ones each time."""
        among = channels(self.count)
        if self.arrival is Arrival.POISSON:
            return _stream(self.count, among)
        apart = STAGGERED_OVER / self.count if self.arrival is Arrival.STAGGERED else 0.0
        return [Ask(apart * number, self.length, number % among) for number in range(self.count)]

    def earlier_lengths(self) -> Mapping[int, float]:
        """The histogram of answers of these lengths that a bot has shown before."""
        rng = random.Random(1)
        lengths = [self.length or _drawn(rng) for _ in range(EARLIER)]
        return Counter(map(bin_of, lengths))


def channels(count: int) -> int:
    """The channels of Slack in which so many questions are asked: as many as questions up to three, then ever fewer."""
    return min(count, max(3, min(20, count // 3)))


def _stream(count: int, among: int) -> Sequence[Ask]:
    """Questions such that `count` answers grow at once on average."""
    rng = random.Random(count)
    mean = MEDIAN * math.exp(SPREAD**2 / 2)
    asks: list[Ask] = []
    at = rng.expovariate(count / mean)
    while at < STREAM_SECONDS:
        asks.append(Ask(at, _drawn(rng), rng.randrange(among)))
        at += rng.expovariate(count / mean)
    return asks


def _drawn(rng: random.Random) -> float:
    """Draw the length of an answer in a stream."""
    return min(max(rng.lognormvariate(math.log(MEDIAN), SPREAD), SHORTEST), LONGEST)


def grid(
    platforms: Sequence[Platform] = tuple(Platform),
    arrivals: Sequence[Arrival] = tuple(Arrival),
    counts: Sequence[int] = COUNTS,
    lengths: Sequence[float] = LENGTHS,
    limiting: Limiting = Limiting.DOCUMENTED,
) -> Sequence[Cell]:
    """All cells of the grid; a stream has all lengths in one cell."""
    return [
        Cell(platform, arrival, count, length, limiting)
        for platform in platforms
        for arrival in arrivals
        for length in ((0.0,) if arrival is Arrival.POISSON else lengths)
        for count in counts
    ]
