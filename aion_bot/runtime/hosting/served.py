"""One scope that this replica owns, from its claim until it is given back."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import structlog

from aion_bot.concurrency.background import BackgroundTasks, cancel, until_set
from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.hosting import HostedPlatform, TakesRouted
from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.runtime.hosting.arrivals import Arrivals
from aion_bot.storage import Store, StoreError
from aion_bot.storage.errors import is_transient
from aion_bot.storage.hosting import ScopeLease, SharedDatabase

_log = structlog.get_logger(__name__)

AGAIN = Backoff(1.0, cap=60.0)
"""Before a scope that failed, or whose token was refused, is served again; it starts anew after `LASTED` seconds, and where the platform has something new."""

OPEN_AGAIN = Backoff(0.2, cap=1.0, attempts=6)
"""Between two attempts to open a scope's database whose connection was lost; they take three seconds. Then another replica may try."""

LASTED = 60.0


@dataclass(frozen=True, slots=True)
class OpenScope:
    """What a scope is served with; `listening` is to be told when its adapter begins to take events, and ceases to."""

    name: str
    adapter: PlatformAdapter
    store: Store
    listening: Callable[[bool], None]


Serve = Callable[[OpenScope, asyncio.Event], Awaitable[bool]]
"""Serves a scope until the event is set, and closes its adapter; False if its platform refused the token."""


class ServedScope:
    """Serves while the lease is held; `stop` makes it drain and give the scope back, `again` not wait any longer where it cannot serve."""

    def __init__(
        self,
        database: SharedDatabase,
        lease: ScopeLease,
        platform: HostedPlatform,
        serve: Serve,
    ) -> None:
        self.lease, self.stop, self.again = lease, asyncio.Event(), asyncio.Event()
        self.failed = False
        """Whether its database could not be opened: another replica may be able to. Where that one has the scope nothing is wrong."""
        self._database, self._platform, self._serve = database, platform, serve
        self._adapter: PlatformAdapter | None = None
        self._listens, self._over = asyncio.Event(), asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    @property
    def taking(self) -> TakesRouted | None:
        """What takes a request of this scope now; None where it does not listen, so that the request has to wait."""
        may = self._listens.is_set() and not self.stop.is_set() and self.lease.held()
        return self._adapter if may and isinstance(self._adapter, TakesRouted) else None

    async def run(self) -> None:
        """Serve until `stop` is set or the lease is lost, then give it back."""
        # Not unbound: each scope is served by a task of its own, whose context all that it starts inherits.
        structlog.contextvars.bind_contextvars(scope=self.lease.scope)
        serving = self._serving = asyncio.create_task(self._keep_serving())
        try:
            # What is going on is cancelled where another replica has taken over: that one goes on with it.
            await until_set(self.lease.lost, {serving})
        finally:
            await cancel({serving})
            await self._database.release(self.lease)
            self._over.set()

    async def abandon(self) -> None:
        """End it where it is, as a crash would, and wait until the scope is given back."""
        self.stop.set()
        if self._serving is not None:
            await cancel({self._serving})
            await self._over.wait()

    async def _keep_serving(self) -> None:
        delays = AGAIN.delays()
        while not self.stop.is_set():
            began = time.monotonic()
            try:
                await self._serve_once()
            except StoreError as error:
                self.failed = not self.lease.lost.is_set()
                _log.error("scope not opened", reason=str(error))
                return
            except (sqlite3.Error, PlatformError, SharedValuesDown) as error:
                _log.warning("scope not served yet", reason=str(error))
            except Exception:  # noqa: BLE001  # a fault of one scope must not end the others
                _log.exception("scope failed, starting again")
            finally:
                self._listens.clear()
                self._adapter = None
            # What came while it was served may have come too late to be read, and nothing tells of it once more.
            if self.again.is_set() or time.monotonic() - began > LASTED:
                delays = AGAIN.delays()
            if not self.stop.is_set():
                await self._wait(next(delays))

    async def _serve_once(self) -> None:
        store = await self._open()
        try:
            adapter = await self._platform.adapter(self.lease.scope.partition(":")[2])
            if adapter is None:
                _log.warning("scope has no adapter")
                return
            self._adapter = adapter
            await self._serve_adapter(adapter, store)
        finally:
            await store.close()

    async def _open(self) -> Store:
        """Open the scope's database. Raises `StoreError`, also where its connection is lost again and again."""
        try:
            return await retry(
                partial(self._database.open_scope, self.lease), backoff=OPEN_AGAIN.delays(), on=is_transient
            )
        except sqlite3.Error as error:
            raise StoreError(str(error)) from None

    async def _serve_adapter(self, adapter: PlatformAdapter, store: Store) -> None:
        taking: set[asyncio.Task[None]] = set()
        if isinstance(adapter, TakesRouted):
            arrivals = Arrivals(self._database, self.lease, adapter)
            taking.add(asyncio.create_task(arrivals.run(self._listens, self.stop)))
        try:
            scope = OpenScope(self.lease.scope, adapter, store, self._note_listening)
            if not await self._serve(scope, self.stop):
                _log.error("scope refused")
        finally:
            await cancel(taking)

    def _note_listening(self, listens: bool) -> None:
        if listens:
            self._listens.set()
        else:
            self._listens.clear()

    async def _wait(self, seconds: float) -> None:
        self.again.clear()
        waiting = BackgroundTasks()
        for one in (self.again, self.stop):
            waiting.spawn(_until(one))
        try:
            await asyncio.wait(waiting.running, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await waiting.cancel()


async def _until(event: asyncio.Event) -> None:
    await event.wait()
