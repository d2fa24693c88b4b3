"""The composition root: builds the bot, serves until a signal, and closes everything in order."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog

from aion_bot import __version__
from aion_bot.composition.hosted import Hosting, serve_hosted
from aion_bot.composition.scope import Load, Scope, connected, serve_scope
from aion_bot.composition.watching import watched
from aion_bot.concurrency.signals import default_again, on_signal
from aion_bot.config import Settings, describe, policy_of
from aion_bot.conversation.session_history import Polling
from aion_bot.domain.observer import Observer
from aion_bot.domain.rules import Rules
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.monitoring.trace_export import traced
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.http_requests import receivers
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.runtime import service_manager
from aion_bot.runtime.deployment import Deployment, open_own
from aion_bot.runtime.heap import trimmed
from aion_bot.runtime.ownership import owned
from aion_bot.runtime.reloading import ReadRules, Reloading
from aion_bot.storage import Store, migrations

if TYPE_CHECKING:  # loaded only where an address is named
    from aion_bot.monitoring.monitor import Monitor

_log = structlog.get_logger(__name__)

DEFAULT_POLLING = Polling()

_CONNECTIONS = 8_192
"""Open files that suffice for as many answers as may wait or run."""


async def serve(
    settings: Settings,
    adapters: Sequence[PlatformAdapter],
    stop: asyncio.Event,
    polling: Polling | None = None,
    rules: Rules | None = None,
    *,
    check_aion: bool = True,
    observer: Observer | None = None,
    reloading: Reloading | None = None,
) -> bool:
    """Serve until `stop` is set; False if every platform refused its token before that.

    On Postgres it stands by while another replica serves. `polling`: how sessions are watched after a broken stream. `rules`
    are those of `aion-bot.toml`, which `reloading` reads again. `check_aion`: whether Aion is asked at once if its key and
    address are right. `observer` learns what happens where `settings` name no HTTP address.

    Raises `StoreError` where the database cannot be used, and `CannotListen` where `AION_BOT_HTTP_ADDRESS` cannot.
    """
    async with (
        watched(settings.http_address, _names(adapters), receivers(adapters), stop) as monitor,
        service_manager.announcing() as ready,
    ):
        opened = await _opened(settings, adapters, stop, ready, reloading=reloading, monitor=monitor)
        if opened is None:
            return True  # stopped while another replica served
        store, deployment = opened
        async with (
            owned(store),  # closed last: the last event can be written
            traced(os.environ, monitor) as traces,
            connected(settings, store, traces, check=check_aion) as aion,
            trimmed(),
        ):
            ready()
            _say_start(settings, adapters)
            scope = Scope(
                settings, adapters, store, aion, traces, traces or observer, polling or DEFAULT_POLLING, rules or Rules(),
                check_aion, reloading, measured=partial(_measure, monitor), key_in_use=partial(deployment.use_key, store),
            )  # fmt: skip
            return await serve_scope(scope, stop)


async def _opened(
    settings: Settings,
    adapters: Sequence[PlatformAdapter],
    stop: asyncio.Event,
    ready: Callable[[], None],
    *,
    reloading: Reloading | None,
    monitor: "Monitor | None",
) -> tuple[Store, Deployment] | None:
    """Open the database as `open_own` does. Aion's key is read again where another one was used there before."""
    key, name = settings.api_key.get_secret_value(), settings.replica_name()
    opened = await open_own(settings.database, name, key, adapters, stop, standing_by=ready)
    if opened is None:
        return None
    store, deployment, is_new_key = opened
    if is_new_key and reloading is not None:
        reloading.asked.set()  # it may have been replaced while this replica stood by
    if monitor is not None:
        monitor.begin(store.lease, lambda: store.kv.set("", "readiness", str(time.time())))
    return store, deployment


def _measure(monitor: "Monitor | None", load: Load, month: Callable[[], int]) -> None:
    if monitor is not None:
        monitor.metrics.load, monitor.metrics.month = load, month


def _say_start(settings: Settings, adapters: Sequence[PlatformAdapter]) -> None:
    """Say in one line what starts: what an operator has to know when they are asked for help."""
    policies = []
    for one in adapters:
        described = describe(policy_of(settings, id_forms_of(one)), id_forms_of(one))
        policies.append(f"{one.platform} ({', '.join(f'{what}: {who}' for what, who in described.items())})")
    _log.info(
        "starting",
        version=__version__, platforms=", ".join(_names(adapters)),
        database=_named(settings.database), schema=migrations()[-1][0], access="; ".join(policies),
        aion=settings.base_url, http=str(settings.http_address or "none"), replica=settings.replica_name(),
    )  # fmt: skip


def _names(adapters: Sequence[PlatformAdapter]) -> Sequence[str]:
    return [one.platform for one in adapters]


def _named(database: Location) -> str:
    return str(database) if isinstance(database, PostgresUrl) else os.path.realpath(database)


async def serve_until_signal(
    settings: Settings,
    adapters: Sequence[PlatformAdapter],
    rules: Rules,
    env: Mapping[str, str],
    read_rules: ReadRules,
) -> bool:
    """Serve until SIGTERM or SIGINT, or until the terminal is closed; a second signal ends the process at once.

    Any other SIGHUP has the rules read again by `read_rules`, and the secrets from the files that `env` names.
    """
    reloading = Reloading(env, read_rules)
    stop = _on_signals(settings, reloading.asked)
    return await serve(settings, adapters, stop, rules=rules, reloading=reloading)


async def host_until_signal(hosting: Hosting) -> bool:
    """Serve many scopes as `serve_until_signal` serves one."""
    reload = asyncio.Event()
    return await serve_hosted(hosting, _on_signals(hosting.settings, reload), reload)


def _on_signals(settings: Settings, reload: asyncio.Event) -> asyncio.Event:
    """Return what is set by a signal that asks to stop; SIGHUP sets `reload`."""
    _allow_connections()
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        # A second signal ends the process at once: the next start recovers what was open.
        for one in (signal.SIGTERM, signal.SIGINT):
            default_again(one)
        _log.info("stopping", grace=settings.shutdown_grace)
        service_manager.notify("STOPPING=1")
        stop.set()

    had_terminal = sys.stderr.isatty()

    def hang_up() -> None:
        # In a terminal that was closed nobody could stop the bot any more.
        if had_terminal and not sys.stderr.isatty():
            ask_to_stop()
        else:
            reload.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        on_signal(one, ask_to_stop)
    if hasattr(signal, "SIGHUP"):  # Windows has none
        on_signal(signal.SIGHUP, hang_up)
    return stop


def _allow_connections() -> None:
    """Ask for as many open files as the system grants: each answer under way is a connection."""
    try:
        import resource
    except ImportError:  # Windows has neither the module nor the limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # `RLIM_INFINITY` is -1 on Linux: compared as a number it would be the least of all.
    most = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(_CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
