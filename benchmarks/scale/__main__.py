"""What many workspaces cost, measured on this machine: `python -m benchmarks.scale`.

Replicas are processes of `aion-bot run`; a simulated Slack with many workspaces and a simulated Aion are in this one, and a
Postgres server of its own beside them. All of them share the machine: more replicas do not make it faster than it is. So the
CPU time of a turn is told for each party, which does not depend on how many processors there are.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from aion_bot import log_config
from benchmarks.scale import one_database, turns
from tests.support.postgres import stop_server


def _print(name: str, figures: Mapping[str, float]) -> None:
    print(name)
    for what, figure in figures.items():
        print(f"{figure:>14,.3f}  {what}", flush=True)


async def _measure(options: argparse.Namespace, folder: Path) -> None:
    found: dict[str, Mapping[str, float]] = {}
    for replicas in options.replicas:
        name = f"{replicas} replicas, {options.workspaces} workspaces"
        found[name] = await turns.measure(replicas, options.workspaces, options.each, options.seconds, folder)
        _print(name, found[name])
    if not options.only_turns:
        of_database = await one_database.measure(options.schemas, tuple(options.leases), options.seconds / 2)
        for name, figures in of_database.items():
            found[name] = figures
            _print(name, figures)
    print(json.dumps({"processors": os.cpu_count(), **found}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.scale", description=__doc__.split("\n")[0])
    parser.add_argument("--replicas", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--workspaces", type=int, default=40)
    parser.add_argument("--each", type=int, default=2, help="people of a workspace who ask at the same time")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long turns are counted")
    parser.add_argument("--schemas", type=int, default=200)
    parser.add_argument("--leases", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--only-turns", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = _options()
    log_config.configure("error", "text", ())
    with tempfile.TemporaryDirectory(prefix="aion-bot-scale-") as folder:
        try:
            asyncio.run(_measure(options, Path(folder)))
        finally:
            stop_server()


if __name__ == "__main__":
    main()
