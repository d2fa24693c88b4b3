"""Replies that mention whoever asked. The database makes them due: see `migrations/0013_mentions.sql`."""

from dataclasses import dataclass

from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.storage.statements import Statements


@dataclass(frozen=True, slots=True)
class Mention:
    """A reply that is due: of the turn or plan `owner`, in its thread, to the person who asked.

    `attempt` counts the retries of a turn.
    """

    owner: str
    attempt: int
    of_plan: bool
    thread: ThreadKey
    person: Person

    @property
    def name(self) -> str:
        """What the nonces of its post begin with: the same in every process."""
        return f"{self.owner}n{self.attempt}"


class Mentions(Statements):
    """Each method is one transaction, durable when it returns."""

    async def due(self, owner: str | None = None) -> list[Mention]:
        """Return the replies that are due, of one turn or plan or of all."""
        rows = await self._all(
            "SELECT * FROM mention WHERE phase = 'due' AND owner = coalesce(?, owner) ORDER BY rowid", owner
        )
        return [
            Mention(
                row["owner"],
                row["attempt"],
                bool(row["of_plan"]),
                ThreadKey(row["platform"], row["thread"]),
                Person(row["person_id"]),
            )
            for row in rows
        ]

    async def note_sent(self, mention: Mention) -> None:
        """Record that a reply was posted, or that nothing can be posted there."""
        await self._do(
            "UPDATE mention SET phase = 'sent' WHERE owner = ? AND attempt = ?",
            mention.owner,
            mention.attempt,
        )
