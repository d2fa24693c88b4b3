"""Questions that wait: the messages that show their places, and taking such a question back."""

from aion_bot.domain.turn import EndReason, TurnPhase
from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.serialization import stripped_origin
from aion_bot.storage.statements import Statements


class WaitingSigns(Statements):
    """Each method is one transaction, durable when it returns.

    A row is `posting` from before the post, `standing` once its message is known, and removed once the message is gone.
    """

    async def note_posting(self, turn: str) -> None:
        """Record that the sign of a turn is about to be posted."""
        await self._do("INSERT INTO waiting_sign (turn) VALUES (?) ON CONFLICT DO NOTHING", turn)

    async def note_standing(self, turn: str, message: MessageRef) -> None:
        """Record the message that is the sign of a turn."""
        sql = "UPDATE waiting_sign SET phase = 'standing', message = ? WHERE turn = ?"
        await self._do(sql, message.id, turn)

    async def note_gone(self, turn: str) -> None:
        """Record that the sign of a turn is gone, or was never posted."""
        await self._do("DELETE FROM waiting_sign WHERE turn = ?", turn)

    async def left(self) -> dict[str, MessageRef | None]:
        """Return the signs that an earlier process left, by the keys of their turns; None where the message is not known."""
        sql = "SELECT turn, message, platform, thread FROM waiting_sign JOIN turn ON turn.key = turn ORDER BY turn.rowid"
        found: dict[str, MessageRef | None] = {}
        for row in await self._all(sql):
            thread = ThreadKey(row["platform"], row["thread"])
            found[row["turn"]] = None if row["message"] is None else MessageRef(thread, row["message"])
        return found

    async def withdraw(self, turn: str) -> bool:
        """End a question that still waits, a retry included; False if it does not wait any more.

        Its words are erased. It counts as deleted: no later edit of its message asks it anew.
        """
        return await self._erase(
            "UPDATE turn SET phase = ?, reason = ?, text = '', erased_at = coalesce(erased_at, unixepoch()), "  # noqa: S608  # literals of ours
            f"{stripped_origin()}, closed_at = unixepoch(), deleted_at = coalesce(deleted_at, unixepoch()) "
            f"WHERE key = ? AND phase = '{TurnPhase.QUEUED}'",
            TurnPhase.ENDED, EndReason.WITHDRAWN, turn,
        ) == 1  # fmt: skip
