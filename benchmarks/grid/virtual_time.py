"""An event loop whose clock jumps to the next timer: minutes of waiting take no time, and always the same course."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar
from unittest import mock

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """Waits for nothing, as there are no files; what it would have waited is added to `now`, in seconds."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing is left that could happen")
        # Never less than the clock can tell apart: else a timer would come a moment too early for ever.
        self.now += timeout
        return []


def run_in_virtual_time(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work`, which uses no thread and no network, with `time.monotonic` set to the clock of its loop.

    Raises RuntimeError where all tasks wait for something that cannot happen.
    """
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)

    def clock() -> float:
        return selector.now

    with mock.patch.object(loop, "time", clock), mock.patch.object(time, "monotonic", clock):
        try:
            return loop.run_until_complete(work)
        finally:
            loop.close()
