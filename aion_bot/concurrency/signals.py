"""Signals as callbacks of the event loop, on every system."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress


def on_signal(number: signal.Signals, callback: Callable[[], object]) -> None:
    """Call `callback` in the running loop when a signal comes."""
    loop = asyncio.get_running_loop()
    try:
        # The loop's own handler runs between callbacks; one of `signal` runs between any two instructions of Python.
        loop.add_signal_handler(number, callback)
    except NotImplementedError:  # the loops of Windows have no handlers
        # A plain `call_soon` would not wake a loop that waits for its sockets.
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))


def default_again(number: signal.Signals) -> None:
    """Let a signal do again what it does by default."""
    with suppress(NotImplementedError):
        asyncio.get_running_loop().remove_signal_handler(number)
    # asyncio leaves SIGINT with the handler that raises KeyboardInterrupt (`remove_signal_handler` in asyncio/unix_events.py).
    signal.signal(number, signal.SIG_DFL)
