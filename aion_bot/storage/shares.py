"""Private answers that were shared: each once, also where the process ends in between."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ports.messages import MessageRef
from aion_bot.storage.statements import Statements


class SharePhase(StrEnum):
    """How far an answer that is shared has come."""

    SHARING = "sharing"
    """Claimed: messages of it may stand."""
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Share:
    """An answer that is shared, by the key of its turn; `posted` are the ids of its messages, `posting` as for `Turn`."""

    turn: str
    phase: SharePhase
    posted: tuple[str, ...] = ()
    posting: frozenset[str] = frozenset()


class Shares(Statements):
    """Each method is one transaction, durable when it returns."""

    async def claim(self, turn: str) -> bool:
        """Record that an answer is about to be shared; True for exactly one of all who try."""
        return await self._do("INSERT INTO share (turn) VALUES (?) ON CONFLICT DO NOTHING", turn) == 1

    async def of_turn(self, turn: str) -> Share | None:
        """Return what is known of an answer that is shared."""
        found = await self._read("WHERE turn = ?", turn)
        return found[0] if found else None

    async def unfinished(self) -> list[Share]:
        """Return those that an earlier process may not have posted to their end."""
        return await self._read("WHERE phase = ?", SharePhase.SHARING)

    async def note_posting(self, turn: str, fingerprint: str) -> None:
        """Record a message that is about to be posted."""
        await self._do(
            "UPDATE share SET posting = json_insert(posting, '$[#]', ?) WHERE turn = ?", fingerprint, turn
        )

    async def note_posted(self, turn: str, posted: Iterable[MessageRef]) -> None:
        """Record the messages that stand; none is in doubt."""
        ids = json.dumps([message.id for message in posted])
        await self._do("UPDATE share SET posted = ?, posting = '[]' WHERE turn = ?", ids, turn)

    async def end(self, turn: str) -> None:
        """Record that all of an answer is shared."""
        sql = "UPDATE share SET phase = ? WHERE turn = ? AND phase = ?"
        await self._do(sql, SharePhase.SHARED, turn, SharePhase.SHARING)

    async def release(self, turn: str) -> bool:
        """Let an answer be shared once more of which nothing was posted; False where a message of it stands or may stand."""
        sql = "DELETE FROM share WHERE turn = ? AND phase = ? AND posted = '[]'"
        return await self._do(sql, turn, SharePhase.SHARING) == 1

    async def _read(self, condition: str, value: str) -> list[Share]:
        rows = await self._all(f"SELECT * FROM share {condition} ORDER BY shared_at, turn", value)  # noqa: S608  # literals of ours
        return [
            Share(
                row["turn"],
                SharePhase(row["phase"]),
                tuple(json.loads(row["posted"])),
                frozenset(json.loads(row["posting"])),
            )
            for row in rows
        ]
