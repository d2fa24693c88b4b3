"""The simulated Slack for the relay benchmark: ten channels, one, or the direct messages of ten people."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import DOCUMENTED, POST, SlackLimits
from aion_bot.simulators.slack.state import BOT, Channel, direct_channel
from aion_bot.simulators.slack.stream import State
from aion_bot.simulators.visible_changes import ChangeListener
from aion_bot.simulators.workspace import Logged, SimulatedPerson
from benchmarks.relay.loads import CHANNELS, Limiting, Place
from benchmarks.relay.platform import CompetingProcess, SentQuestion

_PEOPLE = tuple(SimulatedPerson(f"U0PERSON{number}", f"Person {number}") for number in range(10))
_INDICATORS = {"agents.sessions.setStatus": "thread_ts", "reactions.add": "timestamp"}
FACTORS = {Limiting.DOCUMENTED: 1.0, Limiting.HALF: 0.5, Limiting.DOUBLE: 2.0, Limiting.SHARED: 1.0}


class _Slack(SimulatedSlack):
    """A workspace of ten people."""

    people = _PEOPLE


class SlackPlatform:
    """One workspace. Questions go to its channels in turn."""

    def __init__(self, place: Place) -> None:
        self.slack = _Slack(self._observe)
        self.indicators: dict[str, float] = {}
        self._place = place
        self._channels: list[Channel] = []
        self._before: Counter[str] = Counter()
        self._began = 0.0

    @property
    def env(self) -> Mapping[str, str]:
        return self.slack.env

    async def start(self) -> None:
        await self.slack.start()

    async def stop(self) -> None:
        await self.slack.stop()

    async def connected(self) -> None:
        await self.slack.connected(timeout=30.0)

    def prepare(self, answers: int) -> None:  # noqa: ARG002  # Slack needs no open threads
        if self._place is Place.DIRECT:
            channels = self.slack.conversations.channels
            self._channels = [channels[direct_channel(person.id)] for person in _PEOPLE]
        else:
            count = CHANNELS if self._place is Place.CHANNELS else 1
            self._channels = [self.slack.open_channel(f"site{number}") for number in range(count)]

    def watch(self, listener: ChangeListener) -> None:
        self.slack.watch(listener)

    def limit(self, limiting: Limiting) -> None:
        self._before, self._began = self.slack.api.calls.copy(), time.monotonic()
        self.slack.rates.limits = SlackLimits().scaled(FACTORS[limiting])

    def ask(self, number: int, text: str) -> SentQuestion:
        channel = self._channels[number % len(self._channels)]
        person = _PEOPLE[number % len(_PEOPLE)]
        words = text if channel.kind == "im" else f"<@{BOT.id}> {text}"
        at = time.monotonic()
        return SentQuestion(channel.id, self.slack.say(person, channel, words).ts, at)

    def at_rest(self, thread: str) -> bool:
        inside = self.slack.conversations.thread(thread)
        growing = any(one.stream is not None and one.stream.state is State.LIVE for one in inside)
        return not growing and not self.buttons(thread)

    def buttons(self, thread: str) -> Sequence[str]:
        return [button.label for one in self.slack.thread(thread) if one.by_bot for button in one.offers]

    def competing_processes(self) -> Sequence[CompetingProcess]:
        rng = random.Random(5)
        use = self.slack.rates.use
        by_method = [
            CompetingProcess(DOCUMENTED[method] / 2, 60.0, partial(use, method), rng)
            for method in DOCUMENTED
            if method.startswith(("chat.", "reactions.", "agents.")) and method != POST
        ]
        posts = [
            CompetingProcess(1, 2.0, partial(use, POST, channel=channel.id), random.Random(number))
            for number, channel in enumerate(self._channels)
        ]
        return [*by_method, *posts]

    @property
    def calls(self) -> Counter[str]:
        return self.slack.api.calls - self._before

    @property
    def log(self) -> Sequence[Logged]:
        return [call for call in self.slack.api.log if call.at >= self._began]

    @property
    def refused(self) -> Sequence[Logged]:
        return [call for call in self.slack.rates.refused if call.at >= self._began]

    def _observe(self, method: str, arguments: Mapping[str, Any]) -> None:
        """Record the first indicator; called for each accepted request."""
        thread = str(arguments.get(_INDICATORS.get(method, ""), ""))
        if thread and arguments.get("status", "processing") == "processing":
            self.indicators.setdefault(thread, time.monotonic())
