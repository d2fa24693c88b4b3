"""A limit to the time that rendering may take, so that no text can block the event loop. No I/O."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LONGEST = 4.0
"""Seconds that one rendering may take. A megabyte in one event is given up; an answer that streams needs milliseconds."""


class TooSlowError(Exception):
    """Rendering took longer than it may."""


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise `TooSlowError` in what runs inside, without an `await`, after `LONGEST` seconds.

    A timer's signal reaches also a regular expression and a sleep, which no other thread can end. Signals exist on
    POSIX and reach the main thread alone: elsewhere the time is looked at afterwards, and the number of a turn's starts
    ends what never returns.
    """
    begun = time.monotonic()
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        if time.monotonic() - begun > LONGEST:
            raise TooSlowError
        return
    if signal.getsignal(signal.SIGALRM) is _raise:
        yield  # inside another limit, which holds
        return
    before = signal.signal(signal.SIGALRM, _raise)
    left, interval = signal.setitimer(signal.ITIMER_REAL, LONGEST)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's timer, such as a test runner's, goes on
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)


def _raise(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise TooSlowError


def where(error: BaseException) -> str:
    """Say what was raised and where, without the error's message: it may hold somebody's words."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code is not _raise.__code__ and ("aion_bot" in code.co_filename or "adapters" in code.co_filename):
            place = f" in {code.co_qualname}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(error).__name__}{place}"
