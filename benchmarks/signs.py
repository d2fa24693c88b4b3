"""How soon each of many questions at once has a sign of life, at the documented limits of Slack and Discord.

    python -m benchmarks.signs [questions]

A sign on Slack is a mark, a status, a message, or the private remark that the person's questions arrived, which is made once
for all of theirs in a minute; on Discord the opened thread, a mark, or typing in the channel. All questions are asked in one
channel, the strictest case: most limits count by channel. The simulators run in the bot's process and share its time.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.aion.scene import Hold, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from tests.end_to_end.bot import Bot

PATIENCE = 30.0
"""Seconds after which questions without a sign are given up."""


async def measure(
    workspace: SimulatedSlack | SimulatedDiscord, sign: Callable[[Bot, str], bool], questions: int
) -> list[float]:
    """Ask, and return after how many seconds each question had its sign, the quickest first."""
    async with SimulatedAion(ping_every=0.5) as aion:
        await workspace.start()
        bot = Bot(aion, workspace, Path(tempfile.mkdtemp(prefix="aion-bot-signs-")))
        bot.limits = {}
        await bot.start()
        aion.play(*[spoken("The answer.", Hold("go", pings=True)) for _ in range(questions)])
        began = time.monotonic()
        waiting = {await workspace.mention(bot.ada, f"Question {number}?") for number in range(questions)}
        signed: list[float] = []

        def all_signed() -> bool:
            now = [thread for thread in waiting if sign(bot, thread)]
            waiting.difference_update(now)
            signed.extend([time.monotonic() - began] * len(now))
            return not waiting

        try:
            await workspace.until(all_signed, timeout=PATIENCE)
        except TimeoutError:
            print(f"{len(waiting)} questions on {workspace.name} have no sign after {PATIENCE:.0f} s")
        await bot.kill()
        await workspace.stop()
        return sorted(signed)


async def main(questions: int) -> None:
    """Measure both platforms and print the figures."""
    slack, discord = SimulatedSlack(), SimulatedDiscord()
    slack.rates.limits, discord.rates.limits = SlackLimits(), DiscordLimits()
    general = discord.world.named("general").id

    def on_slack(bot: Bot, thread: str) -> bool:
        signs = slack.is_marked(thread) or slack.status(thread) == "processing" or bool(bot.bots(thread))
        return signs or any(one.only_for == bot.ada.id for one in slack.conversations.messages)

    def on_discord(_: Bot, thread: str) -> bool:
        opened = thread in discord.world.channels
        return opened or discord.is_marked(thread) or general in discord.world.typing

    for workspace, sign in ((slack, on_slack), (discord, on_discord)):
        signed = await measure(workspace, sign, questions)
        in_time = sum(one < 2.0 for one in signed)
        last = f"{signed[-1]:.2f} s" if signed else "never"
        print(f"{workspace.name}: {in_time} of {questions} within 2 s, the last after {last}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
