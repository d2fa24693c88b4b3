"""The turns: questions, and how far each has come."""

import json
from collections.abc import Iterable

from aion_bot.domain.turn import RETRYABLE, UNFINISHED, EndReason, Turn, TurnPhase, turn_sources
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.serialization import pack_origin, pack_refs, turn_from
from aion_bot.storage.statements import Statements, among

_FREE = (
    "NOT EXISTS (SELECT 1 FROM plan WHERE session_id = ? AND result = ?) AND NOT EXISTS "
    "(SELECT 1 FROM turn AS other WHERE other.session_id = ? AND other.answer_id = ? AND other.key <> turn.key)"
)
"""A message of a session is no plan's result and no other turn's answer."""

_UNFINISHED = among("phase", UNFINISHED)
_RETRYABLE = among("reason", RETRYABLE)
_RETRYABLE_PARAMETER = among("?", RETRYABLE)
_RETRYABLE_REASON = among("coalesce(reason, ?)", RETRYABLE)

_EDITABLE = f"phase = '{TurnPhase.QUEUED}' AND attempt = 0"
"""Nobody has asked Aion yet. What was asked once, and failed, is asked again as it was."""


_BEFORE = {phase: among("phase", turn_sources(phase)) for phase in TurnPhase}
"""SQL for a turn whose phase may be followed by the given one."""


class Turns(Statements):
    """Each method is one transaction, durable when it returns. A phase moves along `TURN_TRANSITIONS` only."""

    async def accept(self, turn: Turn, prompt: Prompt) -> bool:
        """Write a new turn and make its thread known; False if this prompt was accepted before."""
        thread = turn.thread
        return await self._do(
            "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, origin) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prompt) DO NOTHING",
            turn.key, prompt.key, thread.platform, thread.id, turn.asker.id, turn.asker.name, turn.text,
            pack_origin(prompt),
        ) == 1  # fmt: skip

    async def accepted(self, prompt: str) -> bool:
        """Return whether a prompt was accepted before, by its key."""
        return await self._one("SELECT 1 FROM turn WHERE prompt = ?", prompt) is not None

    async def get(self, key: str) -> Turn | None:
        """Find a turn by the key that its buttons carry."""
        row = await self._one("SELECT * FROM turn WHERE key = ?", key)
        return None if row is None else turn_from(row)

    async def edit_queued(self, prompt: str, text: str) -> bool:
        """Replace the words of a question that Aion was not asked yet; False if there is none."""
        sql = f"UPDATE turn SET text = ? WHERE prompt = ? AND {_EDITABLE}"  # noqa: S608  # a literal of ours
        return await self._do(sql, text, prompt) == 1

    async def withdraw(self, prompt: str) -> bool:
        """End a question that Aion was not asked yet; False if there is none.

        The thread does not show it yet: its first message may be on its way.
        """
        return await self._do(
            "UPDATE turn SET phase = ?, reason = ?, text = '', closed_at = unixepoch() "  # noqa: S608  # a literal of ours
            f"WHERE prompt = ? AND {_EDITABLE}",
            TurnPhase.ENDED, EndReason.WITHDRAWN, prompt,
        ) == 1  # fmt: skip

    async def note_start(self, key: str) -> None:
        """Count that a process takes a turn up; it is durable before anything of the turn is shown."""
        await self._do("UPDATE turn SET starts = starts + 1 WHERE key = ?", key)

    async def move(self, key: str, thread: ThreadKey) -> None:
        """Record that a turn is answered in another thread, which exists, and make that thread known.

        Its start in the first one does not count: nothing was shown there that could stop a process.
        """
        await self._do(
            "UPDATE turn SET thread = ?, origin = json_set(origin, '$.opening', NULL), starts = max(starts - 1, 0) WHERE key = ?",
            thread.id, key,
        )  # fmt: skip
        await self._do(
            "INSERT INTO thread (platform, id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            thread.platform, thread.id,
        )  # fmt: skip

    async def start_asking(self, key: str, session_id: str) -> str | None:
        """Record that Aion may have the question from now on, in this session; write it before the request is sent.

        Returns the words to ask, as they are now, or None if the question was withdrawn.
        """
        started = await self._do(
            f"UPDATE turn SET phase = ?, session_id = ?, answer_id = NULL WHERE key = ? AND {_BEFORE[TurnPhase.ASKING]}",  # noqa: S608  # literals of ours
            TurnPhase.ASKING, session_id, key,
        )  # fmt: skip
        if not started:
            return None
        # Nobody can edit the words between the two statements: that takes a turn that is queued.
        row = await self._one("SELECT text FROM turn WHERE key = ?", key)
        return None if row is None else str(row["text"])

    async def name_answer(self, key: str, answer_id: str) -> None:
        """Record Aion's id of the answer; a turn that is parked at a plan stays parked."""
        await self._do(
            f"UPDATE turn SET answer_id = ?, phase = iif(phase = 'asking', 'streaming', phase) WHERE key = ? AND {_UNFINISHED}",  # noqa: S608  # literals of ours
            answer_id, key,
        )  # fmt: skip

    async def note_posted(self, key: str, posted: Iterable[MessageRef]) -> None:
        """Record the messages that show the answer so far."""
        await self._do("UPDATE turn SET posted = ? WHERE key = ?", pack_refs(tuple(posted)), key)

    async def end(self, key: str, reason: EndReason) -> bool:
        """Record how a turn ended, before its thread shows it; True too if it had ended in a way that can be retried.

        False if it ended otherwise, as one that was withdrawn. `INTERRUPTED` becomes `FAILED` where Aion was never
        asked: no answer can come then. The text stays only for a retry.
        """
        ended = await self._do(
            f"UPDATE turn SET phase = 'ended', reason = iif(? = 'interrupted' AND phase = 'queued', 'failed', ?), "  # noqa: S608  # literals of ours
            f"text = iif({_RETRYABLE_PARAMETER}, text, ''), closed_at = unixepoch() "
            f"WHERE key = ? AND {_BEFORE[TurnPhase.ENDED]}",
            reason, reason, reason, key,
        )  # fmt: skip
        if ended:
            return True
        row = await self._one("SELECT reason FROM turn WHERE key = ?", key)
        return row is not None and row["reason"] in RETRYABLE

    async def note_shown(self, key: str, attempt: int, reason: EndReason = EndReason.ANSWERED) -> None:
        """Record that the thread shows how an attempt ended; one that has not ended yet ended for `reason`.

        Nothing is recorded where somebody has had it asked again since.
        """
        await self._do(
            f"UPDATE turn SET phase = 'shown', reason = coalesce(reason, ?), "  # noqa: S608  # literals of ours
            f"text = iif({_RETRYABLE_REASON}, text, ''), "
            "closed_at = coalesce(closed_at, unixepoch()) "
            f"WHERE key = ? AND attempt = ? AND {_BEFORE[TurnPhase.SHOWN]}",
            reason, reason, key, attempt,
        )  # fmt: skip

    async def note_cleared(self, key: str) -> None:
        """Record that no indicator of a turn is left; nothing before the thread shows how it ended."""
        await self._do(
            f"UPDATE turn SET phase = 'cleared' WHERE key = ? AND {_BEFORE[TurnPhase.CLEARED]}",  # noqa: S608  # literals of ours
            key,
        )

    async def claim_retry(self, key: str) -> bool:
        """Put a turn that can be retried back into the queue; True for exactly one of all who try."""
        return await self._do(
            "UPDATE turn SET phase = 'queued', reason = NULL, attempt = attempt + 1, starts = 0, session_id = NULL, answer_id = NULL, "  # noqa: S608  # literals of ours
            f"closed_at = NULL WHERE key = ? AND {_BEFORE[TurnPhase.QUEUED]} AND {_RETRYABLE}",
            key,
        ) == 1  # fmt: skip

    async def reopen_interrupted(self, key: str, session_id: str, answer_id: str) -> bool:
        """Reopen an interrupted turn and take a message for its answer; False if it is asked again already."""
        return await self._do(
            "UPDATE turn SET phase = 'streaming', reason = NULL, closed_at = NULL, starts = 0, answer_id = ? "  # noqa: S608  # literals of ours
            "WHERE key = ? AND reason = 'interrupted' AND phase IN ('ended', 'shown', 'cleared') "
            f"AND {_FREE}",
            answer_id, key, *(session_id, answer_id) * 2,
        ) == 1  # fmt: skip

    async def give_up_interrupted(self, key: str) -> None:
        """Record that the answer to an interrupted turn has not come; it stays one that can be retried."""
        await self._do("UPDATE turn SET reason = 'failed' WHERE key = ? AND reason = 'interrupted'", key)

    async def claim_answer(self, key: str, session_id: str, answer_id: str) -> bool:
        """Take a message of a session for the stored answer of a turn; False where it is somebody else's."""
        sql = f"UPDATE turn SET answer_id = ? WHERE key = ? AND {_FREE}"  # noqa: S608  # literals of ours
        return await self._do(sql, answer_id, key, *(session_id, answer_id) * 2) == 1

    async def taken(self, session_id: str, but: str) -> set[str]:
        """Ids of a session's messages that belong to a plan, or to another turn than that of the key `but`."""
        sql = (
            "SELECT answer_id AS id FROM turn WHERE session_id = ? AND answer_id IS NOT NULL AND key <> ? "
            "UNION SELECT result FROM plan WHERE session_id = ? AND result IS NOT NULL"
        )
        return {str(row["id"]) for row in await self._all(sql, session_id, but, session_id)}

    async def awaits_name(self, session_id: str) -> bool:
        """Return whether an unfinished turn in a session has an answer that Aion has not named yet."""
        sql = f"SELECT 1 FROM turn WHERE session_id = ? AND answer_id IS NULL AND {_UNFINISHED}"  # noqa: S608  # literals of ours
        return await self._one(sql, session_id) is not None

    async def unfinished(self) -> list[Turn]:
        """Turns whose threads do not show yet how they ended, oldest first."""
        return await self._turns("phase NOT IN ('shown', 'cleared')")

    async def not_cleared(self) -> list[Turn]:
        """Turns that are shown and may still have an indicator, oldest first."""
        return await self._turns("phase = 'shown'")

    async def interrupted(self) -> list[Turn]:
        """Turns that a stop cut off after Aion had been asked, oldest first."""
        return await self._turns("reason = 'interrupted'")

    async def posted_in(self, thread: ThreadKey) -> set[str]:
        """Ids of the messages that show an answer in a thread, as far as they are recorded."""
        sql = "SELECT posted FROM turn WHERE platform = ? AND thread = ?"
        rows = await self._all(sql, thread.platform, thread.id)
        return {str(message) for row in rows for message in json.loads(row["posted"])}

    async def threads(self, platform: str, most: int) -> list[ThreadKey]:
        """Threads of a platform with the newest questions, newest first."""
        sql = "SELECT thread FROM turn WHERE platform = ? GROUP BY thread ORDER BY max(rowid) DESC LIMIT ?"
        return [ThreadKey(platform, row["thread"]) for row in await self._all(sql, platform, most)]

    async def _turns(self, condition: str) -> list[Turn]:
        rows = await self._all(f"SELECT * FROM turn WHERE {condition} ORDER BY rowid")  # noqa: S608  # literals of ours
        return [turn_from(row) for row in rows]
