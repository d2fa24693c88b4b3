"""The simulated Slack refuses calls too many, as its published limits say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import DOCUMENTED, POST, Rates, SlackLimits
from tests.support.cases import each
from tests.support.manual_clock import ManualClock


class Counting:
    """Somebody who calls the Web API and looks at the whole answer."""

    def __init__(self, slack: SimulatedSlack, clock: ManualClock, session: aiohttp.ClientSession) -> None:
        self.slack = slack
        self.clock = clock
        self._session = session

    async def call(self, method: str, **arguments: Any) -> tuple[int, str | None, dict[str, Any]]:
        """Call; returns status, Retry-After and body."""
        headers = {"Authorization": f"Bearer {self.slack.env['SLACK_BOT_TOKEN']}"}
        url = self.slack.env["SLACK_API_URL"] + method
        async with self._session.post(url, json=arguments, headers=headers) as answer:
            return answer.status, answer.headers.get("Retry-After"), await answer.json()

    async def statuses(self, times: int, method: str, **arguments: Any) -> list[int]:
        """Call several times; returns the statuses."""
        return [(await self.call(method, **arguments))[0] for _ in range(times)]


@asynccontextmanager
async def calling(limits: SlackLimits | None) -> AsyncIterator[Counting]:
    clock = ManualClock()
    slack = SimulatedSlack(ack_timeout=0.05, resend_delays=(), clock=clock)
    slack.rates.limits = limits
    await slack.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Counting(slack, clock, session)
    finally:
        await slack.stop()


@pytest.fixture
async def limited() -> AsyncIterator[Counting]:
    async with calling(SlackLimits()) as counting:
        yield counting


async def test_without_limits_everything_is_taken() -> None:
    """Limits are off unless a test or benchmark asks for them."""
    async with calling(None) as counting:
        here = {"channel": counting.slack.general.id, "text": "x"}
        assert set(await counting.statuses(120, POST, **here)) == {200}
        assert not counting.slack.rates.refusals


async def test_a_call_too_many_is_refused_in_slacks_words(limited: Counting) -> None:
    """The 51st edit of a minute is a 429 with whole seconds until the first one leaves the window."""
    edit = {"channel": limited.slack.general.id, "ts": "1.2", "text": "x"}
    assert set(await limited.statuses(50, "chat.update", **edit)) == {200}
    limited.clock.now += 20.5
    assert await limited.call("chat.update", **edit) == (429, "40", {"ok": False, "error": "ratelimited"})
    assert limited.slack.rates.refusals == {"chat.update": 1}
    assert (limited.slack.api.calls["chat.update"], limited.slack.api.log[-1].status) == (51, 429)


async def test_retry_after_is_at_least_a_second(limited: Counting) -> None:
    """A pause of less than a second is told as one."""
    here = {"channel": limited.slack.general.id, "text": "x"}
    for _ in range(3):
        await limited.call(POST, **here)
    limited.clock.now += 0.99
    assert (await limited.call(POST, **here))[1] == "1"


@each(("method", "calls"), sorted(DOCUMENTED.items()))
def test_every_method_has_its_own_window(method: str, calls: int) -> None:
    """So many calls fit into any minute; the next one fits when the first has left; others are not touched."""
    clock = ManualClock()
    rates = Rates(clock)
    rates.limits = SlackLimits()
    assert rates.take(method, "") == 0
    clock.now += 15.5
    assert [rates.take(method, "") for _ in range(calls)] == [0] * (calls - 1) + [45]
    assert rates.take("api.test", "") == 0
    clock.now += 44.5
    assert [rates.take(method, ""), rates.take(method, "") > 0] == [0, True]


def test_a_refused_call_does_not_count() -> None:
    """Who asks again and again while refused waits no longer for it."""
    clock = ManualClock()
    rates = Rates(clock)
    rates.limits = SlackLimits({"chat.update": 1})
    assert rates.take("chat.update", "") == 0
    assert [rates.take("chat.update", "") for _ in range(3)] == [60, 60, 60]
    clock.now += 60
    assert rates.take("chat.update", "") == 0
    assert [(call.at, call.name, call.status) for call in rates.refused] == [
        (1_000.0, "chat.update", 429)
    ] * 3


def test_a_channel_takes_one_post_a_second() -> None:
    """Posts are limited by channel; a burst is what a channel has saved up: three posts by default, or nothing."""
    clock = ManualClock()
    rates = Rates(clock)
    rates.limits = SlackLimits(burst=1)
    clock.now += 100
    assert [rates.take(POST, channel) for channel in ("C1", "C2", "C1")] == [0, 0, 1]
    clock.now += 1.0
    assert [rates.take(POST, "C1"), rates.take(POST, "C1")] == [0, 1]
    rates.limits = SlackLimits()
    clock.now += 10
    assert [rates.take(POST, "C1") for _ in range(4)] == [0, 0, 0, 1]


def test_posts_are_limited_in_the_whole_workspace_too() -> None:
    """Many channels together take no more than the workspace does."""
    rates = Rates(ManualClock())
    rates.limits = SlackLimits()
    assert rates.use(POST, 1) + sum(rates.use(POST, channel=f"C{number}") for number in range(700)) == 600
    assert not rates.refused


def test_limits_are_scaled() -> None:
    """Half and double of every limit are data, never less than one call."""
    half, double = SlackLimits().scaled(0.5), SlackLimits().scaled(2)
    assert (half.calls["chat.update"], double.calls["chat.update"]) == (25, 100)
    assert (half.posts_a_second, half.burst, double.burst) == (0.5, 1, 6)
    assert SlackLimits().scaled(0.001).calls["chat.startStream"] == 1


async def test_another_process_uses_up_the_budget(limited: Counting) -> None:
    """What somebody else calls is missing, and is not counted as the bot's."""
    assert limited.slack.rates.use("chat.update", 30) == 30
    edit = {"channel": limited.slack.general.id, "ts": "1.2", "text": "x"}
    assert await limited.statuses(21, "chat.update", **edit) == [200] * 20 + [429]
    assert limited.slack.rates.use("chat.update", 5) == 0
    assert limited.slack.rates.refusals == {"chat.update": 1}
    assert limited.slack.api.calls["chat.update"] == 21
