"""A deployment that serves many scopes on one Postgres server: what this replica opens, and what each of its scopes gets."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog

from aion_bot import __version__
from aion_bot.aion import AionVision
from aion_bot.aion.pictures import PictureReader
from aion_bot.composition.agreement import agree, agree_anew
from aion_bot.composition.own_keys import EVERY, offer_keys, own_key, takes_key, until_another, with_key
from aion_bot.composition.scope import Load, Scope, check_aion, connected, serve_scope
from aion_bot.composition.watching import watched
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.config import Settings
from aion_bot.conversation.session_history import Polling
from aion_bot.diagnosis.aion import KEY
from aion_bot.domain.rules import Rules
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.keys.rotation import KeyRotation
from aion_bot.monitoring.trace_export import traced
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.secret_files import SUFFIX
from aion_bot.ports.shared_values import SharedValues
from aion_bot.ratelimit.request_pace import RequestPace
from aion_bot.runtime import service_manager
from aion_bot.runtime.heap import trimmed
from aion_bot.runtime.hosting.routing import let_hand_over, routes
from aion_bot.runtime.hosting.runner import Pace, ScopeRunner
from aion_bot.runtime.hosting.served import OpenScope
from aion_bot.runtime.platform_secrets import PlatformSecrets
from aion_bot.runtime.reactions import ask_for_reactions
from aion_bot.runtime.reloading import ReadRules, Reloading
from aion_bot.runtime.supervisor import RefusedPlatforms
from aion_bot.storage import StoreError, migrations
from aion_bot.storage.hosting import SharedDatabase, open_shared

if TYPE_CHECKING:  # loaded only where an address is named
    from aion_bot.monitoring.monitor import Monitor
    from aion_bot.monitoring.tracing import Tracing

_log = structlog.get_logger(__name__)

_READY_FOR = 60.0
"""Seconds for which the database keeps that a replica could write."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """What a deployment of many scopes is made of: its settings, and `platforms`, which builds what serves the scopes.

    `env` names the files of secrets, `read_env` has their values as well; `alike` are the variables that every replica has to have
    alike, and `opens` opens what the replicas share.
    """

    settings: Settings
    location: PostgresUrl
    platforms: Callable[[SharedValues], Sequence[HostedPlatform]]
    env: Mapping[str, str]
    read_env: Mapping[str, str]
    read_rules: ReadRules
    rules: Rules
    alike: Sequence[str] = ()
    polling: Polling = field(default_factory=Polling)
    check_aion: bool = True
    pace: Pace = field(default_factory=Pace)
    opens: Callable[[PostgresUrl, str], Awaitable[SharedDatabase]] = open_shared
    keys_every: float = EVERY
    """Seconds between two looks whether a scope has another key of Aion's of its own."""


async def serve_hosted(hosting: Hosting, stop: asyncio.Event, reload: asyncio.Event) -> bool:
    """Serve scopes until `stop` is set; `reload` asks for the rules and the secrets to be read again.

    Raises:
        StoreError: the database cannot be used, or is another deployment's.
        CannotListen: `AION_BOT_HTTP_ADDRESS` cannot be used.
    """
    shared = await hosting.opens(hosting.location, hosting.settings.replica_name())
    try:
        await agree(shared, hosting.settings, hosting.read_env, hosting.alike)
        await _Replica(hosting, shared, hosting.platforms(shared.values)).serve(stop, reload)
    finally:
        await shared.close()
    return True


class _Replica:
    """What is open while a replica serves scopes."""

    def __init__(self, hosting: Hosting, shared: SharedDatabase, platforms: Sequence[HostedPlatform]) -> None:
        self._hosting, self._shared, self._platforms = hosting, shared, platforms
        self._runner = ScopeRunner(shared, platforms, self._serve_scope, pace=hosting.pace)
        for one in platforms:
            offer_keys(one, self._takes_key)
        ask_for_reactions(hosting.rules, platforms)
        let_hand_over(platforms, self._runner.taking, shared)
        self._runner.busy = lambda scope: scope in self._loads and any(self._load_of(scope))
        self._rules = hosting.rules
        self._keys: KeyRotation | None = None
        self._pace = RequestPace()
        """Of the main key, with which several scopes may ask."""
        self._loads: dict[str, tuple[Load, Callable[[], int]]] = {}
        self._reloading: dict[str, Reloading] = {}
        self._requests: Tracing | Monitor | None = None

    async def serve(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        settings, names = self._hosting.settings, [one.platform for one in self._platforms]
        received = routes(self._platforms, self._runner.taking, self._shared)
        async with (
            _closing(self._platforms),
            watched(settings.http_address, names, received, stop, hosted=True) as monitor,
            traced(os.environ, monitor) as self._requests,
            AionVision.from_settings(settings) as aion,
            service_manager.announced(),
            trimmed(),
        ):
            self._keys = KeyRotation(settings, aion, PictureReader(settings))
            if monitor is not None:
                self._measure(monitor)
            self._say_start(names)
            tasks = BackgroundTasks()
            tasks.spawn(self._reload(reload))
            if self._hosting.check_aion:
                tasks.spawn(self._check_aion(aion))
            try:
                await self._runner.run(stop)
            finally:
                await tasks.cancel()

    async def _serve_scope(self, scope: OpenScope, stop: asyncio.Event) -> bool:
        """Serve one scope as a process of its own would, with what the replica has read last."""
        platform, name = self._platform_of(scope.name), scope.name.partition(":")[2]
        key, others = await own_key(platform, name), await self._others(scope.name)
        # Nothing is awaited from here until a reload tells this scope as well: a key that was replaced meanwhile would be missed.
        settings = with_key(self._settings, key)
        # Several scopes may ask with the main key, and share its pace.
        pace = self._pace if key is None else RequestPace()
        # Its own rotation is to find this key again, and not the one in the file of the main key.
        env = self._hosting.env if key is None else {**self._hosting.env, KEY: key, f"{KEY}{SUFFIX}": ""}
        reloading = self._reloading[scope.name] = Reloading(env, lambda: (self._rules.beside(others), ()))
        try:
            async with (
                until_another(platform, name, key, stop, every=self._hosting.keys_every) as ended,
                connected(settings, scope.store, self._requests, check=False, pace=pace) as aion,
            ):
                served = Scope(
                    settings, [scope.adapter], scope.store, aion, self._requests, self._requests,
                    self._hosting.polling, self._rules.beside(others), self._hosting.check_aion, reloading,
                    measured=partial(self._note_load, scope.name), listening=scope.listening,
                )  # fmt: skip
                return await serve_scope(served, ended)
        finally:
            # A scope that was lost may have come back, and be served anew, before this has ended.
            if self._reloading.get(scope.name) is reloading:
                del self._reloading[scope.name]
                self._loads.pop(scope.name, None)

    @property
    def _settings(self) -> Settings:
        """The settings with the main key as it is now."""
        return self._hosting.settings if self._keys is None else self._keys.settings

    async def _takes_key(self, key: str) -> bool:
        return await takes_key(self._settings, key)

    def _platform_of(self, scope: str) -> HostedPlatform:
        return next(one for one in self._platforms if one.platform == scope.partition(":")[0])

    async def _others(self, scope: str) -> Collection[str]:
        """Return the workspaces that are other scopes: a scope knows neither their rules nor their keys."""
        platform, _, own = scope.partition(":")
        known = [await one.scopes() for one in self._platforms if one.platform == platform]
        return frozenset(name for names in known for name in names if name != own)

    def _note_load(self, scope: str, load: Load, month: Callable[[], int]) -> None:
        self._loads[scope] = load, month

    def _measure(self, monitor: "Monitor") -> None:
        """Let the metrics count over all scopes, and the readiness write where every replica can."""
        values, replica, metrics = self._shared.values, self._shared.replica, monitor.metrics
        monitor.readiness.write = lambda: values.set(
            "readiness", replica, str(time.time()), seconds=_READY_FOR
        )
        self._runner.claimed, renewed = metrics.measure_scopes(lambda: len(self._runner.served))
        self._shared.on_renewed(renewed)
        metrics.load = self._load
        metrics.month = lambda: max((month() for _, month in self._loads.values()), default=0)

    def _load_of(self, scope: str) -> tuple[int, int]:
        load, _ = self._loads[scope]
        return load(scope.partition(":")[0])

    def _load(self, platform: str) -> tuple[int, int]:
        loads = [load(platform) for load, _ in self._loads.values()]
        return sum(running for running, _ in loads), sum(waiting for _, waiting in loads)

    async def _reload(self, asked: asyncio.Event) -> None:
        """Read the rules and the main key again whenever it is asked for, then let every scope take them."""
        while True:
            await asked.wait()
            # Before the files are read: one that is written meanwhile is read by the next request.
            asked.clear()
            for step in (self._read_rules, self._rotate_key, self._rotate_secrets):
                try:
                    await step()
                except Exception:  # noqa: BLE001  # the next request may find another file
                    _log.exception("reload failed")
            for one in self._reloading.values():
                one.asked.set()

    async def _read_rules(self) -> None:
        rules, problems = await asyncio.to_thread(self._hosting.read_rules)
        for problem in problems:
            _log.error("rules refused", place=problem.variable, mend=problem.mend)
        if not problems:
            self._rules = rules
            ask_for_reactions(rules, self._platforms)

    async def _rotate_key(self) -> None:
        if self._keys is not None:
            await self._keys.rotate(self._hosting.env)
            await self._agree_anew(self._keys.settings)

    async def _rotate_secrets(self) -> None:
        # None waits for another token: a scope whose token was refused is served again by itself (`runtime.hosting.served`).
        await PlatformSecrets(self._platforms, RefusedPlatforms([], {})).rotate(self._hosting.env)

    async def _agree_anew(self, settings: Settings) -> None:
        try:
            await agree_anew(self._shared, settings, self._hosting.env, self._hosting.alike)
        except StoreError as error:
            _log.error("settings not noted", reason=str(error))  # it says all

    async def _check_aion(self, aion: AionVision) -> None:
        await check_aion(aion, self._hosting.settings.base_url)

    def _say_start(self, platforms: Sequence[str]) -> None:
        """Say in one line what starts; what each scope allows stands in lines of its own."""
        settings = self._hosting.settings
        _log.info(
            "starting",
            version=__version__, platforms=", ".join(platforms), database=str(self._hosting.location),
            schema=migrations()[-1][0], access="of each scope", aion=settings.base_url,
            http=str(settings.http_address or "none"), replica=self._shared.replica,
        )  # fmt: skip


@asynccontextmanager
async def _closing(platforms: Sequence[HostedPlatform]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await asyncio.gather(*(one.close() for one in platforms), return_exceptions=True)
