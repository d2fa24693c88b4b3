"""The pace at which several processes with one token begin sessions with a platform."""

from typing import Protocol


class SharedStarts(Protocol):
    """What paces the sessions of all processes together, by one clock."""

    async def claim(self, key: int, every: float) -> float:
        """Take the next moment of `key`, and return 0; or return the seconds until one may be free, and take none.

        Two moments of one key are at least `every` seconds apart. Raises where it cannot be known: then begin no session.
        """
