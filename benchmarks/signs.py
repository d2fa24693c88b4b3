"""How soon each of many questions at once has a sign of life, at the documented limits of Slack and Discord.

    python -m benchmarks.signs [questions]

A sign on Slack is a mark, a status, a message, or the private remark that the person's questions arrived; on Discord the
opened thread, a mark, or typing in the channel. All questions are asked in one channel, on Slack each by somebody else: the
strictest case, as limits count by channel and the remark is made once for all questions of a person. The simulators run in the
bot's process and share its time.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.simulators.workspace import SimulatedPerson
from tests.end_to_end.bot import Bot

PATIENCE = 30.0
"""Seconds after which questions without a sign are given up."""


async def measure(
    workspace: SimulatedSlack | SimulatedDiscord,
    signs: Callable[[set[str]], set[str]],
    people: Sequence[SimulatedPerson],
) -> tuple[list[float], float]:
    """Ask, and return after how many seconds each question had its sign, the quickest first, and the processor's time.

    The last figure is the seconds that this process worked until then: on a busy machine it says more than the clock.
    """
    async with SimulatedAion(ping_every=0.5) as aion:
        await workspace.start()
        bot = Bot(aion, workspace, Path(tempfile.mkdtemp(prefix="aion-bot-signs-")))
        bot.limits = {}
        await bot.start()
        aion.play(*[spoken("The answer.", Hold("go", pings=True)) for _ in people])
        began, worked = time.monotonic(), time.process_time()
        waiting = {await workspace.mention(person, f"Question {at}?") for at, person in enumerate(people)}
        signed: list[float] = []

        def all_signed() -> bool:
            # At once for all: to look for each of them at each change would take longer than what is measured.
            now = signs(waiting).copy()
            waiting.difference_update(now)
            signed.extend([time.monotonic() - began] * len(now))
            return not waiting

        try:
            await workspace.until(all_signed, timeout=PATIENCE)
        except TimeoutError:
            print(f"{len(waiting)} questions on {workspace.name} have no sign after {PATIENCE:.0f} s")
        worked = time.process_time() - worked
        await bot.kill()
        await workspace.stop()
        return sorted(signed), worked


async def main(questions: int) -> None:
    """Measure both platforms and print the figures."""
    slack, discord = SimulatedSlack(), SimulatedDiscord()
    slack.rates.limits, discord.rates.limits = SlackLimits(), DiscordLimits()
    general = discord.world.named("general").id

    crowd = [SimulatedPerson(f"U0CROWD{number:03}", f"Person {number}") for number in range(questions)]
    slack.conversations.people.update({one.id: one for one in crowd})

    def on_slack(waiting: set[str]) -> set[str]:
        said = slack.conversations.messages
        told = {one.only_for for one in said} - {None}
        asked = {one.ts for one in said if one.author.id in told}
        marked = {one.ts for one in said if one.reactions}
        answered = {one.thread_ts for one in said if one.by_bot and one.thread_ts}
        working = {
            thread for (_, thread), status in slack.conversations.sessions.items() if status == "processing"
        }
        return waiting & (asked | marked | answered | working)

    def on_discord(waiting: set[str]) -> set[str]:
        if general in discord.world.typing:
            return waiting
        marked = {one.id for one in discord.world.messages[general] if one.reactions}
        return waiting & (marked | set(discord.world.channels))

    people = [discord.people[0]] * questions
    for workspace, signs, askers in ((slack, on_slack, crowd), (discord, on_discord, people)):
        signed, worked = await measure(workspace, signs, askers)
        in_time = sum(one < 2.0 for one in signed)
        last = f"{signed[-1]:.2f} s" if signed else "never"
        print(
            f"{workspace.name}: {in_time} of {questions} within 2 s, the last after {last} ({worked:.2f} s of work)"
        )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
