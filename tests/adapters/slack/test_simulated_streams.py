"""The simulated Slack's native streams, with the limits and errors of the real ones."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from aion_bot.demo.page import slack_payload
from aion_bot.demo.page.elements import element
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT_ID, TEAM
from tests.adapters.slack.calling import Caller
from tests.schemas import slack as contracts
from tests.support.manual_clock import ManualClock

NOTE = {"event_type": "aion_post", "event_payload": {"nonce": "n"}}
ROW = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}}],
}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def slack(clock: ManualClock) -> AsyncIterator[SimulatedSlack]:
    """A workspace without an app, that objects to nothing."""
    simulated = SimulatedSlack(ack_timeout=0.05, resend_delays=(), clock=clock)
    await simulated.start()
    yield simulated
    await simulated.stop()


class Streaming:
    """A stream in the general channel for Ada, or with her alone."""

    def __init__(self, call: Caller, channel: str, thread: str, start: dict[str, Any]) -> None:
        self.thread = thread
        self.start = {"channel": channel, "thread_ts": thread, **start}
        self._call = call
        self.ts = ""

    async def begin(self, **more: Any) -> dict[str, Any]:
        began = await self._call("chat.startStream", **self.start, **more)
        self.ts = began.get("ts", "")
        return began

    async def __call__(self, method: str, **more: Any) -> dict[str, Any]:
        return await self._call(f"chat.{method}", channel=self.start["channel"], ts=self.ts, **more)


@pytest.fixture
async def stream(slack: SimulatedSlack, call: Caller) -> Streaming:
    thread = await slack.ask(slack.people[0], "hello")
    to_ada = {"recipient_user_id": slack.people[0].id, "recipient_team_id": TEAM}
    return Streaming(call, slack.general.id, thread, to_ada)


@pytest.fixture
async def direct(slack: SimulatedSlack, call: Caller) -> Streaming:
    return Streaming(call, "D0ADA", await slack.direct_message(slack.people[0], "hello"), {})


def markdown(text: str) -> dict[str, Any]:
    return {"type": "markdown_text", "text": text}


async def test_a_stream_is_a_message_that_grows(slack: SimulatedSlack, stream: Streaming) -> None:
    """What is appended goes on where the text ended, stop appends too, and the history shows every state."""
    assert (await stream.begin(markdown_text="one"))["ok"]
    assert (await stream("appendStream", chunks=[markdown(" two"), markdown(" three")]))["ok"]
    assert (await stream("stopStream", markdown_text=" four", blocks=[ROW]))["ok"]
    shown = slack.thread(stream.thread)[-1]
    assert shown.versions == ["one", "one two three", "one two three four"]
    assert (shown.by_bot, shown.author) == (True, "aion")
    assert [button.label for button in shown.buttons] == ["Go"]


async def test_in_a_channel_one_person_sees_it_grow(slack: SimulatedSlack, stream: Streaming) -> None:
    """Everybody else sees the first text until the stream stops."""
    ada, ben = slack.people[0], slack.people[1]
    await stream.begin()
    assert (slack.seen(stream.ts, ada), slack.seen(stream.ts, ben)) == ("", "")
    await stream("appendStream", markdown_text="one")
    await stream("appendStream", markdown_text=" two")
    assert (slack.seen(stream.ts, ada), slack.seen(stream.ts, ben)) == ("one two", "one")
    await stream("stopStream")
    assert slack.seen(stream.ts, ben) == "one two"


async def test_a_direct_stream_needs_no_recipient(slack: SimulatedSlack, direct: Streaming) -> None:
    """In a direct conversation nobody is named, and there are no bystanders."""
    await direct.begin(markdown_text="one")
    await direct("appendStream", markdown_text=" two")
    assert slack.seen(direct.ts, slack.people[1]) == "one two"


async def test_beginning_is_refused_with_slacks_errors(
    slack: SimulatedSlack, call: Caller, stream: Streaming
) -> None:
    """A stream answers somebody in a thread, and says whom."""
    outside = slack.open_channel("outside", member=False)
    expected: list[tuple[str, dict[str, Any]]] = [
        ("missing_recipient_user_id", {"recipient_user_id": ""}),
        ("missing_recipient_team_id", {"recipient_team_id": ""}),
        ("user_not_found", {"recipient_user_id": "U0NOBODY"}),
        ("team_not_found", {"recipient_team_id": "T0OTHER"}),
        ("invalid_arguments", {"thread_ts": ""}),
        ("thread_not_found", {"thread_ts": "1.2"}),
        ("channel_not_found", {"channel": "C0NOWHERE"}),
        ("not_in_channel", {"channel": outside.id}),
        ("invalid_arguments", {"markdown_text": "a", "chunks": [markdown("b")]}),
        ("invalid_arguments", {"chunks": [{"type": "song", "text": "la"}]}),
        ("invalid_arguments", {"chunks": [{"type": "task_update", "id": "1", "status": "completed"}]}),
        ("msg_too_long", {"markdown_text": "x" * 12_001}),
    ]
    for error, arguments in expected:
        refused = await call("chat.startStream", **{**stream.start, **arguments})
        assert refused == {"ok": False, "error": error}, arguments
    assert len(slack.thread(stream.thread)) == 1


async def test_a_workspace_may_have_no_streams(
    slack: SimulatedSlack, stream: Streaming, direct: Streaming
) -> None:
    """Where a test says so, beginning one has an error, by kind of conversation."""
    slack.streams.refused["channel"] = "channel_type_not_supported"
    assert await stream.begin() == {"ok": False, "error": "channel_type_not_supported"}
    assert (await direct.begin())["ok"]


async def test_a_message_takes_so_many_bytes(slack: SimulatedSlack, stream: Streaming) -> None:
    """The bytes of all calls count, not the characters of one; what is refused is not shown and does not count."""
    await stream.begin(markdown_text="ä" * 5_000)
    assert (await stream("appendStream", markdown_text="ä" * 301))["error"] == "msg_too_long"
    assert (await stream("stopStream", markdown_text="ä" * 301))["error"] == "msg_too_long"
    assert (await stream("appendStream", markdown_text="ä" * 300))["ok"]
    assert (await stream("stopStream"))["ok"]
    assert len(slack.thread(stream.thread)[-1].text) == 5_300


async def test_a_stream_ends_by_itself(slack: SimulatedSlack, stream: Streaming, clock: ManualClock) -> None:
    """After its life it is an ordinary message that everybody sees whole, however lately it grew."""
    await stream.begin(markdown_text="one")
    clock.now += 299
    assert (await stream("appendStream", markdown_text=" two"))["ok"]
    clock.now += 1
    assert slack.seen(stream.ts, slack.people[1]) == "one two"
    for method in ("appendStream", "stopStream"):
        refused = await stream(method, markdown_text=" three")
        assert refused["error"] == "message_not_in_streaming_state", method
    assert (await stream("update", text="three"))["ok"]
    assert slack.thread(stream.thread)[-1].text == "three"


async def test_nothing_is_edited_while_it_streams(slack: SimulatedSlack, stream: Streaming) -> None:
    """An edit is refused until the stream has stopped, and is an edit like any other then."""
    await stream.begin(markdown_text="one")
    assert (await stream("update", text="x"))["error"] == "streaming_state_conflict"
    await stream("stopStream", markdown_text=" two")
    assert (await stream("appendStream", markdown_text="x"))["error"] == "message_not_in_streaming_state"
    assert (await stream("stopStream"))["error"] == "message_not_in_streaming_state"
    assert (await stream("update", text="three"))["ok"]
    assert slack.seen(stream.ts, slack.people[1]) == "three"


async def test_only_streams_of_the_bot_grow(slack: SimulatedSlack, call: Caller, stream: Streaming) -> None:
    """Somebody's message, an ordinary one and a missing one each have their own error."""
    posted = await call("chat.postMessage", channel=slack.general.id, thread_ts=stream.thread, text="x")
    for ts, error in (
        (stream.thread, "message_not_owned_by_app"),
        (posted["ts"], "message_not_in_streaming_state"),
        ("1.2", "message_not_found"),
    ):
        stream.ts = ts
        assert (await stream("appendStream", markdown_text="x"))["error"] == error


async def test_nothing_is_no_text(stream: Streaming) -> None:
    """Appending nothing is refused, and so is stopping a stream that never had anything."""
    await stream.begin()
    assert (await stream("appendStream", markdown_text=""))["error"] == "no_text"
    assert (await stream("stopStream"))["error"] == "no_text"
    assert (await stream("stopStream", blocks=[ROW, ROW]))["error"] == "invalid_blocks"
    assert (await stream("stopStream", session_status="asleep"))["error"] == "invalid_status"
    assert (await stream("stopStream", markdown_text="one"))["ok"]


async def test_a_stream_is_at_work(slack: SimulatedSlack, stream: Streaming) -> None:
    """Beginning a stream makes the session `processing`; stop sets `active`, or what it is told."""
    await stream.begin(markdown_text="one")
    assert slack.status(stream.thread) == "processing"
    await stream("stopStream")
    assert slack.status(stream.thread) == "active"
    await stream.begin(markdown_text="two")
    await stream("stopStream", session_status="suspended")
    assert slack.status(stream.thread) == "suspended"


async def test_a_person_stops_a_stream(slack: SimulatedSlack, stream: Streaming) -> None:
    """Slack's own Stop ends the stream and names it; the bot can still stop it to leave `processing`, once."""
    await stream.begin(markdown_text="one")
    await stream("appendStream", markdown_text=" two")
    await slack.stop_session(slack.people[0], stream.thread)
    event = slack.sockets.deliveries[-1].payload["event"]
    assert (event["type"], event["streaming_message_ts"]) == ("agent_session_stopped", [stream.ts])
    assert slack.seen(stream.ts, slack.people[1]) == "one two"
    assert (await stream("appendStream", markdown_text="x"))["error"] == "stopped_by_user"
    assert slack.status(stream.thread) == "processing"
    assert (await stream("stopStream"))["ok"]
    assert slack.status(stream.thread) == "active"
    assert (await stream("appendStream", markdown_text="x"))["error"] == "message_not_in_streaming_state"


async def test_a_stopped_stream_may_be_edited_instead(slack: SimulatedSlack, stream: Streaming) -> None:
    """What a person stopped is an ordinary message once it was edited; a Stop without a stream names none."""
    await stream.begin(markdown_text="one")
    await slack.stop_session(slack.people[0], stream.thread)
    assert (await stream("update", text="stopped"))["ok"]
    assert (await stream("stopStream"))["error"] == "message_not_in_streaming_state"
    await slack.stop_session(slack.people[0], stream.thread)
    assert slack.sockets.deliveries[-1].payload["event"]["streaming_message_ts"] == []


async def test_the_app_reads_a_stream_back(slack: SimulatedSlack, call: Caller, stream: Streaming) -> None:
    """conversations.replies shows it while it grows, with its metadata once it has stopped."""

    async def read() -> dict[str, Any]:
        where: dict[str, Any] = {"channel": slack.general.id, "ts": stream.thread}
        read: dict[str, Any] = (await call("conversations.replies", **where, include_all_metadata=True))[
            "messages"
        ][-1]
        return read

    await stream.begin(markdown_text="one")
    growing = await read()
    assert (growing["text"], growing["bot_id"], growing.get("metadata")) == ("one", BOT_ID, None)
    assert (await stream("stopStream", metadata={"a": 1}))["error"] == "invalid_metadata_format"
    await stream("stopStream", markdown_text=" two", metadata=NOTE)
    stopped = await read()
    assert (stopped["text"], stopped["metadata"]) == ("one two", NOTE)


async def test_the_app_hears_its_beginning_and_end(slack: SimulatedSlack, stream: Streaming) -> None:
    """It is told of the new message and of the finished one, not of what is appended."""
    before = len(slack.sockets.deliveries)
    await stream.begin(markdown_text="one")
    await stream("appendStream", markdown_text=" two")
    await stream("stopStream", markdown_text=" three")
    told = [delivery.payload["event"] for delivery in slack.sockets.deliveries[before:]]
    assert [one.get("subtype", one["type"]) for one in told] == ["message", "message_changed"]
    assert told[-1]["message"]["text"] == "one two three"


async def test_tasks_and_blocks_in_a_stream(slack: SimulatedSlack, stream: Streaming) -> None:
    """A task and the plan's title show their newest state; blocks stand where they came; details count twice."""
    await stream.begin(chunks=[{"type": "plan_update", "title": "Plan"}, markdown("one")])
    task = {"type": "task_update", "id": "t", "title": "Look", "status": "in_progress"}
    await stream("appendStream", chunks=[task])
    await stream("appendStream", chunks=[task | {"status": "complete"}, markdown("two")])
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "*three*"}}
    await stream("appendStream", chunks=[{"type": "blocks", "blocks": [section]}])
    assert slack.thread(stream.thread)[-1].text == "Plan\none\nLook (complete)\ntwo\n*three*"
    long = task | {"details": "x" * 5_300}
    assert (await stream("appendStream", chunks=[long]))["error"] == "msg_too_long"


async def test_words_that_notify_count_in_a_stream(slack: SimulatedSlack, stream: Streaming) -> None:
    """Whoever would be notified stays known, even when the mention came in two pieces."""
    await stream.begin(markdown_text="<!chan")
    await stream("appendStream", markdown_text="nel>")
    assert slack.thread(stream.thread)[-1].pings == ["@everyone"]


async def test_a_streamed_message_is_drawn_like_any_other(slack: SimulatedSlack, stream: Streaming) -> None:
    """The demo's page shows its Markdown and its buttons."""
    await stream.begin(markdown_text="**one**")
    await stream("stopStream", blocks=[ROW])
    payload = slack.thread(stream.thread)[-1].payload
    drawn = str(slack_payload.draw(payload, {}, lambda label, *_: element("button", label), lambda _: None))
    assert "<strong>one</strong>" in drawn
    assert "<button>Go</button>" in drawn


@contracts.needed
async def test_the_sdk_streams_within_the_published_types(slack: SimulatedSlack, stream: Streaming) -> None:
    """Slack's own client streams into the simulator, and the published types know every argument it sends."""
    slack.api.inspector = contracts.inspect
    async with aiohttp.ClientSession() as session:
        token, base = slack.env["SLACK_BOT_TOKEN"], slack.env["SLACK_API_URL"]
        client = AsyncWebClient(token, base_url=base, session=session)
        written = await client.chat_stream(buffer_size=4, **stream.start)
        for piece in ("one ", "two ", "three"):
            await written.append(markdown_text=piece)
        await written.stop(blocks=[ROW], metadata=NOTE, session_status="suspended")
    assert slack.violations == []
    assert slack.thread(stream.thread)[-1].versions[:3] == ["one ", "one two ", "one two three"]
    assert slack.thread(stream.thread)[-1].text == "one two three"
    assert slack.status(stream.thread) == "suspended"
