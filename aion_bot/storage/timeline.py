"""When turns came to what. Triggers write it, in the step that changes the row; here it is read."""

import time

from aion_bot.storage.statements import Statements

FIRST_MESSAGE = "first message"
"""An event that is no phase: the first message of the answer is recorded. Like `accepted`, the trigger names it."""


FIRST_SIGN = "first sign"
FIRST_TEXT = "first text"
"""When people first saw a sign of an attempt, and words of its answer."""


class Timeline(Statements):
    """Reads the table `timeline`, and writes what no trigger can see."""

    async def note_sign(self, key: str) -> None:
        """Record that people see a sign of a turn now, unless they saw one of this attempt before."""
        # Of several writes the trigger takes the first one of an attempt (`0022_first_signs.sql`).
        await self._do("UPDATE turn SET first_sign = ? WHERE key = ?", time.time(), key)

    async def of_turn(self, key: str, attempt: int) -> list[tuple[float, str]]:
        """Return when, in seconds since 1970, an attempt came to which phase or other event, in order."""
        sql = "SELECT at, event FROM timeline WHERE key = ? AND attempt = ? ORDER BY at, event"
        return [(row["at"], row["event"]) for row in await self._all(sql, key, attempt)]
