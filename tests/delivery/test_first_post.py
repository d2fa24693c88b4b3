"""When the first message of an answer is posted, where a channel takes one post a second."""

import asyncio
import math
from dataclasses import replace

import pytest

from aion_bot.delivery.executor import Delivery
from aion_bot.delivery.registry import Registry
from aion_bot.ports.messages import Person, Reply, ThreadKey
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.ratelimit.permit import Priority
from tests.delivery.test_replacement import FewEdits, Words
from tests.support.virtual_time import run_in_virtual_time

THREAD = ThreadKey("plain", "t")
POSTS = (Budget("posts", 1, 1.0, Scope.WORKSPACE),)
BEHIND_A_LINE = 1.21
"""Seconds after the question at which the channel takes the next post behind a line of 0.2 s."""


async def shown(
    *, words: float, ends: float = math.inf, indicated: bool = True, line: float = math.inf
) -> list[tuple[float, str]]:
    """Show an answer whose words come, and which ends, so many seconds after its question; returns its posts.

    A line for many is posted in its channel after `line` seconds.
    """
    platform = FewEdits()
    platform.limits = replace(platform.limits, budgets={Operation.POST: POSTS})
    registry, view = Registry([platform]), Words()
    thread = registry.thread(platform, THREAD)
    sync = registry.sync(thread, view, Delivery("a", Person("U1")))

    def say(text: str, *, ended: bool) -> None:
        view.text, view.ended = text, ended
        sync.wake(urgent=ended)

    async def post_line() -> None:
        async with thread.limiter.permit(Operation.POST, THREAD, Priority.FINAL):
            await platform.post(ThreadKey("plain", "line"), Reply("", note="3 wait"), nonce="line")

    loop, lines = asyncio.get_running_loop(), list[asyncio.Task[None]]()
    if indicated:
        loop.call_later(0.05, sync.may_wait)
    if line < math.inf:
        loop.call_later(line, lambda: lines.append(asyncio.create_task(post_line())))
    loop.call_later(words, lambda: say("word ", ended=False))
    loop.call_later(min(ends, 3.0), lambda: say("word word ", ended=True))
    await sync.run()
    return [(round(at, 2), text) for at, kind, text in platform.done(THREAD.id) if kind == "post"]


@pytest.mark.parametrize(
    ("words", "indicated", "expected"),
    [
        (0.5, True, (0.5, "word ")),
        (0.1, True, (0.3, "word ")),
        (2.0, True, (1.0, "")),
        (2.0, False, (0.3, "")),
        (0.1, False, (0.3, "word ")),
    ],
)
def test_the_first_message_waits_for_words_while_people_see_another_sign(
    monkeypatch: pytest.MonkeyPatch, words: float, indicated: bool, expected: tuple[float, str]
) -> None:
    """For a second at most, and for 0.3 s in any case: a line for many may need the post. Words are posted as they come."""
    assert run_in_virtual_time(monkeypatch, shown(words=words, indicated=indicated)) == [expected]


def test_a_whole_answer_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is complete is posted at once."""
    assert run_in_virtual_time(monkeypatch, shown(words=0.05, ends=0.1)) == [(0.1, "word word ")]


def test_a_line_for_many_goes_before_an_answer_of_its_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is posted when it is needed, and the answer a second later."""
    ((at, words),) = run_in_virtual_time(monkeypatch, shown(words=0.1, line=0.2))
    assert 1.2 <= at <= BEHIND_A_LINE
    assert words == "word "
