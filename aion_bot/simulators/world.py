"""The three simulators together, and the settings that lead a bot to them."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Self

from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.workspace import FullWorkspace

TOKEN_DELAY = 0.02
"""Seconds between two tokens of an answer: slow enough to be watched."""


class World:
    """Aion, a Slack workspace and a Discord server, all on loopback."""

    def __init__(self, token_delay: float = TOKEN_DELAY) -> None:
        self.aion = SimulatedAion(token_delay=token_delay)
        self.slack = SimulatedSlack()
        self.discord = SimulatedDiscord()
        self._stack = AsyncExitStack()

    @property
    def workspaces(self) -> Sequence[FullWorkspace]:
        """Both places where people are."""
        return (self.slack, self.discord)

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to all three."""
        return {**self.aion.env, **self.slack.env, **self.discord.env}

    async def __aenter__(self) -> Self:
        """Start all three."""
        for simulator in (self.aion, self.slack, self.discord):
            await simulator.start()
            self._stack.push_async_callback(simulator.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all three."""
        await self._stack.aclose()
