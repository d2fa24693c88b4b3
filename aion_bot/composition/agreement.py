"""Refuses a replica whose settings are another deployment's: one database is of one deployment."""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence

from aion_bot.config import Settings
from aion_bot.domain import strings
from aion_bot.ports.secret_files import read_secret_files
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from aion_bot.storage import StoreError, UnfitServer
from aion_bot.storage.hosting import SharedDatabase

ENCRYPTION_KEYS = "AION_BOT_ENCRYPTION_KEYS"

_KIND = "deployment"


async def agree(
    shared: SharedDatabase, settings: Settings, env: Mapping[str, str], alike: Sequence[str]
) -> None:
    """Write what every replica has to have alike, Aion's key and address and the variables `alike`, as digests.

    Raises:
        UnfitServer: a live replica has something else, or the database was written with other encryption keys.
        StoreError: it cannot be read.
    """
    try:
        encryption = await _check_encryption(shared.values, env.get(ENCRYPTION_KEYS, ""))
        # From then on the replica counts as live.
        if differing := await shared.agree(digests_of(settings, env, alike)):
            raise UnfitServer(strings.other_deployment(differing))
        await _note_encryption(shared.values, encryption)
    except SharedValuesDown as error:
        raise StoreError(str(error)) from None


def digests_of(settings: Settings, env: Mapping[str, str], alike: Sequence[str]) -> Mapping[str, str]:
    """Return the digests of what every replica has to have alike."""
    return {
        Settings.variable("api_key"): _digest(settings.api_key.get_secret_value()),
        Settings.variable("base_url"): _digest(settings.base_url),
        **{name: _digest(env.get(name, "")) for name in alike},
    }


async def agree_anew(
    shared: SharedDatabase, settings: Settings, env: Mapping[str, str], alike: Sequence[str]
) -> None:
    """Let replicas that start from now on find what this one uses since its secrets were read again; `env` names their files.

    Raises:
        StoreError: it could not be written, or none of the encryption keys is one of those before.
    """
    files = await asyncio.to_thread(read_secret_files, env, [ENCRYPTION_KEYS])
    try:
        await shared.agree_anew(digests_of(settings, files.env, alike))
        if not files.problems:
            keys = files.env.get(ENCRYPTION_KEYS, "")
            await _note_encryption(shared.values, await _check_encryption(shared.values, keys))
    except (sqlite3.Error, SharedValuesDown) as error:
        raise StoreError(str(error)) from None


async def _check_encryption(values: SharedValues, keys: str) -> str:
    """Return the digests of keys, of which one at least has to be one of those before: so they are replaced one by one."""
    mine = [_digest(one.strip()) for one in keys.split(",") if one.strip()]
    before = await values.get(_KIND, ENCRYPTION_KEYS)
    if before is not None and set(mine).isdisjoint(json.loads(before)):
        raise UnfitServer(strings.OTHER_ENCRYPTION_KEYS)
    return json.dumps(mine) if mine else ""


async def _note_encryption(values: SharedValues, digests: str) -> None:
    if digests:
        await values.set(_KIND, ENCRYPTION_KEYS, digests)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
