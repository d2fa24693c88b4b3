"""Keys that Aion refuses for plan actions: remembered for a day, so that no card offers what cannot be done."""

import json
import time
from collections.abc import Callable

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.ports.events import Place
from aion_bot.storage import Store, recorded

_log = structlog.get_logger(__name__)

LIFETIME = 86_400.0
"""Seconds for which a refusal counts: after that one press finds out whether it still holds."""

_NAME = "keys refused for plans"
"""Name of the value that holds until when each refusal counts, by the digest of its key, as a JSON object."""


async def load_refused_keys(store: Store, access: AccessControl, key_in_use: Callable[[Place], str]) -> None:
    """Let the refusals of earlier processes count for the key whose digest `key_in_use` returns for a place."""
    access.key_in_use, stored = key_in_use, await store.kv.get("", _NAME)
    access.refused_keys = {} if stored is None else json.loads(stored)


async def note_refused_key(store: Store, access: AccessControl, key: str) -> None:
    """Remember that Aion refused a plan action to the key of this digest, and let the open cards show that."""
    now = time.time()
    kept = {one: until for one, until in access.refused_keys.items() if until > now}
    access.refused_keys = {**kept, key: now + LIFETIME}
    _log.error("key may not decide plans", mend="give a key with the scope write to the bot")
    await recorded(_log, store.kv.set("", _NAME, json.dumps(access.refused_keys)), "refused key")
    access.changed.set()
