"""The limiter as the observer of an adapter's requests."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from aion_bot.ports.errors import RateLimited
from aion_bot.ports.messages import ThreadKey
from aion_bot.ports.rate_limits import (
    Budget,
    Limits,
    Operation,
    PlatformRequest,
    RequestObserver,
    RequestStatus,
    Scope,
)
from aion_bot.ratelimit.limiter import Limiter
from aion_bot.ratelimit.permit import Priority
from tests.support.plain_adapter import PlainAdapter

THREAD = ThreadKey("plain", "t")
POST = Budget("post", 50, 60.0, Scope.WORKSPACE)
LOOK_UP = Budget("look-up", 50, 60.0, Scope.WORKSPACE)


class ReportingAdapter(PlainAdapter):
    """Reports requests of two kinds. What a request does between being sent and answered is `work`."""

    observer: RequestObserver

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(1000, 0.0, {Operation.POST: (POST,), Operation.LIST_MESSAGES: (LOOK_UP,)})

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        return f"{thread.platform} {scope}"

    def observe_requests(self, observer: RequestObserver) -> None:
        self.observer = observer

    async def request(self, budget: Budget, work: Callable[[], Awaitable[object]] | None = None) -> None:
        request = PlatformRequest("POST", ((budget, self.scope_key(THREAD, budget.scope)),))
        status, retry_after = RequestStatus.ERROR, 0.0
        self.observer.sent(request)
        try:
            await (work or (lambda: asyncio.sleep(0)))()
            status = RequestStatus.OK
        except RateLimited as error:
            status, retry_after = RequestStatus.RATE_LIMITED, error.retry_after
            raise
        finally:
            self.observer.answered(request, status, retry_after)


def used(limiter: Limiter, *operations: Operation) -> list[int]:
    loop = asyncio.get_running_loop()
    return [limiter.limits(operation, THREAD)[0].window.used(loop.time()) for operation in operations]


BOTH = (Operation.POST, Operation.LIST_MESSAGES)


async def test_an_operation_counts_as_many_requests_as_it_sends() -> None:
    """Its own request once, a look-up inside it besides, and one that a task of it sends too."""
    adapter = ReportingAdapter()
    limiter = Limiter(adapter)
    async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
        await adapter.request(LOOK_UP)
        await asyncio.gather(adapter.request(POST), adapter.request(LOOK_UP))
    assert used(limiter, *BOTH) == [1, 2]
    await adapter.request(LOOK_UP)
    assert used(limiter, *BOTH) == [1, 3]


async def test_operations_side_by_side_use_their_own_permits() -> None:
    """Each task's request is paid for by the permit of that task."""
    adapter = ReportingAdapter()
    limiter = Limiter(adapter)
    sent = asyncio.Event()

    async def post(*, reports: bool) -> None:
        async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
            if reports:
                await adapter.request(POST)
                await adapter.request(POST)
                sent.set()
            await sent.wait()

    await asyncio.gather(post(reports=True), post(reports=False))
    assert used(limiter, Operation.POST) == [2]


async def test_a_task_that_outlives_its_operation_counts_besides() -> None:
    """It inherits the permit of the operation that started it, which has ended."""
    adapter = ReportingAdapter()
    limiter = Limiter(adapter)
    go = asyncio.Event()

    async def later() -> None:
        await go.wait()
        await adapter.request(POST)

    async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
        outliving = asyncio.create_task(later())
        await adapter.request(POST)
    go.set()
    await outliving
    assert used(limiter, Operation.POST) == [2]


async def test_a_permit_pays_for_nothing_on_another_platform() -> None:
    """Two limiters whose budgets have the same names count by themselves."""
    here, there = ReportingAdapter(), ReportingAdapter()
    limiter, other = Limiter(here), Limiter(there)
    async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
        await here.request(POST)
        await there.request(POST)
    assert used(limiter, Operation.POST) == used(other, Operation.POST) == [1]


async def test_a_refusal_that_is_reported_and_raised_is_one() -> None:
    """The operation's error goes on to the caller; the limit is closed once."""
    adapter = ReportingAdapter()
    limiter = Limiter(adapter)

    async def refuse() -> None:
        raise RateLimited(30.0)

    with pytest.raises(RateLimited):
        async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
            await adapter.request(POST, refuse)
    window = limiter.limits(Operation.POST, THREAD)[0].window
    assert window.refusals == 1
    assert used(limiter, Operation.POST) == [0]


async def test_a_cancelled_operation_leaves_nothing_under_way() -> None:
    """Whether the adapter reports the end of its request or not."""
    adapter = ReportingAdapter()
    limiter = Limiter(adapter)
    for silent in (False, True):
        started = asyncio.Event()

        async def post(started: asyncio.Event = started, silent: bool = silent) -> None:
            async with limiter.permit(Operation.POST, THREAD, Priority.FINAL):
                if silent:
                    charge = (POST, adapter.scope_key(THREAD, POST.scope))
                    adapter.observer.sent(PlatformRequest("POST", (charge,)))
                started.set()
                await adapter.request(LOOK_UP, asyncio.Event().wait)

        task = asyncio.create_task(post())
        await started.wait()
        task.cancel()
        await asyncio.wait({task})
    window = limiter.limits(Operation.POST, THREAD)[0].window
    assert window._under_way == 0
    assert used(limiter, *BOTH) == [1, 2]


async def test_what_is_reported_is_forwarded() -> None:
    """A second observer, such as the metrics, learns of every request."""
    adapter = ReportingAdapter()
    seen: list[str] = []

    class Metrics(RequestObserver):
        def sent(self, request: PlatformRequest) -> None:
            seen.append(f"sent {request.method}")

        def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
            seen.append(f"{request.method} {status} {retry_after:g}")

    Limiter(adapter, Metrics())
    await adapter.request(POST)
    assert seen == ["sent POST", "POST ok 0"]


async def test_budgets_of_the_limits_go_before_those_of_a_request() -> None:
    """Where somebody changed the limits, a request counts in the window that they describe."""
    adapter = ReportingAdapter()
    smaller = Budget("post", 1, 60.0, Scope.WORKSPACE)
    adapter.limits = Limits(1000, 0.0, {Operation.POST: (smaller,)})
    limiter = Limiter(adapter)
    await adapter.request(POST)
    assert not limiter.has_room(Operation.POST, THREAD)
