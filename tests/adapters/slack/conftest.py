"""A simulated Slack, an adapter that listens to it through the real client, and a host that records."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import read
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.messages import ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.calling import Caller
from tests.schemas import slack as contracts
from tests.support.recording_host import RecordingHost

# Pauses are short. A bound that a test does not try is long: a busy machine must not reach it.
HASTE = Timeouts(
    request=2.0,
    indicator=1.0,
    names=1.5,
    accept_retries=(0.0, 0.02),
    hello=30.0,
    heartbeat=0.1,
    drain=60.0,
    close=0.1,
    stable=5.0,
    reconnect=0.02,
    reconnect_max=0.1,
    stagger=0.02,
    offline=0.6,
    check_interval=0.02,
)


async def end(listening: asyncio.Task[None]) -> float:
    """Cancel `listen`; returns how many seconds it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    return clock() - begun


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A workspace that repeats fast and objects to what the contracts do not allow."""
    # The last time is for a busy machine that has not opened a connection again by then.
    simulated = SimulatedSlack(contracts.inspect, ack_timeout=10.0, resend_delays=(0.0, 0.2, 10.0))
    simulated.sockets.disconnect_notice = 0.3
    await simulated.start()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
async def adapter(slack: SimulatedSlack) -> AsyncIterator[SlackAdapter]:
    """An adapter for this workspace that does not listen yet."""
    settings, problems = read(slack.env)
    assert settings is not None, problems
    built = SlackAdapter(settings, HASTE)
    yield built
    await built.close()


@pytest.fixture
async def thread(slack: SimulatedSlack) -> ThreadKey:
    """A thread that somebody began in the general channel."""
    return ids.thread_key(state.TEAM, slack.general.id, await slack.ask(slack.people[0], "what broke?"))


@pytest.fixture
async def direct(slack: SimulatedSlack) -> ThreadKey:
    """A thread that somebody began with the bot alone."""
    return ids.thread_key(state.TEAM, "D0ADA", await slack.direct_message(slack.people[0], "what broke?"))


@pytest.fixture
async def host(slack: SimulatedSlack, adapter: SlackAdapter) -> AsyncIterator[RecordingHost]:
    """The host of the adapter, which listens on both sockets."""
    recording = RecordingHost()
    listening = asyncio.create_task(adapter.listen(recording))
    await recording.until(lambda: bool(recording.presences))
    await slack.until(lambda: slack.sockets.open == 2)
    yield recording
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


@pytest.fixture
async def call(slack: SimulatedSlack) -> AsyncIterator[Caller]:
    """Somebody who calls the Web API without a client library."""
    async with aiohttp.ClientSession() as session:
        yield Caller(slack, session)
