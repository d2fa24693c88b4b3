"""Scopes with a key of Aion's of their own, which their admins gave on the platform."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pydantic import SecretStr

from aion_bot.aion.settings import is_api_key
from aion_bot.concurrency.background import BackgroundTasks
from aion_bot.config import Settings
from aion_bot.diagnosis.aion import KEY, diagnose_key
from aion_bot.ports.diagnosis import Status
from aion_bot.ports.hosting import CheckKey, HostedPlatform, OffersAionKeys
from aion_bot.ports.shared_values import SharedValuesDown

_log = structlog.get_logger(__name__)

EVERY = 30.0
"""Seconds between two looks whether the key of a scope is another one: any replica may have taken it."""


async def takes_key(settings: Settings, key: str) -> bool:
    """Tell whether Aion takes a key that has the form of one; nothing is changed by that."""
    if not is_api_key(key):
        return False
    found = await diagnose_key(settings, KEY, key)
    return all(one.status is Status.OK for one in found.findings)


def offer_keys(platform: HostedPlatform, check: CheckKey) -> None:
    """Let the admins of a platform's scopes give keys, if it can ask for them."""
    if isinstance(platform, OffersAionKeys):
        platform.check_key = check


async def own_key(platform: HostedPlatform, scope: str) -> str | None:
    """Return the key of a scope of its own; None where it has none. Raises `SharedValuesDown`."""
    return await platform.aion_key(scope) if isinstance(platform, OffersAionKeys) else None


def with_key(settings: Settings, key: str | None) -> Settings:
    """Return the settings of a scope with this key, or as they are."""
    return settings if key is None else settings.model_copy(update={"api_key": SecretStr(key)})


@asynccontextmanager
async def until_another(
    platform: HostedPlatform, scope: str, key: str | None, stop: asyncio.Event, *, every: float = EVERY
) -> AsyncIterator[asyncio.Event]:
    """Yield an event that is set with `stop`, or once the scope has another key than this one."""
    ended, tasks = asyncio.Event(), BackgroundTasks()

    async def follow() -> None:
        await stop.wait()
        ended.set()

    async def look() -> None:
        while not ended.is_set():
            await asyncio.sleep(every)
            try:
                if await own_key(platform, scope) != key:
                    _log.info("aion key changed, serving anew")
                    ended.set()
            except SharedValuesDown as error:
                _log.warning("aion key not read", reason=str(error))

    tasks.spawn(follow())
    if isinstance(platform, OffersAionKeys):
        tasks.spawn(look())
    try:
        yield ended
    finally:
        await tasks.cancel()
