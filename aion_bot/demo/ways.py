"""The ways to see the demo: a tour, a page in the browser, and a page with a keyboard beside it."""

import asyncio
import signal
import sys
from pathlib import Path

from aion_bot.demo.page import Page
from aion_bot.demo.page.tour_file import tour_file
from aion_bot.demo.running import BotProcess
from aion_bot.demo.terminal import Terminal
from aion_bot.demo.tour import Tour
from aion_bot.simulators.world import World

WATCHABLE = 0.04
"""Seconds between two tokens for somebody who watches: an answer takes about two seconds."""


async def play_tour(world: World, html: Path | None) -> bool:
    """Play the tour; write the ended threads to `html`. False if anything came out wrong."""
    tour = Tour(world, _say)
    right = await tour.play()
    if html is not None:
        await asyncio.to_thread(html.write_text, tour_file(world, tour.stops), "utf-8")
    return right


async def serve(world: World, bot: BotProcess, port: int | None) -> bool:
    """Serve the page: with a terminal beside it until its person ends, otherwise until SIGINT or SIGTERM.

    Raises:
        OSError: `port` cannot be used.
    """
    world.aion.token_delay = WATCHABLE
    async with Page(world, bot, port) as page:
        _say(f"The demo, in a browser: {page.address}")
        if sys.stdin.isatty() and sys.stdout.isatty():
            return await Terminal(world, sys.stdin, sys.stdout).converse()
        await _signal()
    return True


async def _signal() -> None:
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await stop.wait()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
