"""The messages that say in a channel how many questions wait there."""

from dataclasses import dataclass

from aion_bot.ports.messages import MessageRef, ThreadKey
from aion_bot.storage.statements import Statements


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A line that an earlier process left: the nonce of its post, the channel, and its message, None where that is not known."""

    nonce: str
    channel: ThreadKey
    message: MessageRef | None


class SharedLines(Statements):
    """Each method is one transaction, durable when it returns.

    A row is `posting` from before the post, `standing` once its message is known, and removed once the message is gone.
    """

    async def note_posting(self, nonce: str, channel: ThreadKey) -> None:
        """Record that a line is about to be posted."""
        sql = "INSERT INTO shared_line (nonce, platform, channel) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        await self._do(sql, nonce, channel.platform, channel.id)

    async def note_standing(self, nonce: str, message: MessageRef) -> None:
        """Record the message that is a line."""
        sql = "UPDATE shared_line SET phase = 'standing', message = ? WHERE nonce = ?"
        await self._do(sql, message.id, nonce)

    async def note_gone(self, nonce: str) -> None:
        """Record that a line is gone, or was never posted."""
        await self._do("DELETE FROM shared_line WHERE nonce = ?", nonce)

    async def left(self) -> list[LeftLine]:
        """Return the lines that an earlier process left."""
        found = []
        for row in await self._all("SELECT * FROM shared_line ORDER BY nonce"):
            channel = ThreadKey(row["platform"], row["channel"])
            message = None if row["message"] is None else MessageRef(channel, row["message"])
            found.append(LeftLine(row["nonce"], channel, message))
        return found
