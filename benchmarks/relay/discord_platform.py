"""The simulated Discord for the relay benchmark: threads of one channel, open before the questions."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import Channel, Message
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.visible_changes import ChangeListener
from aion_bot.simulators.workspace import Logged
from benchmarks.relay.loads import Limiting
from benchmarks.relay.platform import CompetingProcess, SentQuestion
from benchmarks.relay.slack_platform import FACTORS

_UNBUCKETED = "GET /channels/{channel_id}"


class DiscordPlatform:
    """One server. Every question has a thread of its own."""

    def __init__(self) -> None:
        self.discord = SimulatedDiscord()
        self.indicators: dict[str, float] = {}
        self._threads: list[Channel] = []
        self._asked: list[Message] = []
        self._before: Counter[str] = Counter()
        self._began = 0.0
        self._looking: asyncio.Task[None] | None = None

    @property
    def env(self) -> Mapping[str, str]:
        return self.discord.env

    async def start(self) -> None:
        await self.discord.start()
        self._looking = asyncio.create_task(self._observe())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        await self.discord.stop()

    async def connected(self) -> None:
        await self.discord.connected(timeout=30.0)

    def prepare(self, answers: int) -> None:
        for number in range(answers):
            person = self.discord.people[number % len(self.discord.people)]
            message = self.discord.say(person, f"About site {number}")
            # By a person: one of the bot's own that its database does not know would be left to another process at first.
            thread = self.discord.backend.open_thread(message, {"name": f"Site {number}"}, by=person)
            self._threads.append(thread)

    def watch(self, listener: ChangeListener) -> None:
        self.discord.watch(listener)

    def limit(self, limiting: Limiting) -> None:
        self._before, self._began = self.discord.server.calls.copy(), time.monotonic()
        self.discord.rates.limits = DiscordLimits().scaled(FACTORS[limiting])

    def ask(self, number: int, text: str) -> SentQuestion:
        thread = self._threads[number]
        person = self.discord.people[number % len(self.discord.people)]
        at = time.monotonic()
        self._asked.append(self.discord.say(person, f"<@{self.discord.world.bot.id}> {text}", thread.id))
        return SentQuestion(thread.id, thread.id, at)

    def at_rest(self, thread: str) -> bool:
        return not self.buttons(thread)

    def buttons(self, thread: str) -> Sequence[str]:
        inside = self.discord.world.messages[thread]
        return [
            str(one.get("label"))
            for message in inside
            for row in message.components
            for one in row["components"]
            if not str(one.get("custom_id")).startswith(("aion:good:", "aion:bad:"))
        ]

    def competing_processes(self) -> Sequence[CompetingProcess]:
        use = self.discord.rates.use
        everywhere = CompetingProcess(20, 1.0, partial(use, "elsewhere", route=_UNBUCKETED), random.Random(5))
        own = [
            CompetingProcess(2, 5.0, partial(use, thread.id), random.Random(number))
            for number, thread in enumerate(self._threads)
        ]
        return [everywhere, *own]

    @property
    def calls(self) -> Counter[str]:
        return self.discord.server.calls - self._before

    @property
    def log(self) -> Sequence[Logged]:
        return [call for call in self.discord.server.log if call.at >= self._began]

    @property
    def refused(self) -> Sequence[Logged]:
        return [call for call in self.discord.rates.refused if call.at >= self._began]

    async def _observe(self) -> None:
        """Record when a question first shows a reaction of the bot."""
        while True:
            for message in self._asked:
                if message.reactions:
                    self.indicators.setdefault(message.channel, time.monotonic())
            await asyncio.sleep(0.01)
