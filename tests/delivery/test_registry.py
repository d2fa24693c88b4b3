"""The registry as the composition root builds it."""

from aion_bot.delivery.registry import Registry
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
from tests.support.plain_adapter import PlainAdapter

THREAD = ThreadKey("plain", "t")
LOOK_UP = Budget("look-up", 1, 60.0, Scope.BOT)


class Reporting(PlainAdapter):
    """Reports its requests to whoever observes them."""

    observer: RequestObserver | None = None

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(1000, 0.0, {Operation.LIST_MESSAGES: (LOOK_UP,)})

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        del thread, scope
        return ""

    def observe_requests(self, observer: RequestObserver) -> None:
        self.observer = observer


async def test_requests_before_the_first_thread_are_counted() -> None:
    """What an adapter reads while it connects takes the room of what is scheduled afterwards."""
    adapter = Reporting()
    registry = Registry([adapter])
    request = PlatformRequest("GET", ((LOOK_UP, ""),))
    assert adapter.observer is not None
    adapter.observer.sent(request)
    adapter.observer.answered(request, RequestStatus.OK)
    assert not registry.thread(adapter, THREAD).limiter.has_room(Operation.LIST_MESSAGES, THREAD)
