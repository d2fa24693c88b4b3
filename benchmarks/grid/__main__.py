"""Measures how fresh answers are over a grid of lengths, crowds and arrivals: `python -m benchmarks.grid`.

The bot's own scheduler, message syncs and indicators run in virtual time beside platforms that count requests as Slack and
Discord document it, so that hours of waiting take minutes. Each cell is compared with the least staleness that any schedule
could have that knows every length beforehand (`benchmarks.grid.clairvoyant`), and with a loop that edits every second.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.grid import clairvoyant, figures, plain_loop, product
from benchmarks.grid.cells import COUNTS, LENGTHS, Arrival, Cell, Limiting, Platform, grid
from benchmarks.grid.virtual_time import run_in_virtual_time


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grid", description=__doc__)
    parser.add_argument("--platforms", type=_several(Platform), default=tuple(Platform))
    parser.add_argument("--arrivals", type=_several(Arrival), default=tuple(Arrival))
    parser.add_argument("--counts", type=_several(int), default=COUNTS, help="answers at once, such as 1,10")
    parser.add_argument("--lengths", type=_several(float), default=LENGTHS, help="seconds, such as 5,20")
    parser.add_argument("--limits", type=Limiting, default=Limiting.DOCUMENTED, choices=tuple(Limiting))
    parser.add_argument(
        "--learned", action="store_true", help="the bot has shown answers of these lengths before"
    )
    parser.add_argument("--no-plain", action="store_true", help="leave the plain loop out")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args()


def _several(kind: Callable[[str], Any]) -> Callable[[str], Sequence[Any]]:
    return lambda text: tuple(kind(part) for part in text.split(","))


def measure(cell: Cell, *, plain: bool = True, learned: bool = False) -> figures.Figures:
    """Play a cell, with the bot and with plain loops."""
    shown = run_in_virtual_time(product.play(cell, learned=learned))
    looped = run_in_virtual_time(plain_loop.play(cell)) if plain else None
    return figures.figures(cell, shown, looped, clairvoyant.least(cell))


def main() -> int:
    given = options()
    cells = grid(given.platforms, given.arrivals, given.counts, given.lengths, given.limits)
    began, found = time.monotonic(), []
    print(figures.HEAD)
    for cell in cells:
        found.append(measure(cell, plain=not given.no_plain, learned=given.learned))
        print(figures.row(found[-1]), flush=True)
    print(f"\n{figures.summary(found)}\n")
    print(f"{len(cells)} cells in {time.monotonic() - began:.0f} s.", file=sys.stderr)
    if given.json is not None:
        given.json.write_text(json.dumps([one.to_json() for one in found], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
