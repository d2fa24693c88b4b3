"""Streams whose requests had no answer: they are found, corrected, and never doubled."""

import asyncio
import time
from typing import Any

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown, RateLimited, Unsupported
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, state
from tests.adapters.slack.streaming import ADA, APPEND, START, STOP, another, begin
from tests.adapters.slack.test_posts import AMBIGUOUS, LOOKUPS, answers


@pytest.mark.parametrize("fault", [fault for fault in AMBIGUOUS if "hang" not in fault])
@pytest.mark.parametrize("acted", [True, False])
async def test_append_of_unknown_outcome_is_corrected_by_an_edit(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, fault: dict[str, Any], acted: bool
) -> None:
    """Whether the words arrived or not, the edit that follows shows each of them once."""
    message = await begin(adapter, thread, "Two")
    slack.fail_next(APPEND, **fault, acted=acted)
    with pytest.raises(PlatformDown):
        await adapter.append_stream(message, Reply("Two"), Reply("Two roofs"))
    await adapter.edit(message, Reply("Two roofs leak"))
    assert answers(slack, thread) == ["Two roofs leak"]


@pytest.mark.parametrize("acted", [True, False])
async def test_stop_of_unknown_outcome_is_corrected_by_an_edit(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, acted: bool
) -> None:
    """Whether the stream ended or not."""
    message = await begin(adapter, thread, "Two")
    slack.fail_next(STOP, status=503, acted=acted)
    with pytest.raises(PlatformDown):
        await adapter.stop_stream(message, Reply("Two"), Reply("Two roofs"))
    await adapter.edit(message, Reply("Two roofs"))
    assert answers(slack, thread) == ["Two roofs"]


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize(
    ("fault", "lookup"),
    [
        (fault, lookup)
        for fault in AMBIGUOUS
        for lookup in LOOKUPS[:2]
        if "hang" not in fault or lookup is None
    ],
)
async def test_a_stream_is_never_doubled(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    thread: ThreadKey,
    fault: dict[str, Any],
    acted: bool,
    lookup: dict[str, Any] | None,
) -> None:
    """However its beginning failed: repeated until it succeeds it is there once, and an edit shows all of it."""
    slack.fail_next(START, **fault, acted=acted)
    if lookup:
        slack.fail_next("conversations.replies", **lookup)
    failures = 0
    while True:
        try:
            message = await begin(adapter, thread, f"Two{' roofs' * failures}")
            break
        except PlatformDown:
            failures += 1
    assert failures == (2 if lookup else 1)
    if acted:  # it shows what the first try said, which nobody can know
        with pytest.raises(Unsupported):
            await adapter.append_stream(message, Reply("Two roofs"), Reply("Two roofs leak"))
        await adapter.edit(message, Reply("Two roofs leak"))
    else:
        shown = Reply(f"Two{' roofs' * failures}")
        await adapter.append_stream(message, shown, Reply(shown.text + " leak"))
    assert len(answers(slack, thread)) == 1
    assert answers(slack, thread)[0].endswith("roofs leak")


async def test_cancelled_start_is_of_unknown_outcome_too(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """An answer that ended meanwhile is a post: it finds what the cancelled try began."""
    slack.fail_next(START, hang=True, acted=True)
    beginning = asyncio.create_task(begin(adapter, thread, "Two"))
    await slack.until(lambda: bool(answers(slack, thread)))
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    message = await adapter.post(thread, Reply("Two roofs"), nonce="n-1")
    await adapter.edit(message, Reply("Two roofs"))
    assert answers(slack, thread) == ["Two roofs"]


async def test_post_of_unknown_outcome_is_not_started_as_a_stream(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A stream with the nonce of a post that arrived is that post, which takes nothing."""
    slack.fail_next("chat.postMessage", drop=True, acted=True)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("Two"), nonce="n-1")
    message = await begin(adapter, thread, "Two roofs")
    with pytest.raises(Unsupported):
        await adapter.append_stream(message, Reply("Two roofs"), Reply("Two roofs leak"))
    await adapter.edit(message, Reply("Two roofs leak"))
    assert answers(slack, thread) == ["Two roofs leak"]


async def test_other_messages_are_not_mistaken_for_a_lost_stream(
    slack: SimulatedSlack, adapter: SlackAdapter, direct: ThreadKey
) -> None:
    """Not another stream, nor a private word."""
    place = Place(state.TEAM, "D0ADA", direct=True)
    going = await begin(adapter, direct, "Other words", "n-0")
    slack.fail_next(START, status=503)
    with pytest.raises(PlatformDown):
        await begin(adapter, direct, "Two")
    await adapter.reply_privately(Prompt("k", direct, place, ADA, "hello"), ("Not today.",))
    await adapter.append_stream(going, Reply("Other words"), Reply("Other words more"))
    message = await begin(adapter, direct, "Two")
    await adapter.append_stream(message, Reply("Two"), Reply("Two roofs"))
    assert sorted(answers(slack, direct)) == ["Not today.", "Other words more", "Two roofs"]


@pytest.mark.parametrize(("age", "posted"), [(310.0, False), (10.0, True)])
async def test_an_older_stream_is_not_mistaken_for_a_lost_one(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, age: float, posted: bool
) -> None:
    """What a process that was killed left behind is older than the try: by Slack's clock, once that is known."""
    earlier = another(slack)
    left = await begin(earlier, thread, "Half an ans")
    await earlier.close()
    found = slack.conversations.find(*ids.message(left)[1:])
    assert found is not None
    found.ts = f"{time.time() - age:.6f}"
    if posted:
        await adapter.post(thread, Reply("Hello"), nonce="n-0")
    slack.fail_next(START, status=503)
    with pytest.raises(PlatformDown):
        await begin(adapter, thread, "Two")
    await begin(adapter, thread, "Two")
    assert answers(slack, thread)[-1] == "Two"
    assert len(answers(slack, thread)) == 2 + posted


async def test_lost_post_is_known_by_its_nonce_alone(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """A message without one is taken for a stream only where a stream was tried."""
    slack.fail_next("chat.postMessage", status=503)
    with pytest.raises(PlatformDown):
        await adapter.post(thread, Reply("Two"), nonce="n-1")
    slack.post_as_bot(slack.general, "Hello", thread=ids.thread(thread).ts)
    await adapter.post(thread, Reply("Two"), nonce="n-1")
    assert answers(slack, thread) == ["Hello", "Two"]


async def test_refused_start_is_not_looked_up(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """What Slack refused did not begin: the next try needs no look."""
    slack.fail_next(START, retry_after=0.5)
    with pytest.raises(RateLimited):
        await begin(adapter, thread, "Two")
    await begin(adapter, thread, "Two")
    assert slack.api.calls["conversations.replies"] == 0
