"""All simulated services together, and the settings that connect a bot to them."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import direct_channel
from aion_bot.simulators.workspace import FullWorkspace

TOKEN_DELAY = 0.02
"""Seconds between two tokens of an answer: slow enough to be watched."""


class SimulatedServices:
    """Aion, a Slack workspace and a Discord server, all on loopback."""

    def __init__(self, token_delay: float = TOKEN_DELAY) -> None:
        self.aion = SimulatedAion(token_delay=token_delay)
        self.slack = SimulatedSlack()
        self.discord = SimulatedDiscord()
        self._stack = AsyncExitStack()

    @property
    def workspaces(self) -> Sequence[FullWorkspace]:
        """The platforms, in the order in which the demo shows them."""
        return (self.slack, self.discord)

    @property
    def home(self) -> tuple[str, str]:
        """The conversation in which a person has the Home tab, and who it is, for whoever may read the usage there."""
        person = self.slack.people[0].id
        return direct_channel(person), person

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to all of them."""
        settings = dict(self.aion.env)
        for workspace in self.workspaces:
            settings |= workspace.env
        return settings

    async def __aenter__(self) -> Self:
        """Start all of them."""
        simulators: list[SimulatedAion | FullWorkspace] = [self.aion, *self.workspaces]
        for simulator in simulators:
            await simulator.start()
            self._stack.push_async_callback(simulator.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all of them."""
        await self._stack.aclose()
