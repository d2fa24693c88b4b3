"""The demo as its command puts it together, in haste."""

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from aion_bot import app
from aion_bot.cli import compose
from aion_bot.demo.page import Page
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.demo.running import BotProcess
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The three simulators."""
    async with World(token_delay=0.002) as simulated:
        yield simulated


class Ready:
    """Knows which starts of a bot on Discord have come to their end, from what the bot logs.

    discord.py tells that it is ready a moment after it listens; closed before that, it tells it to nobody and warns.
    """

    def __init__(self) -> None:
        self.started = 0
        self._ready = 0
        self._changed = asyncio.Event()

    def __call__(
        self, logger: object, name: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Take a line of the log."""
        del logger, name
        if event["event"] == "connected" and event["platform"] == "discord":
            self._ready += 1
            self._changed.set()
        raise structlog.DropEvent

    async def wait(self) -> None:
        """Wait for the bot that was started last."""
        async with asyncio.timeout(10):
            while self._ready < self.started:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def ready() -> Iterator[Ready]:
    """What the bot's log tells of its starts."""
    made = Ready()
    structlog.configure(processors=[made])
    yield made
    structlog.reset_defaults()


async def _serve(world: World, folder: Path, ready: Ready, stop: asyncio.Event) -> bool:
    env = {
        **world.env,
        "AION_BOT_DATABASE_URL": f"sqlite:///{folder / 'demo.db'}",
        "AIONVISION_RETRY_DELAY": "0.05",
        "AION_BOT_SHUTDOWN_GRACE": "0",
    }
    settings, adapters, problems = compose(env)
    assert settings is not None, problems
    for adapter in adapters:
        adapter.limits = replace(adapter.limits, edit_gap=0.05, budgets={})
    ready.started += 1
    return await app.serve(settings, adapters, stop)


@pytest.fixture
async def bot(world: World, tmp_path: Path, ready: Ready) -> AsyncIterator[BotProcess]:
    """A bot that serves both workspaces."""
    async with BotProcess(partial(_serve, world, tmp_path, ready)) as running:
        for workspace in world.workspaces:
            await workspace.connected()
        await ready.wait()
        yield running
        await ready.wait()


@pytest.fixture
async def idle() -> AsyncIterator[BotProcess]:
    """Something in the bot's place that does nothing."""

    async def wait(stop: asyncio.Event) -> bool:
        return await stop.wait()

    async with BotProcess(wait) as running:
        yield running


@pytest.fixture
async def page(world: World, idle: BotProcess) -> AsyncIterator[Page]:
    """The page, with nobody who answers."""
    async with Page(world, idle, 0) as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser without a mind of its own: it follows no redirect."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def quiet_slack() -> SimulatedSlack:
    """A Slack that tells no bot of anything."""
    return SimulatedSlack(events=())


@pytest.fixture(params=["slack", "discord"])
async def side(request: pytest.FixtureRequest, quiet_slack: SimulatedSlack) -> Side:
    """Each side of the page, with nothing in it."""
    sides: dict[str, Any] = {
        "slack": lambda: SlackSide(quiet_slack),
        "discord": lambda: DiscordSide(SimulatedDiscord()),
    }
    made: Side = sides[request.param]()
    return made
