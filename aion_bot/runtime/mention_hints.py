"""The hint that replies need a mention: once for each person and thread, also after a restart."""

import json
from collections import OrderedDict

from aion_bot.ports.events import Prompt
from aion_bot.storage import Store

_HINTED = "mention hints"
"""Name of the value that holds whom the hint was given where, as a JSON list."""

_REMEMBERED = 500
"""Persons in threads that are remembered; the oldest may get the hint again."""


class MentionHints:
    """Knows who got the hint in which thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._given: dict[str, OrderedDict[str, None]] = {}

    async def claim(self, reply: Prompt) -> bool:
        """Return whether the person of `reply` has still to get the hint in its thread; True once."""
        platform = reply.thread.platform
        if platform not in self._given:
            stored = await self._store.kv.get(platform, _HINTED)
            # Another task may have read it meanwhile, and added to it.
            self._given.setdefault(platform, OrderedDict.fromkeys(json.loads(stored or "[]")))
        given, name = self._given[platform], f"{reply.thread.id} {reply.person.id}"
        if name in given:
            return False
        given[name] = None
        if len(given) > _REMEMBERED:
            given.popitem(last=False)
        await self._store.kv.set(platform, _HINTED, json.dumps(list(given)))
        return True
