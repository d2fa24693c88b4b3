"""Indicators: a queued question, a thread in which the bot works, and Slack's own Stop button."""

import asyncio
from dataclasses import replace

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import SlackSettings
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import Forbidden, MessageGone, RateLimited
from aion_bot.ports.events import Place, StopRequest
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.conftest import HASTE
from tests.support.recording_host import RecordingHost

ADA = Person("U0ADA", "Ada")


@pytest.fixture
def question(slack: SimulatedSlack, thread: ThreadKey) -> MessageRef:
    """The message that began the thread."""
    return ids.message_ref(thread, slack.general.id, ids.thread(thread).ts)


async def test_queued_question_has_an_hourglass(
    slack: SimulatedSlack, adapter: SlackAdapter, question: MessageRef
) -> None:
    """The mark comes and goes, and doing either twice is harmless."""
    ts = ids.message(question).ts
    for _ in range(2):
        await adapter.mark_queued(question, queued=True)
        assert slack.reactions(ts) == ("hourglass_flowing_sand",)
    for _ in range(2):
        await adapter.mark_queued(question, queued=False)
        assert slack.reactions(ts) == ()


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"error": "missing_scope"}, Forbidden),
        ({"error": "is_archived"}, Forbidden),
        ({"error": "too_many_reactions"}, Forbidden),
        ({"error": "message_not_found"}, MessageGone),
        ({"error": "ratelimited"}, RateLimited),
        ({"error": "no_reaction"}, Forbidden),
    ],
)
async def test_mark_that_is_refused_has_the_ports_name(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    question: MessageRef,
    fault: dict[str, str],
    raised: type[Exception],
) -> None:
    """The optional permission may be missing, and the message gone: the core is told."""
    slack.fail_next("reactions.add", **fault)  # type: ignore[arg-type]  # a row of the table
    with pytest.raises(raised):
        await adapter.mark_queued(question, queued=True)


async def test_work_is_shown_and_ends(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """While the bot works Slack shows it for the person who asked, and afterwards no more."""
    ts = ids.thread(thread).ts
    assert await adapter.show_activity(thread, ADA, active=True)
    assert slack.status(ts) == "processing"
    assert await adapter.show_activity(thread, ADA, active=False)
    assert slack.status(ts) == "active"
    begin, end = slack.api.bodies["agents.sessions.setStatus"]
    here = {"channel_id": slack.general.id, "thread_ts": ts}
    assert begin == {**here, "status": "processing", "initiator_user_id": ADA.id}
    assert end == {**here, "status": "active"}


async def test_a_conversation_that_begins_has_a_title(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Slack lists sessions by their titles, of 200 characters at most."""
    await adapter.show_activity(thread, ADA, active=True, title="Which photos\nshow damage? " * 20)
    (begin,) = slack.api.bodies["agents.sessions.setStatus"]
    assert begin["title"].startswith("Which photos show damage? Which")
    assert len(begin["title"]) <= 200


@pytest.mark.parametrize(
    "error", ["feature_disabled", "unknown_method", "missing_scope", "not_allowed_token_type"]
)
async def test_indicator_that_slack_does_not_have_is_asked_for_once(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, error: str
) -> None:
    """A workspace or an app without agents' sessions is not asked again, in no channel."""
    slack.fail_next("agents.sessions.setStatus", error=error)
    assert not await adapter.show_activity(thread, ADA, active=True)
    await adapter.show_activity(thread, ADA, active=False)
    assert not await adapter.show_activity(ids.thread_key(state.TEAM, "D0ADA", "1.2"), ADA, active=True)
    assert slack.api.calls["agents.sessions.setStatus"] == 1


async def test_channel_without_the_bot_ends_the_indicator_there_alone(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Where the bot is no member Slack says `not_authorized`; elsewhere the indicator goes on."""
    outside = slack.open_channel("outside", member=False)
    foreign = ids.thread_key(state.TEAM, outside.id, slack.say(slack.people[0], outside, "look").ts)
    for _ in range(2):
        await adapter.show_activity(foreign, ADA, active=True)
    assert slack.api.calls["agents.sessions.setStatus"] == 1
    await adapter.show_activity(thread, ADA, active=True)
    assert slack.status(ids.thread(thread).ts) == "processing"


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "internal_error"},
        {"error": "invalid_auth"},
        {"status": 503},
        {"drop": True},
        {"plain": "<html>"},
    ],
)
async def test_indicator_that_fails_is_tried_again(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, fault: dict[str, str]
) -> None:
    """No such failure reaches the core but that nothing is seen, and the next attempt is made."""
    slack.fail_next("agents.sessions.setStatus", **fault)  # type: ignore[arg-type]  # a row of the table
    assert not await adapter.show_activity(thread, ADA, active=True)
    assert await adapter.show_activity(thread, ADA, active=True)
    assert slack.status(ids.thread(thread).ts) == "processing"


async def test_failures_of_the_status_are_not_remembered_for_ever(adapter: SlackAdapter) -> None:
    """While Slack is down each new direct message has one; those of long ago are let go."""
    await adapter.close()  # every request fails, and takes no time
    threads = [ids.thread_key(state.TEAM, "D0ADA", f"{at}.000100") for at in range(1_001)]
    for one in threads:
        assert not await adapter.show_activity(one, ADA, active=True)
    modes = [adapter.streaming_mode(one) for one in (threads[0], threads[1], threads[-1])]
    assert modes == [StreamingMode.PREFERRED, StreamingMode.WHEN_CROWDED, StreamingMode.WHEN_CROWDED]


async def test_indicator_delays_nothing(slack: SimulatedSlack, thread: ThreadKey) -> None:
    """A Slack that does not answer holds the core up for a moment only, and a closed adapter not at all."""
    clock, timeouts = asyncio.get_running_loop().time, replace(HASTE, indicator=0.1, request=60.0)
    adapter = SlackAdapter(SlackSettings.from_mapping(slack.env), timeouts)
    slack.fail_next("agents.sessions.setStatus", hang=True)
    begun = clock()
    await adapter.show_activity(thread, ADA, active=True)
    assert timeouts.indicator <= clock() - begun < timeouts.request / 2
    await adapter.close()
    await adapter.show_activity(thread, ADA, active=False)
    assert slack.api.calls["agents.sessions.setStatus"] == 1


async def test_slacks_own_stop_arrives(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, thread: ThreadKey
) -> None:
    """Slack shows its Stop while the bot works; a click names the thread, who clicked, and when."""
    ts = ids.thread(thread).ts
    with pytest.raises(LookupError):
        await slack.stop_session(slack.people[1], ts)
    await adapter.show_activity(thread, ADA, active=True)
    await slack.stop_session(slack.people[1], ts, pressed_at="1790001055.000100")
    await host.until(lambda: bool(host.stops))
    place = Place(state.TEAM, slack.general.id)
    assert host.stops == [StopRequest(thread, place, Person("U0BEN"), reply_token=ts, at=1790001055.0001)]
    await adapter.reply_privately(host.stops[0], ("Only Ada may stop this.",))
    await slack.until(lambda: all(delivery.acknowledged for delivery in slack.sockets.deliveries))


async def test_indicator_that_stays_is_known(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The core is told when an indicator could not be taken away, and for how long Slack wants to be left alone."""
    await adapter.show_activity(thread, ADA, active=True)
    slack.fail_next("agents.sessions.setStatus", status=503)
    assert not await adapter.show_activity(thread, ADA, active=False)
    slack.fail_next("agents.sessions.setStatus", retry_after=30)
    with pytest.raises(RateLimited):
        await adapter.show_activity(thread, ADA, active=False)
    assert await adapter.show_activity(thread, ADA, active=False)
    assert slack.status(ids.thread(thread).ts) == "active"
