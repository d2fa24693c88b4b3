"""What the replicas of a deployment know together, for adapters whose platform counts something for the whole bot."""

from typing import Protocol


class SharedState(Protocol):
    """A few rows that every replica sees, by one clock. Each call raises where the database does not answer."""

    async def fix(self, name: str, value: str) -> str:
        """Store a value unless there is one of this name; returns what is stored. It never changes."""

    async def claim(self, key: str, seconds: float) -> float:
        """Keep `key` for so many seconds, and return 0; or return the seconds until it may be free, and keep nothing."""

    async def hold(self, key: str, seconds: float) -> None:
        """Keep a claimed `key` for so many seconds from now, in place of those of the claim."""
