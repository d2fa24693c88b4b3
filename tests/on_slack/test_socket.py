"""The connection: how it begins, survives what happens to it, and ends."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.demo.slack import SimulatedSlack
from aion_bot.port.adapter import Presence
from aion_bot.port.errors import PlatformDown
from aion_bot.port.messages import Reply
from tests.on_slack.conftest import HASTE
from tests.on_slack.recording import RecordingHost


async def end(listening: asyncio.Task[None]) -> float:
    """Cancel `listen`; returns how many seconds it took."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening
    return clock() - begun


async def test_presence_names_the_workspace_and_the_bot(host: RecordingHost) -> None:
    """Once Slack greeted, the engineer can be told where the bot sits and how it is called."""
    assert host.presences == [Presence(("Site Operations",), "@aion")]


async def test_second_connection_is_noticed(slack: SimulatedSlack, host: RecordingHost) -> None:
    """A second process with the same token takes half of the events: its engineer is told."""
    del host  # the first process
    settings = SlackSettings(
        slack.env["SLACK_BOT_TOKEN"], slack.env["SLACK_APP_TOKEN"], slack.env["SLACK_API_URL"]
    )
    adapter, second = SlackAdapter(settings, HASTE), RecordingHost()
    listening = asyncio.create_task(adapter.listen(second))
    await second.until(lambda: bool(second.presences))
    (notice,) = second.presences[0].notices
    assert "SLACK_APP_TOKEN" in notice
    await end(listening)
    await adapter.close()


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
    """A delivery that the core finishes within the grace of a goodbye is acknowledged."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.gate.clear()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: host.entered == 1)
    listening.cancel()
    asyncio.get_running_loop().call_later(HASTE.goodbye / 2, host.gate.set)
    with suppress(asyncio.CancelledError):
        await listening
    assert len(host.inbounds) == 1
    await slack.until(lambda: slack.sockets.deliveries[0].acknowledged)


async def test_refresh_is_survived(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Slack asks every connection to come back now and then; questions go on arriving."""
    await slack.sockets.refresh()
    await slack.until(lambda: slack.sockets.opened == 2)
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))


@pytest.mark.parametrize("loss", ["cut", "hang_up"])
async def test_loss_is_survived(slack: SimulatedSlack, host: RecordingHost, loss: str) -> None:
    """After the connection was lost there is a new one, and what was said meanwhile arrives."""
    await getattr(slack.sockets, loss)()
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    assert slack.sockets.opened == 2
    assert slack.sockets.tickets == []


async def test_connection_that_stays_away_is_given_up(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Where no socket opens any more, `listen` ends and can be begun again; posting works meanwhile."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    slack.sockets.refusing = True
    await slack.sockets.cut()
    with pytest.raises(PlatformDown):
        await asyncio.wait_for(listening, 5)
    await adapter.post(host.prompts[0].thread, Reply("still here"), nonce="n-1")
    slack.sockets.refusing = False
    again = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: len(host.presences) == 2)
    await slack.direct_message(slack.people[0], "hello again")
    await host.until(lambda: len(host.prompts) == 2)
    await end(again)


async def test_socket_that_never_opens_is_platform_down(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """The first connection is not waited for without end either."""
    slack.sockets.refusing = True
    with pytest.raises(PlatformDown):
        await asyncio.wait_for(adapter.listen(RecordingHost()), 5)


async def test_each_delivery_goes_to_one_connection(slack: SimulatedSlack, host: RecordingHost) -> None:
    """Slack shares its deliveries among an app's connections; so does the simulated one."""
    settings = SlackSettings(
        slack.env["SLACK_BOT_TOKEN"], slack.env["SLACK_APP_TOKEN"], slack.env["SLACK_API_URL"]
    )
    adapter, second = SlackAdapter(settings, HASTE), RecordingHost()
    listening = asyncio.create_task(adapter.listen(second))
    await second.until(lambda: bool(second.presences))
    for number in range(4):
        await slack.direct_message(slack.people[0], f"question {number}")
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))
    assert (len(host.prompts), len(second.prompts)) == (2, 2)
    await end(listening)
    await adapter.close()


async def test_proxy_does_not_come_between_this_machine_and_itself(
    slack: SimulatedSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack's library would send even loopback traffic to the environment's proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    settings = SlackSettings(
        slack.env["SLACK_BOT_TOKEN"], slack.env["SLACK_APP_TOKEN"], slack.env["SLACK_API_URL"]
    )
    adapter, host = SlackAdapter(settings, HASTE), RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await slack.direct_message(slack.people[0], "hello")
    await host.until(lambda: bool(host.prompts))
    await adapter.post(host.prompts[0].thread, Reply("hello"), nonce="n-1")
    await end(listening)
    await adapter.close()


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that is logged at any level, tracebacks included."""
    caplog.set_level(logging.DEBUG)
    return lambda: caplog.text + "".join(str(vars(record)) for record in caplog.records)


async def test_libraries_are_silent_while_all_is_well(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, logged: Callable[[], str]
) -> None:
    """A working conversation leaves nothing in the log, not even at debug level."""
    await slack.ask(slack.people[0], "hello")
    await host.until(lambda: len(host.prompts) == 2)
    await adapter.post(host.prompts[0].thread, Reply("hello"), nonce="n-1")
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))
    assert "slack" not in logged()


async def test_no_secret_and_no_word_is_logged(
    slack: SimulatedSlack, adapter: SlackAdapter, logged: Callable[[], str]
) -> None:
    """Through questions, presses, failures and lost connections no token, ticket or message text gets into a log."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.failures = 2
    slack.sockets.within = 0.05
    message = await slack.direct_message(slack.people[0], "confidential words")
    await slack.shortcut(slack.people[0], message)
    await host.until(lambda: len(host.prompts) == 1)
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    for fault in ({"drop": True}, {"status": 500}, {}):
        slack.fail_next("chat.postMessage", **fault)
        with suppress(Exception):
            await adapter.post(host.prompts[0].thread, Reply("confidential answer"), nonce="n-1")
    slack.sockets.refusing = True
    await slack.sockets.cut()
    with suppress(PlatformDown):
        await listening
    said = logged()
    assert "taken over" in said
    assert "Slack's library failed" in said
    secrets = (
        slack.env["SLACK_BOT_TOKEN"],
        slack.env["SLACK_APP_TOKEN"],
        "/link/",
        "confidential",
        "secret words",
    )
    assert [secret for secret in secrets if secret in said] == []
