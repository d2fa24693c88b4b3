"""A simulated Discord, a recording core, and the adapter between them over loopback."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession
from discord import Client, VoiceClient
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord import configure, handlers, ids
from adapters.discord.adapter import DiscordAdapter
from aion_bot.ports.messages import MessageRef, Reply, ThreadKey
from aion_bot.simulators.discord import SimulatedDiscord
from tests.adapters.discord.caller import Caller
from tests.schemas.discord import inspect
from tests.support.recording_host import RecordingHost


class Bot:
    """An adapter that listens; `listening` is its task."""

    def __init__(self, adapter: DiscordAdapter, listening: asyncio.Task[None]) -> None:
        self.adapter = adapter
        self.listening = listening


def build(env: Mapping[str, str]) -> DiscordAdapter:
    """Build the adapter from settings that are right."""
    adapter, problems = configure(env)
    assert not problems
    assert isinstance(adapter, DiscordAdapter)
    return adapter


@asynccontextmanager
async def running(discord: SimulatedDiscord, host: RecordingHost) -> AsyncIterator[Bot]:
    """Let an adapter listen until the end of the block."""
    adapter = build(discord.env)
    listening = asyncio.create_task(adapter.listen(host))
    try:
        await discord.connected()
        yield Bot(adapter, listening)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await adapter.close()


@pytest.fixture(autouse=True)
def _sdk_as_it_was() -> Iterator[None]:
    """discord.py keeps its addresses, and what it has warned of, in classes."""
    base, gateway, level = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, logging.getLogger("discord").level
    VoiceClient.warn_nacl = VoiceClient.warn_dave = True
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
    logging.getLogger("discord").setLevel(level)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py pauses before it connects or identifies again, the adapter before it hands over again; not here."""

    async def at_once(_client: Client, _shard: int | None, *, initial: bool = False) -> None:
        assert initial in {True, False}

    monkeypatch.setattr(handlers, "RETRY_DELAYS", (0.01, 0.01))
    monkeypatch.setattr(ExponentialBackoff, "delay", lambda _: 0.0)
    monkeypatch.setattr(Client, "before_identify_hook", at_once)


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def discord() -> AsyncIterator[SimulatedDiscord]:
    """A simulated Discord that checks every request; none may break a rule."""
    async with served(SimulatedDiscord(inspect)) as simulated:
        yield simulated
    assert simulated.violations == []


@pytest.fixture
async def reading() -> AsyncIterator[SimulatedDiscord]:
    """The same with the Message Content intent."""
    async with served(SimulatedDiscord(inspect, message_content=True)) as simulated:
        yield simulated
    assert simulated.violations == []


@asynccontextmanager
async def served(simulated: SimulatedDiscord) -> AsyncIterator[SimulatedDiscord]:
    """Serve until the end of the block."""
    await simulated.start()
    try:
        yield simulated
    finally:
        await simulated.stop()


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """Somebody who calls a simulated Discord without a client library."""
    async with served(SimulatedDiscord()) as discord, ClientSession() as session:
        yield Caller(discord, session)


@pytest.fixture
async def bot(discord: SimulatedDiscord, host: RecordingHost) -> AsyncIterator[Bot]:
    async with running(discord, host) as bot:
        yield bot


@pytest.fixture
async def reader(reading: SimulatedDiscord, host: RecordingHost) -> AsyncIterator[Bot]:
    async with running(reading, host) as bot:
        yield bot


@pytest.fixture
async def adapter(discord: SimulatedDiscord) -> AsyncIterator[DiscordAdapter]:
    """An adapter that never listens."""
    adapter = build(discord.env)
    yield adapter
    await adapter.close()


@pytest.fixture
def general(discord: SimulatedDiscord) -> ThreadKey:
    """The general channel as a conversation."""
    return ids.thread_key(int(discord.world.named("general").id))


@pytest.fixture
async def message(adapter: DiscordAdapter, general: ThreadKey) -> MessageRef:
    """A message of the bot in the general channel."""
    return await adapter.post(general, Reply("first"), nonce="first")


async def opened_thread(discord: SimulatedDiscord, bot: Bot, host: RecordingHost) -> str:
    """Open a thread by asking; returns its id."""
    thread = await discord.ask(discord.people[0], "What is damaged on site 7?")
    await bot.adapter.open_thread(await host.prompt())
    host.events.clear()
    return thread
