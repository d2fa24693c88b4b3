"""What becomes of a call that Slack refuses or leaves unanswered, and of tokens that it does not take."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.ports.errors import (
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
)
from aion_bot.ports.messages import MessageRef, Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.support.cases import each
from tests.support.recording_host import RecordingHost

FAULTS: list[tuple[dict[str, Any], type[PlatformError]]] = [
    ({"retry_after": 7}, RateLimited),
    ({"status": 429}, RateLimited),
    ({"error": "ratelimited"}, RateLimited),
    ({"error": "rate_limited"}, RateLimited),
    ({"error": "message_not_found"}, MessageGone),
    ({"error": "thread_not_found"}, MessageGone),
    ({"error": "cannot_reply_to_message"}, MessageGone),
    ({"error": "channel_not_found"}, MessageGone),
    ({"error": "not_in_channel"}, Forbidden),
    ({"error": "is_archived"}, Forbidden),
    ({"error": "is_inactive"}, Forbidden),
    ({"error": "restricted_action"}, Forbidden),
    ({"error": "restricted_action_thread_locked"}, Forbidden),
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
    ({"error": "internal_error"}, PlatformDown),
    ({"error": "update_failed"}, PlatformDown),
    ({"error": "team_added_to_org"}, PlatformDown),
    ({"error": "external_channel_migrating"}, PlatformDown),
    ({"status": 500}, PlatformDown),
    ({"status": 502}, PlatformDown),
    ({"status": 503}, PlatformDown),
    ({"status": 404}, PlatformDown),
    ({"drop": True}, PlatformDown),
    ({"plain": "<html>"}, PlatformDown),
    ({"plain": "{"}, PlatformDown),
    ({"plain": "{", "kind": "application/json"}, PlatformDown),
    ({"plain": "[]", "kind": "application/json"}, PlatformDown),
    ({"plain": "null", "kind": "application/json"}, PlatformDown),
    ({"plain": "<p>maintenance</p>", "kind": "text/html"}, PlatformDown),
]

Operation = Callable[[SlackAdapter, MessageRef], Awaitable[Any]]

CALLS: dict[str, Operation] = {
    "chat.postMessage": lambda adapter, ref: adapter.post(ref.thread, Reply("two"), nonce="n-2"),
    "chat.update": lambda adapter, ref: adapter.edit(ref, Reply("two")),
    "chat.delete": lambda adapter, ref: adapter.delete(ref),
    "conversations.replies": lambda adapter, ref: adapter.own_messages(ref.thread),
    "reactions.add": lambda adapter, ref: adapter.mark_queued(ref, queued=True),
    "reactions.remove": lambda adapter, ref: adapter.mark_queued(ref, queued=False),
}


@each(
    ("method", "fault", "raised"),
    [
        (method, fault, raised)
        for method in CALLS
        for fault, raised in FAULTS
        if (method, fault) != ("conversations.replies", {"drop": True})  # a test of its own, below
    ],
)
@pytest.mark.slow
async def test_every_failure_has_the_ports_name(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    thread: ThreadKey,
    method: str,
    fault: dict[str, Any],
    raised: type[PlatformError],
) -> None:
    """The core decides by the port's errors alone, whatever Slack or its library calls them; nothing is repeated."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    before = slack.api.calls[method]
    slack.fail_next(method, **fault)
    with pytest.raises(raised):
        await CALLS[method](adapter, ref)
    assert slack.api.calls[method] == before + 1


@pytest.mark.parametrize("address", ["http://files.slack.com/x", "https://[files.slack.com/x", ""])
async def test_nothing_is_sent_to_an_address_without_encryption(adapter: SlackAdapter, address: str) -> None:
    """Nor to one that cannot be read; what a caller learns is an error of the port."""
    with pytest.raises(PlatformDown, match="not encrypted"):
        await adapter._web.upload(address, b"x")
    with pytest.raises(MessageGone, match="not encrypted"):
        await adapter._web.respond(address, {"text": "x"})


async def test_reading_that_was_cut_is_read_again(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Where a connection from the pool turns out to be dead, a call that changes nothing is done after all."""
    await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.fail_next("conversations.replies", drop=True)
    assert [one.nonce for one in await adapter.own_messages(thread)] == ["n-1"]


@pytest.mark.parametrize("method", ["chat.update", "conversations.replies"])
async def test_silence_ends(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, method: str
) -> None:
    """A call that is not answered fails after its time, and is not repeated by itself."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    before = slack.api.calls[method]
    slack.fail_next(method, hang=True)
    with pytest.raises(PlatformDown):
        await CALLS[method](adapter, ref)
    assert slack.api.calls[method] == before + 1


@pytest.mark.parametrize("answer", ['{"ok": true}', '{"ok": true, "ts": null}'])
async def test_answer_without_what_it_must_hold_is_an_unknown_outcome(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, answer: str
) -> None:
    """A post that was confirmed without its `ts` is looked up instead of being made again."""
    slack.fail_next("chat.postMessage", plain=answer, kind="application/json", acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.post(thread, Reply("one"), nonce="n-1")
    assert [m.text for m in slack.thread(ids.thread(thread).ts) if m.by_bot] == ["one"]


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_empty_answer_at_the_start_is_platform_down(
    slack: SimulatedSlack, adapter: SlackAdapter, method: str
) -> None:
    """Something between the bot and Slack that agrees to everything is no Slack."""
    slack.fail_next(method, plain='{"ok": true}', kind="application/json", times=1_000)
    with pytest.raises(PlatformDown):
        await asyncio.wait_for(adapter.listen(RecordingHost()), 60)


@pytest.mark.parametrize("fault", [{"status": 429}, {"error": "ratelimited"}])
async def test_pause_is_some_seconds_where_slack_does_not_say(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, fault: dict[str, Any]
) -> None:
    """A limit without `Retry-After`, as an HTTP status or inside of an answer, is waited for too."""
    slack.fail_next("chat.postMessage", **fault)
    with pytest.raises(RateLimited) as raised:
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert 1 <= raised.value.retry_after <= 30


@pytest.mark.parametrize("told", [float("inf"), float("nan"), -1.0])
async def test_pause_is_never_endless(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, told: float
) -> None:
    """A `Retry-After` that is no number of seconds does not stop the bot for ever."""
    slack.fail_next("chat.postMessage", retry_after=told)
    with pytest.raises(RateLimited) as raised:
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert 0 <= raised.value.retry_after <= 30


async def test_deleted_message_is_gone(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """An answer that somebody deleted cannot be edited any more; the thread still takes another."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.delete(ids.message(ref).ts)
    with pytest.raises(MessageGone):
        await adapter.edit(ref, Reply("two"))
    await adapter.post(thread, Reply("two"), nonce="n-2")


async def test_deleted_question_takes_no_answer(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Without its first message a thread is gone, for posts, reading and marks."""
    root = ids.message_ref(thread, slack.general.id, ids.thread(thread).ts)
    slack.delete(ids.thread(thread).ts)
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: adapter.post(thread, Reply("one"), nonce="n-1"),
        lambda: adapter.own_messages(thread),
        lambda: adapter.mark_queued(root, queued=False),
    ]
    for call in calls:
        with pytest.raises(MessageGone):
            await call()


async def test_deleted_question_with_an_answer_keeps_its_thread(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Slack leaves a tombstone where replies hang from a message: the answer below goes on growing."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.delete(ids.thread(thread).ts)
    await adapter.edit(ref, Reply("one and two"))
    await adapter.post(thread, Reply("three"), nonce="n-2")
    assert [m.text for m in slack.thread(ids.thread(thread).ts)][1:] == ["one and two", "three"]
    assert [one.nonce for one in await adapter.own_messages(thread)] == ["n-2", "n-1"]


async def test_archived_channel_is_forbidden(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Nothing can be posted, edited or marked where nobody writes any more."""
    ref = await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.archive(slack.general)
    for method in ("chat.postMessage", "chat.update", "reactions.add"):
        with pytest.raises(Forbidden):
            await CALLS[method](adapter, ref)


@pytest.mark.parametrize(("kind", "raised"), [("channel", Forbidden), ("group", MessageGone)])
async def test_channel_without_the_bot_is_closed_to_it(
    slack: SimulatedSlack, adapter: SlackAdapter, kind: str, raised: type[PlatformError]
) -> None:
    """Once the bot was removed it may not write in a public channel, and does not even see a private one."""
    channel = slack.open_channel("roofers", kind=kind)
    root = slack.say(slack.people[0], channel, "<@U0AION> what broke?").ts
    ref = await adapter.post(ids.thread_key(state.TEAM, channel.id, root), Reply("one"), nonce="n-1")
    slack.remove_bot(channel)
    for method in ("chat.postMessage", "chat.update", "reactions.add"):
        with pytest.raises(raised):
            await CALLS[method](adapter, ref)


async def test_pause_is_the_one_that_slack_wants(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """`Retry-After` reaches the limiter in seconds."""
    slack.fail_next("chat.postMessage", retry_after=7)
    with pytest.raises(RateLimited) as raised:
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert raised.value.retry_after == 7


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
    adapter = SlackAdapter(SlackSettings.from_mapping(env))
    with pytest.raises(TokenRefused) as raised:
        await adapter.listen(RecordingHost())
    await adapter.close()
    assert raised.value.variable == variable
    assert "secret" not in str(raised.value)
    assert slack.api.calls[method] == 1


async def test_app_token_without_its_scope_is_refused(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """An app-level token that may not open sockets is a token to replace, not a network to wait for."""
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
