"""Signals as callbacks of the event loop, on every system."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def on_signal(number: signal.Signals, callback: Callable[[], object]) -> None:
    """Call `callback` in the running loop when a signal comes."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, callback)
    except NotImplementedError:  # the loops of Windows have no handlers
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))


def default_again(number: signal.Signals) -> None:
    """Let a signal do again what it does by default."""
    with suppress(NotImplementedError):
        asyncio.get_running_loop().remove_signal_handler(number)
    signal.signal(number, signal.SIG_DFL)
