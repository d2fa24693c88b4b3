"""Every request is reported, so that all of them count against the limits."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.capabilities import Files
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Document, Reply
from aion_bot.ports.rate_limits import LimitReading, Operation, PlatformRequest, RequestStatus
from aion_bot.simulators.workspace import Failure
from aion_bot.simulators.workspace import Operation as Performed
from tests.contract.conftest import Connection, built


@dataclass(slots=True)
class RecordingObserver:
    """Keeps every report."""

    began: list[PlatformRequest] = field(default_factory=list)
    ended: list[tuple[PlatformRequest, RequestStatus, float]] = field(default_factory=list)
    readings: list[LimitReading] = field(default_factory=list)

    def sent(self, request: PlatformRequest) -> None:
        self.began.append(request)

    def connected(self) -> None:
        pass

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        self.ended.append((request, status, retry_after))

    def limit_read(self, reading: LimitReading) -> None:
        self.readings.append(reading)


@dataclass(slots=True)
class Observed:
    """An adapter that does not listen, its observer, and a prompt to answer."""

    adapter: PlatformAdapter
    observer: RecordingObserver
    prompt: Prompt


@pytest.fixture
async def observed(connection: Connection) -> AsyncIterator[Observed]:
    """Report only the requests of the test itself."""
    _, prompt = await connection.asked()
    adapter, observer = built(connection.workspace), RecordingObserver()
    await adapter.own_messages(prompt.thread)  # a first request may need others, such as a login
    adapter.observe_requests(observer)
    yield Observed(adapter, observer, prompt)
    await adapter.close()


async def every_operation(observed: Observed) -> None:
    """Perform each operation that every adapter has."""
    adapter, prompt = observed.adapter, observed.prompt
    await adapter.open_thread(prompt, again=True)
    message = await adapter.post(prompt.thread, Reply("Words."), nonce="a")
    await adapter.edit(message, Reply("Other words."))
    await adapter.own_messages(prompt.thread)
    await adapter.reply_privately(prompt, ("A word in private.",))
    await adapter.delete(message)
    if isinstance(adapter, Files):
        await adapter.delete(await adapter.post_file(prompt.thread, Document("a.md", "Words."), nonce="b"))


def taken(connection: Connection, since: int) -> Counter[str]:
    """The requests that the platform took since then, without long polls."""
    return Counter(one.name for one in list(connection.workspace.log)[since:])


async def test_every_request_is_reported(connection: Connection, observed: Observed) -> None:
    """The observer gets one report with the same name for every request that the platform took, and one outcome for each."""
    since = len(connection.workspace.log)
    await every_operation(observed)
    reported = Counter(request.method for request in observed.observer.began)
    assert reported == taken(connection, since)
    assert [request for request, *_ in observed.observer.ended] == observed.observer.began
    failed = [
        request.method for request, status, _ in observed.observer.ended if status is not RequestStatus.OK
    ]
    assert set(failed) <= set(
        connection.workspace.requests.get(Performed.OPEN_THREAD, ())
    )  # the thread is open already


async def test_requests_count_against_the_limits_of_their_operation(observed: Observed) -> None:
    """A post and an edit are charged to the budgets that the adapter names for them, in the scope of their thread."""
    adapter, prompt = observed.adapter, observed.prompt
    message = await adapter.post(prompt.thread, Reply("Words."), nonce="a")
    posted = len(observed.observer.began)
    await adapter.edit(message, Reply("Other words."))
    for operation, requests in (
        (Operation.POST, observed.observer.began[:posted]),
        (Operation.EDIT, observed.observer.began[posted:]),
    ):
        charges = {charge for request in requests for charge in request.charges}
        for budget in adapter.limits.budgets[operation]:
            assert (budget, adapter.scope_key(prompt.thread, budget.scope)) in charges


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Failure.RATE_LIMITED, RequestStatus.RATE_LIMITED),
        (Failure.FORBIDDEN, RequestStatus.REFUSED),
        (Failure.DOWN, RequestStatus.ERROR),
        (Failure.LOST, RequestStatus.ERROR),
    ],
)
async def test_failures_are_reported(
    connection: Connection, observed: Observed, failure: Failure, status: RequestStatus
) -> None:
    """The outcome of a failed request is reported, with the pause of a rate limit."""
    connection.workspace.refuse(Performed.POST, failure, retry_after=3.0)
    with pytest.raises(PlatformError):
        await observed.adapter.post(observed.prompt.thread, Reply("Words."), nonce="a")
    name = connection.workspace.requests[Performed.POST][0]
    outcomes = [one for one in observed.observer.ended if one[0].method == name]
    assert [one[1] for one in outcomes] == [status]
    assert outcomes[0][2] == pytest.approx(3.0 if failure is Failure.RATE_LIMITED else 0.0)
