"""What gets into the log."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import pytest

from adapters.slack import sdk_log
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.messages import Reply
from aion_bot.simulators.slack import SimulatedSlack
from tests.support.recording_host import RecordingHost


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
    """Through questions, clicks, failures and lost connections no token, ticket or message text gets into a log."""
    host = RecordingHost()
    listening = asyncio.create_task(adapter.listen(host))
    await host.until(lambda: bool(host.presences))
    host.fail(2)
    slack.sockets.ack_timeout = 0.05
    message = await slack.direct_message(slack.people[0], "confidential words")
    await slack.shortcut(slack.people[0], message)
    await host.until(lambda: bool(host.prompts))
    slack.fail_next("chat.postMessage", error="invalid_blocks")
    for fault in ({"drop": True}, {"status": 500}, {}):
        slack.fail_next("chat.postMessage", **fault)
        with suppress(Exception):
            await adapter.post(host.prompts[0].thread, Reply("confidential answer"), nonce="n-1")
    slack.sockets.refusing_connections = True
    await slack.sockets.abort()
    with suppress(PlatformDown):
        await listening
    said = logged()
    assert "not accepted" in said
    assert "could not be opened" in said
    secrets = (
        slack.env["SLACK_BOT_TOKEN"],
        slack.env["SLACK_APP_TOKEN"],
        "/link/",
        "confidential",
        "secret words",
    )
    assert [secret for secret in secrets if secret in said] == []


def test_errors_of_the_libraries_say_where_and_nothing_else(logged: Callable[[], str]) -> None:
    """Slack's libraries put addresses and payloads into their errors: none of it is kept."""
    try:
        int("secret words")
    except ValueError:
        sdk_log.LOGGER.exception("no answer from %s", "wss://host/link/?ticket=confidential")
    said = logged()
    assert "Slack's library failed in test_errors" in said
    assert "(ValueError)" in said
    assert not any(word in said for word in ("secret words", "confidential", "/link/"))
