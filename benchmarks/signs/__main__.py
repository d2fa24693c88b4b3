"""How soon each of many questions at once has a sign of life, at the documented limits of Slack and Discord.

    python -m benchmarks.signs [questions] [--each] [--profile FILE]

A sign on Slack is a mark, a status, a message, the private remark that the person's questions arrived, or the line in the
channel that says how many wait; on Discord the opened thread, an answer, a mark, typing, or the bot's status. Each question is
asked by somebody else: on Slack in one channel, in ten, and in direct messages, because limits count by channel or workspace and
the remark is made once for all questions of a person; on Discord as mentions in one channel, and in direct messages of people who
have never written to the bot, so that each is looked up.

The bot runs in a process of its own, the simulators in this one. It prints when the last question had its sign (looked
for every 10 ms), the processor time of the bot until then, for each question, and until nothing more moves. Seconds depend
on what else the machine does, processor time hardly. `--each` prints when each question had its first sign, and which;
`--profile` writes a profile of the bot until the last sign for each place, FILE and a number (it slows the bot down).
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.simulators.slack.state import Channel, direct_channel
from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.cost.processes import Peer
from benchmarks.signs import bot, seen

PATIENCE = 70.0
"""Seconds after which questions without a sign are given up: a minute is the longest window of the limits."""

LOOKS = 0.01
"""Seconds between two looks at what people see: to look after each change would cost more than what is measured."""

QUIET = 2.0
"""Seconds after the last sign in which the bot does the rest of its work; the answers are held back."""

Workspace = SimulatedSlack | SimulatedDiscord
Ask = Callable[[int], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A workspace, what people see there, and how a question of this number is asked."""

    workspace: Workspace
    signs: Callable[[], seen.Signs]
    ask: Ask


@dataclass(slots=True)
class Measured:
    """After how many seconds each question had its first sign, and which; the bot's processor time in seconds."""

    questions: int
    first: dict[str, tuple[float, str]] = field(default_factory=dict)
    worked: float = 0.0
    worked_in_all: float = 0.0

    def __str__(self) -> str:
        signed = sorted(self.first.values())
        in_time = sum(at <= 0.5 for at, _ in signed)
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(kind for _, kind in signed).items())
        last = f"{signed[-1][0]:.2f} s" if len(signed) == self.questions else "70 s and more"
        each, whole = (1000 * worked / self.questions for worked in (self.worked, self.worked_in_all))
        return (
            f"{in_time} of {self.questions} within 0.5 s, the last after {last} ({kinds}); the bot worked {self.worked:.2f} s until "
            f"then, {each:.1f} ms a question, and {whole:.1f} ms with what came after"
        )


def processor_time(process: int) -> float:
    """Seconds of processor time of another process, of all its threads (clock_getcpuclockid(3))."""
    return time.clock_gettime(((-process - 1) << 3) | 2)


async def measure(crowd: Crowd, questions: int, profile: Path | None) -> Measured:
    """Ask, and look for the first sign of each question."""
    folder = Path(tempfile.mkdtemp(prefix="aion-bot-signs-"))
    async with SimulatedAion(ping_every=0.5) as aion, Peer(bot.run) as peer:
        await crowd.workspace.start()
        env = {**aion.env, **crowd.workspace.env}
        process = await peer.ask("start", env, folder, profile is not None)
        await crowd.workspace.connected()
        aion.play(*[spoken("The answer.", Hold("go", pings=True)) for _ in range(questions)])
        await peer.ask("begin")
        measured, begun = Measured(questions), processor_time(process)
        await _look(crowd, measured)
        measured.worked = processor_time(process) - begun
        if profile is None:
            await asyncio.sleep(QUIET)
        measured.worked_in_all = processor_time(process) - begun
        await peer.ask("end")
        await crowd.workspace.stop()
        if profile is not None:
            (folder / bot.PROFILE).rename(profile)
    return measured


async def _look(crowd: Crowd, measured: Measured) -> None:
    """Ask, and note when people see what."""
    began = time.monotonic()
    waiting = {await crowd.ask(at) for at in range(measured.questions)}
    while waiting and time.monotonic() < began + PATIENCE:
        await asyncio.sleep(LOOKS)
        now = {question: kind for question, kind in crowd.signs().items() if question in waiting}
        waiting.difference_update(now)
        measured.first |= {question: (time.monotonic() - began, kind) for question, kind in now.items()}


def _people(questions: int) -> list[SimulatedPerson]:
    return [SimulatedPerson(f"U0CROWD{number:03}", f"Person {number}") for number in range(questions)]


def on_slack(questions: int, channels: int) -> Crowd:
    """Ask in so many channels, or in direct messages where that is 0."""
    slack = SimulatedSlack()
    slack.rates.limits = SlackLimits()
    crowd = _people(questions)
    slack.conversations.people.update({one.id: one for one in crowd})
    opened = [slack.open_channel(f"room{number}") for number in range(channels)]
    for one in crowd:
        slack.conversations.add(Channel(direct_channel(one.id), one.name, kind="im"))

    async def ask(at: int) -> str:
        if not opened:
            return await slack.direct_message(crowd[at], f"Question {at}?")
        return await slack.ask(crowd[at], f"Question {at}?", channel=opened[at % channels])

    return Crowd(slack, lambda: seen.on_slack(slack), ask)


def on_discord(questions: int, *, directly: bool = False) -> Crowd:
    """Mention the bot in one channel, or write to it in direct messages: nobody has before, so that each is looked up."""
    discord = SimulatedDiscord()
    discord.rates.limits = DiscordLimits()
    crowd = [SimulatedPerson(str(9_000_000 + number), f"Person {number}") for number in range(questions)]
    discord.world.people += tuple(crowd)

    async def ask(at: int) -> str:
        if directly:
            return discord.say(crowd[at], f"Question {at}?", discord.direct(crowd[at])).id
        return await discord.mention(crowd[at], f"Question {at}?")

    return Crowd(discord, lambda: seen.on_discord(discord), ask)


async def main(questions: int, *, each: bool, profile: Path | None) -> None:
    """Measure each place and print the figures."""
    places: dict[str, Callable[[], Crowd]] = {
        "Slack, one channel": lambda: on_slack(questions, 1),
        "Slack, ten channels": lambda: on_slack(questions, 10),
        "Slack, direct messages": lambda: on_slack(questions, 0),
        "Discord, one channel": lambda: on_discord(questions),
        "Discord, direct messages": lambda: on_discord(questions, directly=True),
    }
    for number, (name, crowd) in enumerate(places.items()):
        written = None if profile is None else profile.with_name(f"{profile.name}{number}")
        measured = await measure(crowd(), questions, written)
        for at, kind in sorted(measured.first.values()) if each else ():
            print(f"{name}: {kind} after {at:.2f} s")
        print(f"{name}: {measured}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Measure how soon each of many questions at once has a sign."
    )
    parser.add_argument("questions", nargs="?", type=int, default=60)
    parser.add_argument("--each", action="store_true", help="print each first sign")
    parser.add_argument("--profile", type=Path, help="write profiles of the bot, named so and a number")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.questions, each=chosen.each, profile=chosen.profile))
