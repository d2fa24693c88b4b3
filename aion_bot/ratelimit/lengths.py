"""How long answers go on: a documented prior, and what this deployment's finished answers say. No I/O.

The prior is log-normal with a median of 18 seconds, so wide (`PRIOR_SPREAD`) that two thirds of answers take 7 to 49 seconds,
and counts as `PRIOR_WEIGHT` answers. Each finished answer adds one to its bin; a bin spans a factor of the square root of two.
Older answers are forgotten slowly: their weight halves within `HALF_LIFE` answers.
"""

import functools
import itertools
import math
from collections.abc import Mapping, Sequence

PRIOR_MEDIAN = 18.0
"""Seconds."""

PRIOR_SPREAD = 1.0
"""Standard deviation of the logarithm."""

PRIOR_WEIGHT = 10.0
"""Answers that the prior counts as: after a few dozen of a deployment's own it hardly matters."""

HALF_LIFE = 500
"""Finished answers after which the weight of an older one has halved."""

BINS = 21
"""Bins, from 1 second to 1,024: the first and the last one have what is shorter or longer, too."""

_FORGET = 0.5 ** (1 / HALF_LIFE)
_FINE = 4
"""Points of the tables for each bin."""


def bin_of(seconds: float) -> int:
    """Return the bin of a length: bin `n` begins at the square root of two to the power of `n`, in seconds."""
    return min(max(math.floor(2 * math.log2(max(seconds, 1.0))), 0), BINS - 1)


class AnswerLengths:
    """The distribution of answers' lengths. `weights`: of the bins, as an earlier process kept them."""

    def __init__(self, weights: Mapping[int, float] | None = None) -> None:
        self.weights = [0.0] * BINS
        for place, weight in (weights or {}).items():
            self.weights[place] = weight
        self._survival, self._mean = _tables(tuple(self.weights))
        self.soonest = self._soonest()
        """The seconds before which hardly an answer ends."""
        self._grids: dict[float, Grid] = {}

    def grid(self, step: float, every: int, points: int) -> "Grid":
        """Return the table of what answers still grow for whoever asks at steps of so many seconds; valid until `record`."""
        found = self._grids.get(step)
        if found is None:
            found = self._grids[step] = Grid(self, step, every, points)
        return found

    def record(self, seconds: float) -> None:
        """Count a finished answer that grew for so many seconds."""
        # All bins, so that their sum has a bound: about 720 answers (1 / (1 - `_FORGET`)).
        self.weights = [_FORGET * weight for weight in self.weights]
        self.weights[bin_of(seconds)] += 1.0
        self._grids.clear()
        self._survival, self._mean = _tables(tuple(self.weights))
        self.soonest = self._soonest()

    def _soonest(self) -> float:
        return _point(sum(alive >= 1 - 1 / _HARDLY for alive in self._survival) - 1)

    def mean_left(self, age: float, within: float) -> float:
        """Return the expected seconds, `within` at most, that an answer of this age still goes on; `within` where nobody knows."""
        alive, before = self.grown(age)
        return within if alive <= _NOBODY else min(within, (self.grown(age + within)[1] - before) / alive)

    def grown(self, age: float) -> tuple[float, float]:
        """Return the share of answers that go on for longer, and the mean length of answers that are cut there."""
        return _at(self._survival, age), _at(self._mean, age)


class Grid:
    """What answers still grow, by ages that are whole numbers of steps; one for all limits with windows of the same length.

    A row has `points` after the first, one every so many steps. Each age is worked out once: all points are ages, too.
    """

    def __init__(self, lengths: AnswerLengths, step: float, every: int, points: int) -> None:
        self._lengths, self._step = lengths, step
        self._within = [number * every * step for number in range(points + 1)]
        self._offsets = [number * every for number in range(points + 1)]
        self._grown: dict[int, tuple[float, float]] = {}
        self._rows: dict[int, list[float]] = {}
        self._coming: list[float] = []

    def row(self, age: int) -> list[float]:
        """Return the expected seconds that an answer of so many steps still grows until each point, as `mean_left`."""
        if (row := self._rows.get(age)) is None:
            row = self._rows[age] = self._work_out(age)
        return row

    def coming(self) -> list[float]:
        """Return, for an arrival each second, the time that all of them grow until each point."""
        if not self._coming:
            grown, total, width = [0.0], 0.0, self._within[1]
            for before, after in itertools.pairwise(self.row(0)):
                total += width * (before + after) / 2
                grown.append(total)
            self._coming = grown
        return self._coming

    def _work_out(self, age: int) -> list[float]:
        alive, before = self._at(age)
        if alive <= _NOBODY:
            return self._within
        return [
            min(within, (self._at(age + offset)[1] - before) / alive)
            for within, offset in zip(self._within, self._offsets, strict=True)
        ]

    def _at(self, age: int) -> tuple[float, float]:
        if (found := self._grown.get(age)) is None:
            found = self._grown[age] = self._lengths.grown(age * self._step)
        return found


_HARDLY = 20
"""One answer in so many is hardly one."""

_NOBODY = 1e-9
"""The share of answers that counts as none."""


def _point(number: int) -> float:
    """Return the seconds at a point of the tables; the first bin begins at 0."""
    return 0.0 if number == 0 else 2.0 ** (number / _FINE / 2)


def _at(table: Sequence[float], seconds: float) -> float:
    """Interpolate a table."""
    number = int(2.0 * _FINE * math.log2(seconds)) if seconds > 1.0 else 0
    # Behind the last bin nobody goes on: the mean grows no more.
    if number >= len(table) - 1:
        return table[-1]
    low, high = _POINTS[number], _POINTS[number + 1]
    return table[number] + (table[number + 1] - table[number]) * (seconds - low) / (high - low)


_POINTS = [_point(number) for number in range(BINS * _FINE + 1)]


def _prior() -> list[float]:
    """Return the share of each bin under the prior."""

    def below(seconds: float) -> float:
        return (1 + math.erf(math.log(seconds / PRIOR_MEDIAN) / PRIOR_SPREAD / math.sqrt(2))) / 2

    ends = [0.0, *(below(_point((place + 1) * _FINE)) for place in range(BINS - 1)), 1.0]
    return [after - before for before, after in itertools.pairwise(ends)]


_PRIOR = _prior()


@functools.lru_cache(maxsize=4)
def _tables(weights: tuple[float, ...]) -> tuple[Sequence[float], Sequence[float]]:
    """Return the share of answers that are longer than each point, and the mean of lengths cut there.

    Kept: a process that begins makes several distributions of the same weights.
    """
    total = PRIOR_WEIGHT + sum(weights)
    shares = [(PRIOR_WEIGHT * prior + own) / total for prior, own in zip(_PRIOR, weights, strict=True)]
    survival, mean, alive, before = [1.0], [0.0], 1.0, 0.0
    for place, share in enumerate(shares):
        for part in range(_FINE):
            point = _point(place * _FINE + part + 1)
            # Rounding could leave a little less than none in the last bins.
            longer = max(0.0, alive - share * (part + 1) / _FINE)
            mean.append(mean[-1] + (point - before) * (survival[-1] + longer) / 2)
            survival.append(longer)
            before = point
        alive -= share
    return survival, mean
