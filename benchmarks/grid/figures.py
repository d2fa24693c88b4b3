"""The figures of one cell, and the table of all. No I/O."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from benchmarks.grid.cells import RATE, Arrival, Cell, Platform
from benchmarks.grid.product import Shown
from benchmarks.grid.seen import Seen, mean_staleness
from benchmarks.relay.metrics import most_in_a_minute

SMALL = 30
"""Answers at once up to which each cell has targets of its own."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of one cell; all times in seconds."""

    cell: Cell
    asked: int
    whole: int
    asker: float
    bystanders: float
    least: float
    sign: float
    """Until the last question had its first sign."""
    words: float
    """Until the last answer had its first words, from its first token on."""
    late: float
    """From the last token until all of an answer stood, at worst."""
    refused: int
    refused_a_minute: int
    plain: float = math.nan
    plain_whole: int = 0
    plain_refused: int = 0

    @property
    def ratio(self) -> float:
        """The asker's staleness over the least one."""
        return self.asker / self.least

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {**asdict(self), "cell": {**asdict(self.cell)}}


def figures(cell: Cell, shown: Shown, looped: Shown | None, least: float) -> Figures:
    """Return the figures of a cell."""
    seen, refused = shown.seen, shown.platform.refused
    return Figures(
        cell, len(seen), shown.whole, mean_staleness(seen), mean_staleness(seen, bystanders=True), least,
        max(one.first_sign for one in seen), max(_words(one) for one in seen), max(_late(one) for one in seen),
        len(refused), most_in_a_minute(refused),
        plain=mean_staleness(looped.seen) if looped else math.nan,
        plain_whole=looped.whole if looped else 0,
        plain_refused=len(looped.platform.refused) if looped else 0,
    )  # fmt: skip


def _words(one: Seen) -> float:
    return one.asker.words_at - one.began


def _late(one: Seen) -> float:
    """When everybody saw all of an answer, and nothing said that it goes on."""
    return (
        max(one.settled_at, one.asker.whole_at, one.bystanders.whole_at) - one.began - one.ask.tokens / RATE
    )


_COLUMNS = (
    "cell", "whole", "stale", "at least", "ratio", "looking on", "first sign", "first words", "late", "refused",
    "plain loop", "whole", "refused",
)  # fmt: skip
HEAD = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}"


def row(one: Figures) -> str:
    """Return a row of the table."""
    parts = (
        one.cell.name, f"{one.whole}/{one.asked}", f"{one.asker:.2f}", f"{one.least:.2f}", f"{one.ratio:.2f}",
        f"{one.bystanders:.2f} ({one.bystanders / one.least:.2f})", f"{one.sign:.2f}", f"{one.words:.2f}", f"{one.late:.2f}",
        str(one.refused), f"{one.plain:.2f}", f"{one.plain_whole}/{one.asked}", str(one.plain_refused),
    )  # fmt: skip
    return f"| {' | '.join(parts)} |"


def summary(found: Sequence[Figures]) -> str:
    """Return the means of the grid and its worst cells."""
    lines = []
    for platform in Platform:
        ours = [one for one in found if one.cell.platform is platform]
        if ours:
            lines.append(_summary_of(platform, ours))
    return "\n".join(lines)


def _summary_of(platform: Platform, found: Sequence[Figures]) -> str:
    small = [one for one in found if one.cell.count <= SMALL]
    streams = [one.ratio for one in found if one.cell.arrival is Arrival.POISSON]
    said = [f"{platform}: mean ratio {fmean(one.ratio for one in found):.2f}"]
    if small:
        worst = max(small, key=lambda one: one.ratio)
        said.append(f"up to {SMALL} answers at most {worst.ratio:.2f} ({worst.cell.name})")
        said.append(f"late at most {max(one.late for one in small):.2f} s")
        said.append(f"first words after {max(one.words for one in small):.2f} s at most")
        said.append(f"looking on at most {max(one.bystanders / one.least for one in small):.2f} times")
    if streams:
        said.append(f"streams {', '.join(f'{one:.2f}' for one in streams)}")
    lost = sum(one.asked - one.whole for one in found)
    said.append(f"{sum(one.refused for one in found)} refused, {lost} not whole")
    return "; ".join(said) + "."
