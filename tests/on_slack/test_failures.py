"""What becomes of a call that Slack refuses or leaves unanswered, and of tokens that it does not take."""

import pytest

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.demo.slack import SimulatedSlack
from aion_bot.port.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
)
from aion_bot.port.messages import Reply, ThreadKey
from tests.on_slack.recording import RecordingHost


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"retry_after": 7}, RateLimited),
        ({"error": "ratelimited"}, RateLimited),
        ({"error": "message_not_found"}, MessageGone),
        ({"error": "thread_not_found"}, MessageGone),
        ({"error": "channel_not_found"}, MessageGone),
        ({"error": "not_in_channel"}, Forbidden),
        ({"error": "is_archived"}, Forbidden),
        ({"error": "restricted_action"}, Forbidden),
        ({"error": "missing_scope"}, Forbidden),
        ({"error": "edit_window_closed"}, Forbidden),
        ({"error": "an_error_of_tomorrow"}, Forbidden),
        ({"error": "msg_too_long"}, TooLong),
        ({"error": "msg_blocks_too_long"}, TooLong),
        ({"error": "invalid_blocks"}, TooLong),
        ({"error": "invalid_auth"}, TokenRefused),
        ({"error": "token_revoked"}, TokenRefused),
        ({"error": "account_inactive"}, TokenRefused),
        ({"error": "fatal_error"}, PlatformDown),
        ({"status": 500}, PlatformDown),
        ({"status": 503}, PlatformDown),
        ({"status": 404}, PlatformDown),
        ({"drop": True}, PlatformDown),
        ({"plain": "<html>"}, PlatformDown),
        ({"plain": "{"}, PlatformDown),
    ],
)
async def test_every_failure_has_the_ports_name(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    thread: ThreadKey,
    fault: dict[str, str],
    raised: type[PlatformError],
) -> None:
    """The core decides by the port's errors alone, whatever Slack or its library calls them."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.fail_next("chat.update", **fault)  # type: ignore[arg-type]
    with pytest.raises(raised):
        await adapter.edit(ref, Reply("two"))
    assert slack.api.calls["chat.update"] == 1


async def test_pause_is_the_one_that_slack_wants(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """`Retry-After` reaches the pacer in seconds."""
    slack.fail_next("chat.postMessage", retry_after=7)
    with pytest.raises(RateLimited) as raised:
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert raised.value.retry_after == 7


async def test_silence_ends(slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey) -> None:
    """A call that is not answered fails after its time, and is not repeated by itself."""
    slack.fail_next("chat.postMessage", hang=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert slack.api.calls["chat.postMessage"] == 1


async def test_too_large_a_message_is_told(adapter: SlackAdapter, thread: ThreadKey) -> None:
    """What Slack does not take for its size is `TooLong`."""
    with pytest.raises(TooLong):
        await adapter.post(thread, Reply("word " * 3_000), nonce="n-1")


async def test_nothing_is_sent_after_close(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A closed adapter raises instead of opening connections anew; closing twice is harmless."""
    await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.close()
    await adapter.close()
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("two"), nonce="n-2")
    assert slack.api.calls["chat.postMessage"] == 1


@pytest.mark.parametrize(
    ("variable", "method"), [("SLACK_BOT_TOKEN", "auth.test"), ("SLACK_APP_TOKEN", "apps.connections.open")]
)
async def test_refused_token_is_named(slack: SimulatedSlack, variable: str, method: str) -> None:
    """A wrong token ends `listen` with its variable's name and without its value."""
    prefix = slack.env[variable][:5]
    env = dict(slack.env) | {variable: f"{prefix}wrong-secret"}
    adapter = SlackAdapter(
        SlackSettings(env["SLACK_BOT_TOKEN"], env["SLACK_APP_TOKEN"], env["SLACK_API_URL"])
    )
    with pytest.raises(TokenRefused) as raised:
        await adapter.listen(RecordingHost())
    await adapter.close()
    assert raised.value.variable == variable
    assert "secret" not in str(raised.value)
    assert slack.api.calls[method] == 1


async def test_app_token_without_its_scope_is_refused(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """An app-level token that may not open sockets is a token to mend, not a network to wait for."""
    slack.fail_next("apps.connections.open", error="missing_scope")
    with pytest.raises(TokenRefused) as raised:
        await adapter.listen(RecordingHost())
    assert raised.value.variable == "SLACK_APP_TOKEN"


async def test_listen_without_a_network_is_platform_down(
    slack: SimulatedSlack, adapter: SlackAdapter
) -> None:
    """The core tries again later."""
    await slack.stop()
    with pytest.raises(PlatformDown):
        await adapter.listen(RecordingHost())
