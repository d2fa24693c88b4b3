"""A limit to the time that rendering may take, so that no text can block the event loop. No I/O."""

import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Concatenate, ParamSpec, Protocol, TypeVar

LONGEST = 3.0
"""Seconds of the processor that one rendering may take, whatever else the machine does. An answer that streams needs
milliseconds, and about 200,000 characters in one event as much as this."""

LONGEST_WAIT = 20.0
"""Seconds by the clock that one rendering may take: it has nothing to wait for."""

_SHORTEST_TIMER = 0.001
"""Seconds; a timer of zero would be none."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class FallsBack(Protocol):
    """What can be shown as plain text, which no parser reads, where rendering it fails."""

    def fall_back(self, error: Exception) -> bool:
        """Show plain text from now on, because of what rendering raised; False if that is shown already."""
        ...


_View = TypeVar("_View", bound=FallsBack)


class TooSlowError(Exception):
    """Rendering took longer than it may."""


class _Running:
    """The rendering that runs in the main thread: when it began, by the processor's time and by the clock; None: none does."""

    since: tuple[float, float] | None = None


@contextmanager
def time_limit() -> Iterator[None]:
    """Raise `TooSlowError` in what runs inside, without an `await`, after `LONGEST` or `LONGEST_WAIT` seconds.

    A timer's signal reaches also a regular expression and a sleep, which no other thread can end. Signals exist on
    POSIX and reach the main thread alone: elsewhere the time is looked at afterwards, and the number of a turn's starts
    ends what never returns.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        begun = time.thread_time()
        yield
        if time.thread_time() - begun > LONGEST:
            raise TooSlowError
    elif _Running.since is not None:
        yield  # inside another time limit, which stays in force
    else:
        # Each edit of an answer comes here several times: one timer, which `_look` sets again, costs half of two.
        begun, left, interval = time.monotonic(), 0.0, 0.0
        before = signal.signal(signal.SIGALRM, _look)
        try:
            try:
                # The signal may come from here on, at once where the machine stands still: what is noted is taken back.
                _Running.since = time.thread_time(), begun
                left, interval = signal.setitimer(signal.ITIMER_REAL, min(LONGEST, LONGEST_WAIT))
                yield
            finally:
                # First: a signal that comes only now must not set the timer again, as nobody would stop it.
                _Running.since = None
                signal.setitimer(signal.ITIMER_REAL, 0)
        finally:
            _Running.since = None  # also where the signal came before that
            signal.signal(signal.SIGALRM, before)
            if left:  # somebody else's timer, such as a test runner's, goes on
                remaining = left - (time.monotonic() - begun)
                signal.setitimer(signal.ITIMER_REAL, max(remaining, _SHORTEST_TIMER), interval)


def _look(number: int, frame: FrameType | None) -> None:
    """Raise if the rendering that runs has used up its time; otherwise look again when it may have."""
    del number, frame
    if _Running.since is None:
        return
    processor, begun = _Running.since
    left = min(LONGEST - (time.thread_time() - processor), LONGEST_WAIT - (time.monotonic() - begun))
    if left <= 0:
        raise TooSlowError
    signal.setitimer(signal.ITIMER_REAL, max(left, _SHORTEST_TIMER))


def in_plain_text_if_it_fails(
    render: Callable[Concatenate[_View, _P], _T],
) -> Callable[Concatenate[_View, _P], _T]:
    """Make a method render within the time limit, and after a failure once more, as plain text."""

    @functools.wraps(render)
    def bounded(view: _View, /, *arguments: _P.args, **named: _P.kwargs) -> _T:
        try:
            with time_limit():
                return render(view, *arguments, **named)
        except Exception as error:  # whichever error rendering a text raises, the plain text is shown
            if not view.fall_back(error):
                raise
        with time_limit():
            return render(view, *arguments, **named)

    return bounded


def where(error: BaseException) -> str:
    """Say what was raised and where, without the error's message: it may hold somebody's words."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code is not _look.__code__ and ("aion_bot" in code.co_filename or "adapters" in code.co_filename):
            place = f" in {code.co_qualname}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(error).__name__}{place}"
