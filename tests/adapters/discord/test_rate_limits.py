"""The budgets that the core schedules by, what answers say about them, and that no call waits for the next one."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest

from adapters.discord import http, ids, rate_limits
from adapters.discord.adapter import DiscordAdapter
from aion_bot.ports.capabilities import NativeStreaming
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import MessageRef, Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import LimitReading, Operation, Scope
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.rates import CREATE, EDIT, DiscordLimits, Rate
from tests.adapters.discord.conftest import build
from tests.adapters.discord.observer import RecordingObserver

ADA = Person("1", "Ada")
LONG = DiscordLimits(messages=Rate(5, 120.0))
"""The documented calls, in so long a window that no busy machine takes for a wait what is none."""
AT_ONCE = LONG.messages.seconds / 2
"""Seconds that are less than a pause until Discord takes more."""
THREADS = "POST /channels/{channel_id}/messages/{message_id}/threads"


@pytest.fixture
async def adapter(discord: SimulatedDiscord) -> AsyncIterator[DiscordAdapter]:
    """An adapter that never listens, at a Discord that counts."""
    discord.rates.limits = DiscordLimits()
    adapter = build(discord.env)
    yield adapter
    await adapter.close()


@pytest.fixture
def readings(adapter: DiscordAdapter) -> list[LimitReading]:
    """What the adapter reports of limits."""
    observer = RecordingObserver()
    adapter.observe_requests(observer)
    return observer.readings


def test_budgets_are_those_that_people_report() -> None:
    """Posts and edits share what a channel takes, everything but an answer to an interaction what the bot does."""
    posts, everything = rate_limits.LIMITS.budgets[Operation.POST]
    assert rate_limits.LIMITS.budgets[Operation.EDIT] == (posts, everything)
    assert (posts.scope, everything.scope) == (Scope.CHANNEL, Scope.BOT)
    assert Rate(posts.calls, posts.seconds) == DiscordLimits().messages
    left_to_others = DiscordLimits().everything.calls - everything.calls
    assert 0 < left_to_others <= 5
    streamed = {Operation.START_STREAM, Operation.APPEND_STREAM, Operation.STOP_STREAM}
    assert set(Operation) - set(rate_limits.LIMITS.budgets) == streamed | {
        Operation.REPLY_PRIVATELY,
        Operation.SEARCH_EARLIER,
    }
    assert all(found[-1] == everything for found in rate_limits.LIMITS.budgets.values())


def test_scopes(adapter: DiscordAdapter, general: ThreadKey) -> None:
    """A thread is a channel of its own; what counts for the bot counts everywhere."""
    assert adapter.scope_key(general, Scope.CHANNEL) != adapter.scope_key(
        ThreadKey("discord", "2"), Scope.CHANNEL
    )
    assert adapter.scope_key(general, Scope.BOT) == adapter.scope_key(ThreadKey("discord", "2"), Scope.BOT)


def test_there_are_no_streams(adapter: DiscordAdapter) -> None:
    """Discord has no native streams, and its adapter does not offer any."""
    assert not isinstance(adapter, NativeStreaming)


async def test_answers_say_what_is_left(
    adapter: DiscordAdapter, general: ThreadKey, readings: list[LimitReading]
) -> None:
    """A post and an edit tell the limit of their channel before they return, by the name of its scope."""
    scope, began = adapter.scope_key(general, Scope.CHANNEL), monotonic()
    message = await adapter.post(general, Reply("one"), nonce="n-1")
    assert [(one.budget, one.scope, one.calls, one.remaining) for one in readings] == [
        ("messages", scope, 5, 4)
    ]
    await adapter.edit(message, Reply("two"))
    assert (readings[1].remaining, len(readings)) == (3, 2)
    assert 5 - (monotonic() - began) - 0.01 <= readings[1].reset_after <= 5


async def test_answers_count_others(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, readings: list[LimitReading]
) -> None:
    """What another process used up is missing, and a limit that is not as documented is reported as it is."""
    discord.rates.use(message.thread.id, 2)
    await adapter.edit(message, Reply("two"))
    assert (readings[-1].calls, readings[-1].remaining) == (5, 1)
    discord.rates.limits = DiscordLimits(messages=Rate(2, 7.0))
    await adapter.edit(message, Reply("three"))
    assert (readings[-1].calls, readings[-1].remaining, readings[-1].reset_after) == (2, 1, 7.0)


async def test_other_answers_say_nothing(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, readings: list[LimitReading]
) -> None:
    """Nor does a refusal: reactions, deletions, reading and typing have limits of their own."""
    await adapter.mark_queued(message, queued=True)
    await adapter.own_messages(message.thread)
    discord.rates.use(message.thread.id, 4)
    with pytest.raises(RateLimited):
        await adapter.edit(message, Reply("two"))
    await adapter.delete(message)
    assert readings == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "4"},
        {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "x", "X-RateLimit-Reset-After": "1"},
    ],
)
def test_answers_without_a_limit_are_none(headers: dict[str, str]) -> None:
    """Discord need not tell."""
    assert rate_limits.reading(rate_limits.request("POST", "/channels/1/messages"), headers) is None


async def test_five_posts_return_at_once(discord: SimulatedDiscord, adapter: DiscordAdapter) -> None:
    """The call that empties a bucket returns as soon as it is answered, posts and edits alike."""
    discord.rates.limits = LONG
    for channel in ("general", "site-7"):
        thread, slowest = ids.thread_key(int(discord.world.named(channel).id)), 0.0
        await adapter.post(thread, Reply("first"), nonce=f"{channel}-first")
        for number in range(4):
            began = monotonic()
            ref = await adapter.post(thread, Reply("more"), nonce=f"{channel}-{number}")
            slowest = max(slowest, monotonic() - began)
        assert slowest < AT_ONCE
        assert discord.rates.refused == []
        assert ref.thread == thread


async def test_edits_side_by_side_return_at_once(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """Nor do they wait for one another, even before anything is known of the bucket."""
    discord.rates.limits = LONG
    began = monotonic()
    await asyncio.gather(*(adapter.post(general, Reply("x"), nonce=f"n-{number}") for number in range(5)))
    assert monotonic() - began < AT_ONCE
    assert (discord.server.calls[CREATE], discord.rates.refused) == (5, [])


async def test_a_call_too_many_waits_instead_of_being_refused(
    discord: SimulatedDiscord, adapter: DiscordAdapter, general: ThreadKey
) -> None:
    """What the core does not pace is made when Discord takes it."""
    discord.rates.limits = DiscordLimits(messages=Rate(2, 0.3))
    began = monotonic()
    for number in range(5):
        await adapter.post(general, Reply("x"), nonce=f"n-{number}")
    assert monotonic() - began >= 0.6
    assert discord.rates.refused == []


async def test_a_call_that_would_wait_long_is_raised(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef
) -> None:
    """The core learns of a long pause at once, and no request is sent."""
    discord.rates.limits = DiscordLimits(messages=Rate(1, http.LONGEST_WAIT + 5))
    await adapter.edit(message, Reply("one"))
    with pytest.raises(RateLimited) as caught:
        await adapter.edit(message, Reply("two"))
    assert caught.value.retry_after > http.LONGEST_WAIT
    assert discord.server.calls[EDIT] == 1


@pytest.mark.parametrize(("limits", "name"), [({"everything": Rate(1, 60.0)}, "global"), ({}, "")])
async def test_a_refusal_names_the_limit_of_the_whole_bot(
    discord: SimulatedDiscord, adapter: DiscordAdapter, message: MessageRef, limits: Any, name: str
) -> None:
    """Which of two limits was exceeded decides what has to wait, also while nothing is asked of Discord."""
    if limits:
        discord.rates.limits = DiscordLimits(**limits)
        await adapter.edit(message, Reply("one"))
    else:
        discord.rates.use(message.thread.id, 4)
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await adapter.edit(message, Reply("two"))
        assert caught.value.budget == name


async def test_forgotten_buckets() -> None:
    """Channels that nobody writes into any more take no memory; others are kept."""
    kept = http.Buckets()
    busy = kept["busy"]
    async with busy:
        for number in range(1_000):
            kept[f"{number}"]._last_request = -1_000.0
        assert kept["busy"] is busy
    assert len(kept) <= 257
