"""The conversations with Aion, as `/aion` sees them: whose they are, where they are used, and what they are about."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aion_bot.domain.file_types import FileKind
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage.allowance import OF_PERSON
from aion_bot.storage.choices import Picked, unpacked
from aion_bot.storage.engines import Row
from aion_bot.storage.serialization import pack_place
from aion_bot.storage.statements import Statements

_IS_PRIVATE = "coalesce(origin -> '$.place[7]', 'false') = 'true'"
"""SQL for a question that was asked privately."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session of Aion's. `turn` is the first question in it, by its key; `owner` asked that, in `thread`.

    `private`: nobody else read it there; `hidden`: because it was asked privately, or something in it since.
    """

    session: str
    turn: str
    thread: ThreadKey
    owner: Person
    private: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """What a person found. `turn` is the newest question of the thread that it was made in, "" where there was none.

    `key_name` is the variable of the key that found it, "" for AIONVISION_API_KEY. `words` were looked for, in `place`;
    None: an earlier version did not keep that.
    """

    key: str
    platform: str
    person: Person
    turn: str
    found: Sequence[Picked]
    key_name: str = ""
    words: str = ""
    place: Place | None = None


class Conversations(Statements):
    """Each method is one transaction, durable when it returns."""

    async def newest_thread(self, platform: str, place: Place, person: Person) -> ThreadKey | None:
        """Return the thread with the newest question of a person in a channel; private ones are answered elsewhere."""
        row = await self._one(
            "SELECT thread FROM turn WHERE platform = ? AND workspace = ? AND asker_id = ? AND channel = ? "  # noqa: S608  # a literal of ours
            f"AND NOT ({_IS_PRIVATE}) "
            "ORDER BY asked_at DESC, rowid DESC LIMIT 1",
            platform, place.home, person.id, place.channel,
        )  # fmt: skip
        return None if row is None else ThreadKey(platform, row["thread"])

    async def of_session(self, platform: str, session: str) -> Conversation | None:
        """Return who began a session and where; None where the question is not kept any more."""
        row = await self._one(
            f"SELECT *, EXISTS (SELECT 1 FROM turn WHERE session_id = ?2 AND {_IS_PRIVATE}) AS hidden "  # noqa: S608  # a literal of ours
            "FROM turn WHERE platform = ?1 AND session_id = ?2 ORDER BY rowid LIMIT 1",
            platform,
            session,
        )
        if row is None:
            return None
        begun = _conversation(row)
        return replace(begun, private=True, hidden=True) if row["hidden"] else begun

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
            "SELECT key FROM turn WHERE platform = ? AND workspace = ? AND asker_id = ? AND origin -> '$.place[2]' = 'true' "
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

    async def leave_private(self, session: str) -> bool:
        """Let the next question of each thread that its person alone reads be asked in a new session; True if there was one.

        Others read on in this session: they could ask what is asked in it.
        """
        sql = (
            "UPDATE thread SET session_id = NULL WHERE session_id = ? AND EXISTS (SELECT 1 FROM turn "  # noqa: S608  # a literal of ours
            "WHERE turn.platform = thread.platform AND turn.thread = thread.id "
            f"AND (coalesce(origin -> '$.place[2]', 'false') = 'true' OR {_IS_PRIVATE}))"
        )
        return await self._do(sql, session) > 0

    async def goes_on(self, turn: Turn, session: str | None, asked_in: ThreadKey) -> bool:
        """Return whether a private question that was asked in `asked_in` goes on with the session of the thread it is answered in.

        It does where a question in that session was asked there; and where none of that session was asked elsewhere, so that
        it was begun by a reply, or by `/aion`, where the last one was.
        """
        rows = await self._all(
            "SELECT DISTINCT origin ->> '$.share_to' AS asked_in FROM turn WHERE platform = ? AND thread = ? "
            "AND session_id = ? AND origin ->> '$.share_to' IS NOT NULL",
            turn.thread.platform, turn.thread.id, session,
        )  # fmt: skip
        if rows:
            return any(row["asked_in"] == asked_in.id for row in rows)
        last = await self._one(
            "SELECT origin ->> '$.share_to' AS asked_in FROM turn WHERE platform = ? AND thread = ? "
            "AND origin ->> '$.share_to' IS NOT NULL AND (session_id IS NOT NULL OR (key = ? AND attempt > 0)) "
            "ORDER BY rowid DESC LIMIT 1",
            turn.thread.platform, turn.thread.id, turn.key,
        )  # fmt: skip
        return last is not None and last["asked_in"] == asked_in.id

    async def last_session(self, thread: ThreadKey, asked_in: ThreadKey) -> str | None:
        """Return the session of the last private question that was asked in one thread and answered in another; None: there is none."""
        row = await self._one(
            "SELECT session_id FROM turn WHERE platform = ? AND thread = ? AND origin ->> '$.share_to' = ? "
            "AND session_id IS NOT NULL ORDER BY rowid DESC LIMIT 1",
            thread.platform, thread.id, asked_in.id,
        )  # fmt: skip
        return None if row is None else str(row["session_id"])

    async def chosen(self, thread: ThreadKey, key_name: str = "") -> list[Picked]:
        """Return the pictures that the questions of a thread are about, none: all; then the documents and videos that they use.

        What was chosen with another key than that of the variable `key_name` is not among them.
        """
        sql = "SELECT pictures, files FROM thread WHERE platform = ? AND id = ? AND chosen_key = ?"
        row = await self._one(sql, thread.platform, thread.id, key_name)
        return [] if row is None else [*unpacked(row["pictures"]), *unpacked(row["files"])]

    async def choose(
        self, thread: ThreadKey, before: Sequence[Picked], after: Sequence[Picked], key_name: str = ""
    ) -> bool:
        """Let the questions of a thread be about what `after` names; False where the choice is not `before` any more.

        It was found with the key of the variable `key_name`, and takes the place of what another key found.
        """
        sql = (
            "UPDATE thread SET pictures = ?, files = ?, chosen_key = ? WHERE platform = ? AND id = ? "
            "AND (chosen_key <> ? OR (pictures IS ? AND files IS ?))"
        )
        values = (*_halves(after), key_name, thread.platform, thread.id, key_name, *_halves(before))
        return await self._do(sql, *values) == 1

    async def keep_search(self, search: Search) -> None:
        """Keep what somebody found, for a day (`Retention.erase_expired`)."""
        await self._do(
            "INSERT INTO search (key, platform, person_id, turn, pictures, key_name, words, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            search.key, search.platform, search.person.id, search.turn or None, json.dumps(search.found),
            search.key_name, search.words, None if search.place is None else pack_place(search.place),
        )  # fmt: skip

    async def search(self, key: str) -> Search | None:
        """Find a search by the key that its buttons carry."""
        row = await self._one("SELECT * FROM search WHERE key = ?", key)
        if row is None:
            return None
        person, found = Person(row["person_id"]), unpacked(row["pictures"])
        place = None if row["place"] is None else Place(*json.loads(row["place"]))
        return Search(
            key, row["platform"], person, row["turn"] or "", found, row["key_name"], row["words"], place
        )


def _halves(choice: Sequence[Picked]) -> tuple[str | None, str | None]:
    """Return a choice as the database has it: its pictures, as ids and titles, and its files."""
    pictures = [one[:2] for one in choice if one.kind == FileKind.IMAGE]
    files = [one for one in choice if one.kind != FileKind.IMAGE]
    return json.dumps(pictures) if pictures else None, json.dumps(files) if files else None


def _conversation(row: Row) -> Conversation:
    owner = Person(row["asker_id"], row["asker_name"])
    origin = json.loads(row["origin"] or "{}")
    place = Place(*origin.get("place", ("", "")))
    thread = ThreadKey(row["platform"], row["thread"])
    return Conversation(row["session_id"], row["key"], thread, owner, place.alone, place.private)
