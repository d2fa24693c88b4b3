"""What a thousand questions take on the disk, and that the daily sweep gives it back.

`python -m benchmarks.disk` answers questions with the real bot on simulated services, in rounds of `--questions` (1,000), and
prints the size of the database after each. Then every row is made older than the retention of 90 days, one sweep runs, and
another round follows. Figures are kilobytes (1,000 bytes) of the database file with its log emptied. A start writes the
file anew, so that the second thousand takes less than the first one. The answers are those that the simulated Aion gives by
itself, on Slack, each in a thread of its own. The exit status is 1 if the sweep does not free the pages: what stays of a round
is half of it or more.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from aion_bot import log_config
from aion_bot.runtime.retention_sweep import RetentionSweep
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage import Store
from benchmarks.unpaced import serving

AT_ONCE = 20
"""Questions that run side by side."""
PATIENCE = 120.0
"""Seconds in which so many are answered."""


async def ask(database: Path, questions: int) -> None:
    """Have the bot answer so many questions, each in a thread of its own, and stop it."""
    async with SimulatedAion() as aion:
        slack = SimulatedSlack()
        await slack.start()
        try:
            async with serving({**aion.env, **slack.env}, database):
                await slack.connected(timeout=PATIENCE)
                before = cleared(database)
                for first in range(0, questions, AT_ONCE):
                    count = min(AT_ONCE, questions - first)
                    for number in range(first, first + count):
                        await slack.ask(slack.people[number % 3], f"What is damaged on site {number}?")
                    async with asyncio.timeout(PATIENCE):
                        while cleared(database) < before + first + count:  # noqa: ASYNC110  # the bot says so in its database
                            await asyncio.sleep(0.02)
        finally:
            await slack.stop()


def cleared(database: Path) -> int:
    """Count the turns of which nothing is left to do."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM turn WHERE phase = 'cleared'").fetchone()[0])


async def sweep(database: Path, *, age: bool) -> int:
    """Make every row old, if wanted, run one sweep, and return the size of the file in bytes."""
    store = await Store.open(database)
    try:
        if age:
            with closing(sqlite3.connect(database, isolation_level=None)) as connection:
                connection.execute("UPDATE turn SET created_at = 0, closed_at = 1, asked_at = 0")
            await RetentionSweep(store, 90, ("slack",)).sweep()
        await store.retention.empty_log()
    finally:
        await store.close()
    return os.path.getsize(database)  # noqa: PTH202, ASYNC240  # one look at a file, with nothing beside it


async def measure(folder: Path, questions: int) -> bool:
    """Print the table; False if the sweep does not give the pages back."""
    database = folder / "bot.db"
    sizes = {"empty": await sweep(database, age=False)}
    for number in (1, 2):
        await ask(database, questions)
        sizes[f"after {number * questions} questions"] = await sweep(database, age=False)
    sizes["after the sweep of all of them"] = swept = await sweep(database, age=True)
    await ask(database, questions)
    sizes[f"after {questions} more"] = await sweep(database, age=False)
    sizes["after their sweep"] = again = await sweep(database, age=True)
    for what, size in sizes.items():
        print(f"{what:<40} {size / 1000:>8.0f} kB")
    one, two = sizes[f"after {questions} questions"], sizes[f"after {2 * questions} questions"]
    for what, grown in (
        ("a thousand questions", two - one),
        ("of a thousand after the sweep", again - swept),
    ):
        print(f"{what:<40} {grown / questions:>8.0f} kB")
    return swept < one and again - swept < 0.5 * (two - one)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a thousand questions take on the disk.")
    parser.add_argument("--questions", type=int, default=1_000, help="questions of a round")
    options = parser.parse_args()
    log_config.configure("error", "text", ())
    with tempfile.TemporaryDirectory(prefix="aion-bot-disk-") as folder:
        held = asyncio.run(measure(Path(folder), options.questions))
    print("the sweep frees the pages" if held else "the sweep does NOT free the pages")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
