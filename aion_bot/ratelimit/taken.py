"""What the limits of a platform once took, as far as earlier processes learned. No I/O.

Above half of a limit requests go one at a time until so many were taken once. That costs ends that come together in a new process
most: so what was taken is kept, and believed by the next process. It is not in the first window after the start: what the
process before it sent still counts there. Nor is it after a refusal, or where the window was another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aion_bot.ports.rate_limits import UNLIMITED_CALLS, Budget, Scope

Key = tuple[str, str]
"""A budget's name and the scope key that it is counted in: what names one limit."""


@dataclass(frozen=True, slots=True)
class TakenBefore:
    """What an earlier process noted of one platform: by limit, how many requests it took in how many seconds.

    `began`: when this process started, in seconds of the scheduler's clock.
    """

    noted: Mapping[Key, tuple[int, float]] = field(default_factory=dict)
    began: float = 0.0

    def of(self, budget: Budget, scope: str) -> tuple[int, float]:
        """Return how many requests a limit took, 0 where nobody knows, and from when on that may be believed."""
        taken, seconds = self.noted.get((budget.name, scope), (0, budget.seconds))
        return (taken if seconds == budget.seconds else 0), self.began + budget.seconds


def is_kept(budget: Budget) -> bool:
    """Tell whether it is kept what a limit took: it is shared by more than a channel, and documented."""
    return budget.scope is not Scope.CHANNEL and budget.calls < UNLIMITED_CALLS
