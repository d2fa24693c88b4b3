"""Native streams: they grow, end and break; what they cannot do an edit does."""

from typing import Any

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.errors import (
    CannotEdit,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TokenRefused,
    TooLong,
    Unsupported,
)
from aion_bot.ports.messages import Action, Button, MessageRef, Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.streaming import ADA, APPEND, START, STOP, UPDATE, another, begin
from tests.adapters.slack.test_posts import answers


def calls(slack: SimulatedSlack) -> dict[str, int]:
    """How many calls were made of what shows messages."""
    return {
        method: slack.api.calls[method] for method in (START, APPEND, STOP, UPDATE) if slack.api.calls[method]
    }


def blocks(slack: SimulatedSlack, message: MessageRef) -> Any:
    """The blocks that a message consists of."""
    place = ids.message(message)
    found = slack.conversations.find(place.channel, place.ts)
    return found and found.body["blocks"]


async def test_an_answer_is_streamed(slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey) -> None:
    """A stream grows under the question for the one who asked, in one call a step, and ends for everybody."""
    message = await begin(adapter, thread, "Two")
    await adapter.append_stream(message, Reply("Two"), Reply("Two roofs"))
    ts = ids.message(message).ts
    assert [slack.seen(ts, person) for person in slack.people[:2]] == ["Two roofs", "Two"]
    await adapter.stop_stream(message, Reply("Two roofs"), Reply("Two roofs leak"))
    assert slack.seen(ts, slack.people[1]) == "Two roofs leak"
    assert calls(slack) == {START: 1, APPEND: 1, STOP: 1}
    (begun,) = slack.api.bodies[START]
    assert (begun["thread_ts"], begun["recipient_user_id"], begun["recipient_team_id"]) == (
        ids.thread(thread).ts,
        ADA.id,
        state.TEAM,
    )


async def test_a_direct_stream_names_no_reader(
    slack: SimulatedSlack, adapter: SlackAdapter, direct: ThreadKey
) -> None:
    """Where nobody else reads, Slack wants no recipient."""
    await begin(adapter, direct, "Two roofs")
    assert not {"recipient_user_id", "recipient_team_id"} & slack.api.bodies[START][0].keys()
    assert answers(slack, direct) == ["Two roofs"]


async def test_a_concluded_stream_is_found_like_a_post(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """It carries its nonce once it has ended; until then another process sees that it may be a stream."""
    message = await begin(adapter, thread, "Two", "t-0-0")
    later = another(slack)
    assert await later.own_messages(thread) == [OwnMessage(message, None, stream=True, growing="Two")]
    await adapter.stop_stream(message, Reply("Two"), Reply("Two roofs"))
    assert await later.own_messages(thread) == [OwnMessage(message, "t-0-0")]
    await later.close()


async def test_nothing_new_is_no_call(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Appending nothing asks Slack for nothing."""
    message = await begin(adapter, thread, "Two")
    await adapter.append_stream(message, Reply("Two"), Reply("Two", note="Looking"))
    assert calls(slack) == {START: 1}


async def test_what_stands_below_the_words_ends_the_stream(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """The note, the byline and the buttons come with the last words, in one call, as an edit would show them."""
    message = await begin(adapter, thread, "Two")
    rate = tuple(Button(action, action, "t") for action in (Action.GOOD, Action.BAD))
    whole = Reply("Two roofs", note="From two photos.", byline=("Stopped by ", ADA), buttons=rate)
    await adapter.stop_stream(message, Reply("Two"), whole)
    assert calls(slack) == {START: 1, STOP: 1}
    ended = blocks(slack, message)
    await adapter.edit(message, whole)
    assert blocks(slack, message) == ended


async def test_no_mention_pings_in_pieces(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A mention that the model wrote is inert, however it comes."""
    message = await begin(adapter, thread, "so <!chan")
    await adapter.append_stream(message, Reply("so <!chan"), Reply("so <!channel> said"))
    await adapter.stop_stream(message, Reply("so <!channel> said"), Reply("so <!channel> said @here"))
    shown = slack.thread(ids.thread(thread).ts)[-1]
    assert (shown.text, shown.pings) == ("so <!channel> said @here", [])


async def test_streams_are_best_in_direct_messages(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, direct: ThreadKey
) -> None:
    """There they come first if the indicator comes before them; elsewhere they are for when edits are scarce."""
    assert (adapter.streaming_mode(direct), adapter.streaming_mode(thread)) == (
        StreamingMode.PREFERRED,
        StreamingMode.WHEN_CROWDED,
    )
    slack.fail_next("agents.sessions.setStatus", error="feature_disabled")
    await adapter.show_activity(direct, ADA, active=True)
    assert (adapter.streaming_mode(direct), adapter.streaming_mode(thread)) == (
        StreamingMode.WHEN_CROWDED,
        StreamingMode.WHEN_CROWDED,
    )


@pytest.mark.parametrize(
    "error",
    ["unknown_method", "method_deprecated", "feature_not_enabled", "missing_scope", "not_allowed_token_type"],
)
async def test_a_workspace_without_streams_is_asked_once(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, direct: ThreadKey, error: str
) -> None:
    """What the workspace or the app does not have, no thread of it has."""
    slack.fail_next(START, error=error)
    with pytest.raises(Unsupported):
        await begin(adapter, thread, "Two")
    assert (adapter.streaming_mode(direct), adapter.streaming_mode(thread)) == (
        StreamingMode.NEVER,
        StreamingMode.NEVER,
    )


@pytest.mark.parametrize(
    "error",
    [
        "channel_type_not_supported",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
        "user_not_found",
        "team_not_found",
        "thread_ts_not_allowed",
        "invalid_arguments",
    ],
)
async def test_a_channel_without_streams_is_asked_once(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, direct: ThreadKey, error: str
) -> None:
    """What one channel does not take, others may; a post is taken there all the same, without a look."""
    slack.fail_next(START, error=error)
    with pytest.raises(Unsupported):
        await begin(adapter, thread, "Two")
    assert (adapter.streaming_mode(direct), adapter.streaming_mode(thread)) == (
        StreamingMode.PREFERRED,
        StreamingMode.NEVER,
    )
    await adapter.post(thread, Reply("Two"), nonce="n-1")
    assert slack.api.calls["conversations.replies"] == 0
    assert answers(slack, thread) == ["Two"]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"retry_after": 3}, RateLimited),
        ({"error": "ratelimited"}, RateLimited),
        ({"error": "internal_error"}, PlatformDown),
        ({"error": "invalid_auth"}, TokenRefused),
        ({"error": "thread_not_found"}, MessageGone),
        ({"error": "msg_too_long"}, TooLong),
    ],
)
async def test_what_may_pass_ends_no_streams(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    thread: ThreadKey,
    fault: dict[str, Any],
    raised: type[PlatformError],
) -> None:
    """A refusal for another reason has the port's name for it, and the next stream is tried."""
    slack.fail_next(START, **fault)
    with pytest.raises(raised):
        await begin(adapter, thread, "Two")
    assert adapter.streaming_mode(thread) is StreamingMode.WHEN_CROWDED


async def test_a_stream_that_ended_by_itself_is_edited(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """It takes nothing more, nor another try, and goes on by edits of one call each."""
    message = await begin(adapter, thread, "Two")
    slack.streams.life = 0.0
    with pytest.raises(Unsupported):
        await adapter.append_stream(message, Reply("Two"), Reply("Two roofs"))
    with pytest.raises(Unsupported):
        await adapter.stop_stream(message, Reply("Two"), Reply("Two roofs"))
    await adapter.edit(message, Reply("Two roofs"))
    assert answers(slack, thread) == ["Two roofs"]
    assert calls(slack) == {START: 1, APPEND: 1, UPDATE: 1}


async def test_a_stream_that_a_person_stopped_is_edited(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Slack's own Stop ends it for the bot too."""
    message = await begin(adapter, thread, "Two")
    await slack.stop_session(slack.people[0], ids.thread(thread).ts)
    with pytest.raises(Unsupported):
        await adapter.append_stream(message, Reply("Two"), Reply("Two roofs"))
    await adapter.edit(message, Reply("Two", note="Stopped by Ada."))
    assert answers(slack, thread) == ["Two\nStopped by Ada."]


async def test_a_stream_that_is_full_is_edited(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Where Slack takes fewer bytes than it was seen to take, the words are refused, and none is lost."""
    slack.streams.cap = 8
    message = await begin(adapter, thread, "Two")
    for grow in (adapter.append_stream, adapter.stop_stream):
        with pytest.raises(TooLong):
            await grow(message, Reply("Two"), Reply("Two roofs"))
    await adapter.edit(message, Reply("Two roofs"))
    assert answers(slack, thread) == ["Two roofs"]


async def test_what_cannot_be_appended_is_left_to_an_edit(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Other words than more of them are not appended; the end of a stream does not need them."""
    message = await begin(adapter, thread, "Two")
    with pytest.raises(Unsupported):
        await adapter.append_stream(message, Reply("Two"), Reply("Three"))
    await adapter.stop_stream(message, Reply("Two"), Reply("Three"))
    button = Button(Action.RETRY, "k", "Retry")
    await adapter.edit(message, Reply("Three", buttons=(button,)))
    shown = slack.thread(ids.thread(thread).ts)[-1]
    assert (shown.text, [found.label for found in shown.buttons]) == ("Three", ["Retry"])
    assert calls(slack) == {START: 1, STOP: 1, UPDATE: 1}


async def test_editing_ends_a_stream(slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey) -> None:
    """Slack edits no message that streams: the first edit ends that, the next ones are one call."""
    message = await begin(adapter, thread, "Two")
    await adapter.edit(message, Reply("Three"))
    assert calls(slack) == {START: 1, STOP: 1, UPDATE: 1}
    await adapter.edit(message, Reply("Four"))
    assert calls(slack) == {START: 1, STOP: 1, UPDATE: 2}
    assert answers(slack, thread) == ["Four"]


async def test_editing_ends_a_stream_of_a_process_that_was_killed(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Nobody knows any more that it streams: the refused edit tells."""
    message = await begin(adapter, thread, "Two")
    later = another(slack)
    for grow in (later.append_stream, later.stop_stream):
        with pytest.raises(Unsupported):
            await grow(message, Reply("Two"), Reply("Two roofs"))
    await later.edit(message, Reply("Three"))
    await later.close()
    assert answers(slack, thread) == ["Three"]
    assert calls(slack) == {START: 1, STOP: 1, UPDATE: 2}


async def test_a_stream_that_cannot_be_ended_is_tried_again_later(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Slack ends every stream sooner or later: an edit that is refused till then is no reason to give up."""
    message = await begin(adapter, thread, "Two")
    slack.fail_next(UPDATE, error="streaming_state_conflict", times=2)
    with pytest.raises(PlatformDown):
        await adapter.edit(message, Reply("Three"))
    await adapter.edit(message, Reply("Three"))
    assert answers(slack, thread) == ["Three"]


async def test_a_stream_that_never_ends_is_given_up(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Where Slack goes on seeing a stream the edit is refused for good after a few attempts: another message may be posted."""
    message = await begin(adapter, thread, "Two")
    slack.fail_next(UPDATE, error="streaming_state_conflict", times=50)
    for _ in range(4):
        with pytest.raises(PlatformDown):
            await adapter.edit(message, Reply("Three"))
    with pytest.raises(CannotEdit):
        await adapter.edit(message, Reply("Three"))
