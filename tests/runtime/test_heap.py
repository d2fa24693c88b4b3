"""Memory that is free goes back to the system."""

import asyncio

from aion_bot.runtime.heap import trimmed, trimming


async def test_what_is_free_is_given_back_again_and_again() -> None:
    """Until the end, with nothing kept back; the loop goes on meanwhile."""
    called, enough, loop = list[int](), asyncio.Event(), asyncio.get_running_loop()

    def trim(kept: int) -> None:
        called.append(kept)
        if len(called) == 3:
            loop.call_soon_threadsafe(enough.set)

    async with trimmed(0.001, trim):
        async with asyncio.timeout(5):
            await enough.wait()
    assert set(called) == {0}
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_the_allocator_may_have_no_such_function() -> None:
    """Where it has one, it can be called."""
    trim = trimming()
    assert trim is None or trim(0) in {0, 1}
