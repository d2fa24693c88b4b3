"""What Aion is told of the messages before a question, written down before it is told."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aion_bot.ports.earlier import Since
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.statements import Statements


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a question's context: `words` and `count` once it was read, None before.

    `since` is the newest question of its thread that Aion got before it: its message, or when it was written where it was
    none; 0 where there is none.
    """

    words: str | None
    count: int
    since: Since


class Earlier(Statements):
    """Each method is one transaction, durable when it returns. The words go with those of their question, by a trigger."""

    async def known(self, turn: str, thread: ThreadKey) -> Known:
        """Return what is known of the context of a question of a thread."""
        row = await self._one(
            "SELECT earlier.words, earlier.count, before.origin ->> '$.source' AS source, "
            "CAST(before.origin ->> '$.written_at' AS DOUBLE PRECISION) AS at FROM turn AS own LEFT JOIN earlier ON earlier.turn = own.key "
            "LEFT JOIN turn AS before ON before.rowid = (SELECT max(rowid) FROM turn WHERE platform = own.platform "
            "AND thread = own.thread AND rowid < own.rowid AND session_id IS NOT NULL) WHERE own.key = ?",
            turn,
        )
        if row is None:
            return Known(None, 0, 0.0)
        since: Since = MessageRef(thread, row["source"]) if row["source"] else row["at"] or 0.0
        return Known(row["words"], row["count"] or 0, since)

    async def asked(self, prompts: Iterable[str], thread: ThreadKey) -> set[str]:
        """Return which messages, by the keys of their prompts, are questions that Aion got in a thread, or of other threads."""
        rows = await self._all(
            "SELECT prompt FROM turn WHERE prompt IN (SELECT value FROM json_each(?)) "
            "AND (session_id IS NOT NULL OR platform <> ? OR thread <> ?)",
            json.dumps(list(prompts)), thread.platform, thread.id,
        )  # fmt: skip
        return {str(row["prompt"]) for row in rows}

    async def keep(self, turn: str, words: str, count: int, authors: Collection[str]) -> None:
        """Record what Aion is told behind the words of a question; write it before the question is sent."""
        await self._do(
            "INSERT OR REPLACE INTO earlier (turn, words, count, authors) VALUES (?, ?, ?, ?)",
            turn, words, count, json.dumps(sorted(authors)),
        )  # fmt: skip
