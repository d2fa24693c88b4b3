"""Measures how fresh answers are at the platforms' rate limits: `python -m benchmarks.relay`.

Answers at an even pace go through the whole bot, with the real clients, to simulated platforms that count requests as
the real ones are documented to. The times at which people see the text are compared with those at which Aion sent it,
with the best that the limits permit (`benchmarks.relay.staleness_bounds` derives it), and with a loop that edits every
second. Every load has its own processes, several loads run side by side, and nothing but loopback is used. Without
options it measures all targets in about a quarter of an hour. With exit status 1 it prints the missed targets.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.relay import limit_learning, load_processes, report, targets
from benchmarks.relay.load_bounds import Bounds, bounds
from benchmarks.relay.loads import (
    LONG,
    RATE,
    SHORT,
    Limiting,
    Load,
    Place,
    Relayer,
    card,
    concurrent,
    concurrent_sizes,
    late,
    rolling,
)

SIZES = (1, 3, 10, 30, 100)
MINUTES = 8
ALL = ("concurrent", "late", "card", "rolling")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relay", description=__doc__)
    parser.add_argument("--loads", type=_numbers, default=SIZES, help="answers at once, such as 1,10")
    parser.add_argument("--places", type=_list(Place), default=tuple(Place), help=", ".join(Place))
    parser.add_argument(
        "--seconds", type=_numbers, default=(), help="lengths of the answers, instead of both"
    )
    parser.add_argument("--limits", type=_list(Limiting), default=tuple(Limiting), help=", ".join(Limiting))
    parser.add_argument("--who", type=_list(Relayer), default=tuple(Relayer), help=", ".join(Relayer))
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=ALL, help=", ".join(ALL))
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _list(kind: type[Place] | type[Limiting] | type[Relayer]) -> Any:
    return lambda text: tuple(kind(part) for part in text.split(","))


def chosen(given: argparse.Namespace) -> list[Load]:
    """The loads of a run."""
    loads: list[Load] = []
    if "concurrent" in given.scenes:
        loads += [load for limiting in given.limits for load in _concurrent_loads(given, limiting)]
    if Relayer.BOT in given.who and Limiting.DOCUMENTED in given.limits:
        places = [place for place in given.places if place in {Place.CHANNELS, Place.DISCORD}]
        loads += [late(place) for place in places if "late" in given.scenes]
        loads += [card(place) for place in places if "card" in given.scenes]
    if Relayer.BOT in given.who and "rolling" in given.scenes and Place.CHANNELS in given.places:
        wanted = [one for one in (Limiting.DOUBLE,) if one in given.limits]
        loads += [rolling(Place.CHANNELS, limiting, MINUTES) for limiting in wanted]
    return loads


def _concurrent_loads(given: argparse.Namespace, limiting: Limiting) -> list[Load]:
    """The loads of simultaneous answers: all with the documented limits, ten and thirty answers otherwise."""
    lengths = [round(seconds * RATE) for seconds in given.seconds] or [SHORT, LONG]
    if limiting is Limiting.DOCUMENTED:
        return [
            concurrent(size, tokens, place, limiting, relayer)
            for relayer in given.who
            for size, tokens, place in concurrent_sizes(given.places, given.loads, lengths)
        ]
    if limiting is Limiting.DOUBLE or Relayer.BOT not in given.who:
        return []
    lengths = [tokens for tokens in lengths if tokens < LONG]
    sizes = [size for size in given.loads if size in {10, 30}]
    return [
        concurrent(size, tokens, place, limiting)
        for size, tokens, place in concurrent_sizes(given.places, sizes, lengths)
        if size == 10 or place is Place.CHANNELS
    ]


def _with_bounds(results: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Bounds | None]]:
    """Add the bounds to each load's figures; the baseline loop has those of the bot in the same place."""
    models = {found["load"]["place"]: found["model"] for found in results if "model" in found}
    with_bounds = []
    for found in results:
        load = Load.from_json(found["load"])
        model = models.get(load.place)
        with_bounds.append((found, bounds(load, model, found["calls"]) if model else None))
    return with_bounds


def _progress(found: Mapping[str, Any]) -> None:
    load = found["load"]
    done = f"{load['relayer']}, {load['place']}, {load['name']}, {load['limits']}: {found['lasted']:.0f} s"
    print(done, file=sys.stderr, flush=True)


def _missed(with_bounds: Sequence[tuple[Mapping[str, Any], Bounds | None]]) -> list[str]:
    said = []
    for found, permitted in with_bounds:
        load = found["load"]
        where = f"{load['relayer']}, {load['place']}, {load['name']}, {load['limits']}"
        said += [f"{where}: {target}" for target in targets.missed(found, permitted)]
    return said


def main() -> int:
    given = options()
    results = asyncio.run(load_processes.run(chosen(given), _progress))
    with_bounds = _with_bounds(results)
    print(report.limits())
    print("\n".join(report.tables(with_bounds)))
    for found in results:
        if found["load"]["limits"] == Limiting.DOUBLE:
            print(f"\n{report.minutes(found)}")
    counted, refused = limit_learning.simulated(limit_learning.edits())
    print(
        f"\nThe scheduler alone, twice the edits allowed: {' '.join(map(str, counted))} a minute, {refused} refused"
    )
    missed = _missed(with_bounds)
    print("\n" + ("\n".join(f"MISSED: {one}" for one in missed) or "Every target is met."))
    if given.json is not None:
        figures = {
            "loads": results,
            "limit_learning": {"by_minute": counted, "refused": refused},
            "missed": missed,
        }
        given.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
