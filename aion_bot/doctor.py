"""`aion-bot doctor`: whether the bot is set up well, by looking and by asking the services. Changes nothing."""

import asyncio
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from aion_bot.config import Settings, describe, fitting_ids, policy_of, read_keys, wholly_excluded
from aion_bot.diagnosis import aion
from aion_bot.diagnosis.hosting import Platforms, examine_hosting
from aion_bot.diagnosis.network import Route, check_clock, check_proxies
from aion_bot.domain import strings
from aion_bot.domain.access import NOBODY
from aion_bot.domain.rules import Rules
from aion_bot.environment.addresses import is_loopback
from aion_bot.environment.database_location import Location, PostgresUrl
from aion_bot.ports import private_files
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.capabilities import Diagnosable
from aion_bot.ports.diagnosis import Diagnosis, Finding, ListedId, Subjects, fail, ok, unfinished, warn
from aion_bot.ports.errors import PlatformError, RateLimited
from aion_bot.ports.host import SECOND_PROCESS
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ports.secret_files import loose as loose_secrets
from aion_bot.ports.secret_files import mend_of
from aion_bot.ports.settings import PROXY_URL, IdKind, Problem, proxy_for
from aion_bot.ports.text import one_line
from aion_bot.storage import (
    StoreError,
    bytes_on_server,
    check_database,
    files_of,
    find_damage,
    migrations,
    owner_on_server,
    places_with_threads,
    remembered,
)

_PATIENCE = 30.0
"""Seconds that a platform has to answer all that it is asked."""
_RECENT = 600.0
"""Seconds for which a second process that was seen counts as there."""
_READING = 20.0
"""Seconds for which the database is read to find damage."""
_LITTLE_SPACE = 200_000_000
"""Bytes below which a disk is nearly full: SQLite's log and the copy before a migration need room beside the database."""
_NAME = 200
"""Characters of damage that a finding repeats."""
_AION, _DATABASE = "Aion", "AION_BOT_DATABASE_URL"


async def examine(
    settings: Settings | None,
    problems: Sequence[Problem],
    platforms: Sequence[str],
    adapters: Sequence[PlatformAdapter] = (),
    *,
    rules: Rules | None = None,
    secret_files: Sequence[Path] = (),
    env_file: Path = Path(".env"),
    env: Mapping[str, str] | None = None,
    hosted: Platforms | None = None,
) -> list[Finding]:
    """Check settings, access, the services, the database, and the modes of its files and of `.env`.

    `rules` are those of `aion-bot.toml`, `secret_files` what `<NAME>_FILE` names. `env` holds the variables; without it no
    service is asked. `hosted` builds what serves many scopes. The adapters are closed.
    """
    findings = [fail(problem.variable, problem.mend, problem.mend) for problem in problems]
    if not problems:
        findings.append(ok("settings", f"complete; platforms: {', '.join(platforms)}"))
    if settings is not None:
        findings += _access(settings, rules or Rules(), adapters, {one.variable for one in problems})
        if env is None:
            findings += [
                ok(aion.KEY, "has the form of a key; whether Aion takes it was not asked"),
                ok("network", strings.NOT_ASKED),
            ]
        else:
            findings += await _services(settings, rules or Rules(), adapters, env)
        if hosted is not None and isinstance(settings.database, PostgresUrl):
            findings += await examine_hosting(settings.database, hosted, asks=env is not None)
        else:
            findings += await asyncio.to_thread(_look_at, settings.database)
            findings += await asyncio.to_thread(_second_processes, settings.database)
        findings += _http_address(settings)
        findings.append(ok("retention", strings.kept_for(settings.retention_days)))
    files = (
        files_of(settings.database) if settings is not None and isinstance(settings.database, Path) else ()
    )
    return findings + await asyncio.to_thread(_modes, files, (env_file, *secret_files))


def _access(
    settings: Settings, rules: Rules, adapters: Sequence[PlatformAdapter], refused: Collection[str]
) -> Iterator[Finding]:
    """Say who may use the bot on each platform, and which rules hold; lists that are `refused` have their finding."""
    for adapter in adapters:
        forms = id_forms_of(adapter)
        described = describe(policy_of(settings, forms), forms)
        words = "; ".join(f"{subject}: {allowed}" for subject, allowed in described.items())
        yield ok(f"access on {adapter.platform}", words)
        for variable in [one for one in wholly_excluded(settings, forms) if one not in refused]:
            mend = f"add ids of {adapter.platform}"
            yield warn(variable, f"it names no id of {adapter.platform}, so it allows nobody there", mend)
    for key, words in rules.with_variables(settings.rules()).describe().items():
        yield ok(key, words)


async def _services(
    settings: Settings, rules: Rules, adapters: Sequence[PlatformAdapter], env: Mapping[str, str]
) -> list[Finding]:
    """Ask Aion and each platform, all at once, unless the way to them is cut off."""
    asked = {one.platform: one for one in adapters if isinstance(one, Diagnosable)}
    routes = [_aion_route(settings, env)]
    for platform, adapter in asked.items():
        proxy = proxy_for(env, adapter.address)
        routes.append(Route(platform, proxy, _variable(env) if proxy else ""))
    findings, cut_off = await check_proxies(routes)
    places = await asyncio.to_thread(places_with_threads, settings.database)
    services = {} if _AION in cut_off else {_AION: aion.diagnose(settings)}
    for variable, key in {} if _AION in cut_off else read_keys(rules, env)[0].items():
        services[f"{_AION} {variable}"] = aion.diagnose_key(settings, variable, key)
    for platform, adapter in asked.items():
        if platform not in cut_off:
            listed = _listed(settings, rules, adapters, platform)
            subjects = Subjects(places.get(platform, ()), listed, rules.has_reactions)
            services[platform] = _ask(adapter, platform, subjects)
    try:
        found = dict(zip(services, await asyncio.gather(*services.values()), strict=True))
    finally:
        # Also after a failure: a request may have opened connections.
        await asyncio.gather(*(adapter.close() for adapter in adapters), return_exceptions=True)
    for diagnosis in found.values():
        findings += diagnosis.findings
    ahead = {service: one.ahead for service, one in found.items() if one.ahead is not None}
    return findings + check_clock(ahead)


def _aion_route(settings: Settings, env: Mapping[str, str]) -> Route:
    own = "AIONVISION_PROXY_URL"
    variable = own if env.get(own) else _variable(env)
    return Route(_AION, settings.proxy_url, variable if settings.proxy_url else "")


def _variable(env: Mapping[str, str]) -> str:
    """Name the variable behind `proxy_for`."""
    return next((one for one in (PROXY_URL, "HTTPS_PROXY") if env.get(one)), "https_proxy")


async def _ask(adapter: Diagnosable, platform: str, subjects: Subjects) -> Diagnosis:
    """Ask a platform; one that does not answer is a finding."""
    host = urlsplit(adapter.address).hostname
    try:
        async with asyncio.timeout(_PATIENCE):
            return await adapter.diagnose(subjects)
    except RateLimited as error:
        return Diagnosis([unfinished(error)])
    except (PlatformError, TimeoutError) as error:
        mend = f"let this machine reach {host}, name a proxy in {PROXY_URL}, or correct the address that you gave"
        # Adapters name the class of what failed, which is `ClientConnectorCertificateError` of aiohttp here.
        if "Certificate" in str(error):
            mend = f"name the certificates that your network uses for {host} in SSL_CERT_FILE"
        return Diagnosis([fail(platform, f"no answer ({error or type(error).__name__})", mend)])
    except (LookupError, TypeError, ValueError) as error:
        mend = f"look what answers at {host}, and whether a proxy is between"
        return Diagnosis([fail(platform, f"an answer that cannot be read ({type(error).__name__})", mend)])


def _listed(
    settings: Settings, rules: Rules, adapters: Sequence[PlatformAdapter], platform: str
) -> list[ListedId]:
    """Return the ids of one platform that variables and the file name."""
    forms = next(id_forms_of(one) for one in adapters if one.platform == platform)
    found = [ListedId(kind, one, variable) for variable, kind, one in fitting_ids(settings, forms)]
    for kind, sections in ((IdKind.WORKSPACE, rules.workspaces), (IdKind.CHANNEL, rules.channels)):
        # A platform that does not know its ids by their form takes all: `bool` of an id is True.
        fits = forms[kind].fits if kind in forms else bool
        found += [ListedId(kind, one, "aion-bot.toml") for one in sections if fits(one)]
    for kind, one, source in rules.ids():
        if one not in NOBODY and (kind not in forms or forms[kind].fits(one)):
            found.append(ListedId(kind, one, source))
    return found


def _modes(files: Sequence[Path], secrets: Sequence[Path]) -> list[Finding]:
    """Warn of files with secrets or with people's words that others can read or write; changes nothing."""
    found = []
    for path, mode in loose_secrets(secrets).items():
        with suppress(OSError):  # removed meanwhile
            found.append(strings.loose_mode(str(path), mode, *mend_of(path)))
    found += [strings.loose_mode(str(path), mode) for path, mode in private_files.loose(files).items()]
    return [warn("file mode", *one) for one in found]


def _http_address(settings: Settings) -> list[Finding]:
    """Say at which address health and metrics are served, and warn if other machines may read them."""
    address, check = settings.http_address, "AION_BOT_HTTP_ADDRESS"
    if address is None:
        return []
    if is_loopback(address.host):
        return [ok(check, f"{address}: for this machine alone")]
    return [warn(check, *strings.open_address(str(address)))]


def _second_processes(path: Location) -> list[Finding]:
    """Report platforms whose token another process used lately, as a running bot has noticed."""
    seen = remembered(path, SECOND_PROCESS)
    recent = [platform for platform, at in seen.items() if time.time() - float(at) < _RECENT]
    said = strings.SECOND_PROCESS
    return [fail(f"second process on {one}", said, said) for one in sorted(recent)]


def _size_of(files: Sequence[Path]) -> int:
    """Return the bytes of those files that are there; a bot that ends meanwhile removes its log."""
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return size


def _look_at(location: Location) -> list[Finding]:
    return list(_server(location) if isinstance(location, PostgresUrl) else _database(location))


def _server(location: PostgresUrl) -> Iterator[Finding]:
    """Look at a database on a Postgres server, also while a bot uses it."""
    try:
        schema = check_database(location)
        size, owner = bytes_on_server(location), owner_on_server(location)
    except StoreError as error:
        said = str(error)
        yield fail("database", said, said if _DATABASE in said else f"mend that, or correct {_DATABASE}")
        return
    yield ok("database", f"{location} can be {'created' if schema is None else 'written'}")
    newest = migrations()[-1][0]
    if schema is not None and schema < newest:
        yield ok(
            "schema", f"schema {schema}; the next start brings it to {newest}: copy it with pg_dump before"
        )
    elif schema is not None:
        yield ok("schema", f"schema {schema}, {size / 1e6:,.1f} MB with its indexes")
    yield ok("replica", f"{owner} serves" if owner else "none serves")


def _database(path: Path) -> Iterator[Finding]:
    """Look at the database and its disk, also while a bot uses it."""
    try:
        schema = check_database(path)
        damage = find_damage(path, seconds=_READING) if schema is not None else ""
    except StoreError as error:
        said = str(error)
        yield fail(
            "database", said, said if _DATABASE in said else f"mend that, or name another file in {_DATABASE}"
        )
        return
    if damage:
        said = one_line(damage.replace("*", ""), _NAME)
        yield fail(
            "database", f"{path} is damaged ({said})", "restore a backup, or move it away to start afresh"
        )
        return
    yield ok("database", f"{path} can be {'created' if schema is None else 'written'}")
    newest = migrations()[-1][0]
    # 0 is an empty file, which gets the newest schema without a copy.
    if schema is not None and 0 < schema < newest:
        yield ok("schema", f"schema {schema}; the next start brings it to {newest} and keeps a copy")
    elif schema is not None:
        size = _size_of(files_of(path))
        whole = "no damage" if damage == "" else f"not read to its end within {_READING:.0f} s"
        yield ok("schema", f"schema {schema}, {size / 1e6:,.1f} MB with its log and copies, {whole}")
    free = shutil.disk_usage(Path(os.path.realpath(path)).parent).free
    if free < _LITTLE_SPACE:
        yield warn(
            "disk space", f"{free / 1e6:,.0f} MB are free beside {path}", "make room, or move the database"
        )
    else:
        yield ok("disk space", f"{free / 1e9:,.1f} GB are free beside the database")
