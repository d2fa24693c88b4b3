"""The demo as its command composes it, with short pauses."""

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
from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack import SimulatedSlack


@pytest.fixture
async def services() -> AsyncIterator[SimulatedServices]:
    """The three simulators."""
    async with SimulatedServices(token_delay=0.002) as simulated:
        yield simulated


class Ready:
    """Counts the finished starts of a Discord client from the bot's log.

    discord.py reports ready a moment after it listens. Closed before that, it logs a warning.
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
        async with asyncio.timeout(60):
            while self._ready < self.started:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def ready() -> Iterator[Ready]:
    """The finished starts in the bot's log."""
    made = Ready()
    structlog.configure(processors=[made])
    yield made
    structlog.reset_defaults()


async def _serve(services: SimulatedServices, folder: Path, ready: Ready, stop: asyncio.Event) -> bool:
    env = {
        **services.env,
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
async def bot(services: SimulatedServices, tmp_path: Path, ready: Ready) -> AsyncIterator[BotProcess]:
    """A bot that serves both workspaces."""
    async with BotProcess(partial(_serve, services, tmp_path, ready)) as running:
        for workspace in services.workspaces:
            await workspace.connected()
        await ready.wait()
        yield running
        await ready.wait()


@pytest.fixture
async def idle() -> AsyncIterator[BotProcess]:
    """A stand-in for the bot that does nothing."""

    async def wait(stop: asyncio.Event) -> bool:
        return await stop.wait()

    async with BotProcess(wait) as running:
        yield running


@pytest.fixture
async def page(services: SimulatedServices, idle: BotProcess) -> AsyncIterator[Page]:
    """The page without a bot."""
    async with Page(services, idle, 0) as served:
        yield served


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that follows no redirect."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def quiet_slack() -> SimulatedSlack:
    """A simulated Slack that sends no events to a bot."""
    return SimulatedSlack(events=())


@pytest.fixture(params=["slack", "discord"])
async def side(request: pytest.FixtureRequest, quiet_slack: SimulatedSlack) -> Side:
    """Each side of the page, empty."""
    sides: dict[str, Any] = {
        "slack": lambda: SlackSide(quiet_slack),
        "discord": lambda: DiscordSide(SimulatedDiscord()),
    }
    made: Side = sides[request.param]()
    return made


@pytest.fixture
async def page_with_bot(services: SimulatedServices, bot: BotProcess) -> AsyncIterator[Page]:
    """The page with a bot behind it."""
    async with Page(services, bot, 0) as served:
        yield served
