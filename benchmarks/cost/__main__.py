"""The cost of the whole bot: CPU time against a reference program, memory of many answers, and how both grow.

Run it with `python -m benchmarks.cost`; `--parts` chooses the parts, `--runs` the number of runs. The simulated Aion and
Slack, the bot, and the reference program run in three processes, so that each cost is measured separately. Figures are
ratios or bytes, because seconds would depend on the machine. The platform's limits are off.

- cpu: twenty answers of 20 seconds and 30 tokens a second, one edit a second each. The reference program reads the same
  paced streams with `httpx`, `httpx-sse` and `json.loads`, and makes the requests that the bot made in the run before,
  the same bodies at the same times, with `aiohttp`. The figure is CPU time of the whole process, user and system, from
  the first question to the last edit. Starting counts on neither side; everything else does, such as the database and
  Slack's events about the bot's own edits. The figure is the median of interleaved pairs.
- memory: a thousand answers side by side, each of 200 tokens, three a second, edited every ten seconds, so that a shared
  machine can serve them. All have to be shown to the last character. The figure is the maximum of resident bytes while
  they run, less those of the idle bot that has answered some before, divided by a thousand. Loopback has no TLS.
- uploads: pictures are attached to questions on Slack and on Discord, and are in Aion's library byte for byte: one of 100 MB,
  ten of 20 MB in one message, and five questions with 50 MB each at the same time. The figure is the maximum of resident
  bytes meanwhile, less those of the idle bot that has uploaded small ones before.
- soak: twenty thousand answers of 10 tokens, a hundred at a time. The figure is by how much the resident bytes grow after the
  first five thousand, between the median of the first quarter and of the last, for each thousand turns.
- growth: rendering alone, with no network. The time a token of answers of 4,000 and 16,000 tokens against those of
  1,000, and the time of a page's thousandth edit against its first with the same text.
- scheduler: the CPU time of the scheduler for each permit, while a thousand answers wait for theirs, in virtual time.

The exit status is 1 if a bound does not hold.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.cost import bot, growth, reference_program, scheduling, servers
from benchmarks.cost.load import Load, RunRecord
from benchmarks.cost.processes import Peer

WARM = Load(answers=20, tokens=60, rate=30.0)
TWENTY = Load(answers=20, tokens=600, rate=30.0)
SOAK = Load(answers=100, tokens=10, rate=100.0)
SETTLED, TURNS = 5_000, 20_000
"""Turns after which memory is first looked at, and in all. Until then what remembers the last 4,000 turns or 2,000 threads fills."""
THOUSAND = Load(answers=1_000, tokens=200, rate=3.0)
UPLOADS: Mapping[str, Sequence[Sequence[int]]] = {
    "a file of 100 MB": [[100_000_000]],
    "ten files of 20 MB in one message": [[20_000_000] * 10],
    "five questions with 50 MB at once": [[50_000_000]] * 5,
}
"""Sizes of the files of questions that are asked at once, in bytes."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `bound` is the maximum, or the minimum where `least`."""

    name: str
    value: float
    bound: float
    least: bool = False

    @property
    def held(self) -> bool:
        """Whether the bound holds."""
        return self.value >= self.bound if self.least else self.value <= self.bound

    def __str__(self) -> str:
        side = "at least" if self.least else "at most"
        return f"{self.name:<62} {self.value:>8.2f}  {side} {self.bound:g}: {'held' if self.held else 'NOT held'}"


Part = Callable[[int, Path], Awaitable[list[Figure]]]


async def started(servers_process: Peer, bot_process: Peer, folder: Path, gap: float) -> Mapping[str, str]:
    """Start the servers and the bot, and answer some questions first."""
    env: Mapping[str, str] = await servers_process.ask("env")
    database = {"AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'bot.db'}"}
    await bot_process.ask("start", {**env, **database}, gap)
    await servers_process.ask("connected")
    await servers_process.ask("ask", WARM)
    return env


def whole(seen: RunRecord) -> float:
    """The share of answers that were shown to the last character."""
    return sum(answer.whole for answer in seen.answers) / len(seen.answers)


async def cpu(runs: int, folder: Path) -> list[Figure]:
    ratios, shares, edits = [], [], []
    async with (
        Peer(servers.run) as servers_process,
        Peer(bot.run) as bot_process,
        Peer(reference_program.run) as reference_process,
    ):
        env = await started(servers_process, bot_process, folder, gap=1.0)
        for _ in range(runs):
            before = await bot_process.ask("cpu")
            seen = await servers_process.ask("ask", TWENTY)
            used = await bot_process.ask("cpu") - before
            ratios.append(
                used
                / await reference_process.ask("run", env, await servers_process.ask("prepare", TWENTY, seen))
            )
            calls = sum(len(answer.calls) for answer in seen.answers)
            if await servers_process.ask("forget") != calls:
                raise RuntimeError("the bare program did not make the calls of the bot")
            shares.append(whole(seen))
            edits.append(calls / TWENTY.answers / (TWENTY.tokens / TWENTY.rate))
        await bot_process.ask("end")
    return [
        Figure("cpu: the bot, in times of the bare program", median(ratios), 3.0),
        Figure("cpu: posts and edits a second and answer", min(edits), 0.9, least=True),
        Figure("cpu: share of the answers shown whole", min(shares), 1.0, least=True),
    ]


async def memory(_: int, folder: Path) -> list[Figure]:
    async with Peer(servers.run) as servers_process, Peer(bot.run) as bot_process:
        await started(servers_process, bot_process, folder, gap=10.0)
        idle = await bot_process.ask("idle")
        seen = await servers_process.ask("ask", THOUSAND)
        most = await bot_process.ask("most")
        await bot_process.ask("end")
    return [
        Figure("memory: kB an answer", (most - idle) / THOUSAND.answers / 1000, 150.0),
        Figure("memory: answers at once", seen.at_once, THOUSAND.answers, least=True),
        Figure("memory: share of the answers shown whole", whole(seen), 1.0, least=True),
    ]


async def uploads(_: int, folder: Path) -> list[Figure]:
    figures = []
    for platform in ("slack", "discord"):
        async with Peer(servers.run) as servers_process, Peer(bot.run) as bot_process:
            env = await servers_process.ask("env", platform)
            database = {"AION_BOT_DATABASE_URL": f"sqlite:///{folder / f'{platform}.db'}"}
            await bot_process.ask("start", {**env, **database}, 1.0)
            await servers_process.ask("connected")
            # The first files load what every one needs.
            await servers_process.ask("upload", [[1_000]] * 5)
            for name, questions in UPLOADS.items():
                idle = await bot_process.ask("idle")
                whole_files = await servers_process.ask("upload", questions)
                most = await bot_process.ask("most")
                figures += [
                    Figure(f"uploads: {platform}, MB for {name}", (most - idle) / 1e6, 32.0),
                    Figure(
                        f"uploads: {platform}, whole of {name}",
                        whole_files,
                        sum(map(len, questions)),
                        least=True,
                    ),
                ]
            await bot_process.ask("end")
    return figures


async def soak(_: int, folder: Path) -> list[Figure]:
    async with Peer(servers.run) as servers_process, Peer(bot.run) as bot_process:
        await started(servers_process, bot_process, folder, gap=1.0)
        shown, residents = 0.0, []
        for turns in range(SOAK.answers, TURNS + 1, SOAK.answers):
            shown += await servers_process.ask("answer", SOAK) * SOAK.answers
            if turns >= SETTLED:
                residents.append(await bot_process.ask("resident"))
        await bot_process.ask("end")
    # Quarters, not single figures: what is resident goes up and down with the answers that ended last.
    quarter = len(residents) // 4
    grown = median(residents[-quarter:]) - median(residents[:quarter])
    return [
        Figure("soak: kB more in memory for 1,000 turns", grown / (0.75 * (TURNS - SETTLED)), 100.0),
        Figure("soak: share of the answers shown whole", shown / TURNS, 1.0, least=True),
    ]


async def scheduling_part(_: int, __: Path) -> list[Figure]:
    return [
        Figure(
            f"scheduler: {name}, microseconds a permit while {scheduling.WAITING:,} wait",
            scheduling.microseconds(limits),
            50.0,
        )
        for name, limits in scheduling.PLATFORMS.items()
    ]


async def growing(_: int, __: Path) -> list[Figure]:
    figures = []
    for found in growth.measure():
        for length, seconds in list(zip(growth.LENGTHS, found.token, strict=True))[1:]:
            name = f"growth: {found.platform}, a token of {length:,} against one of {growth.LENGTHS[0]:,}"
            figures.append(Figure(name, seconds / found.token[0], 1.5))
        name = f"growth: {found.platform}, a page's edit number {growth.EDITS:,} against its first"
        figures.append(Figure(name, found.thousandth / found.first, 1.1))
    return figures


PARTS: Mapping[str, Part] = {
    "cpu": cpu,
    "memory": memory,
    "uploads": uploads,
    "growth": growing,
    "scheduler": scheduling_part,
    "soak": soak,
}


async def main() -> int:
    parser = argparse.ArgumentParser(description="What the whole bot costs.")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--runs", type=int, default=5, help="pairs of the bot and the bare program")
    options = parser.parse_args()
    figures = []
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            for figure in await PARTS[part](options.runs, Path(folder)):
                print(figure, flush=True)
                figures.append(figure)
    print(json.dumps({figure.name: round(figure.value, 3) for figure in figures}))
    return 0 if all(figure.held for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
