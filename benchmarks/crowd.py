"""Fifty people who ask at once, on a key of Aion's with 30 requests a minute.

`python -m benchmarks.crowd` lets 25 people on Slack and 25 on Discord ask `--questions` (3) each at the same moment, and one of
each platform seven times as many, through the real bot on simulated services. A question takes two requests: a session and the
answer. Time runs `--speed` (20) times as fast; all figures are in seconds of a real minute. What the machine needs for a question
runs no faster, so that shares and waits are those of a slow service where others use the machine too.

It prints how many requests Aion refused, how many questions were answered, the largest part of a window of five minutes that
one person had beside the fair one (the requests of the window by those who waited in all of it), and by how much the told waits
were wrong. The exit status is 1 if a request was refused, a question was not answered, or somebody had more than twice the fair
share.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aion_bot import log_config
from aion_bot.ratelimit import request_pace
from aion_bot.ratelimit.request_pace import ASKER, RequestPace
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.rate import RateLimit
from aion_bot.simulators.aion.scene import spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.unpaced import serving

PEOPLE, LIMIT, WINDOW = 25, 30, 300.0
"""People on each platform, requests a minute, and seconds of a window in which shares are compared."""

GREEDY = 7
"""So many times the questions of the others are asked by the first person of each platform."""

_TIMES = ("MINUTE", "SHARED_OVER", "SPACING", "SHORTEST_TOLD", "TELL_EVERY", "SHORTEST_PAUSE")
"""What runs faster. `FIRST_PAUSE` does not: it waits for the first answer, and an answer takes as long as the machine needs."""


class CrowdedSlack(SimulatedSlack):
    """A workspace with many people."""

    people: Sequence[SimulatedPerson] = tuple(
        SimulatedPerson(f"U0{at:03}", f"Person {at}") for at in range(PEOPLE)
    )


@dataclass
class Figures:
    """What came of it, in seconds of a real minute: when who sent a request or waited for one, and what was told."""

    speed: float
    refusals: int = 0
    questions: int = 0
    answered: int = 0
    sent: list[tuple[float, object]] = field(default_factory=list)
    waits: list[tuple[float, float, object]] = field(default_factory=list)
    """From when until when somebody had a request waiting."""
    told: list[tuple[float, float]] = field(default_factory=list)
    """A wait that was told, and how long it was from then on."""

    @property
    def largest_share(self) -> float:
        """The largest part of a window that one person had, beside the fair one, while others waited."""
        found = 0.0
        for begin, _ in self.sent[:: max(1, len(self.sent) // 60)]:
            inside = Counter(owner for at, owner in self.sent if begin <= at < begin + WINDOW)
            waited = {
                owner
                for owner in {one for *_, one in self.waits}
                if self._waited(owner, begin, begin + WINDOW)
            }
            if len(waited) >= 2:
                fair = sum(inside[one] for one in waited) / len(waited)
                found = max([found, *(inside[one] / fair for one in inside if fair)])
        return found

    def _waited(self, owner: object, begin: float, end: float) -> bool:
        """Whether somebody had a request waiting at the begin and at the end of a window."""
        own = [(since, until) for since, until, one in self.waits if one == owner]
        return (
            min((since for since, _ in own), default=end) <= begin + 1
            and max((until for _, until in own), default=begin) >= end - 1
        )

    @property
    def errors(self) -> list[float]:
        """By how many seconds each told wait was wrong, the smallest first."""
        return sorted(abs(said - was) for said, was in self.told)


def measured(figures: Figures, now: Callable[[], float]) -> Mapping[str, Any]:
    """Return methods of `RequestPace` that note what happens."""
    wait, through = RequestPace.wait, RequestPace._let_through  # noqa: SLF001  # there is no other place to see it

    async def noting_wait(pace: RequestPace) -> Any:
        asker, since, told = ASKER.get(), now(), list[tuple[float, float]]()

        def note(seconds: float) -> None:
            told.append((now(), seconds * figures.speed))
            asker.waits(seconds)

        token = ASKER.set(replace(asker, waits=note))
        try:
            return await wait(pace)
        finally:
            ASKER.reset(token)
            figures.waits.append((since, now(), asker.owner))
            figures.told += [(seconds, now() - at) for at, seconds in told]

    def noting_sent(pace: RequestPace, owner: object, at: float) -> Any:
        figures.sent.append((now(), owner))
        return through(pace, owner, at)

    return {"wait": noting_wait, "_let_through": noting_sent}


async def run(database: Path, *, speed: float, questions: int) -> Figures:
    """Let everybody ask, and wait for all answers. Changes `RequestPace` for the whole process."""
    figures, began = Figures(speed), time.monotonic()
    for name in _TIMES:
        setattr(request_pace, name, getattr(request_pace, name) / speed)
    for name, method in measured(figures, lambda: (time.monotonic() - began) * speed).items():
        setattr(RequestPace, name, method)
    slack, discord = CrowdedSlack(), SimulatedDiscord()
    discord.people = discord.world.people = tuple(
        SimulatedPerson(discord.world.new_id(), f"Person {at}") for at in range(PEOPLE)
    )
    async with SimulatedAion() as aion:
        aion.rate = rate = RateLimit(LIMIT, 60.0 / speed)
        await asyncio.gather(slack.start(), discord.start())
        try:
            async with serving({**aion.env, **slack.env, **discord.env}, database):
                await _answers(figures, aion, (slack, discord), questions)
                figures.refusals = rate.refusals
        finally:
            await asyncio.gather(slack.stop(), discord.stop())
    return figures


async def _answers(
    figures: Figures,
    aion: SimulatedAion,
    workspaces: Sequence[SimulatedSlack | SimulatedDiscord],
    questions: int,
) -> None:
    """Let everybody ask, and wait for all answers; raises `TimeoutError` where they take twice as long as they may."""
    await asyncio.gather(*(workspace.connected() for workspace in workspaces))
    asked = [
        (workspace, await workspace.mention(person, f"How many? {number}"))
        for number in range(GREEDY * questions)
        for workspace in workspaces
        for person in (workspace.people if number < questions else workspace.people[:1])
    ]
    figures.questions = len(asked)
    aion.play(*(spoken("Counted.") for _ in asked))
    async with asyncio.timeout(3 * 2 * len(asked) / LIMIT * 60 / figures.speed + 60):
        while figures.answered < len(asked):
            await asyncio.sleep(0.2)
            figures.answered = sum(
                any("Counted." in one.text for one in workspace.thread(thread)) for workspace, thread in asked
            )


def report(figures: Figures) -> bool:
    """Print the figures; returns whether all hold."""
    share, errors = figures.largest_share, figures.errors
    print(
        f"{figures.refusals} requests refused; {figures.answered} of {figures.questions} questions answered"
    )  # a program
    print(f"largest share of five minutes: {share:.2f} of the fair one")  # a program
    if errors:
        told = len(errors)
        print(  # a program
            f"{told} waits told: wrong by {statistics.median(errors):.0f} s in the middle, "
            f"{errors[int(told * 0.95)]:.0f} s for the worst 5 %; the longest was {max(was for _, was in figures.told):.0f} s"
        )
    return not figures.refusals and figures.answered == figures.questions and share <= 2


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--questions", type=int, default=3)
    chosen = parser.parse_args()
    log_config.configure("error", "text", ())
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(Path(folder) / "bot.db", speed=chosen.speed, questions=chosen.questions))
    return 0 if report(figures) else 1


if __name__ == "__main__":
    sys.exit(main())
