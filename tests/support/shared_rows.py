"""What the replicas of a deployment share, without a database."""

import time


class Rows:
    """What the replicas share, in memory."""

    def __init__(self, **fixed: str) -> None:
        self.fixed = {name.replace("_", " "): value for name, value in fixed.items()}
        self._free_at: dict[str, float] = {}

    async def fix(self, name: str, value: str) -> str:
        """Keep the first value."""
        return self.fixed.setdefault(name, value)

    async def claim(self, key: str, seconds: float) -> float:
        """Keep a key, if it is free."""
        left = self._free_at.get(key, 0.0) - time.monotonic()
        if left <= 0:
            self._free_at[key] = time.monotonic() + seconds
        return max(left, 0.0)

    async def hold(self, key: str, seconds: float) -> None:
        """Keep a key from now on."""
        self._free_at[key] = time.monotonic() + seconds
