"""A RequestObserver that keeps what an adapter tells it."""

from collections import Counter
from dataclasses import dataclass, field

from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestStatus


@dataclass(slots=True)
class RecordingObserver:
    """A `RequestObserver` that keeps every request and what came of it, in their order; `serves`: whether one may go once it is connected."""

    requests: list[PlatformRequest] = field(default_factory=list)
    outcomes: list[tuple[PlatformRequest, RequestStatus, float]] = field(default_factory=list)
    serves: bool = True

    def sent(self, request: PlatformRequest) -> None:
        """Keep a request."""
        self.requests.append(request)

    def connected(self) -> None:
        """Let it go, or not."""
        if not self.serves:
            raise PlatformDown("another replica has taken over")

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Keep an outcome; a request has one, and not before it was sent."""
        assert request in self.requests
        assert request not in [known for known, _, _ in self.outcomes]
        self.outcomes.append((request, status, retry_after))

    def limit_read(self, reading: LimitReading) -> None:
        """Slack's answers say nothing about limits but refusals."""
        raise AssertionError(reading)

    @property
    def methods(self) -> Counter[str]:
        """How many requests of each method were sent."""
        return Counter(request.method for request in self.requests)

    @property
    def statuses(self) -> list[tuple[str, RequestStatus, float]]:
        """Method, status and pause of each request that was answered."""
        return [(request.method, status, retry_after) for request, status, retry_after in self.outcomes]

    def charges(self, method: str) -> list[list[tuple[str, str]]]:
        """For each request of `method`, the names and scope keys of the budgets that it counts against."""
        return [
            [(budget.name, key) for budget, key in request.charges]
            for request in self.requests
            if request.method == method
        ]
