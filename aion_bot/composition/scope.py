"""One scope: what decides, answers and keeps its rows, built for its adapters and its database.

Nothing in here is shared by scopes: a process may serve many of them, each with a lease of its own.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from aion_bot.aion import AionVision, AionvisionError
from aion_bot.aion.pictures import PictureReader
from aion_bot.concurrency.background import BackgroundTasks
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
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.observer import Observer
from aion_bot.domain.rules import Rules
from aion_bot.keys.clients import KeyClients, closing
from aion_bot.keys.rotation import KeyRotation
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.request_pace import RequestPace
from aion_bot.runtime.audit_heads import audited, note_policies
from aion_bot.runtime.dispatcher import Dispatcher
from aion_bot.runtime.limit_memory import remembering
from aion_bot.runtime.options import DispatchOptions
from aion_bot.runtime.ownership import fence_of_aion, fenced
from aion_bot.runtime.platform_secrets import PlatformSecrets
from aion_bot.runtime.reactions import ask_anew_for_reactions, ask_for_reactions
from aion_bot.runtime.reloading import Reloading
from aion_bot.runtime.supervisor import RefusedPlatforms
from aion_bot.storage import Store

if TYPE_CHECKING:  # loaded only where an address is named
    from aion_bot.monitoring.monitor import Monitor
    from aion_bot.monitoring.tracing import Tracing

_log = structlog.get_logger(__name__)

Load = Callable[[str], tuple[int, int]]
"""Returns how many turns of a platform are answered now, and how many wait."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is open while a scope is served, and what it is served with.

    `measured` is told, before it serves, what returns its load and the percentage of the month's allowance that is used.
    `listening` is told when a platform begins to take events, and when it ceases to. `key_in_use` is told Aion's key after each
    look at the files of secrets.
    """

    settings: Settings
    adapters: Sequence[PlatformAdapter]
    store: Store
    aion: AionVision
    requests: "Tracing | Monitor | None"
    observer: Observer | None
    polling: Polling
    rules: Rules
    check_aion: bool
    reloading: Reloading | None
    measured: Callable[[Load, Callable[[], int]], None] = lambda *_: None
    listening: Callable[[bool], None] = lambda _: None
    key_in_use: Callable[[str], Awaitable[None]] | None = None


async def serve_scope(scope: Scope, stop: asyncio.Event) -> bool:
    """Serve until `stop` is set, and close the adapters; False if every platform refused its token before that.

    Raises `sqlite3.Error` where the database goes away before anything is served; nothing is left running then.
    """
    async with _closing(scope.adapters):
        return await _serve(scope, stop)


async def _serve(scope: Scope, stop: asyncio.Event) -> bool:
    """Build what decides and answers, and serve."""
    settings, adapters, store, aion = scope.settings, scope.adapters, scope.store, scope.aion
    access = _access(settings, adapters, scope.rules.with_variables(settings.rules()))
    seeing = scope.requests.requests_of if scope.requests else lambda _: None
    lengths, taken = AnswerLengths(await store.lengths.weights()), await store.taken.noted()
    observed = Registry(adapters, observer=fenced(store, seeing), lengths=lengths, taken=taken)
    reader = PictureReader(settings)
    month, pictures = MonthAllowance(store, aion), Pictures(reader)
    clients = KeyClients(
        settings, os.environ if scope.reloading is None else scope.reloading.env,
        lambda one: watch(one, store, scope.requests), check=scope.check_aion,
    )  # fmt: skip
    main = Services(
        store, aion, observed, access, scope.polling, scope.observer, pictures=pictures, month=month
    )
    async with closing(clients):
        services = await clients.connected(main)
        await load_refused_keys(store, access, lambda place: services_at(services, place).aion.key_digest)
        # Without `reloading` no other token can come while it runs.
        refused = None if scope.reloading is None else RefusedPlatforms(adapters, scope.reloading.env)
        ask_for_reactions(access.rules, adapters)
        dispatcher = Dispatcher(services, adapters, _options(scope, refused))
        scope.measured(dispatcher.load, lambda: month.percent)
        secrets = None if refused is None else PlatformSecrets(adapters, refused)
        rotation = KeyRotation(settings, aion, reader, month, clients)
        # Ended from the last: what writes rows or asks Aion ends before the clients, and the adapters are closed last.
        async with (
            _reloaded(scope, access, rotation, secrets),
            audited(store, access.policies, access.rules),
            _counted(month, settings, check=scope.check_aion),
            remembering(store, observed),
        ):
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
    scope: Scope, access: AccessControl, keys: KeyRotation, secrets: PlatformSecrets | None
) -> AsyncIterator[None]:
    """Read the rules and the files of secrets again whenever `scope.reloading` is asked to, until the end."""

    async def changed() -> None:
        ask_anew_for_reactions(access.rules, scope.adapters)
        await note_policies(scope.store, access.policies, access.rules)

    async def rotate_key(env: Mapping[str, str]) -> None:
        await keys.rotate(env)
        if scope.key_in_use is not None:
            await scope.key_in_use(keys.settings.api_key.get_secret_value())

    tasks = BackgroundTasks()
    if scope.reloading is not None:
        rotate = [rotate_key, *([] if secrets is None else [secrets.rotate])]
        tasks.spawn(scope.reloading.run(access, keys.settings.rules(), *rotate, changed=changed))
    try:
        yield
    finally:
        await tasks.cancel()


def policies_of(settings: Settings, adapters: Sequence[PlatformAdapter]) -> dict[str, AccessPolicy]:
    """Return what the settings allow on each platform."""
    return {one.platform: policy_of(settings, id_forms_of(one)) for one in adapters}


def _access(settings: Settings, adapters: Sequence[PlatformAdapter], rules: Rules) -> AccessControl:
    """Make what decides who may do what, and say in the log what is in force."""
    access = AccessControl(policies_of(settings, adapters), rules, {one.platform: one for one in adapters})
    for adapter in adapters:
        described = describe(access.policies[adapter.platform], id_forms_of(adapter))
        _log.info("access policy", platform=adapter.platform, **described)
    _log.info("rules", **rules.describe())
    return access


@asynccontextmanager
async def connected(
    settings: Settings,
    store: Store,
    observer: "Tracing | Monitor | None",
    *,
    check: bool,
    pace: RequestPace | None = None,
) -> AsyncIterator[AionVision]:
    """Yield the client, report its requests, and find out meanwhile whether Aion's key and address are right.

    `pace` is that of the key, where other clients have it as well.
    """
    async with AionVision.from_settings(settings) as aion:
        watch(aion, store, observer, pace)
        checking = BackgroundTasks()
        if check:
            checking.spawn(check_aion(aion, settings.base_url))
        try:
            yield aion
        finally:
            await checking.cancel()


def watch(
    aion: AionVision, store: Store, observer: "Tracing | Monitor | None", pace: RequestPace | None = None
) -> None:
    """Let the key of a client have its pace, report the client's requests, and keep them back without the lease."""
    aion.pace = pace or RequestPace()
    answered = None if observer is None else observer.aion_answered
    sending = None if observer is None else observer.aion_sending
    aion.observe_requests(answered, sending, fence_of_aion(store))


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


async def check_aion(aion: AionVision, base_url: str) -> None:
    """Say in the log what is wrong with Aion's key or address; readiness learns of it as of every request."""
    try:
        await call(aion)
    except AionvisionError as error:
        found = trouble(error, base_url)
        _log.error("aion check failed", check=found.check, reason=found.message, mend=found.mend)


def _options(scope: Scope, refused: RefusedPlatforms | None) -> DispatchOptions:
    settings = scope.settings
    return DispatchOptions(
        busy=settings.busy,
        shutdown_grace=settings.shutdown_grace,
        several_workspaces_expected=bool(settings.allow_workspaces),
        retention_days=settings.retention_days,
        refused=refused,
        listening=scope.listening,
    )
