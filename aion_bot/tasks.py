"""Waiting for tasks, and ending them."""

import asyncio


async def until_set(stop: asyncio.Event, listening: set[asyncio.Task[None]]) -> bool:
    """Wait for `stop`, or until nothing listens any more; tell which."""
    stopping = asyncio.create_task(stop.wait())
    try:
        pending = set(listening)
        while pending and not stop.is_set():
            done, _ = await asyncio.wait({stopping, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
        return stop.is_set()
    finally:
        stopping.cancel()


async def cancel(tasks: set[asyncio.Task[None]]) -> None:
    """End every task where it is, and wait for that."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
