"""Whoever measures sees what the simulated Slack shows, to the asker and to bystanders, at each change."""

from collections.abc import AsyncIterator

import pytest

from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import TEAM
from aion_bot.simulators.visible_changes import VisibleChange
from tests.adapters.slack.calling import Caller
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def slack(clock: ManualClock) -> AsyncIterator[SimulatedSlack]:
    simulated = SimulatedSlack(ack_timeout=0.05, resend_delays=(), clock=clock)
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
def seen(slack: SimulatedSlack) -> list[VisibleChange]:
    sights: list[VisibleChange] = []
    slack.watch(sights.append)
    return sights


def texts(seen: list[VisibleChange]) -> list[tuple[float, str, str]]:
    return [(sight.at, sight.asker, sight.bystanders) for sight in seen]


async def test_posts_edits_and_deletions(
    slack: SimulatedSlack, call: Caller, seen: list[VisibleChange], clock: ManualClock
) -> None:
    """A message of the bot's is seen when it appears, changes and goes; people's are not told."""
    thread = await slack.ask(slack.people[0], "hello")
    posted = await call("chat.postMessage", channel=slack.general.id, thread_ts=thread, text="one &amp;")
    here = {"channel": slack.general.id, "ts": posted["ts"]}
    clock.now += 1
    await call("chat.update", **here, text="two")
    clock.now += 1
    await call("chat.delete", **here)
    assert texts(seen) == [(1_000.0, "one &", "one &"), (1_001.0, "two", "two"), (1_002.0, "", "")]
    assert {(one.channel, one.thread, one.message) for one in seen} == {
        (slack.general.id, thread, posted["ts"])
    }


async def test_private_messages_are_not_for_bystanders(
    slack: SimulatedSlack, call: Caller, seen: list[VisibleChange]
) -> None:
    """Only the asker sees a private message."""
    await call("chat.postEphemeral", channel=slack.general.id, user="U0ADA", text="psst")
    assert texts(seen) == [(1_000.0, "psst", "")]


async def test_a_stream_is_seen_by_two_kinds_of_readers(
    slack: SimulatedSlack, call: Caller, seen: list[VisibleChange], clock: ManualClock
) -> None:
    """The asker sees each piece, bystanders the first and then the end: by stop, or when the stream ended itself."""
    thread = await slack.ask(slack.people[0], "hello")
    start = {"channel": slack.general.id, "thread_ts": thread, "markdown_text": "one"}
    start |= {"recipient_user_id": "U0ADA", "recipient_team_id": TEAM}
    first, second = [(await call("chat.startStream", **start))["ts"] for _ in range(2)]
    more = {"channel": slack.general.id, "markdown_text": " two"}
    await call("chat.appendStream", **more, ts=first)
    await call("chat.stopStream", **more, ts=first)
    clock.now += 400
    await call("chat.appendStream", **more, ts=second)
    assert texts([one for one in seen if one.message == first]) == [
        (1_000.0, "one", "one"),
        (1_000.0, "one two", "one"),
        (1_000.0, "one two two", "one two two"),
    ]
    assert texts([one for one in seen if one.message == second])[1:] == [(1_300.0, "one", "one")]


async def test_watching_ends(slack: SimulatedSlack, call: Caller) -> None:
    """Who does not want to watch any more is told nothing."""
    sights: list[VisibleChange] = []
    end = slack.watch(sights.append)
    end()
    await call("chat.postMessage", channel=slack.general.id, text="one")
    assert sights == []
