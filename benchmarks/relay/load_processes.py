"""Runs loads side by side, each in a process of its own, as many as do not disturb each other."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.relay.loads import Load

MAX_CONCURRENT = 60
"""The number of answers that two cores can process at the same time without delay; a larger load runs alone."""
STAGGER = 0.5
"""Seconds between the questions of two loads, so that no first indicator waits for another's."""
_LONG = 60.0
_LINE = 256 * 1024**2

Hear = Callable[[dict[str, Any]], None]


class LoadProcess:
    """The process of one load."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start the process, and wait until it is ready to ask."""
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.relay.load_run", stdin=pipe, stdout=pipe, limit=_LINE
        )
        self._write(json.dumps(self.load.to_json()))
        await self._line("ready")

    async def ask(self) -> None:
        """Let it ask, and wait until all answers are sent."""
        self._write("go")
        await self._line("all_sent")

    async def figures(self) -> dict[str, Any]:
        """Wait for its figures."""
        return await self._line("load")

    async def end(self) -> None:
        """Kill the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def _write(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())

    async def _line(self, name: str) -> dict[str, Any]:
        """Read a line that has this field. Raises RuntimeError if another comes, or none."""
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("a load has no pipes")
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the process of {self.load.name}, {self.load.place}, {self.load.relayer} ended early"
            )
        said: dict[str, Any] = json.loads(line)
        if name not in said:
            raise RuntimeError(f"a load printed something other than {name}")
        return said


async def run(loads: Sequence[Load], hear: Hear) -> list[dict[str, Any]]:
    """Run all loads, one batch after the other, and report each result to `hear`. Returns the figures in order.

    A batch begins when the answers of the one before are sent. Baseline loops that are late continue beside it.
    """
    ending: dict[int, asyncio.Task[dict[str, Any]]] = {}
    started_all: list[LoadProcess] = []
    try:
        for batch in batches(loads):
            started = [LoadProcess(loads[number]) for number in batch]
            started_all += started
            await asyncio.gather(*(process.start() for process in started))
            await asyncio.gather(*(_later(STAGGER * place, process) for place, process in enumerate(started)))
            ending |= {
                n: asyncio.create_task(_end(process, hear)) for n, process in zip(batch, started, strict=True)
            }
        return [await ending[number] for number in range(len(loads))]
    finally:
        await asyncio.gather(*(process.end() for process in started_all))


async def _later(pause: float, process: LoadProcess) -> None:
    await asyncio.sleep(pause)
    await process.ask()


async def _end(process: LoadProcess, hear: Hear) -> dict[str, Any]:
    found = await process.figures()
    hear(found)
    return found


def batches(loads: Sequence[Load]) -> Iterator[Sequence[int]]:
    """Yield the numbers of loads that run side by side: short ones together, then long ones together."""
    batch: list[int] = []
    for number in sorted(
        range(len(loads)), key=lambda n: (loads[n].ends > _LONG, -loads[n].weight, loads[n].ends)
    ):
        inside = [*batch, number]
        mixed = len({loads[one].ends > _LONG for one in inside}) > 1
        if batch and (mixed or sum(loads[one].weight for one in inside) > MAX_CONCURRENT):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
