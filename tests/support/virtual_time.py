"""An event loop whose clock jumps to the next timer: minutes of waiting take no time, and always the same course."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

Result = TypeVar("Result")


class _Selector(selectors.DefaultSelector):
    """Waits for nothing; what it would have waited is added to `now`, in seconds."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


def run_in_virtual_time(monkeypatch: pytest.MonkeyPatch, work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work`, which uses no thread and no network, with `time.monotonic` set to the clock of its loop."""
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)
    with monkeypatch.context() as patched:
        patched.setattr(loop, "time", lambda: selector.now)
        patched.setattr(time, "monotonic", lambda: selector.now)
        try:
            return loop.run_until_complete(work)
        finally:
            loop.close()
