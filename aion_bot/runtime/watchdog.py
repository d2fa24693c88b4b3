"""Notices that something blocks the event loop, and keeps how late the loop is.

A thread watches the loop, because nothing that runs on a blocked loop could report it.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import structlog

_log = structlog.get_logger(__name__)

BLOCKED_AFTER = 1.0
"""Seconds without a turn of the loop from which on it counts as blocked."""

_EVERY = 0.25
"""Seconds between two measurements of the lag."""

_MOST_FRAMES = 12
"""Frames of the stack that are logged, the innermost last."""


class Watchdog:
    """Watches the loop that it is started on.

    Every `_EVERY` seconds the loop is asked to run a callback; the lag is how many seconds later than asked it runs. A
    blocked loop is logged once a block, with the functions that ran, and once more when it goes on, with how long it
    took. No argument, variable or source line is logged: these may hold somebody's words.
    """

    def __init__(
        self,
        observe_lag: Callable[[float], None] = lambda _: None,
        *,
        blocked_after: float = BLOCKED_AFTER,
        every: float = _EVERY,
    ) -> None:
        """`observe_lag` is called on the loop with each lag in seconds; a histogram reads it there."""
        self.lag = 0.0
        """The newest lag in seconds; while the loop is blocked it grows."""
        self._observe_lag = observe_lag
        self._blocked_after = blocked_after
        self._every = every
        self._stopped = threading.Event()
        self._answered = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Watch the running loop, in whose thread this is called."""
        loop, watched = asyncio.get_running_loop(), threading.get_ident()
        self._thread = threading.Thread(
            target=self._watch, args=(loop, watched), name="event-loop-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. The thread ends within a moment; nobody waits for it."""
        self._stopped.set()
        self._answered.set()

    def _watch(self, loop: asyncio.AbstractEventLoop, watched: int) -> None:
        while not self._stopped.wait(self._every):
            self._answered.clear()
            asked = time.monotonic()
            try:
                loop.call_soon_threadsafe(self._answer, asked)
            except RuntimeError:  # the loop is closed
                return
            if not self._answered.wait(self._blocked_after):
                self._report_block(watched, asked)
            elif self.lag > self._blocked_after:
                # A regular expression holds the interpreter's lock: then this thread runs only after it.
                _log.warning("event loop blocked", seconds=round(self.lag, 1), stack="")

    def _answer(self, asked: float) -> None:
        """Run on the loop as soon as it is free."""
        self.lag = time.monotonic() - asked
        self._answered.set()
        self._observe_lag(self.lag)

    def _report_block(self, watched: int, asked: float) -> None:
        # This thread is not blocked, and reads the other one's frame: a snapshot of what runs there.
        frame = sys._current_frames().get(watched)  # noqa: SLF001  # the only way to see what another thread runs
        _log.warning("event loop blocked", seconds=self._blocked_after, stack=stack_of(frame))
        # A frame keeps its variables alive, and a block may last for long.
        del frame
        while not self._answered.wait(self._every):
            self.lag = time.monotonic() - asked
        _log.warning("event loop responsive again", seconds=round(self.lag, 1))


def stack_of(frame: FrameType | None) -> str:
    """Name the functions that a frame runs, the innermost last: module file, line and function alone."""
    found: list[str] = []
    while frame is not None and len(found) < _MOST_FRAMES:
        code = frame.f_code
        found.append(f"{Path(code.co_filename).name}:{frame.f_lineno} {code.co_qualname}")
        frame = frame.f_back
    return " > ".join(reversed(found))
