"""Shared values in memory, with the promises of `aion_bot.ports.shared_values.SharedValues`."""

import time
from collections.abc import Callable, Sequence

from aion_bot.ports.shared_values import SharedValues, SharedValuesDown


class MemoryValues(SharedValues):
    """Keeps values by kind and name. `down`: every call fails. `clock` is the database's, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.down = False
        self.kept: dict[tuple[str, str], tuple[str, float | None]] = {}
        self._clock = clock

    def _live(self, kind: str, name: str) -> str | None:
        if self.down:
            raise SharedValuesDown("the database does not answer")
        value, until = self.kept.get((kind, name), (None, None))
        return None if until is not None and until <= self._clock() else value

    async def get(self, kind: str, name: str) -> str | None:
        """As the port says."""
        return self._live(kind, name)

    async def set(self, kind: str, name: str, value: str, *, seconds: float | None = None) -> None:
        """As the port says."""
        self._live(kind, name)
        assert len(value) <= 64 * 1024
        self.kept[kind, name] = value, None if seconds is None else self._clock() + seconds

    async def replace(self, kind: str, name: str, old: str | None, value: str) -> bool:
        """As the port says."""
        if self._live(kind, name) != old:
            return False
        self.kept[kind, name] = value, None
        return True

    async def take(self, kind: str, name: str) -> str | None:
        """As the port says."""
        value = self._live(kind, name)
        self.kept.pop((kind, name), None)
        return value

    async def names(self, kind: str) -> Sequence[str]:
        """As the port says."""
        self._live(kind, "")
        return sorted(name for (of, name) in self.kept if of == kind and self._live(of, name) is not None)
