"""`aion-bot doctor`: what can be checked before anything connects."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aion_bot.config import Settings, describe, policy_of
from aion_bot.domain import strings
from aion_bot.ports.adapter import PlatformAdapter, id_forms_of
from aion_bot.ports.settings import Problem
from aion_bot.runtime.supervisor import SECOND_PROCESS
from aion_bot.storage import StoreError, check_database, migrations, remembered

_RECENT = 600.0
"""Seconds for which a second process that was seen counts as there."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'FAIL'}  {self.name}: {self.detail}"


async def examine(
    settings: Settings | None,
    problems: Sequence[Problem],
    platforms: Sequence[str],
    adapters: Sequence[PlatformAdapter] = (),
) -> list[Check]:
    """Check settings, the key's form and the database."""
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
        checks.append(Check("network", True, strings.NOT_ASKED))
        checks.append(await _database(settings.database))
        checks += await asyncio.to_thread(_second_processes, settings.database)
    return checks


def _access(settings: Settings, adapter: PlatformAdapter) -> Check:
    """Say who may use the bot on a platform."""
    forms = id_forms_of(adapter)
    described = describe(policy_of(settings, forms), forms)
    words = "; ".join(f"{subject}: {allowed}" for subject, allowed in described.items())
    return Check(f"access on {adapter.platform}", True, words)


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
    if 0 < schema < newest:
        due = f"schema {schema}; the next start brings it to {newest} and keeps a copy"
        return Check("database", True, f"{path} can be written: {due}")
    return Check("database", True, f"{path} can be written")
