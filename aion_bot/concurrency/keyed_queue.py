"""Work for one key in order, work for different keys side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

Key = TypeVar("Key")
Job = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class KeyedQueue(Generic[Key]):
    """One queue a key. A queue exists only while it has work, so that idle keys cost nothing."""

    def __init__(self) -> None:
        self._waiting: dict[Key, deque[Job]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def busy(self, key: Key) -> bool:
        """Return whether work for `key` runs or waits."""
        return key in self._waiting

    def waiting(self, key: Key) -> int:
        """How many jobs wait behind the one that runs."""
        return len(self._waiting.get(key, ()))

    @property
    def load(self) -> int:
        """How many jobs wait or run, of all keys together."""
        return len(self._waiting) + sum(len(jobs) for jobs in self._waiting.values())

    def submit(self, key: Key, job: Job) -> bool:
        """Run `job` after everything submitted for the same key before; returns whether it waits behind something.

        A job that fails never stops its queue.
        """
        if self._closed:
            return False
        if key in self._waiting:
            self._waiting[key].append(job)
            return True
        # While the key is there a task serves it, so it is set before the task starts.
        self._waiting[key] = deque([job])
        task = asyncio.create_task(self._serve(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return False

    def drop_waiting(self) -> None:
        """Drop the jobs that have not started; those that run go on."""
        for jobs in self._waiting.values():
            # Emptied, not replaced: the task that serves the key holds this queue.
            jobs.clear()

    async def idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        # Again, because a job may submit one for another key.
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel everything; what waits, or is submitted from now on, never starts."""
        self._closed = True
        self.drop_waiting()
        # None of them leaves the set here: a callback of a task runs in a later step of the loop.
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, key: Key) -> None:
        jobs = self._waiting[key]
        try:
            while jobs:
                job = jobs.popleft()
                try:
                    await job()
                except Exception:  # noqa: BLE001  # the next job of the key must run whatever this one met
                    _log.exception("job failed")
        finally:
            # Without an await since the last look at `jobs`: nothing can be submitted in between and be lost.
            del self._waiting[key]
