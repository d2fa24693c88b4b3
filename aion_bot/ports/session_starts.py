"""The pace at which several processes with one token begin sessions with a platform."""

from typing import Protocol


class SharedStarts(Protocol):
    """What paces the sessions of all processes together, by one clock."""

    async def claim(self, key: int, seconds: float) -> float:
        """Keep `key` for so many seconds, and return 0; or return the seconds until it may be free, and keep nothing.

        Raises where it cannot be known: then begin no session.
        """

    async def hold(self, key: int, seconds: float) -> None:
        """Keep a claimed `key` for so many seconds from now, in place of those of the claim. Raises as `claim` does."""
