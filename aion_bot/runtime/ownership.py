"""One of several replicas serves: nothing leaves the others, and a replica that lost its lease ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.rate_limits import LimitReading, PlatformRequest, RequestObserver, RequestStatus
from aion_bot.storage import Store, StoreError

_NOT_SENT = "not sent: the lease is not held"


@asynccontextmanager
async def owned(store: Store) -> AsyncIterator[None]:
    """Serve inside, and close the database at the end.

    Raises:
        StoreError: another replica has taken over. What was going on is cancelled: the other one goes on with it.
    """
    watching = BackgroundTasks()
    serving = asyncio.current_task()
    is_lost = False

    async def watch(lost: asyncio.Event) -> None:
        nonlocal is_lost
        await lost.wait()
        is_lost = True
        if serving is not None:
            serving.cancel()

    if store.lease is not None:
        watching.spawn(watch(store.lease.lost))
    try:
        yield
    except asyncio.CancelledError:
        if not is_lost:
            raise
        if serving is not None:
            # The cancellation was ours and ends here: the task must not count it any more (`asyncio.Task.uncancel`).
            serving.uncancel()
        raise StoreError(f"{store.location}: another replica has taken over") from None
    finally:
        # First: a lease that is lost from here on must not cancel the closing.
        await watching.cancel()
        await store.close()


class Fence(RequestObserver):
    """Refuses every request to a platform unless `held` says that this replica serves; `following` learns of the others."""

    def __init__(self, held: Callable[[], bool], following: RequestObserver | None) -> None:
        self._held, self._following = held, following

    def sent(self, request: PlatformRequest) -> None:
        """Let a request pass. Raises `PlatformDown`, as which it is tried again if the lease is held again."""
        if not self._held():
            raise PlatformDown(_NOT_SENT)
        if self._following is not None:
            self._following.sent(request)

    def connected(self) -> None:
        """Look again. Raises `PlatformDown`."""
        if not self._held():
            raise PlatformDown(_NOT_SENT)

    def answered(self, request: PlatformRequest, status: RequestStatus, retry_after: float = 0.0) -> None:
        """Hand it on."""
        if self._following is not None:
            self._following.answered(request, status, retry_after)

    def limit_read(self, reading: LimitReading) -> None:
        """Hand it on."""
        if self._following is not None:
            self._following.limit_read(reading)


def fenced(
    store: Store, observer: Callable[[str], RequestObserver | None]
) -> Callable[[str], RequestObserver | None]:
    """Return what makes, by the name of a platform, what sees each request to it before it is sent."""
    lease = store.lease
    return observer if lease is None else lambda platform: Fence(lease.held, observer(platform))


def fence_of_aion(store: Store) -> Callable[[], None] | None:
    """Return what raises `httpx.ConnectError` where no request may be sent to Aion; None where this process always serves."""
    lease = store.lease
    if lease is None:
        return None

    def check() -> None:
        if not lease.held():
            raise httpx.ConnectError(_NOT_SENT)

    return check
