"""When turns came to what. Triggers write it, in the step that changes the row; here it is read."""

from aion_bot.storage.statements import Statements

FIRST_MESSAGE = "first message"
"""An event that is no phase: the first message of the answer is recorded. Like `accepted`, the trigger names it."""


class Timeline(Statements):
    """Reads the table `timeline`."""

    async def of_turn(self, key: str, attempt: int) -> list[tuple[float, str]]:
        """Return when, in seconds since 1970, an attempt came to which phase or other event, in order."""
        sql = "SELECT at, event FROM timeline WHERE key = ? AND attempt = ? ORDER BY at"
        return [(row["at"], row["event"]) for row in await self._all(sql, key, attempt)]
