"""The two modes of the demo: a fixed tour, and a page in the browser with a terminal beside it where there is one."""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TextIO

from aion_bot.concurrency.signals import default_again, on_signal
from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.demo.page.tour_file import tour_file
from aion_bot.demo.terminal import Keyboard, Terminal
from aion_bot.demo.tour import Tour
from aion_bot.ports import private_files
from aion_bot.simulators.aion.stored_files import TIERS
from aion_bot.simulators.services import SimulatedServices

_ENDS = (signal.SIGTERM, signal.SIGINT)

WATCHABLE = 0.04
"""Seconds between two tokens: an answer takes about two seconds, so that people can watch it."""


PLAN_TIME = 6.0
"""Seconds that a plan takes which runs in the background: long enough to see its steps tick."""


async def play_tour(services: SimulatedServices, html: Path | None) -> bool:
    """Play the tour; write the finished threads to `html`. Returns whether every step succeeded."""
    tour = Tour(services, _say)
    right = await tour.play()
    if html is not None:
        await asyncio.to_thread(private_files.write_text, html, tour_file(services, tour.stops))
    return right


async def serve(services: SimulatedServices, bot: BotProcess, port: int | None) -> bool:
    """Serve the page: with a terminal beside it until its person ends, otherwise until it is cancelled.

    Raises:
        OSError: `port` cannot be used.
    """
    services.aion.token_delay, services.aion.plan_time = WATCHABLE, PLAN_TIME
    services.aion.files.limits = TIERS["starter"]  # a person may have a file at hand that is too large for it
    async with Page(services, bot, port) as page:
        _say(f"The demo, in a browser: {page.address}")
        if _is_terminal(sys.stdin) and _is_terminal(sys.stdout):
            return await Terminal(services, Keyboard(sys.stdin), sys.stdout).converse()
        await asyncio.Event().wait()
    return True


async def until_signal(work: Coroutine[Any, Any, bool]) -> bool | None:
    """Do this work; SIGINT or SIGTERM ends it, and the result is None then. A second signal ends the process at once."""
    task = asyncio.ensure_future(work)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        for one in _ENDS:
            default_again(one)
        logging.disable()  # a bot that is killed while it starts may complain; nobody waits for it any more
        task.cancel()

    for one in _ENDS:
        on_signal(one, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped:
            raise
        return None


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person is there; a stream that was closed before the start is None."""
    return stream is not None and stream.isatty()


def _say(line: str) -> None:
    if sys.stdout is not None:  # it was closed before the start
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
