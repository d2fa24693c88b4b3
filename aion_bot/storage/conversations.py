"""The conversations with Aion, as `/aion` sees them: whose they are, where they are used, and what they are about."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage.allowance import OF_PERSON
from aion_bot.storage.statements import Statements

Picked = tuple[str, str]
"""A picture: Aion's id, and its title."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session of Aion's. `turn` is the first question in it, by its key; `owner` asked that, in `thread`."""

    session: str
    turn: str
    thread: ThreadKey
    owner: Person


@dataclass(frozen=True, slots=True)
class Search:
    """What a person found. `turn` is the newest question of the thread that it was made in, "" where there was none.

    `key_name` is the variable of the key that found it, "" for AIONVISION_API_KEY.
    """

    key: str
    platform: str
    person: Person
    turn: str
    pictures: Sequence[Picked]
    key_name: str = ""


class Conversations(Statements):
    """Each method is one transaction, durable when it returns."""

    async def newest_thread(self, platform: str, place: Place, person: Person) -> ThreadKey | None:
        """Return the thread with the newest question of a person in a channel; private ones are answered elsewhere."""
        row = await self._one(
            "SELECT thread FROM turn WHERE platform = ? AND workspace = ? AND asker_id = ? AND channel = ? "
            "AND NOT coalesce(origin ->> '$.place[7]', 0) "
            "ORDER BY asked_at DESC, rowid DESC LIMIT 1",
            platform, place.home, person.id, place.channel,
        )  # fmt: skip
        return None if row is None else ThreadKey(platform, row["thread"])

    async def of_session(self, platform: str, session: str) -> Conversation | None:
        """Return who began a session and where; None where the question is not kept any more."""
        row = await self._one(
            "SELECT * FROM turn WHERE platform = ? AND session_id = ? ORDER BY rowid LIMIT 1",
            platform,
            session,
        )
        return None if row is None else _conversation(row)

    async def of_person(
        self, platform: str, place: Place, person: Person, most: int, behind: int, *, key_name: str = ""
    ) -> list[Conversation]:
        """Return conversations that a person began in a workspace with one key, those with their newest questions first; `behind` are left out."""
        rows = await self._all(
            "SELECT first.*, mine.newest FROM (SELECT session_id, max(rowid) AS newest FROM turn "
            "WHERE platform = ? AND workspace = ? AND asker_id = ? AND session_id <> '' "
            "AND coalesce((SELECT name FROM session_key WHERE session = session_id), '') = ? GROUP BY session_id) AS mine "
            "JOIN turn AS first ON first.rowid = (SELECT min(rowid) FROM turn WHERE session_id = mine.session_id) "
            "WHERE first.asker_id = ? ORDER BY mine.newest DESC LIMIT ? OFFSET ?",
            platform, place.home, person.id, key_name, person.id, most, behind,
        )  # fmt: skip
        return [_conversation(row) for row in rows]

    async def asked_this_hour(self, platform: str, place: Place, person: Person) -> int:
        """Return how many questions of a person count against the allowance of the rolling hour."""
        row = await self._one(f"SELECT count(*) AS asked {OF_PERSON[False]}", platform, place.home, person.id)
        return 0 if row is None else int(row["asked"])

    async def is_first_direct(self, turn: Turn) -> bool:
        """Return whether a question is the first one that its person asked the bot alone, as far as questions are kept."""
        row = await self._one(
            "SELECT key FROM turn WHERE platform = ? AND workspace = ? AND asker_id = ? AND origin ->> '$.place[2]' "
            "ORDER BY asked_at, rowid LIMIT 1",
            turn.thread.platform, turn.place.home, turn.asker.id,
        )  # fmt: skip
        return row is not None and row["key"] == turn.key

    async def switch(self, thread: ThreadKey, before: str | None, session: str | None) -> bool:
        """Let the next question of a thread be asked in this session, None: in a new one.

        False where the thread has another one than `before` meanwhile.
        """
        sql = "UPDATE thread SET session_id = ? WHERE platform = ? AND id = ? AND session_id IS ?"
        return await self._do(sql, session, thread.platform, thread.id, before) == 1

    async def pictures(self, thread: ThreadKey) -> list[Picked]:
        """Return the pictures that the questions of a thread are about; none: all."""
        sql = "SELECT pictures FROM thread WHERE platform = ? AND id = ?"
        row = await self._one(sql, thread.platform, thread.id)
        return _unpacked(None if row is None else row["pictures"])

    async def choose(self, thread: ThreadKey, before: Sequence[Picked], pictures: Sequence[Picked]) -> bool:
        """Let the questions of a thread be about these pictures, none: about all; False where the choice is not `before` any more."""
        sql = "UPDATE thread SET pictures = ? WHERE platform = ? AND id = ? AND pictures IS ?"
        packed, known = (json.dumps(list(one)) if one else None for one in (pictures, before))
        return await self._do(sql, packed, thread.platform, thread.id, known) == 1

    async def keep_search(self, search: Search) -> None:
        """Keep what somebody found, for a day (`Retention.erase_expired`)."""
        await self._do(
            "INSERT INTO search (key, platform, person_id, turn, pictures, key_name) VALUES (?, ?, ?, ?, ?, ?)",
            search.key, search.platform, search.person.id, search.turn or None, json.dumps(list(search.pictures)),
            search.key_name,
        )  # fmt: skip

    async def search(self, key: str) -> Search | None:
        """Find a search by the key that its buttons carry."""
        row = await self._one("SELECT * FROM search WHERE key = ?", key)
        if row is None:
            return None
        person, found = Person(row["person_id"]), _unpacked(row["pictures"])
        return Search(key, row["platform"], person, row["turn"] or "", found, row["key_name"])


def _unpacked(packed: str | None) -> list[Picked]:
    return [] if packed is None else [(str(one), str(title)) for one, title in json.loads(packed)]


def _conversation(row: sqlite3.Row) -> Conversation:
    owner = Person(row["asker_id"], row["asker_name"])
    return Conversation(row["session_id"], row["key"], ThreadKey(row["platform"], row["thread"]), owner)
