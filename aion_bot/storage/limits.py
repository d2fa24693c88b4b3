"""What the limits of the platforms once took, for the process that starts next: see `ratelimit.taken`."""

import time
from collections import defaultdict
from collections.abc import Mapping

from aion_bot.storage.statements import Statements

REMEMBERED_FOR = 30 * 86_400.0
"""Seconds after which nobody relies on what a limit took: a platform may have changed it."""

_NOTE = """
    INSERT INTO limit_taken (platform, budget, scope, taken, seconds, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (platform, budget, scope)
    DO UPDATE SET taken = excluded.taken, seconds = excluded.seconds, at = excluded.at
"""


class Taken(Statements):
    """How many requests a limit took in its window, by the name of a budget and what shares it."""

    async def note(self, platform: str, limit: tuple[str, str], taken: int, seconds: float) -> None:
        """Record that a limit, a budget's name and a scope key, took so many requests in so many seconds a moment ago."""
        await self._do(_NOTE, platform, *limit, taken, seconds, time.time())

    async def noted(self) -> Mapping[str, Mapping[tuple[str, str], tuple[int, float]]]:
        """Return, by platform and limit, how many requests it took and in how many seconds; nothing that is too old."""
        found: defaultdict[str, dict[tuple[str, str], tuple[int, float]]] = defaultdict(dict)
        sql = "SELECT platform, budget, scope, taken, seconds FROM limit_taken WHERE taken > 0 AND at > ?"
        for row in await self._all(sql, time.time() - REMEMBERED_FOR):
            found[row["platform"]][row["budget"], row["scope"]] = (row["taken"], row["seconds"])
        return found
