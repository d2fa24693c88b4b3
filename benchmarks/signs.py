"""How soon each of many questions at once has a sign of life, at the documented limits of Slack and Discord.

    python -m benchmarks.signs [questions] [--each]

A sign on Slack is a mark, a status, a message, the private remark that the person's questions arrived, or the line in the
channel that says how many wait; on Discord the opened thread, a mark, or typing in the channel. On Slack each question is
asked by somebody else, in one channel, in ten, and in direct messages: limits count by channel or workspace, and the remark
is made once for all questions of a person. On Discord all are mentions in one channel. `--each` prints when each question
had its first sign, and which. The simulators run in the bot's process and share its time.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.simulators.slack.state import Channel, direct_channel
from aion_bot.simulators.workspace import SimulatedPerson
from tests.end_to_end.bot import Bot

PATIENCE = 70.0
"""Seconds after which questions without a sign are given up: a minute is the longest window of the limits."""

EACH = "--each"


async def measure(
    workspace: SimulatedSlack | SimulatedDiscord,
    signs: Callable[[], Mapping[str, str]],
    ask: Callable[[int], Awaitable[str]],
    questions: int,
) -> tuple[dict[str, tuple[float, str]], float]:
    """Ask, and return after how many seconds each question had its first sign, and which, and the processor's time.

    The last figure is the seconds that this process worked until then: on a busy machine it says more than the clock.
    """
    async with SimulatedAion(ping_every=0.5) as aion:
        await workspace.start()
        bot = Bot(aion, workspace, Path(tempfile.mkdtemp(prefix="aion-bot-signs-")))
        bot.limits = {}
        await bot.start()
        aion.play(*[spoken("The answer.", Hold("go", pings=True)) for _ in range(questions)])
        began, worked = time.monotonic(), time.process_time()
        waiting = {await ask(at) for at in range(questions)}
        first: dict[str, tuple[float, str]] = {}

        def all_signed() -> bool:
            # At once for all: to look for each of them at each change would take longer than what is measured.
            now = {question: kind for question, kind in signs().items() if question in waiting}
            waiting.difference_update(now)
            first.update({question: (time.monotonic() - began, kind) for question, kind in now.items()})
            return not waiting

        try:
            await workspace.until(all_signed, timeout=PATIENCE)
        except TimeoutError:
            print(f"{len(waiting)} questions on {workspace.name} have no sign after {PATIENCE:.0f} s")
        worked = time.process_time() - worked
        await bot.kill()
        await workspace.stop()
        return first, worked


def signs_on_slack(slack: SimulatedSlack) -> Mapping[str, str]:
    """What people see of each question, by the `ts` of its message."""
    said = slack.conversations.messages
    told = {one.only_for for one in said} - {None}
    remarks = {one.ts: "remark" for one in said if one.author.id in told}
    posts = {one.thread_ts: "message" for one in said if one.by_bot and one.thread_ts and not one.only_for}
    marks = {one.ts: "mark" for one in said if one.reactions}
    lined = {
        one.channel for one in said if one.by_bot and not one.thread_ts and "waiting here" in str(one.body)
    }
    lines = {one.ts: "line" for one in said if one.channel in lined}
    sessions = slack.conversations.sessions.items()
    return (
        lines
        | posts
        | remarks
        | marks
        | {at: "status" for (_, at), status in sessions if status == "processing"}
    )


async def on_slack(questions: int, channels: int) -> tuple[dict[str, tuple[float, str]], float]:
    """Ask in so many channels, or in direct messages where that is 0."""
    slack = SimulatedSlack()
    slack.rates.limits = SlackLimits()
    crowd = [SimulatedPerson(f"U0CROWD{number:03}", f"Person {number}") for number in range(questions)]
    slack.conversations.people.update({one.id: one for one in crowd})
    opened = [slack.open_channel(f"room{number}") for number in range(channels)]
    for one in crowd:
        slack.conversations.add(Channel(direct_channel(one.id), one.name, kind="im"))

    async def ask(at: int) -> str:
        if not opened:
            return await slack.direct_message(crowd[at], f"Question {at}?")
        return await slack.ask(crowd[at], f"Question {at}?", channel=opened[at % channels])

    return await measure(slack, lambda: signs_on_slack(slack), ask, questions)


async def on_discord(questions: int) -> tuple[dict[str, tuple[float, str]], float]:
    """Mention the bot in one channel."""
    discord = SimulatedDiscord()
    discord.rates.limits = DiscordLimits()
    general = discord.world.named("general").id

    def signs() -> Mapping[str, str]:
        said = discord.world.messages[general]
        typing = dict.fromkeys((one.id for one in said), "typing") if general in discord.world.typing else {}
        marks = {one.id: "mark" for one in said if one.reactions}
        return dict.fromkeys(discord.world.channels, "thread") | marks | typing

    async def ask(at: int) -> str:
        return await discord.mention(discord.people[0], f"Question {at}?")

    return await measure(discord, signs, ask, questions)


async def main(questions: int, *, each: bool) -> None:
    """Measure both platforms and print the figures."""
    for name, measured in (
        ("Slack, one channel", on_slack(questions, 1)),
        ("Slack, ten channels", on_slack(questions, 10)),
        ("Slack, direct messages", on_slack(questions, 0)),
        ("Discord, one channel", on_discord(questions)),
    ):
        first, worked = await measured
        signed = sorted(first.values())
        for at, kind in signed if each else ():
            print(f"{name}: {kind} after {at:.2f} s")
        in_time = sum(at < 2.0 for at, _ in signed)
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(kind for _, kind in signed).items())
        last = f"{signed[-1][0]:.2f} s" if signed else "never"
        print(
            f"{name}: {in_time} of {questions} within 2 s, the last after {last} ({kinds}; {worked:.2f} s of work)"
        )


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:] if one != EACH]
    asyncio.run(main(numbers[0] if numbers else 60, each=EACH in sys.argv))
