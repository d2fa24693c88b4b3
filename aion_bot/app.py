"""The composition root: builds the bot, serves until a signal, and closes everything in order."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from aion_bot import __version__
from aion_bot.aion import AionVision, AionvisionError
from aion_bot.aion.pictures import PictureReader
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.concurrency.signals import default_again, on_signal
from aion_bot.config import Settings, describe, policy_of
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.aion_keys import services_at
from aion_bot.conversation.gallery import Pictures
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.conversation.refused_keys import load_refused_keys
from aion_bot.conversation.services import Services
from aion_bot.conversation.session_history import Polling
from aion_bot.delivery.registry import Registry
from aion_bot.diagnosis.aion import call, trouble
from aion_bot.domain.observer import Observer
from aion_bot.domain.rules import Rules
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.keys.clients import KeyClients, closing
from aion_bot.keys.rotation import KeyRotation
from aion_bot.monitoring.trace_export import traced
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.http_requests import receivers
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.request_pace import RequestPace
from aion_bot.runtime import service_manager
from aion_bot.runtime.audit_heads import audited, note_policies
from aion_bot.runtime.dispatcher import Dispatcher
from aion_bot.runtime.heap import trimmed
from aion_bot.runtime.limit_memory import remembering
from aion_bot.runtime.options import DispatchOptions
from aion_bot.runtime.ownership import fenced, fenced_aion, owned
from aion_bot.runtime.platform_secrets import PlatformSecrets
from aion_bot.runtime.reactions import ask_anew_for_reactions, ask_for_reactions
from aion_bot.runtime.reloading import ReadRules, Reloading
from aion_bot.runtime.supervisor import RefusedPlatforms
from aion_bot.runtime.watchdog import Watchdog
from aion_bot.storage import Store, migrations

if TYPE_CHECKING:  # loaded only where an address is named
    from aion_bot.monitoring.monitor import Monitor
    from aion_bot.monitoring.tracing import Tracing

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

    On Postgres it stands by while another replica serves. `rules` are those of `aion-bot.toml`, which `reloading` reads again when it is asked to; `check_aion`: whether Aion is asked at once if its key and address are right; `observer` learns what happens where `settings` name no HTTP address. `polling`: how often and how long sessions are looked at for what a broken stream left there.

    Raises:
        StoreError: the database cannot be used.
        CannotListen: `AION_BOT_HTTP_ADDRESS` cannot be used.
    """
    async with _watched(settings, adapters, stop) as monitor:
        store = await Store.open_when_free(settings.database, settings.replica_name(), stop)
        if store is None:  # stopped while another replica served
            return True
        if monitor is not None:
            monitor.begin(store.lease, lambda: store.kv.set("", "readiness", str(time.time())))
        async with (
            owned(store),  # closed last: the last event can be written
            traced(os.environ, monitor) as traces,
            _connected(settings, store, traces, check=check_aion) as aion,
            service_manager.announced(),
        ):
            bot = _Bot(
                settings, adapters, store, aion, monitor, traces, traces or observer, polling or DEFAULT_POLLING,
                rules or Rules(), check_aion, reloading,
            )  # fmt: skip
            return await _serve(bot, stop)


@dataclass(frozen=True, slots=True)
class _Bot:
    """What is open while a bot serves, and what `serve` was told."""

    settings: Settings
    adapters: Sequence[PlatformAdapter]
    store: Store
    aion: AionVision
    monitor: "Monitor | None"
    traces: "Tracing | Monitor | None"
    observer: Observer | None
    polling: Polling
    rules: Rules
    check_aion: bool
    reloading: Reloading | None


async def _serve(bot: _Bot, stop: asyncio.Event) -> bool:
    """Build what decides and answers, and serve until `stop` is set; returns what `serve` does."""
    settings, adapters, store, aion = bot.settings, bot.adapters, bot.store, bot.aion
    access = _access(settings, adapters, bot.rules.with_variables(settings.rules()))
    seeing = bot.traces.requests_of if bot.traces else lambda _: None
    lengths, taken = AnswerLengths(await store.lengths.weights()), await store.taken.noted()
    observed = Registry(adapters, observer=fenced(store, seeing), lengths=lengths, taken=taken)
    reader = PictureReader(settings)
    month, pictures = MonthAllowance(store, aion), Pictures(reader)
    clients = KeyClients(
        settings, os.environ if bot.reloading is None else bot.reloading.env,
        lambda one: _watch(one, store, bot.traces or bot.monitor), check=bot.check_aion,
    )  # fmt: skip
    services = await clients.connected(
        Services(store, aion, observed, access, bot.polling, bot.observer, pictures=pictures, month=month)
    )
    await load_refused_keys(store, access, lambda place: services_at(services, place).aion.key_digest)
    refused = None if bot.reloading is None else RefusedPlatforms(adapters, bot.reloading.env)
    ask_for_reactions(access.rules, adapters)
    dispatcher = Dispatcher(services, adapters, _options(settings, refused))
    if bot.monitor is not None:
        bot.monitor.metrics.load, bot.monitor.metrics.month = dispatcher.load, lambda: month.percent
    secrets = None if refused is None else PlatformSecrets(adapters, refused)
    rotation = KeyRotation(settings, aion, reader, month, clients)
    reloaded = _reloaded(bot, access, rotation, secrets)
    counted, heads = (
        _counted(month, settings, check=bot.check_aion),
        audited(store, access.policies, access.rules),
    )
    remembered = remembering(store, observed)
    async with _closing(adapters), closing(clients), reloaded, heads, counted, remembered, trimmed():
        return await dispatcher.serve(stop)


@asynccontextmanager
async def _closing(adapters: Sequence[PlatformAdapter]) -> AsyncIterator[None]:
    """Close the adapters at the end: after the drain, which still edits messages."""
    try:
        yield
    finally:
        await asyncio.gather(*(adapter.close() for adapter in adapters), return_exceptions=True)


@asynccontextmanager
async def _reloaded(
    bot: _Bot, access: AccessControl, keys: KeyRotation, secrets: PlatformSecrets | None
) -> AsyncIterator[None]:
    """Read the rules and the files of secrets again whenever `bot.reloading` is asked to, until the end."""

    async def changed() -> None:
        ask_anew_for_reactions(access.rules, bot.adapters)
        await note_policies(bot.store, access.policies, access.rules)

    tasks = BackgroundTasks()
    if bot.reloading is not None:
        rotate = [keys.rotate, *([] if secrets is None else [secrets.rotate])]
        tasks.spawn(bot.reloading.run(access, keys.settings.rules(), *rotate, changed=changed))
    try:
        yield
    finally:
        await tasks.cancel()


def _access(settings: Settings, adapters: Sequence[PlatformAdapter], rules: Rules) -> AccessControl:
    """Make what decides who may do what, and say in the log what is in force."""
    policies = {one.platform: policy_of(settings, id_forms_of(one)) for one in adapters}
    access = AccessControl(policies, rules, {one.platform: one for one in adapters})
    _say_start(settings, access, adapters)
    for adapter in adapters:
        described = describe(access.policies[adapter.platform], id_forms_of(adapter))
        _log.info("access policy", platform=adapter.platform, **described)
    _log.info("rules", **rules.describe())
    return access


def _say_start(settings: Settings, access: AccessControl, adapters: Sequence[PlatformAdapter]) -> None:
    """Say in one line what starts: what an operator has to know when they are asked for help."""
    policies = []
    for one in adapters:
        described = describe(access.policies[one.platform], id_forms_of(one))
        policies.append(f"{one.platform} ({', '.join(f'{what}: {who}' for what, who in described.items())})")
    _log.info(
        "starting",
        version=__version__, platforms=", ".join(one.platform for one in adapters),
        database=_named(settings.database), schema=migrations()[-1][0], access="; ".join(policies),
        aion=settings.base_url, http=str(settings.http_address or "none"), replica=settings.replica_name(),
    )  # fmt: skip


def _named(database: Location) -> str:
    return str(database) if isinstance(database, PostgresUrl) else os.path.realpath(database)


@asynccontextmanager
async def _connected(
    settings: Settings, store: Store, observer: "Tracing | Monitor | None", *, check: bool
) -> AsyncIterator[AionVision]:
    """Lend the client, report its requests, and find out meanwhile whether Aion's key and address are right."""
    async with AionVision.from_settings(settings) as aion:
        _watch(aion, store, observer)
        checking = BackgroundTasks()
        if check:
            checking.spawn(_check_aion(aion, settings.base_url))
        try:
            yield aion
        finally:
            await checking.cancel()


def _watch(aion: AionVision, store: Store, observer: "Tracing | Monitor | None") -> None:
    """Let the key of a client have its own pace, report the client's requests, and keep them back without the lease."""
    aion.pace = RequestPace()
    sending = fenced_aion(store, None if observer is None else observer.aion_sending)
    if observer is not None or sending is not None:
        aion.observe_requests(observer.aion_answered if observer else lambda *_: None, sending)


@asynccontextmanager
async def _counted(month: MonthAllowance, settings: Settings, *, check: bool) -> AsyncIterator[None]:
    """Count the month's questions for the key in use, and look meanwhile at what Aion says of them."""
    reading = BackgroundTasks()
    if check:
        reading.spawn(month.run(settings.api_key.get_secret_value()))
    try:
        yield
    finally:
        await reading.cancel()


async def _check_aion(aion: AionVision, base_url: str) -> None:
    """Say in the log what is wrong with Aion's key or address; readiness learns of it as of every request."""
    try:
        await call(aion)
    except AionvisionError as error:
        found = trouble(error, base_url)
        _log.error("aion check failed", check=found.check, reason=found.message, mend=found.mend)


def _options(settings: Settings, refused: RefusedPlatforms | None) -> DispatchOptions:
    return DispatchOptions(
        busy=settings.busy,
        shutdown_grace=settings.shutdown_grace,
        several_workspaces_expected=bool(settings.allow_workspaces),
        retention_days=settings.retention_days,
        refused=refused,
    )


@asynccontextmanager
async def _watched(
    settings: Settings, adapters: Sequence[PlatformAdapter], stop: asyncio.Event
) -> AsyncIterator["Monitor | None"]:
    """Watch the event loop, and serve health and metrics where the operator has named an address.

    Raises:
        CannotListen: that address cannot be used.
    """
    if settings.http_address is None:
        watchdog, monitor, server = Watchdog(), None, None
    else:
        # Not loaded without an address.
        from aion_bot.monitoring.monitor import Monitor
        from aion_bot.monitoring.server import MonitoringServer

        platforms = [one.platform for one in adapters]
        monitor = Monitor(platforms, None, stop)
        server = MonitoringServer(settings.http_address, monitor, receivers(adapters))
        watchdog = Watchdog(monitor.metrics.observe_lag)
    watchdog.start()
    try:
        if server is not None:
            await server.start()
        yield monitor
    finally:
        if server is not None:
            await server.stop()
        watchdog.stop()


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
    _allow_connections()
    stop, reloading = asyncio.Event(), Reloading(env, read_rules)

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
            reloading.asked.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        on_signal(one, ask_to_stop)
    if hasattr(signal, "SIGHUP"):  # Windows has none
        on_signal(signal.SIGHUP, hang_up)
    return await serve(settings, adapters, stop, rules=rules, reloading=reloading)


def _allow_connections() -> None:
    """Ask for as many open files as the system grants: each answer under way is a connection."""
    try:
        import resource
    except ImportError:  # Windows has neither the module nor the limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _CONNECTIONS if hard == resource.RLIM_INFINITY else min(_CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
