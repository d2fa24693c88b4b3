"""A limiter's place at the adapter: it keeps every report."""

import asyncio
from collections import Counter
from collections.abc import Callable

from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestObserver, RequestStatus
from aion_bot.simulators.waiting import wait_until


class RecordingObserver(RequestObserver):
    """Keeps what an adapter reports; `open` are the requests that are sent and not answered yet."""

    def __init__(self) -> None:
        self.requests: list[PlatformRequest] = []
        self.answers: list[tuple[str, RequestStatus, float]] = []
        self.open: list[PlatformRequest] = []
        self.readings: list[LimitReading] = []
        self._changed = asyncio.Event()
        self.serves = True
        """Whether a request may go once it is connected."""

    def connected(self) -> None:
        if not self.serves:
            raise PlatformDown("another replica has taken over")

    def sent(self, request: PlatformRequest) -> None:
        self.requests.append(request)
        self.open.append(request)

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        self.open.remove(request)
        self.answers.append((request.method, status, retry_after))
        self._changed.set()

    def limit_read(self, reading: LimitReading) -> None:
        self.readings.append(reading)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds, looking again after every answer."""
        await wait_until(self._changed, condition)

    @property
    def methods(self) -> Counter[str]:
        """How many requests of each method were reported."""
        return Counter(request.method for request in self.requests)

    def statuses(self, method: str) -> list[RequestStatus]:
        """What came of the requests of a method, in the order of their answers."""
        return [status for name, status, _ in self.answers if name == method]

    def charges(self, method: str) -> list[set[tuple[str, str]]]:
        """The budgets' names and scope keys that each request of a method was charged to."""
        return [
            {(budget.name, key) for budget, key in request.charges}
            for request in self.requests
            if request.method == method
        ]
