"""A platform whose answers to posts come late: the first one fails after the turn has, others once a test lets them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from aion_bot.delivery.diff import Post, PostFile, StartStream
from aion_bot.delivery.executor import Executor
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.messages import MessageRef


def answer_posts_late(
    patch: pytest.MonkeyPatch,
    failed: Callable[[], Awaitable[None]],
    holds: Callable[[Executor], bool] = lambda _: True,
) -> asyncio.Event:
    """Make the first post fail once `failed` returns; those that `holds` names are answered once the returned event is set."""
    post, tried, answered = Executor._post, asyncio.Event(), asyncio.Event()

    async def posting(executor: Executor, step: Post | PostFile | StartStream) -> MessageRef:
        if not tried.is_set():
            tried.set()
            await failed()
            raise PlatformDown("the first message comes only now")
        message = await post(executor, step)
        if holds(executor):
            await answered.wait()
        return message

    patch.setattr(Executor, "_post", posting)
    return answered
