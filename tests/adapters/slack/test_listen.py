"""The connection: how it begins, survives what happens to it, and ends."""

import asyncio
import json
from contextlib import suppress
from dataclasses import replace

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.client import WebApi
from adapters.slack.config import SlackSettings
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.host import Presence
from aion_bot.ports.messages import Reply
from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.conftest import HASTE, end
from tests.support.recording_host import RecordingHost


async def test_presence_names_the_workspace_and_the_bot(host: RecordingHost) -> None:
    """Once Slack greeted, the engineer can be told where the bot sits and how it is called."""
    assert host.presences == [Presence(("Site Operations",), "@aion")]


async def test_listen_ends_fast_when_idle(slack: SimulatedSlack) -> None:
    """A stop is not held up by the connection, and leaves none behind."""
    timeouts = replace(HASTE, request=60.0, close=60.0)
    adapter, host = SlackAdapter(SlackSettings.from_mapping(slack.env), timeouts), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    assert await end(listening) < timeouts.close / 2  # no bound is waited for
    await slack.until(lambda: slack.sockets.open == 0)
    await adapter.close()


async def test_listen_ends_fast_when_the_core_is_busy(slack: SimulatedSlack) -> None:
    """A delivery that the core does not finish is given up unacknowledged: Slack sends it again."""
    timeouts = replace(HASTE, request=60.0)
    adapter, host = SlackAdapter(SlackSettings.from_mapping(slack.env), timeouts), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.open.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.accept_calls == 1)
    assert await end(listening) < timeouts.drain / 2  # no bound but `close` is waited for
    host.open.set()
    for _ in range(10):  # a task that still waited in `accept` would go on now
        await asyncio.sleep(0)
    assert host.events == []
    assert not slack.sockets.deliveries[0].acknowledged
    await adapter.close()


async def test_delivery_under_way_is_finished_at_the_end(slack: SimulatedSlack) -> None:
    """A delivery that the core finishes within `Timeouts.close` is acknowledged."""
    timeouts = replace(HASTE, close=30.0)
    adapter, host = SlackAdapter(SlackSettings.from_mapping(slack.env), timeouts), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.open.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.accept_calls == 1)
    listening.cancel()
    asyncio.get_running_loop().call_later(HASTE.close / 2, host.open.set)  # while `listen` ends
    with suppress(asyncio.CancelledError):
        await listening
    assert len(host.events) == 1
    await slack.until(lambda: slack.sockets.deliveries[0].acknowledged)
    await adapter.close()


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


def _names_socket(slack: SimulatedSlack, address: str) -> None:
    """Let Slack name an address for its next sockets."""
    answer = json.dumps({"ok": True, "url": address})
    slack.fail_next("apps.connections.open", plain=answer, kind="application/json", times=1_000)


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("wss://wss-primary.slack.com/link/?ticket=secret-1", True),
        ("ws://127.0.0.1:9/link/?ticket=secret-1", True),
        ("ws://[::1]:9/link/?ticket=secret-1", True),
        ("ws://localhost:9/link/?ticket=secret-1", True),
        ("ws://wss-primary.slack.com/link/?ticket=secret-1", False),
        ("ws://127.0.0.1.evil.example/?ticket=secret-1", False),
        ("ws://127.0.0.1@evil.example/?ticket=secret-1", False),
        ("ws://10.0.0.1/?ticket=secret-1", False),
        ("http://wss-primary.slack.com/?ticket=secret-1", False),
        ("https://wss-primary.slack.com/?ticket=secret-1", False),
        ("wss:///?ticket=secret-1", False),
        ("//wss-primary.slack.com/?ticket=secret-1", False),
        ("ws://[::1/?ticket=secret-1", False),
        ("", False),
    ],
)
async def test_a_ticket_is_sent_encrypted_or_to_this_machine(
    slack: SimulatedSlack, address: str, taken: bool
) -> None:
    """Any other address of a socket is refused before it is connected to, and no text about it has the ticket."""
    web = WebApi(SlackSettings.from_mapping(slack.env), lambda: SlackAdapter.limits, timeout=5)
    _names_socket(slack, address)
    try:
        if taken:
            assert await web.open_connection() == address
        else:
            with pytest.raises(PlatformDown, match="the address is not encrypted") as refused:
                await web.open_connection()
            assert "secret-1" not in str(refused.value)
    finally:
        await web.close()


async def test_a_refused_socket_address_is_logged(
    slack: SimulatedSlack, adapter: SlackAdapter, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator reads why there is no connection, and the bot goes on asking for another address."""
    _names_socket(slack, "ws://slack.invalid/?ticket=secret-1")
    listening = asyncio.create_task(adapter.listen(RecordingHost()))
    await slack.until(lambda: slack.api.calls["apps.connections.open"] >= 3)
    await end(listening)
    logged = [(one.getMessage(), vars(one).get("reason")) for one in caplog.records]
    assert ("socket could not be opened", "apps.connections.open: the address is not encrypted") in logged
    assert "secret-1" not in caplog.text
    assert slack.sockets.opened == 0
