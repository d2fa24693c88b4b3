"""What `doctor` says of a deployment that serves many scopes: its database, its replicas, its scopes. Changes nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.capabilities import Diagnosable
from aion_bot.ports.diagnosis import Finding, Subjects, fail, ok, unfinished, warn
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from aion_bot.storage import StoreError
from aion_bot.storage.hosting import KnownScope, check_shared, known_scopes, live_replicas, open_shared

_NAMED = 20
"""Scopes that a finding names."""

_MANY_WAIT = 100
"""Requests of one scope that wait for its owner, from which on something is wrong."""

_PATIENCE = 30.0
"""Seconds that a platform has to answer all that it is asked."""

_DATABASE = "AION_BOT_DATABASE_URL"

Platforms = Callable[[SharedValues], Sequence[HostedPlatform]]
"""Builds what serves the scopes."""


async def examine_hosting(location: PostgresUrl, platforms: Platforms, *, asks: bool) -> list[Finding]:
    """Look at the database and who serves what, and let the platforms look at themselves; `asks`: also at what they are asked."""
    try:
        version = await asyncio.to_thread(check_shared, location)
        scopes = await asyncio.to_thread(known_scopes, location)
        replicas = await asyncio.to_thread(live_replicas, location)
    except StoreError as error:
        said = str(error)
        return [fail("database", said, said if _DATABASE in said else f"mend that, or correct {_DATABASE}")]
    findings = [ok("database", f"{location} can be {'created' if version is None else 'written'}")]
    findings.append(ok("replicas", f"{', '.join(replicas)} serve" if replicas else "none serves"))
    findings += _scopes(scopes, served=bool(replicas))
    # Opening what does not exist yet would make it.
    return findings + (await _ask(location, platforms) if asks and version is not None else [])


def _scopes(scopes: Sequence[KnownScope], *, served: bool) -> Iterator[Finding]:
    """Say which scopes there are, and which of them nobody serves although replicas live."""
    names = ", ".join(one.name for one in scopes[:_NAMED])
    more = f" and {len(scopes) - _NAMED} more" if len(scopes) > _NAMED else ""
    yield ok("scopes", f"{len(scopes)}: {names}{more}" if scopes else "none yet")
    alone = [one.name for one in scopes if one.owner is None]
    if served and alone:
        mend = "look for `scope not opened` and `scopes not updated` in the log; each is taken within seconds as a rule"
        yield warn("scopes", f"{len(alone)} are served by nobody now, such as {alone[0]}", mend)
    for one in scopes:
        if one.waiting >= _MANY_WAIT:
            mend = "look for `arrival dropped` and `database write failed` in the log of its owner"
            yield warn(one.name, f"{one.waiting} requests wait for {one.owner or 'an owner'}", mend)


async def _ask(location: PostgresUrl, platforms: Platforms) -> list[Finding]:
    """Let each platform look at what its scopes have in common; without `agree` this process counts as no replica."""
    try:
        shared = await open_shared(location, "doctor")
    except StoreError as error:
        return [fail("database", str(error), str(error))]
    found: list[Finding] = []
    try:
        for platform in platforms(shared.values):
            try:
                found += await _findings(platform)
            finally:
                await platform.close()
    finally:
        await shared.close()
    return found


async def _findings(platform: HostedPlatform) -> Sequence[Finding]:
    if not isinstance(platform, Diagnosable):
        return ()
    name = platform.platform
    try:
        async with asyncio.timeout(_PATIENCE):
            return (await platform.diagnose(Subjects())).findings
    except RateLimited as error:
        return [unfinished(error)]
    except (PlatformError, SharedValuesDown, TimeoutError) as error:
        return [fail(name, f"no answer ({error or type(error).__name__})", f"let this machine reach {name}")]
