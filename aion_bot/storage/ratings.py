"""What people think of answers: one rating a person and answer, and `aion-bot feedback export`."""

import json
import sqlite3
from collections.abc import Iterator

from aion_bot.environment.database_location import Location
from aion_bot.ports.failures import reference
from aion_bot.ports.messages import Action, Person
from aion_bot.storage.beside import open_beside
from aion_bot.storage.errors import StoreError, reason
from aion_bot.storage.statements import Statements

MOST_REASON = 2_000
"""Characters of a reason that are kept."""


class Ratings(Statements):
    """Each method is one transaction, durable when it returns. A rating goes with the row of its turn."""

    async def rate(self, turn: str, person: Person, rating: Action) -> bool | None:
        """Record what a person thinks of an answer, over what they thought before; the reason of another rating is dropped.

        Returns whether they had rated it before; None where the turn has no row any more.
        """
        before = await self._one("SELECT 1 FROM rating WHERE turn = ? AND person_id = ?", turn, person.id)
        written = await self._do(
            "INSERT INTO rating (turn, person_id, rating) SELECT key, ?, ? FROM turn WHERE key = ? "
            "ON CONFLICT (turn, person_id) DO UPDATE SET rated_at = excluded.rated_at, rating = excluded.rating, "
            "reason = iif(rating.rating = excluded.rating, rating.reason, '')",
            person.id, rating.value, turn,
        )  # fmt: skip
        return before is not None if written else None

    async def explain(self, turn: str, person: Person, words: str) -> bool:
        """Record why a person rated an answer as a bad one, over what they said before; False where they do not, or no more."""
        sql = "UPDATE rating SET reason = ? WHERE turn = ? AND person_id = ? AND rating = 'bad'"
        return await self._do(sql, words[:MOST_REASON], turn, person.id) == 1

    async def is_bad(self, turn: str, person: Person) -> bool:
        """Return whether a person rates an answer as a bad one."""
        sql = "SELECT 1 FROM rating WHERE turn = ? AND person_id = ? AND rating = 'bad'"
        return await self._one(sql, turn, person.id) is not None


def export_ratings(path: Location) -> Iterator[str]:
    """Return one JSON object a rating, the oldest first, as lines.

    Raises:
        StoreError: there is no database, it cannot be read, or its schema is another version's.
    """
    try:
        with open_beside(path) as connection:
            # All at once: whoever reads the lines may wait, and a query that is open would keep the bot from emptying its log.
            rows = connection.execute(
                "SELECT rating.*, turn.platform, turn.workspace, turn.channel, turn.session_id, turn.answer_id, "
                "turn.reason AS outcome FROM rating JOIN turn ON turn.key = rating.turn ORDER BY rated_at, rating.rowid"
            ).fetchall()
            for row in rows:
                said = dict(row)
                said.pop("rowid", None)  # a column, on a server
                yield json.dumps({"ref": reference(said.pop("turn")), **said}, ensure_ascii=False)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be read ({reason(error, path)})") from error
