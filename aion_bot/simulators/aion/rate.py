"""The requests a minute that the simulated Aion allows, as *Rate Limits* documents them: headers, and 429 with Retry-After."""

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from aion_bot.simulators.aion.scene import Fault, Shape


@dataclass
class RateLimit:
    """At most `limit` requests in any `seconds`; `refusals` counts those beyond."""

    limit: int
    seconds: float = 60.0
    refusals: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def left(self) -> int:
        """How many requests may be sent now."""
        while self._taken and self._taken[0] <= time.monotonic() - self.seconds:
            self._taken.popleft()
        return max(0, self.limit - len(self._taken))

    def take(self) -> Fault | None:
        """Count a request, also one of somebody else's with the same key; the refusal where there are too many."""
        if self.left():
            self._taken.append(time.monotonic())
            return None
        self.refusals += 1
        after = self._taken[0] + self.seconds - time.monotonic()
        headers = {"Retry-After": f"{after:.3f}", **self.headers()}
        return Fault(429, "RATE_LIMIT_ERROR", "Too many requests", Shape.GATEWAY, headers)

    def headers(self) -> Mapping[str, str]:
        """What every answer says of it; the time is unix seconds."""
        reset = math.ceil(time.time() + self.seconds)
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.left()),
            "X-RateLimit-Reset": str(reset),
        }
