"""What is asked of the turns: one of them, those in a phase, what a thread or a session has had."""

import json

from aion_bot.domain.allowance import WINDOW, Allowance, UsedUp, Whose
from aion_bot.domain.turn import UNFINISHED, EndReason, Turn
from aion_bot.ports.events import Place, Reaction
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage.allowance import OF_CHANNEL, OF_PERSON, ids_of_app
from aion_bot.storage.serialization import turn_from
from aion_bot.storage.statements import Statements, among

# The ids of messages stand in JSON, which no index covers: each question costs the reading of its row.
MOST_SEARCHED = 2_000
"""Questions of a channel, or of a person, the newest ones, in which a message is looked for."""

_UNFINISHED = among("phase", UNFINISHED)


class TurnQueries(Statements):
    """Reads the turns and changes nothing; `Turns` extends it."""

    async def used_up(
        self, platform: str, place: Place, person: Person, allowance: Allowance
    ) -> UsedUp | None:
        """Return the allowance that leaves no room for another question; of two, the one with the longer wait."""
        found = []
        counted = ids_of_app(person) if person.apps else person.id
        for whose, limit, rows, values in (
            (
                Whose.PERSON,
                allowance.per_person,
                OF_PERSON[bool(person.apps)],
                (platform, place.home, counted),
            ),
            (Whose.CHANNEL, allowance.per_channel, OF_CHANNEL, (platform, place.channel)),
        ):
            # There is room again when the oldest of as many questions as the limit allows is an hour old.
            sql = f"SELECT asked.asked_at + {WINDOW} - unixepoch() AS wait {rows} ORDER BY asked.asked_at DESC LIMIT 1 OFFSET ?"
            row = await self._one(sql, *values, limit - 1) if limit else None
            if row is not None:
                found.append(UsedUp(whose, limit, float(row["wait"])))
        return max(found, key=lambda one: one.wait, default=None)

    async def accepted(self, prompt: str) -> bool:
        """Return whether a prompt was accepted before, by its key."""
        return await self._one("SELECT 1 FROM turn WHERE prompt = ?", prompt) is not None

    async def newest(self, thread: ThreadKey) -> Turn | None:
        """Return the question that was asked last in a thread."""
        sql = "SELECT * FROM turn WHERE platform = ? AND thread = ? ORDER BY rowid DESC LIMIT 1"
        row = await self._one(sql, thread.platform, thread.id)
        return None if row is None else turn_from(row)

    async def get(self, key: str) -> Turn | None:
        """Find a turn by the key that its buttons carry."""
        row = await self._one("SELECT * FROM turn WHERE key = ?", key)
        return None if row is None else turn_from(row)

    async def of_prompt(self, prompt: str) -> Turn | None:
        """Find the turn of the message that asked."""
        row = await self._one("SELECT * FROM turn WHERE prompt = ?", prompt)
        return None if row is None else turn_from(row)

    async def withdrawn(self, prompt: str) -> bool:
        """Return whether a prompt is a question whose writer took its words away and left the message."""
        sql = "SELECT 1 FROM turn WHERE prompt = ? AND reason = ? AND deleted_at IS NULL"
        return await self._one(sql, prompt, EndReason.WITHDRAWN) is not None

    async def taken(self, session_id: str, but: str) -> set[str]:
        """Ids of a session's messages that belong, or belonged, to a plan or to another turn than that of the key `but`."""
        sql = (
            "SELECT answer_id AS id FROM turn WHERE session_id = ? AND answer_id IS NOT NULL AND key <> ? "
            "UNION SELECT result FROM plan WHERE session_id = ? AND result IS NOT NULL "
            # What the turn itself still names is its own: a retry may have noted it as spent, and found no room then.
            "UNION SELECT id FROM spent_message WHERE session_id = ? "
            "AND id NOT IN (SELECT answer_id FROM turn WHERE key = ? AND answer_id IS NOT NULL)"
        )
        values = (session_id, but, session_id, session_id, but)
        return {str(row["id"]) for row in await self._all(sql, *values)}

    async def awaits_name(self, session_id: str) -> bool:
        """Return whether an unfinished turn in a session has an answer that Aion has not named yet."""
        sql = f"SELECT 1 FROM turn WHERE session_id = ? AND answer_id IS NULL AND {_UNFINISHED}"  # noqa: S608  # literals of ours
        return await self._one(sql, session_id) is not None

    async def has_other_unnamed(self, session_id: str, key: str) -> bool:
        """Return whether another turn of a session still expects an answer that has no name: a stored one may be its own."""
        sql = f"SELECT 1 FROM turn WHERE session_id = ? AND key <> ? AND answer_id IS NULL AND ({_UNFINISHED} OR reason = 'interrupted')"  # noqa: S608  # literals of ours
        return await self._one(sql, session_id, key) is not None

    async def unfinished(self) -> list[Turn]:
        """Turns whose threads do not show yet how they ended, oldest first."""
        return await self._turns("phase NOT IN ('shown', 'cleared')")

    async def not_cleared(self) -> list[Turn]:
        """Turns that are shown and may still have an indicator, oldest first."""
        return await self._turns("phase = 'shown'")

    async def interrupted(self) -> list[Turn]:
        """Turns that a stop cut off after Aion had been asked and whose words are kept, oldest first."""
        return await self._turns("reason = 'interrupted' AND erased_at IS NULL")

    async def without_words(self) -> list[Turn]:
        """Turns that ended at a plan's card whose words are still to be shown, oldest first."""
        return await self._turns(
            "words = 'missing' AND reason = 'answered' AND phase IN ('shown', 'cleared')"
        )

    async def posted_in(self, thread: ThreadKey) -> set[str]:
        """Ids of the messages that show an answer in a thread, as far as they are recorded."""
        sql = "SELECT posted FROM turn WHERE platform = ? AND thread = ?"
        rows = await self._all(sql, thread.platform, thread.id)
        return {str(message) for row in rows for message in json.loads(row["posted"])}

    async def of_message(self, platform: str, channel: str, message: str) -> Turn | None:
        """Find the turn whose answer a message of the bot's shows, among the newest `MOST_SEARCHED` of its channel."""
        sql = (
            "SELECT * FROM (SELECT * FROM turn WHERE platform = ? AND channel = ? ORDER BY asked_at DESC LIMIT ?) AS newest "
            "WHERE EXISTS (SELECT 1 FROM json_each(posted) AS one WHERE one.value = ?)"
        )
        row = await self._one(sql, platform, channel, MOST_SEARCHED, message)
        return None if row is None else turn_from(row)

    async def of_private_message(self, event: Reaction) -> Turn | None:
        """Find the private turn whose answer a message in somebody's direct messages shows, among their newest `MOST_SEARCHED`."""
        thread, place = event.message.thread, event.place
        sql = (
            "SELECT * FROM (SELECT * FROM turn WHERE platform = ? AND (thread = ? OR (workspace = ? AND asker_id = ?)) "
            "ORDER BY asked_at DESC LIMIT ?) AS newest "
            "WHERE EXISTS (SELECT 1 FROM json_each(posted) AS one WHERE one.value = ?)"
        )
        among_theirs = (thread.platform, thread.id, place.home, event.person.id, MOST_SEARCHED)
        row = await self._one(sql, *among_theirs, event.message.id)
        turn = None if row is None else turn_from(row)
        own = turn is not None and turn.place.private and turn.asker.id == event.person.id
        return turn if own else None

    async def is_first(self, turn: Turn) -> bool:
        """Return whether a turn is the first one of its thread."""
        sql = "SELECT key FROM turn WHERE platform = ? AND thread = ? ORDER BY rowid LIMIT 1"
        row = await self._one(sql, turn.thread.platform, turn.thread.id)
        return row is not None and row["key"] == turn.key

    async def crowded(self, turn: Turn) -> bool:
        """Return whether other questions, or their answers, came between a question and its answer.

        That is so where somebody asked later in the thread, and where two earlier ones had not ended when this one was
        asked: one was being answered then, and the answer to the other is between.
        """
        sql = (
            "SELECT count(*) FILTER (WHERE other.rowid > own.rowid) AS later, "
            "count(*) FILTER (WHERE other.rowid < own.rowid AND "
            "(other.closed_at IS NULL OR other.closed_at >= own.asked_at)) AS earlier "
            "FROM turn AS own JOIN turn AS other USING (platform, thread) WHERE own.key = ? AND other.key <> own.key "
            "AND other.reason IS NOT 'withdrawn'"
        )
        row = await self._one(sql, turn.key)
        return row is not None and (row["later"] > 0 or row["earlier"] > 1)

    async def begun_before(self, thread: ThreadKey, written_at: float) -> bool:
        """Return whether the first question of a thread was asked by this time, by the platform's clock.

        True too where either time is not known (0), as of a question that an earlier version accepted.
        """
        sql = "SELECT min(coalesce(CAST(json_extract(origin, '$.written_at') AS DOUBLE PRECISION), 0)) AS first FROM turn WHERE platform = ? AND thread = ?"
        row = await self._one(sql, thread.platform, thread.id)
        first = None if row is None else row["first"]
        return not written_at or first is None or first <= written_at

    async def threads(self, platform: str, most: int) -> list[ThreadKey]:
        """Threads of a platform with the newest questions, newest first."""
        sql = "SELECT thread FROM turn WHERE platform = ? GROUP BY thread ORDER BY max(rowid) DESC LIMIT ?"
        return [ThreadKey(platform, row["thread"]) for row in await self._all(sql, platform, most)]

    async def _turns(self, condition: str) -> list[Turn]:
        rows = await self._all(f"SELECT * FROM turn WHERE {condition} ORDER BY rowid")  # noqa: S608  # literals of ours
        return [turn_from(row) for row in rows]
