"""Which scopes this replica serves: it takes a fair share of them, gives back what is above it, and drains all at a stop."""

import asyncio
import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.hosting import HasWorkspaces, HostedPlatform, TakesRouted
from aion_bot.ports.shared_values import SharedValuesDown
from aion_bot.runtime.hosting.served import Serve, ServedScope
from aion_bot.runtime.hosting.sharing import gives_back, share_of, to_claim
from aion_bot.storage import StoreError
from aion_bot.storage.hosting import ScopeLease, SharedDatabase

_log = structlog.get_logger(__name__)

_JUST_AFTER = 0.05
"""Seconds after the end of a lease at which it is looked whether it was renewed."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks; tests have shorter ones.

    `look`: at what is free. `known`: at which scopes there are, `known_anew`: as if none had been known. `give_back`: between two
    scopes that are given back. `left_over`: for which scopes have to be free before a replica takes more than its share;
    `abandoned`: the same of those whose owner died, `again`: between two looks at these. `rest`: without claims after a scope could
    not be opened. `erase`: before what is left of a workspace is erased, which writes the scope's tables anew.
    """

    look: float = 1.0
    known: float = 5.0
    known_anew: float = 60.0
    give_back: float = 5.0
    left_over: float = 3.0
    abandoned: float = 1.0
    again: float = 0.25
    rest: float = 5.0
    erase: float = 600.0


class ScopeRunner:
    """Serves scopes of `platforms` with `serve`."""

    def __init__(
        self,
        database: SharedDatabase,
        platforms: Sequence[HostedPlatform],
        serve: Serve,
        *,
        pace: Pace = Pace(),
    ) -> None:
        self.served: dict[str, ServedScope] = {}
        """By the scopes' whole names, also those that are draining."""
        self.claimed: Callable[[bool], None] = lambda _: None
        """Is told of each scope that is taken: whether another replica had it before."""
        self.busy: Callable[[str], bool] = lambda _: False
        """Tells whether answers run in a scope: others are given back first."""
        self._database, self._serve, self._pace = database, serve, pace
        self._platforms = {one.platform: one for one in platforms}
        self._running = BackgroundTasks()
        self._noted: defaultdict[str, set[str]] = defaultdict(set)
        self._noted_at: dict[str, float] = {}
        self._erased_at: dict[tuple[str, str], float] = {}
        self._free_since: float | None = None
        self._gave_at = self._rests_until = 0.0

    def taking(self, scope: str) -> TakesRouted | None:
        """Return what takes requests of a scope here; None where another replica has it, or it does not listen."""
        found = self.served.get(scope)
        return None if found is None else found.taking

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; then all scopes drain at once and are given back.

        Cancelling it ends everything where it is, as a crash would.
        """
        keeping = BackgroundTasks()
        for platform in self._platforms.values():
            keeping.spawn(self._repeated(partial(self._know, platform), self._pace.known, platform.changed))
        keeping.spawn(self._repeated(self._balance, self._pace.look, self._database.freed))
        try:
            await stop.wait()
            # First, else it would claim what is given back below.
            await keeping.cancel()
            for one in self.served.values():
                one.stop.set()
            # Else the others would take what is free one by one, as beyond their share.
            with suppress(sqlite3.Error):
                await self._database.retire()
            while self._running.running:
                await asyncio.wait(self._running.running)
        finally:
            await keeping.cancel()
            await self._running.cancel()

    async def _repeated(
        self, work: Callable[[bool], Awaitable[float | None]], seconds: float, sooner: asyncio.Event
    ) -> None:
        """Do something again and again: after so many seconds, or as many as it returns, or once `sooner` is set, which it is told."""
        while True:
            # Before the work: what happens during it lets it be done once more.
            is_set, pause = sooner.is_set(), None
            sooner.clear()
            try:
                pause = await work(is_set)
            except (sqlite3.Error, PlatformError, SharedValuesDown, StoreError) as error:
                _log.warning("scopes not updated", reason=str(error))
            except Exception:  # noqa: BLE001  # the next look may find it mended
                _log.exception("scopes not updated")
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds if pause is None else pause):
                    await sooner.wait()

    async def _know(self, platform: HostedPlatform, changed: bool) -> None:  # of `_repeated`
        """Write down the scopes of a platform, and erase those that the app was removed from."""
        ids, noted = set(await platform.scopes()), self._noted[platform.platform]
        # Thousands of names are not sent every few seconds; all of them are where one may have been erased and come again.
        now = time.monotonic()
        if changed or now - self._noted_at.get(platform.platform, -math.inf) >= self._pace.known_anew:
            noted.clear()
            self._noted_at[platform.platform] = now
        if new := sorted(ids - noted):
            await self._database.note_scopes(platform.platform, new)
        self._noted[platform.platform] = ids
        for one in self.served.values() if changed else ():
            one.again.set()
        for scope in await platform.leaving():
            await self._erase(platform, scope)
        if isinstance(platform, HasWorkspaces):
            for scope, workspace in await platform.leaving_workspaces():
                if await self._erase_workspace(f"{platform.platform}:{scope}", workspace):
                    await platform.workspace_left(scope, workspace)

    async def _erase(self, platform: HostedPlatform, scope: str) -> None:
        name = f"{platform.platform}:{scope}"
        if (served := self.served.get(name)) is not None:
            # Not drained: there is nobody left to whom an answer could be shown.
            await served.abandon()
        if await self._database.remove_scope(name):
            await platform.left(scope)
            _log.info("scope erased", scope=name)

    async def _erase_workspace(self, name: str, workspace: str) -> bool:
        """Erase one workspace of a scope that is served here; False where another replica has it, or something has not ended."""
        served, now = self.served.get(name), time.monotonic()
        tried = self._erased_at.get((name, workspace), -math.inf)
        if served is None or not served.lease.held() or now - tried < self._pace.erase:
            return False
        # Noted before: where it fails the next look goes on with other workspaces.
        self._erased_at[name, workspace] = now
        if not await self._database.erase_workspace(served.lease, workspace):
            return False
        del self._erased_at[name, workspace]
        _log.info("workspace erased", scope=name, workspace=workspace)
        return True

    async def _balance(self, _: bool = False) -> float:  # of `_repeated`
        """Take scopes, or give one back; returns the seconds until the next look, which is sooner where a lease ends before."""
        load, now = await self._database.load(), time.monotonic()
        owned = sum(not one.stop.is_set() for one in self.served.values())
        self._free_since = (self._free_since or now) if load.free else None
        waited = self._free_since is not None and now - self._free_since >= self._pace.left_over
        # What it has just given back is for the others.
        left_over = waited and now - self._gave_at >= 2 * self._pace.give_back
        abandoned = load.ended_for >= self._pace.abandoned
        wanted = to_claim(load, owned, left_over=left_over, abandoned=abandoned)
        if wanted and now >= self._rests_until:
            if owned + wanted > share_of(load):
                self._gave_at = now  # what it takes beyond its share has a moment to go on
            for lease in await self._database.claim(wanted):
                self._begin(lease)
        elif gives_back(load, owned) and now - self._gave_at >= self._pace.give_back:
            self._gave_at = now
            # The newest of those in which nothing runs: a drain may break answers off that take longer than the grace.
            newest = [name for name, one in reversed(self.served.items()) if not one.stop.is_set()]
            self.served[min(newest, key=self.busy)].stop.set()
        ends = self._pace.look if load.next_end is None else load.next_end + _JUST_AFTER
        # A replica that died or is paused counts for as long as a lease: the others' parts of what is left are too small until then.
        again = self._pace.again if abandoned and load.ended > wanted else self._pace.look
        return min(again, ends)

    def _begin(self, lease: ScopeLease) -> None:
        platform = self._platforms.get(lease.scope.partition(":")[0])
        if platform is None:  # of a replica that serves another platform as well
            self._running.spawn(self._database.release(lease))
            return
        self.claimed(lease.was_owned)
        served = ServedScope(self._database, lease, platform, self._serve)
        self.served[lease.scope] = served
        self._running.spawn(self._run(served))

    async def _run(self, served: ServedScope) -> None:
        try:
            await served.run()
        finally:
            # A scope that was lost may have come back already.
            if self.served.get(served.lease.scope) is served:
                del self.served[served.lease.scope]
            if served.failed:
                self._rests_until = time.monotonic() + self._pace.rest
