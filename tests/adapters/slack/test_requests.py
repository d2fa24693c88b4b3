"""Every request that Slack's server receives was reported to the observer, with what it counts against."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown, PlatformError
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import RequestStatus
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.observer import RecordingObserver
from tests.adapters.slack.streaming import ADA, another, begin
from tests.support.recording_host import RecordingHost

POST, UPDATE, EPHEMERAL = "chat.postMessage", "chat.update", "chat.postEphemeral"
START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"
REPLIES, INFO, STATUS = "conversations.replies", "conversations.info", "agents.sessions.setStatus"
MEMBERS = "usergroups.users.list"
OK, REFUSED, ERROR, RATE_LIMITED = (
    RequestStatus.OK,
    RequestStatus.REFUSED,
    RequestStatus.ERROR,
    RequestStatus.RATE_LIMITED,
)


@pytest.fixture
async def observer(slack: SimulatedSlack, adapter: SlackAdapter) -> AsyncIterator[RecordingObserver]:
    """The observer of the adapter. At the end it agrees with the server, request by request."""
    recording = RecordingObserver()
    adapter.observe_requests(recording)
    yield recording
    assert recording.methods == slack.api.calls
    assert len(recording.outcomes) == len(recording.requests)


def prompt(thread: ThreadKey, *, direct: bool = False) -> Prompt:
    return Prompt("k", thread, Place(state.TEAM, ids.thread(thread).channel, direct), ADA, "hello")


async def test_connecting_is_reported(observer: RecordingObserver, host: RecordingHost) -> None:
    """The look at the token and the addresses of both sockets; `auth.test` has no documented limit."""
    assert len(host.presences) == 1
    assert observer.methods == {"auth.test": 1, "apps.connections.open": 2}
    assert observer.charges("auth.test") == [[]]
    assert observer.charges("apps.connections.open") == [[("apps.connections.open", state.TEAM)]] * 2


async def test_every_operation_is_one_request_with_its_budgets(
    observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What takes one request counts against the method in the workspace, and a post in its channel too."""
    question = ids.message_ref(thread, ids.thread(thread).channel, ids.thread(thread).ts)
    message = await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.edit(message, Reply("two"))
    await adapter.delete(message)
    await adapter.mark_queued(question, queued=True)
    await adapter.mark_queued(question, queued=False)
    await adapter.show_activity(thread, ADA, active=True)
    stream = await begin(adapter, thread, "one")
    await adapter.append_stream(stream, Reply("one"), Reply("one two"))
    await adapter.stop_stream(stream, Reply("one two"), Reply("one two three"))
    assert [len(observer.charges(method)) for method in observer.methods] == [1] * 9
    assert observer.charges(POST) == [[(f"{POST} in a channel", "C0GENERAL"), (POST, state.TEAM)]]
    others = set(observer.methods) - {POST}
    assert all(observer.charges(method) == [[(method, state.TEAM)]] for method in others)
    assert {status for _, status, _ in observer.outcomes} == {OK}


async def test_what_may_not_go_once_it_is_connected_is_not_sent(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Connecting takes time, in which another replica may have taken over: such a request fails, and Slack never sees it."""
    observer = RecordingObserver()
    adapter.observe_requests(observer)
    for serves in (True, False):  # the second one finds a connection that is open already
        observer.serves = serves
        before = slack.api.calls[POST]
        if serves:
            await adapter.post(thread, Reply("one"), nonce="n-1")
        else:
            with pytest.raises(PlatformDown):
                await adapter.post(thread, Reply("two"), nonce="n-2")
        assert slack.api.calls[POST] == before + serves
    assert [status for _, status, _ in observer.outcomes] == [OK, ERROR]


async def test_private_reply_counts_as_what_it_is(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """In a channel it is an ephemeral message; in a direct message it is a post and counts as one."""
    direct = ids.thread_key(state.TEAM, "D0ADA", await slack.direct_message(slack.people[0], "hello"))
    await adapter.reply_privately(prompt(thread), ("Not here.",))
    await adapter.reply_privately(prompt(direct, direct=True), ("Not today.",))
    assert observer.charges(EPHEMERAL) == [[(EPHEMERAL, state.TEAM)]]
    assert observer.charges(POST) == [[(f"{POST} in a channel", "D0ADA"), (POST, state.TEAM)]]


async def test_private_reply_that_falls_back_is_two_requests(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter
) -> None:
    """Where the bot is no member the refused ephemeral message counts, and so does the direct message."""
    elsewhere = slack.open_channel("elsewhere", member=False)
    thread = ids.thread_key(state.TEAM, elsewhere.id, slack.say(slack.people[0], elsewhere, "look").ts)
    await adapter.reply_privately(prompt(thread), ("Invite me first.",))
    assert [(method, status) for method, status, _ in observer.statuses] == [(EPHEMERAL, REFUSED), (POST, OK)]
    assert observer.charges(POST) == [[(f"{POST} in a channel", ADA.id), (POST, state.TEAM)]]


async def test_look_at_a_channel_is_reported(
    slack: SimulatedSlack, observer: RecordingObserver, host: RecordingHost
) -> None:
    """A shortcut does not say who reads along: Slack is asked, which counts."""
    await slack.shortcut(slack.people[0], slack.say(slack.people[1], slack.general, "look").ts)
    await host.until(lambda: bool(host.prompts))
    assert observer.charges(INFO) == [[(INFO, state.TEAM)]]


async def test_search_inside_a_post_is_reported(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A post whose first try has an unknown outcome looks for it page by page: each page is a request."""
    for number in range(20):
        slack.post_as_bot(slack.general, f"more {number}", thread=ids.thread(thread).ts)
    slack.fail_next(POST, status=503, acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    await adapter.post(thread, Reply("one"), nonce="n-1")
    assert observer.methods == {POST: 1, "auth.test": 1, REPLIES: 2}
    assert observer.statuses[0] == (POST, ERROR, 0.0)


async def test_edit_of_a_stream_is_several_requests(
    observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The stream is stopped, then edited."""
    await adapter.edit(await begin(adapter, thread, "one"), Reply("two"))
    assert observer.methods == {START: 1, STOP: 1, UPDATE: 1}


async def test_edit_of_an_unknown_stream_is_three_requests(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The first edit is refused because the message streams, which counts like one that is taken."""
    other = another(slack)
    other.observe_requests(observer)  # the server counts both processes
    message = await begin(other, thread, "one")
    await other.close()
    await adapter.edit(message, Reply("two"))
    assert [(method, status) for method, status, _ in observer.statuses] == [
        (START, OK),
        (UPDATE, REFUSED),
        (STOP, OK),
        (UPDATE, OK),
    ]


Operation = Callable[[SlackAdapter, MessageRef], Awaitable[Any]]

OPERATIONS: dict[str, Operation] = {
    POST: lambda adapter, ref: adapter.post(ref.thread, Reply("two"), nonce="n-2"),
    UPDATE: lambda adapter, ref: adapter.edit(ref, Reply("two")),
    REPLIES: lambda adapter, ref: adapter.own_messages(ref.thread),
    "reactions.add": lambda adapter, ref: adapter.mark_queued(ref, queued=True),
}


FAILURES: list[tuple[dict[str, Any], RequestStatus, float]] = [
    ({"retry_after": 7}, RATE_LIMITED, 7.0),
    ({"error": "ratelimited"}, RATE_LIMITED, 5.0),
    ({"error": "is_archived"}, REFUSED, 0.0),
    ({"error": "invalid_auth"}, REFUSED, 0.0),
    ({"error": "internal_error"}, ERROR, 0.0),
    ({"status": 502}, ERROR, 0.0),
    ({"plain": "[]", "kind": "application/json"}, ERROR, 0.0),
    ({"hang": True}, ERROR, 0.0),
]


@pytest.mark.parametrize(
    ("method", "fault", "status", "retry_after"),
    [
        (method, *failure)
        for method in OPERATIONS
        for failure in FAILURES
        if method == UPDATE or "hang" not in failure[0]  # each takes a second
    ],
)
async def test_failure_is_reported_once(
    slack: SimulatedSlack,
    observer: RecordingObserver,
    adapter: SlackAdapter,
    thread: ThreadKey,
    method: str,
    fault: dict[str, Any],
    status: RequestStatus,
    retry_after: float,
) -> None:
    """Whatever became of a request, the observer learns it before the operation fails."""
    message = await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.fail_next(method, **fault)
    with pytest.raises(PlatformError):
        await OPERATIONS[method](adapter, message)
    assert observer.statuses[-1] == (method, status, retry_after)


async def test_tolerated_refusal_is_reported(
    observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A mark that is there already satisfies the adapter; Slack refused it all the same."""
    question = ids.message_ref(thread, ids.thread(thread).channel, ids.thread(thread).ts)
    for _ in range(2):
        await adapter.mark_queued(question, queued=True)
    assert observer.statuses == [("reactions.add", OK, 0.0), ("reactions.add", REFUSED, 0.0)]


async def test_repeated_reading_is_two_requests(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A reading whose connection was cut is sent again, and the server may have counted both."""
    await adapter.post(thread, Reply("one"), nonce="n-1")
    slack.fail_next(REPLIES, drop=True)
    await adapter.own_messages(thread)
    assert [(method, status) for method, status, _ in observer.statuses[-2:]] == [
        (REPLIES, ERROR),
        (REPLIES, OK),
    ]


async def test_the_members_of_a_group_are_read(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter
) -> None:
    """Slack finds no group in JSON, so it is named in a form; and a reading whose connection was cut is sent again."""
    slack.conversations.members["S0ROOFERS"] = {ADA.id}
    slack.fail_next(MEMBERS, drop=True)
    assert await adapter.group_members("S0ROOFERS") == {ADA.id}
    assert [(method, status) for method, status, _ in observer.statuses if method == MEMBERS] == [
        (MEMBERS, ERROR),
        (MEMBERS, OK),
    ]


async def test_dropped_post_is_one_request(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What writes is never sent again by itself."""
    slack.fail_next(POST, drop=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert observer.statuses == [(POST, ERROR, 0.0)]


async def test_cancelled_request_is_answered(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A request whose task is cancelled leaves nothing open."""
    slack.fail_next(POST, hang=True)
    posting = asyncio.create_task(adapter.post(thread, Reply("one"), nonce="n-1"))
    await slack.until(lambda: slack.api.calls[POST] == 1)
    posting.cancel()
    with suppress(asyncio.CancelledError):
        await posting
    assert observer.statuses == [(POST, ERROR, 0.0)]


async def test_late_indicator_is_answered(
    slack: SimulatedSlack, observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The indicator gives up before Slack answers: the request was sent, and counts."""
    slack.fail_next(STATUS, hang=True)
    assert not await adapter.show_activity(thread, Person(ADA.id), active=True)
    assert observer.statuses == [(STATUS, ERROR, 0.0)]


async def test_closed_adapter_sends_nothing(
    observer: RecordingObserver, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What is not sent is not reported."""
    await adapter.close()
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("one"), nonce="n-1")
    assert observer.requests == []
