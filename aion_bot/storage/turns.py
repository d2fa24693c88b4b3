"""The journal of questions."""

import json
from collections.abc import Iterable

from aion_bot.domain.turn import Turn, TurnState
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.serialization import pack_origin, pack_refs, turn_from
from aion_bot.storage.statements import Statements

_NOT_BEGUN = "state = 'open' AND session_id = '' AND posted = '[]'"
_FREE = (
    "NOT EXISTS (SELECT 1 FROM plan WHERE session_id = ? AND result = ?) AND NOT EXISTS "
    "(SELECT 1 FROM turn AS other WHERE other.session_id = ? AND other.answer_id = ? AND other.key <> turn.key)"
)
"""A message of a session belongs to no plan and to no other question."""


class Journal(Statements):
    """Questions, and how far each has come."""

    async def accept(self, turn: Turn, prompt: Prompt) -> bool:
        """Write a new question and make its thread known; False if this prompt was accepted before."""
        thread = turn.thread
        return await self._do(
            "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, origin) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prompt) DO NOTHING",
            turn.key, prompt.key, thread.platform, thread.id, turn.asker.id, turn.asker.name, turn.text,
            pack_origin(prompt),
        ) == 1  # fmt: skip

    async def accepted(self, prompt: str) -> bool:
        """Tell whether a question was accepted before, by its prompt's key."""
        return await self._one("SELECT 1 FROM turn WHERE prompt = ?", prompt) is not None

    async def turn(self, key: str) -> Turn | None:
        """Find a question by the key that its buttons carry."""
        row = await self._one("SELECT * FROM turn WHERE key = ?", key)
        return None if row is None else turn_from(row)

    async def unsettled_turns(self) -> list[Turn]:
        """Questions whose threads do not show yet how they ended, oldest first."""
        return [
            turn_from(row) for row in await self._all("SELECT * FROM turn WHERE settled = 0 ORDER BY rowid")
        ]

    async def amend(self, prompt: str, text: str) -> bool:
        """Replace the words of a question that nobody has begun to answer; False if there is none."""
        sql = f"UPDATE turn SET text = ? WHERE prompt = ? AND {_NOT_BEGUN}"  # noqa: S608  # a literal of ours
        return await self._do(sql, text, prompt) == 1

    async def withdraw(self, prompt: str) -> bool:
        """Close a question that nobody has begun to answer; False if there is none.

        It is not settled: its first message may be on its way.
        """
        sql = f"UPDATE turn SET state = 'done', text = '', closed_at = unixepoch() WHERE prompt = ? AND {_NOT_BEGUN}"  # noqa: S608  # a literal of ours
        return await self._do(sql, prompt) == 1

    async def note_stream(self, key: str, session_id: str, answer_id: str) -> bool:
        """Record where the answer to an open question can be found again; False if it was withdrawn."""
        sql = "UPDATE turn SET session_id = ?, answer_id = ? WHERE key = ? AND state = 'open'"
        return await self._do(sql, session_id, answer_id, key) == 1

    async def note_posted(self, key: str, posted: Iterable[MessageRef]) -> None:
        """Record the messages that show the answer so far."""
        await self._do("UPDATE turn SET posted = ? WHERE key = ?", pack_refs(tuple(posted)), key)

    async def posted_in(self, thread: ThreadKey) -> set[str]:
        """Ids of the messages that show an answer in a thread, as far as they are recorded."""
        sql = "SELECT posted FROM turn WHERE platform = ? AND thread = ?"
        rows = await self._all(sql, thread.platform, thread.id)
        return {str(message) for row in rows for message in json.loads(row["posted"])}

    async def close_turn(self, key: str, state: TurnState, *, interrupted: bool = False) -> bool:
        """Close an open question; False if it is closed otherwise, as one that was withdrawn.

        Its text stays only for a retry, that is for `FAILED`.
        `interrupted`: its answer may come to be stored; it is one of the `interrupted_turns`.
        """
        kept = "text" if state is TurnState.FAILED else "''"
        return await self._do(
            f"UPDATE turn SET interrupted = iif(state = 'open', ?, interrupted), state = ?, text = {kept}, closed_at = unixepoch() WHERE key = ? AND state IN ('open', ?)",  # noqa: S608  # two literals of ours
            interrupted, state, key, state,
        ) == 1  # fmt: skip

    async def settle_turn(self, key: str, attempt: int) -> None:
        """Record that the thread shows how an attempt ended; one that is still open is closed as answered.

        Nothing is recorded where somebody has had it asked again since.
        """
        await self._do(
            "UPDATE turn SET settled = 1, text = iif(state = 'open', '', text), closed_at = coalesce(closed_at, unixepoch()), "
            "state = iif(state = 'open', 'done', state) WHERE key = ? AND attempt = ?",
            key,
            attempt,
        )

    async def claim_retry(self, key: str) -> bool:
        """Open a failed question again; True for exactly one of all who try."""
        claim = (
            "UPDATE turn SET state = 'open', settled = 0, tidy = 0, interrupted = 0, attempt = attempt + 1, "
            "session_id = '', answer_id = '', closed_at = NULL WHERE key = ? AND state = 'failed'"
        )
        return await self._do(claim, key) == 1

    async def interrupted_turns(self) -> list[Turn]:
        """Questions that a stop cut off after Aion had been asked, oldest first."""
        sql = "SELECT * FROM turn WHERE interrupted = 1 AND state = 'failed' AND session_id <> '' ORDER BY rowid"
        return [turn_from(row) for row in await self._all(sql)]

    async def reopen_interrupted(self, key: str, session_id: str, answer_id: str) -> bool:
        """Open a question that a stop cut off, and take a message for its answer; False if it is asked again already."""
        sql = (
            "UPDATE turn SET state = 'open', settled = 0, tidy = 0, interrupted = 0, closed_at = NULL, answer_id = ? "  # noqa: S608  # literals of ours
            f"WHERE key = ? AND state = 'failed' AND interrupted = 1 AND {_FREE}"
        )
        return await self._do(sql, answer_id, key, *(session_id, answer_id) * 2) == 1

    async def give_up_interrupted(self, key: str) -> None:
        """Record that the answer to a question which a stop cut off has not come."""
        await self._do("UPDATE turn SET interrupted = 0 WHERE key = ?", key)

    async def untidy_turns(self) -> list[Turn]:
        """Settled questions that may still show that they wait, or that the bot is at work, oldest first."""
        sql = "SELECT * FROM turn WHERE tidy = 0 AND settled = 1 ORDER BY rowid"
        return [turn_from(row) for row in await self._all(sql)]

    async def note_tidy(self, key: str) -> None:
        """Record that no sign of a question stands any more."""
        await self._do("UPDATE turn SET tidy = 1 WHERE key = ?", key)

    async def threads(self, platform: str, most: int) -> list[ThreadKey]:
        """Threads of a platform with the newest questions, newest first."""
        sql = "SELECT thread FROM turn WHERE platform = ? GROUP BY thread ORDER BY max(rowid) DESC LIMIT ?"
        return [ThreadKey(platform, row["thread"]) for row in await self._all(sql, platform, most)]

    async def claim_answer(self, key: str, session_id: str, answer_id: str) -> bool:
        """Take a message of a session for the stored answer of a question; False where it is somebody else's."""
        taken = f"UPDATE turn SET answer_id = ? WHERE key = ? AND {_FREE}"  # noqa: S608  # literals of ours
        return await self._do(taken, answer_id, key, *(session_id, answer_id) * 2) == 1

    async def taken(self, session_id: str, but: str) -> set[str]:
        """Ids of a session's messages that belong to a plan, or to another question than that of the key `but`."""
        sql = (
            "SELECT answer_id AS id FROM turn WHERE session_id = ? AND answer_id <> '' AND key <> ? "
            "UNION SELECT result FROM plan WHERE session_id = ? AND result IS NOT NULL"
        )
        return {str(row["id"]) for row in await self._all(sql, session_id, but, session_id)}

    async def asks(self, session_id: str) -> bool:
        """Tell whether an open question in a session has an answer that Aion has not named yet."""
        sql = "SELECT 1 FROM turn WHERE session_id = ? AND answer_id = '' AND state = 'open'"
        return await self._one(sql, session_id) is not None
