"""Values that replicas share, in memory: a double of `aion_bot.ports.shared_values.SharedValues` with its promises."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from aion_bot.ports.shared_values import SharedValuesDown

LONGEST = 65_536
"""Bytes of a value."""


class MemoryValues:
    """The values of one deployment; each replica is given the same object. `clock` returns seconds, as the database's does.

    `fail` lets calls fail, as while the database is away; `failed` counts those by the method's name and the kind.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: dict[tuple[str, str], tuple[str, float | None]] = {}
        self._failures: Counter[tuple[str, str]] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()

    def fail(self, method: str, kind: str, times: int = 1) -> None:
        """Let the next calls of a method raise that are about values of a kind."""
        self._failures[method, kind] = times

    async def get(self, kind: str, name: str) -> str | None:
        """Return a value that has not expired."""
        self._answer("get", kind)
        return self._read(kind, name)

    async def set(self, kind: str, name: str, value: str, *, seconds: float | None = None) -> None:
        """Write a value."""
        self._answer("set", kind)
        self._write(kind, name, value, seconds)

    async def replace(self, kind: str, name: str, old: str | None, value: str) -> bool:
        """Write a value where `old` stands; it is kept for as long as that was."""
        self._answer("replace", kind)
        if self._read(kind, name) != old:
            return False
        until = None if old is None else self._values[kind, name][1]
        self._values[kind, name] = value, until
        return True

    async def take(self, kind: str, name: str) -> str | None:
        """Delete a value and return it."""
        self._answer("take", kind)
        value = self._read(kind, name)
        self._values.pop((kind, name), None)
        return value

    async def names(self, kind: str) -> Sequence[str]:
        """Return the names of a kind, in order."""
        self._answer("names", kind)
        return sorted(name for one, name in self._values if one == kind and self._read(one, name) is not None)

    def _read(self, kind: str, name: str) -> str | None:
        value, until = self._values.get((kind, name), (None, None))
        return value if until is None or until > self._clock() else None

    def _write(self, kind: str, name: str, value: str, seconds: float | None) -> None:
        assert len(value.encode()) <= LONGEST
        self._values[kind, name] = value, None if seconds is None else self._clock() + seconds

    def _answer(self, method: str, kind: str) -> None:
        if self._failures[method, kind] > 0:
            self._failures[method, kind] -= 1
            self.failed[method, kind] += 1
            raise SharedValuesDown("the database does not answer")
