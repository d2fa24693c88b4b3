"""Whether Aion's key and address are right: a harmless call, and what the key may do and use."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from aion_bot.aion import (
    AionVision,
    AionvisionError,
    AionvisionPermissionError,
    AuthenticationError,
    QuotaExceededError,
    RateLimitError,
    ResourceNotFoundError,
    WrongAddressError,
)
from aion_bot.aion.settings import ClientSettings
from aion_bot.ports.diagnosis import Diagnosis, Finding, fail, ok, seconds_ahead, warn
from aion_bot.ports.text import one_line

KEY, ADDRESS, LIMITS = "AIONVISION_API_KEY", "AIONVISION_BASE_URL", "Aion's limits"

PATIENCE = 10.0
"""Seconds that Aion has for each answer."""

_NO_SESSION = "00000000-0000-0000-0000-000000000000"
"""The id of no session: to rename it changes nothing, and a key that may only read is refused before it is looked for."""

_MOST_LIMITS = 6
_NAME = 40
"""Characters of the name of a limit or tier that a finding repeats."""

_PATH = "/api/v2"


async def call(aion: AionVision) -> int:
    """Make the call that is harmless and shows whether key and address are right; returns how many images there are.

    Raises `AionvisionError`.
    """
    return (await aion.chats.get_all_images(limit=1)).total_count


async def diagnose(settings: ClientSettings) -> Diagnosis:
    """Check key, address, scope, tier and what is left, by a client of its own. Raises nothing; changes nothing."""
    quick = settings.model_copy(update={"timeout": min(settings.timeout, PATIENCE), "max_retries": 0})
    async with AionVision.from_settings(quick) as aion:
        try:
            images = await call(aion)
        except AionvisionError as error:
            return Diagnosis([trouble(error, settings.base_url)])
        ahead = seconds_ahead(aion.server_date)
        library = f"Aion takes it; the library has {images:,} image{'' if images == 1 else 's'}"
        findings = [ok(KEY, library), ok(ADDRESS, settings.base_url)]
        findings += [one async for one in _scope(aion)]
        findings += [one async for one in _limits(aion)]
    return Diagnosis(findings, ahead)


async def diagnose_key(settings: ClientSettings, variable: str, key: str) -> Diagnosis:
    """Check a key that a section of `aion-bot.toml` names, by the harmless call alone. Raises nothing; changes nothing."""
    update = {"timeout": min(settings.timeout, PATIENCE), "max_retries": 0, "api_key": SecretStr(key)}
    async with AionVision.from_settings(settings.model_copy(update=update)) as aion:
        try:
            images = await call(aion)
        except AionvisionError as error:
            return Diagnosis([trouble(error, settings.base_url, variable)])
    return Diagnosis(
        [ok(variable, f"Aion takes it; the library has {images:,} image{'' if images == 1 else 's'}")]
    )


def trouble(error: AionvisionError, base_url: str, key: str = KEY) -> Finding:
    """Say what an error of the first call means, and how it is mended; `key` is the variable of the key."""
    match error:
        case AuthenticationError():
            mend = "copy the key again from the settings page of Aion, or make a new one there"
            return fail(key, "Aion refuses it", mend)
        case AionvisionPermissionError():
            mend = "make a key with the scope write on the settings page of Aion"
            return fail(key, "it may not even read the library", mend)
        case WrongAddressError():
            # What stands in the address may have been typed into the wrong variable: it is not repeated.
            return fail(ADDRESS, "the address is not that of Aion's API", _address_mend(base_url))
        case QuotaExceededError():
            return fail(
                "Aion's plan", "it does not cover this, or is used up", "look at the plan on Aion's pages"
            )
        case RateLimitError():
            return warn("Aion", "it takes no more requests now", "wait a minute, then check again")
    said = f"it answered with status {error.status_code}" if error.status_code else "it cannot be reached"
    mend = f"check the network, the proxy and {ADDRESS}" if error.status_code is None else "try again later"
    return fail("Aion", f"{said} ({error.code})", mend)


async def _scope(aion: AionVision) -> AsyncIterator[Finding]:
    """Find out whether the key may write, by renaming a session that cannot exist."""
    try:
        await aion.chats.rename_session(_NO_SESSION, "aion-bot doctor")
    except AionvisionPermissionError:
        # A warning: what such a key may do in a chat is not documented.
        mend = "make a key with the scope write on the settings page of Aion"
        yield warn("scope", "the key may only read, so Aion may refuse questions", mend)
    except ResourceNotFoundError:
        yield ok("scope", "the key may read and write")
    except AionvisionError as error:
        yield ok("scope", f"Aion does not show whether the key may write ({error.code})")


async def _limits(aion: AionVision) -> AsyncIterator[Finding]:
    """Say which tier the workspace has, and what is left."""
    try:
        limits = await aion.tenant.get_limits()
    except AionvisionError as error:
        yield ok(LIMITS, f"the key does not show them ({error.code})")
        return
    tier = one_line(limits.subscription_tier or "unknown", _NAME)
    shown = sorted(limits.remaining.items())[:_MOST_LIMITS]
    left = ", ".join(f"{one_line(name, _NAME)} {count:,}" for name, count in shown)
    yield ok(LIMITS, f"tier {tier}; left: {left or 'not said'}")
    empty = [one_line(name, _NAME) for name, count in sorted(limits.remaining.items()) if count <= 0]
    if empty:
        mend = "raise the limit on Aion's pages, or wait until it begins anew"
        yield warn("Aion's limits used up", ", ".join(empty[:_MOST_LIMITS]), mend)


def _address_mend(base_url: str) -> str:
    """Say how to correct an address at which there is no API of Aion's."""
    path = urlsplit(base_url).path
    if path.endswith(_PATH * 2):
        return f"end it with {_PATH} once"
    if path.endswith(_PATH):
        return "correct the host, or remove the variable"
    return f"put {_PATH} in place of what follows its host" if "/api" in path else f"add {_PATH} to its end"
