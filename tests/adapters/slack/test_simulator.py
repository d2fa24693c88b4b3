"""The simulated Slack: refuses what Slack refuses, and tells the app what Slack tells it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from aion_bot.simulators.slack import SimulatedSlack, reading, rules
from aion_bot.simulators.workspace import SimulatedFile, Workspace
from tests.adapters.slack.calling import Caller
from tests.schemas import slack as contracts


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A workspace without an app."""
    simulated = SimulatedSlack(ack_timeout=0.05, resend_delays=(0.0,))
    await simulated.start()
    yield simulated
    await simulated.stop()


def markdown(text: str) -> dict[str, Any]:
    return {"type": "markdown", "text": text}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def quoted(text: str) -> dict[str, Any]:
    said = {"type": "rich_text_quote", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [said]}


def table(*cells: str) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in cells]]}


def row(*buttons: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def button(name: str = "a", text: str = "Go", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": name, "text": {"type": "plain_text", "text": text}, **more}


def test_simulator_is_a_workspace() -> None:
    """The demo and the tests use it like any other platform."""
    workspace: Workspace = SimulatedSlack()
    assert [person.name for person in workspace.people] == ["Ada", "Ben", "Cy"]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"text": "x" * 4_000}, None),
        ({"text": "x" * 4_001}, "msg_too_long"),
        ({"text": " "}, "no_text"),
        ({"blocks": []}, "no_text"),
        ({"blocks": [markdown("x" * 12_000)]}, None),
        ({"blocks": [markdown("x" * 12_001)]}, "msg_blocks_too_long"),
        ({"blocks": [markdown("x" * 11_000), section("y" * 2_300)]}, "msg_blocks_too_long"),
        ({"blocks": [quoted("x" * 3_000)] * 3}, None),
        ({"blocks": [quoted("x" * 3_000)] * 4}, "msg_blocks_too_long"),
        ({"blocks": [table("x" * 5_000, "y" * 5_000)]}, None),
        ({"blocks": [table("x" * 5_000, "y" * 5_001)]}, "invalid_blocks"),
        ({"blocks": [markdown("x" * 5_000), table("y" * 8_201)]}, "msg_blocks_too_long"),
        ({"blocks": [markdown("# h\ntext\n" * 25)]}, None),
        ({"blocks": [markdown("# h\ntext\n" * 26)]}, "msg_blocks_too_many"),
        ({"blocks": [markdown("```\n# no heading\n```\n" * 30)]}, None),
        ({"blocks": [markdown("")]}, "invalid_blocks"),
        ({"blocks": [section("x" * 3_000)]}, None),
        ({"blocks": [section("x" * 3_001)]}, "invalid_blocks"),
        ({"blocks": [section("")]}, "invalid_blocks"),
        ({"blocks": [section("x")] * 50}, None),
        ({"blocks": [section("x")] * 51}, "invalid_blocks"),
        ({"blocks": [section("x", block_id="same"), section("y", block_id="same")]}, "invalid_blocks"),
        ({"blocks": [row(button(text="x" * 75, value="y" * 2_000))]}, None),
        ({"blocks": [row(button(text="x" * 76))]}, "invalid_blocks"),
        ({"blocks": [row(button(value="y" * 2_001))]}, "invalid_blocks"),
        ({"blocks": [row(button("a"), button("a"))]}, "invalid_blocks"),
        ({"blocks": [row(*(button(str(n)) for n in range(26)))]}, "invalid_blocks"),
        ({"blocks": [row()]}, "invalid_blocks"),
        (
            {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]},
            "invalid_blocks",
        ),
        ({"blocks": [{"type": "context", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [{"type": "hologram"}]}, "invalid_blocks"),
        ({"blocks": "text"}, "invalid_blocks"),
    ],
)
def test_documented_sizes_are_enforced(body: dict[str, Any], refused: str | None) -> None:
    """An update beyond a limit is refused with Slack's error, and one at the limit is taken."""
    assert rules.refusal("chat.update", body) == refused


def test_post_takes_a_longer_text_than_an_update() -> None:
    """Only `chat.update` stops at 4,000 characters of `text`."""
    assert rules.refusal("chat.postMessage", {"text": "x" * 4_001}) is None
    assert rules.refusal("chat.postMessage", {"text": "x" * 40_001}) == "msg_too_long"


@pytest.mark.parametrize(
    ("body", "pinged"),
    [
        ({"text": "<!channel> <@U0ADA>"}, ["@everyone", "U0ADA"]),
        ({"text": "&lt;!channel&gt;"}, []),
        ({"text": "x", "blocks": [markdown("`<@U0BEN>`")]}, ["U0BEN"]),
        ({"blocks": [markdown("&lt;!here>")]}, ["@everyone"]),
        ({"blocks": [section("<!subteam^S1>")]}, ["S1"]),
        ({"blocks": [{"type": "context", "elements": [{"type": "mrkdwn", "text": "@here"}]}]}, ["@everyone"]),
        ({"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "<@U0ADA>"}}]}, []),
    ],
)
def test_pings_are_found_wherever_they_stand(body: dict[str, Any], pinged: list[str]) -> None:
    """Entities count in the text and in every block that Slack parses, code included."""
    assert reading.pinged(body) == pinged


async def test_call_is_answered_with_slacks_errors(slack: SimulatedSlack, call: Caller) -> None:
    """An unknown method, a wrong or absent token, and what does not exist have Slack's own codes."""
    outside = slack.open_channel("outside", member=False)
    hidden = slack.open_channel("hidden", kind="group", member=False)
    question = await slack.ask(slack.people[0], "hello")
    here, mine = {"channel": slack.general.id}, {"ts": question, "text": "x"}
    expected: list[tuple[str, str, dict[str, Any]]] = [
        ("unknown_method", "chat.sing", {}),
        ("invalid_auth", "auth.test", {"token": "xoxb-other"}),
        ("not_authed", "auth.test", {"token": ""}),
        ("not_in_channel", "chat.postMessage", {"channel": outside.id, "text": "x"}),
        ("channel_not_found", "chat.postMessage", {"channel": hidden.id, "text": "x"}),
        ("thread_not_found", "chat.postMessage", {**here, "thread_ts": "1.2", "text": "x"}),
        ("message_not_found", "chat.update", {**here, "ts": "1.2", "text": "x"}),
        ("cant_update_message", "chat.update", {**here, **mine}),
        ("cant_delete_message", "chat.delete", {**here, **mine}),
        ("user_not_in_channel", "chat.postEphemeral", {**here, "user": "U0NOBODY", "text": "x"}),
        ("invalid_metadata_format", "chat.postMessage", {**here, "text": "x", "metadata": {"a": 1}}),
        ("no_text", "chat.postMessage", here),
        ("not_in_channel", "conversations.replies", {"channel": outside.id, "ts": question}),
        ("channel_not_found", "conversations.info", {"channel": hidden.id}),
    ]
    for error, method, arguments in expected:
        assert await call(method, **arguments) == {"ok": False, "error": error}, method


async def test_app_token_opens_sockets_and_nothing_else(call: Caller) -> None:
    """The two tokens are not interchangeable."""
    assert (await call("apps.connections.open"))["error"] == "invalid_auth"
    assert (await call("apps.connections.open", token="SLACK_APP_TOKEN"))["url"].startswith("ws://127.0.0.1:")
    assert (await call("auth.test", token="SLACK_APP_TOKEN"))["error"] == "invalid_auth"


async def test_ticket_opens_one_socket(call: Caller) -> None:
    """The address of a socket works once."""
    address = (await call("apps.connections.open", token="SLACK_APP_TOKEN"))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(address) as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(address)


async def test_message_keeps_its_history(slack: SimulatedSlack, call: Caller) -> None:
    """A person can look back at every text that a message showed, and who would have been pinged stays known."""
    thread = await slack.ask(slack.people[0], "hello")
    posted = await call("chat.postMessage", channel=slack.general.id, thread_ts=thread, text="one <@U0BEN>")
    blocks = [markdown("two &"), section("*three* &amp; <@U0ADA>"), row(button())]
    await call("chat.update", channel=slack.general.id, ts=posted["ts"], text="two", blocks=blocks)
    shown = slack.thread(thread)[-1]
    assert shown.versions == ["one @Ben", "two &\n*three* & @Ada"]
    assert shown.pings == ["U0BEN", "U0ADA"]
    assert [(b.label, b.id) for b in shown.buttons] == [("Go", "a")]
    assert (shown.author, shown.by_bot) == ("aion", True)


async def test_private_message_is_not_among_the_replies(slack: SimulatedSlack, call: Caller) -> None:
    """What one person sees is in the thread for the test, and not in what the app can read back."""
    thread = await slack.ask(slack.people[0], "hello")
    await slack.reply(slack.people[1], thread, "hello you")
    await call("chat.postEphemeral", channel=slack.general.id, thread_ts=thread, user="U0CY", text="psst")
    assert slack.thread(thread)[-1].only_for == "U0CY"
    replies = await call("conversations.replies", channel=slack.general.id, ts=thread)
    assert len(replies["messages"]) == 2


async def test_private_message_in_a_thread_without_replies_is_seen_by_nobody(
    slack: SimulatedSlack, call: Caller
) -> None:
    """Slack shows private messages only in threads that have begun; in the channel it shows them always."""
    thread = await slack.ask(slack.people[0], "hello")
    here = {"channel": slack.general.id, "user": "U0ADA", "text": "psst"}
    assert (await call("chat.postEphemeral", **here, thread_ts=thread))["ok"]
    assert len(slack.thread(thread)) == 1
    await call("chat.postEphemeral", **here)
    assert [message.only_for for message in slack.thread(thread)] == [None, "U0ADA"]


async def test_metadata_is_shown_only_on_request(slack: SimulatedSlack, call: Caller) -> None:
    """`include_all_metadata` brings what the bot attached."""
    thread = await slack.ask(slack.people[0], "hello")
    note = {"event_type": "aion_post", "event_payload": {"nonce": "n"}}
    await call("chat.postMessage", channel=slack.general.id, thread_ts=thread, text="x", metadata=note)
    shown = []
    for wanted in (False, True):
        more: dict[str, Any] = {"channel": slack.general.id, "ts": thread, "include_all_metadata": wanted}
        shown.append((await call("conversations.replies", **more))["messages"][-1].get("metadata"))
    assert shown == [None, note]


def events(slack: SimulatedSlack) -> list[dict[str, Any]]:
    return [d.payload["event"] for d in slack.sockets.deliveries if d.kind == "events_api"]


async def test_mention_is_told_twice(slack: SimulatedSlack) -> None:
    """`app_mention` and `message` have the same `ts` and event ids of their own."""
    thread = await slack.ask(slack.people[0], "hello")
    assert [(event["type"], event["ts"]) for event in events(slack)] == [
        ("app_mention", thread),
        ("message", thread),
    ]
    assert len({delivery.payload["event_id"] for delivery in slack.sockets.deliveries}) == 2


async def test_own_messages_and_edits_come_back(slack: SimulatedSlack, call: Caller) -> None:
    """The app hears its own posts with a `bot_id`, and its edits as `message_changed`."""
    thread = await slack.ask(slack.people[0], "hello")
    posted = await call("chat.postMessage", channel=slack.general.id, thread_ts=thread, text="one")
    await call("chat.update", channel=slack.general.id, ts=posted["ts"], text="two")
    post, edit = events(slack)[2:]
    assert post["bot_id"] == "B0AION"
    assert (edit["subtype"], edit["hidden"], edit["message"]["text"]) == ("message_changed", True, "two")


async def test_app_hears_only_what_it_subscribed_to() -> None:
    """Without message events a mention comes once, and where the bot is no member nothing comes at all."""
    slack = SimulatedSlack(events={"app_mention"}, ack_timeout=0.01, resend_delays=())
    await slack.start()
    await slack.ask(slack.people[0], "hello")
    slack.say(slack.people[0], slack.open_channel("outside", member=False), "<@U0AION> hello")
    await slack.stop()
    assert [event["type"] for event in events(slack)] == ["app_mention"]


@contracts.needed
async def test_events_have_the_published_shape(slack: SimulatedSlack) -> None:
    """What the simulator sends satisfies Slack's own types."""
    ada = slack.people[0]
    thread = await slack.ask(ada, "hello")
    await slack.reply(ada, thread, "more")
    await slack.direct_message(ada, "hello")
    slack.say(ada, slack.general, "look", files=(SimulatedFile("roof.png"),))
    assert {event.get("subtype", event["type"]) for event in events(slack)} == {
        "app_mention",
        "message",
        "file_share",
    }
    for event in events(slack):
        contracts.check_event(event)


async def test_unacknowledged_event_is_repeated_and_then_given_up(
    slack: SimulatedSlack, call: Caller
) -> None:
    """An event is sent again with its attempt's number; a press is sent once."""
    address = (await call("apps.connections.open", token="SLACK_APP_TOKEN"))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        await socket.receive_json()
        message = await slack.direct_message(slack.people[0], "hello")
        attempts = [(await socket.receive_json())["retry_attempt"] for _ in range(2)]
        await slack.shortcut(slack.people[0], message)
        press = await socket.receive_json()
        await socket.send_json({"envelope_id": press["envelope_id"]})
        await slack.until(lambda: slack.sockets.deliveries[-1].acknowledged)
    assert attempts == [0, 1]
    assert (press["type"], "retry_attempt" in press) == ("interactive", False)
    assert not slack.sockets.deliveries[0].acknowledged


async def test_inspector_fails_the_call_and_is_remembered(call: Caller, slack: SimulatedSlack) -> None:
    """What a validator objects to is refused and kept, whether it is a coroutine or not."""

    async def later(method: str, body: Mapping[str, Any]) -> None:
        raise ValueError(f"{method} with {len(body)} arguments")

    def at_once(method: str, body: Mapping[str, Any]) -> None:
        raise ValueError(f"{method} of {sorted(body)}")

    for inspector in (later, at_once):
        slack.api.inspector = inspector
        assert (await call("chat.postMessage", channel="C1", text="x"))["error"] == "invalid_arguments"
    assert slack.violations == [
        "chat.postMessage: chat.postMessage with 2 arguments",
        "chat.postMessage: chat.postMessage of ['channel', 'text']",
    ]


async def test_what_is_not_there_cannot_be_pressed(slack: SimulatedSlack) -> None:
    """A test that presses a missing button fails loudly."""
    thread = await slack.ask(slack.people[0], "hello")
    with pytest.raises(LookupError):
        await slack.press(slack.people[0], thread, thread, "aion_plan_approve")
