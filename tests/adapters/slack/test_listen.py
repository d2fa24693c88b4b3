"""The connection: how it begins, survives what happens to it, and ends."""

import asyncio
from contextlib import suppress

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import Reply
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.conftest import HASTE, end
from tests.adapters.slack.recording import RecordingHost


async def test_presence_names_the_workspace_and_the_bot(host: RecordingHost) -> None:
    """Once Slack greeted, the engineer can be told where the bot sits and how it is called."""
    assert host.presences == [Presence(("Site Operations",), "@aion")]


async def test_listen_ends_fast_when_idle(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """A stop is not held up by the connection, and leaves none behind."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    assert await end(listening) < 0.5
    await slack.until(lambda: slack.sockets.open == 0)


async def test_listen_ends_fast_when_the_core_is_busy(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """A delivery that the core does not finish is given up unacknowledged: Slack sends it again."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.gate.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.entered == 1)
    assert await end(listening) < 1.0
    host.gate.set()
    for _ in range(10):  # a task that still waited at the gate would go on now
        await asyncio.sleep(0)
    assert host.inbounds == []
    assert not slack.sockets.deliveries[0].acknowledged


async def test_delivery_under_way_is_finished_at_the_end(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """A delivery that the core finishes within `Timeouts.close` is acknowledged."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.gate.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.entered == 1)
    listening.cancel()
    asyncio.get_running_loop().call_later(HASTE.close / 2, host.gate.set)
    with suppress(asyncio.CancelledError):
        await listening
    assert len(host.inbounds) == 1
    await slack.until(lambda: slack.sockets.deliveries[0].acknowledged)


async def test_proxy_does_not_come_between_this_machine_and_itself(
    slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack's library would send even loopback traffic to the environment's proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    settings = SlackSettings.from_mapping(slack.env)
    adapter, host = SlackAdapter(settings, HASTE), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    await adapter.post(host.prompts[0].thread, Reply("hello"), nonce="n-1")
    await end(listening)
    await adapter.close()
