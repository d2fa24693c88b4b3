"""The simulated Slack's reactions, sessions, tombstones and closed channels."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aion_bot.simulators.slack import SimulatedSlack
from tests.adapters.slack.calling import Caller

MARK = "hourglass_flowing_sand"


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A workspace without an app, and without an inspector: what is wrong shall reach it."""
    simulated = SimulatedSlack(ack_timeout=0.05, resend_delays=())
    await simulated.start()
    yield simulated
    await simulated.stop()


def last_event(slack: SimulatedSlack) -> dict[str, Any]:
    event: dict[str, Any] = slack.sockets.deliveries[-1].payload["event"]
    return event


async def test_signs_are_refused_with_slacks_errors(slack: SimulatedSlack, call: Caller) -> None:
    """What is missing, done already or not the bot's to do has Slack's own code."""
    outside = slack.open_channel("outside", member=False)
    question = await slack.ask(slack.people[0], "hello")
    mark = {"channel": slack.general.id, "timestamp": question, "name": MARK}
    session = {"channel_id": slack.general.id, "thread_ts": question, "status": "processing"}
    expected: list[tuple[str, str, dict[str, Any]]] = [
        ("no_reaction", "reactions.remove", mark),
        ("invalid_name", "reactions.add", {**mark, "name": ""}),
        ("message_not_found", "reactions.add", {**mark, "timestamp": "1.2"}),
        ("channel_not_found", "reactions.add", {**mark, "channel": "C0NOWHERE"}),
        ("not_in_channel", "reactions.add", {**mark, "channel": outside.id}),
        ("not_authorized", "agents.sessions.setStatus", {**session, "channel_id": outside.id}),
        ("invalid_status", "agents.sessions.setStatus", {**session, "status": "asleep"}),
        ("thread_ts_required", "agents.sessions.setStatus", {**session, "thread_ts": ""}),
        ("user_not_found", "agents.sessions.setStatus", {**session, "initiator_user_id": "U0NOBODY"}),
    ]
    for error, method, arguments in expected:
        assert await call(method, **arguments) == {"ok": False, "error": error}, error
    assert (await call("reactions.add", **mark))["ok"]
    assert (await call("reactions.add", **mark))["error"] == "already_reacted"
    assert slack.reactions(question) == (MARK,)
    assert slack.status(question) == ""


async def test_archived_channel_takes_nothing(slack: SimulatedSlack, call: Caller) -> None:
    """An archived channel can be read, and nothing else; updates have an error of their own."""
    question = await slack.ask(slack.people[0], "hello")
    here = {"channel": slack.general.id}
    posted = await call("chat.postMessage", **here, thread_ts=question, text="one")
    slack.archive(slack.general)
    assert (await call("chat.postMessage", **here, text="two"))["error"] == "is_archived"
    assert (await call("chat.update", **here, ts=posted["ts"], text="two"))["error"] == "is_inactive"
    assert len((await call("conversations.replies", **here, ts=question))["messages"]) == 2


async def test_deletion_leaves_a_tombstone_where_replies_are(slack: SimulatedSlack) -> None:
    """A deleted message without replies is gone; one with replies is told as changed, and its thread goes on."""
    ada = slack.people[0]
    question = await slack.ask(ada, "hello")
    await slack.reply(ada, question, "more")
    slack.delete(question)
    event = last_event(slack)
    assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")
    assert event["previous_message"]["text"] == "<@U0AION> hello"
    assert [shown.author for shown in slack.thread(question)] == ["Slackbot", "Ada"]
    slack.delete(slack.thread(question)[1].id)
    assert last_event(slack)["subtype"] == "message_deleted"
    assert len(slack.thread(question)) == 1


async def test_preview_changes_no_words(slack: SimulatedSlack) -> None:
    """A preview is told as an edit of the same text."""
    question = await slack.ask(slack.people[0], "see https://example.org")
    slack.unfurl(question)
    event = last_event(slack)
    assert event["subtype"] == "message_changed"
    assert event["message"]["text"] == event["previous_message"]["text"]


async def test_stop_is_shown_to_subscribers_alone() -> None:
    """Without the event in its subscriptions an app gets no Stop, whatever its status."""
    slack = SimulatedSlack(events={"message.im"})
    question = await _processing(slack)
    with pytest.raises(LookupError):
        await slack.stop_session(slack.people[0], question)
    await slack.stop()


async def _processing(slack: SimulatedSlack) -> str:
    question = await slack.direct_message(slack.people[0], "hello")
    slack.conversations.sessions["D0ADA", question] = "processing"
    return question
