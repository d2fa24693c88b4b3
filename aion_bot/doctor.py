"""`aion-bot doctor`: what can be checked before the bot listens."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aion_bot.config import Settings, describe, policy_of
from aion_bot.domain import strings
from aion_bot.domain.rules import Rules
from aion_bot.environment.addresses import is_loopback
from aion_bot.ports import private_files
from aion_bot.ports.adapter import OperatorWarnings, PlatformAdapter, id_forms_of
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.host import SECOND_PROCESS
from aion_bot.ports.settings import Problem
from aion_bot.storage import StoreError, check_database, files_of, migrations, remembered

_PATIENCE = 10.0
"""Seconds that a platform has to answer."""
_RECENT = 600.0
"""Seconds for which a second process that was seen counts as there."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report; a `warning` names what could be better and fails nothing."""

    name: str
    ok: bool
    detail: str
    warning: bool = False

    def __str__(self) -> str:
        word = "FAIL" if not self.ok else "warn" if self.warning else "ok  "
        return f"{word}  {self.name}: {self.detail}"


async def examine(
    settings: Settings | None,
    problems: Sequence[Problem],
    platforms: Sequence[str],
    adapters: Sequence[PlatformAdapter] = (),
    *,
    rules: Rules | None = None,
    env_file: Path = Path(".env"),
) -> list[Check]:
    """Check settings, the key's form, the database and the modes of its files and of `.env`.

    `rules` are those of `aion-bot.toml`.
    """
    checks = [Check(problem.variable, False, problem.mend) for problem in problems]
    if not problems:
        checks.append(Check("settings", True, f"complete; platforms: {', '.join(platforms)}"))
    if settings is not None:
        checks.append(
            Check(
                "AIONVISION_API_KEY",
                True,
                "has the form of a key; whether Aion takes it shows at the first question",
            )
        )
        checks += [_access(settings, adapter) for adapter in adapters]
        in_force = (rules or Rules()).with_variables(settings.rules())
        checks += [Check(key, True, words) for key, words in in_force.describe().items()]
        for adapter in adapters:
            checks += await _warnings(adapter)
        checks.append(Check("network", True, strings.NOT_ASKED))
        checks.append(await _database(settings.database))
        checks += await asyncio.to_thread(_second_processes, settings.database)
        checks += _http_address(settings)
        checks.append(Check("retention", True, strings.kept_for(settings.retention_days)))
    files = [env_file, *(files_of(settings.database) if settings is not None else ())]
    return checks + await asyncio.to_thread(_modes, files)


def _modes(files: Sequence[Path]) -> list[Check]:
    """Warn of files with secrets or with people's words that others can read or write; changes nothing."""
    return [
        Check("file mode", True, strings.loose_mode(str(path), mode), warning=True)
        for path, mode in private_files.loose(files).items()
    ]


def _access(settings: Settings, adapter: PlatformAdapter) -> Check:
    """Say who may use the bot on a platform."""
    forms = id_forms_of(adapter)
    described = describe(policy_of(settings, forms), forms)
    words = "; ".join(f"{subject}: {allowed}" for subject, allowed in described.items())
    return Check(f"access on {adapter.platform}", True, words)


async def _warnings(adapter: PlatformAdapter) -> list[Check]:
    """Ask a platform what its operator should know; a platform that cannot be asked is a warning, not a failure."""
    name = f"operator of {adapter.platform}"
    if not isinstance(adapter, OperatorWarnings):
        return []
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await adapter.warnings()
    except (PlatformError, TimeoutError) as error:
        return [Check(name, True, strings.not_reached(type(error).__name__), warning=True)]
    finally:
        # Also after a failure: the request may have opened connections.
        await adapter.close()
    if not found:
        return [Check(name, True, strings.NOTHING_TO_WARN_OF)]
    return [Check(name, True, warning, warning=True) for warning in found]


def _http_address(settings: Settings) -> list[Check]:
    """Say at which address health and metrics are served, and warn if other machines may read them."""
    address = settings.http_address
    if address is None:
        return []
    own = is_loopback(address.host)
    detail = f"{address}: for this machine alone" if own else strings.open_address(str(address))
    return [Check("AION_BOT_HTTP_ADDRESS", True, detail, warning=not own)]


def _second_processes(path: Path) -> list[Check]:
    """Report platforms whose token another process used lately, as a running bot has noticed."""
    seen = remembered(path, SECOND_PROCESS)
    recent = [platform for platform, at in seen.items() if time.time() - float(at) < _RECENT]
    return [Check(f"second process on {one}", False, strings.SECOND_PROCESS) for one in sorted(recent)]


async def _database(path: Path) -> Check:
    """Look at the database without changing it, also while a bot uses it."""
    try:
        schema = await asyncio.to_thread(check_database, path)
    except StoreError as error:
        return Check("database", False, str(error))
    newest = migrations()[-1][0]
    if schema is None:
        return Check("database", True, f"{path} can be created")
    # 0 is an empty file, which gets the newest schema without a copy.
    if 0 < schema < newest:
        due = f"schema {schema}; the next start brings it to {newest} and keeps a copy"
        return Check("database", True, f"{path} can be written: {due}")
    return Check("database", True, f"{path} can be written")
