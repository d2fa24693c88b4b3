"""The two modes of the demo: a fixed tour, and a page in the browser with a terminal beside it where there is one."""

import asyncio
import signal
import sys
from pathlib import Path

from aion_bot.concurrency.signals import on_signal
from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.demo.page.tour_file import tour_file
from aion_bot.demo.terminal import Terminal
from aion_bot.demo.tour import Tour
from aion_bot.ports import private_files
from aion_bot.simulators.services import SimulatedServices

WATCHABLE = 0.04
"""Seconds between two tokens: an answer takes about two seconds, so that people can watch it."""


async def play_tour(services: SimulatedServices, html: Path | None) -> bool:
    """Play the tour; write the finished threads to `html`. Returns whether every step succeeded."""
    tour = Tour(services, _say)
    right = await tour.play()
    if html is not None:
        await asyncio.to_thread(private_files.write_text, html, tour_file(services, tour.stops))
    return right


async def serve(services: SimulatedServices, bot: BotProcess, port: int | None) -> bool:
    """Serve the page: with a terminal beside it until its person ends, otherwise until SIGINT or SIGTERM.

    Raises:
        OSError: `port` cannot be used.
    """
    services.aion.token_delay = WATCHABLE
    async with Page(services, bot, port) as page:
        _say(f"The demo, in a browser: {page.address}")
        if sys.stdin.isatty() and sys.stdout.isatty():
            return await Terminal(services, sys.stdin, sys.stdout).converse()
        await _signal()
    return True


async def _signal() -> None:
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        on_signal(one, stop.set)
    await stop.wait()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
