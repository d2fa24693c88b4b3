"""Tells systemd that the bot is ready, alive or stopping; does nothing where no service manager listens.

The protocol is sd_notify(3): datagrams to the Unix socket that NOTIFY_SOCKET names.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aion_bot.concurrency.background import BackgroundTasks


def notify(state: str) -> None:
    """Send one state, such as `READY=1`. A service manager that does not listen is no error."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    # Windows has no Unix sockets; systemd writes the name of an abstract socket with @ for its zero byte.
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A service manager that hangs must not stop the event loop.
            sender.setblocking(False)
            sender.sendto(state.encode(), f"\0{address[1:]}" if address[0] == "@" else address)
    except (OSError, ValueError):  # a name with a zero byte is a ValueError
        return


@asynccontextmanager
async def announced() -> AsyncIterator[None]:
    """Say that the bot is ready, and that its event loop is alive, twice in each period of the watchdog."""
    async with announcing() as ready:
        ready()
        yield


@asynccontextmanager
async def announcing() -> AsyncIterator[Callable[[], None]]:
    """Yield what says so, once however often it is called: a replica that stands by is ready, and may serve later."""
    beating, every, is_ready = BackgroundTasks(), _watchdog_period() / 2, False

    def ready() -> None:
        nonlocal is_ready
        if is_ready:
            return
        is_ready = True
        notify("READY=1")
        if every:
            beating.spawn(_beat(every))

    try:
        yield ready
    finally:
        await beating.cancel()


def _watchdog_period() -> float:
    """Return within how many seconds the service manager wants a sign of life; 0 if it wants none."""
    # The variables are inherited: those of another process are not meant.
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1_000_000 if microseconds.isascii() and microseconds.isdigit() else 0.0


async def _beat(every: float) -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(every)
