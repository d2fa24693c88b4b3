"""Refuses a replica whose settings are another deployment's: one database is of one deployment."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from aion_bot.config import Settings
from aion_bot.domain import strings
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from aion_bot.storage import StoreError, UnfitServer
from aion_bot.storage.hosting import SharedDatabase

_ENCRYPTION_KEYS = "AION_BOT_ENCRYPTION_KEYS"

_KIND = "deployment"


async def agree(
    shared: SharedDatabase, settings: Settings, env: Mapping[str, str], alike: Sequence[str]
) -> None:
    """Write what every replica has to have alike, Aion's key and address and the variables `alike`, as digests.

    Raises:
        UnfitServer: a live replica has something else, or the database was written with other encryption keys.
        StoreError: it cannot be read.
    """
    digests = {
        Settings.variable("api_key"): _digest(settings.api_key.get_secret_value()),
        Settings.variable("base_url"): _digest(settings.base_url),
        **{name: _digest(env.get(name, "")) for name in alike},
    }
    try:
        if differing := await shared.agree(digests):
            raise UnfitServer(strings.other_deployment(differing))
        await _agree_on_encryption(shared.values, env.get(_ENCRYPTION_KEYS, ""))
    except SharedValuesDown as error:
        raise StoreError(str(error)) from None


async def _agree_on_encryption(values: SharedValues, keys: str) -> None:
    """Let one key at least be one of those before: so keys can be replaced one by one, while older replicas serve."""
    mine = [_digest(one.strip()) for one in keys.split(",") if one.strip()]
    before = await values.get(_KIND, _ENCRYPTION_KEYS)
    if before is not None and set(mine).isdisjoint(json.loads(before)):
        raise UnfitServer(strings.OTHER_ENCRYPTION_KEYS)
    if mine:
        await values.set(_KIND, _ENCRYPTION_KEYS, json.dumps(mine))


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
