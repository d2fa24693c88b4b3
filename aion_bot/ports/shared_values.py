"""Small values that every replica of a deployment reads and writes, whatever scope they belong to."""

from collections.abc import Sequence
from typing import Protocol


class SharedValues(Protocol):
    """Texts by kind and name. Each call is a transaction of its own, and raises `SharedValuesDown` where it fails.

    A secret is encrypted before it is handed over; a text has at most 64 KiB.
    """

    async def get(self, kind: str, name: str) -> str | None:
        """Return a value; None where there is none, or its time has passed."""

    async def set(self, kind: str, name: str, value: str, *, seconds: float | None = None) -> None:
        """Write a value, which is kept for so many seconds by the database's clock; None: until it is deleted."""

    async def replace(self, kind: str, name: str, old: str | None, value: str) -> bool:
        """Write a value where `old` stands, None for nothing; False, and nothing is written, where another one does."""

    async def take(self, kind: str, name: str) -> str | None:
        """Delete a value and return it: of several that take it at once one gets it."""

    async def names(self, kind: str) -> Sequence[str]:
        """Return the names of all values of a kind, in order."""


class SharedValuesDown(Exception):
    """The values could not be read or written; its text is for the operator, and has no value."""
