"""Copies of the cards of private plans, each for one person who may decide."""

from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.storage.statements import Statements


class CopyPhase(StrEnum):
    """How far a copy has come."""

    DUE = "due"
    """It may be on its way."""
    POSTED = "posted"
    REFUSED = "refused"
    """The platform does not let the bot write to this person."""


@dataclass(frozen=True, slots=True)
class PlanCopy:
    """A card that stands in a person's direct messages."""

    plan: str
    person: Person
    message: MessageRef


class PlanCopies(Statements):
    """Each method is one transaction, durable when it returns."""

    async def claim(self, plan: str, person: Person) -> bool:
        """Record that a copy is about to be posted; False where it was posted or refused. One in doubt is posted again."""
        await self._do(
            "INSERT INTO plan_copy (plan, person_id) VALUES (?, ?) ON CONFLICT DO NOTHING", plan, person.id
        )
        sql = "SELECT 1 FROM plan_copy WHERE plan = ? AND person_id = ? AND phase = ?"
        return await self._one(sql, plan, person.id, CopyPhase.DUE) is not None

    async def note_posted(self, copy: PlanCopy) -> None:
        """Record the message that shows a copy."""
        await self._do(
            "UPDATE plan_copy SET phase = ?, thread = ?, message = ? WHERE plan = ? AND person_id = ?",
            CopyPhase.POSTED, copy.message.thread.id, copy.message.id, copy.plan, copy.person.id,
        )  # fmt: skip

    async def note_refused(self, plan: str, person: Person) -> None:
        """Record that a person gets no copy."""
        sql = "UPDATE plan_copy SET phase = ? WHERE plan = ? AND person_id = ?"
        await self._do(sql, CopyPhase.REFUSED, plan, person.id)

    async def of_plan(self, plan: str, platform: str) -> list[PlanCopy]:
        """Return the copies that stand."""
        rows = await self._all("SELECT * FROM plan_copy WHERE plan = ? AND phase = ?", plan, CopyPhase.POSTED)
        return [
            PlanCopy(
                plan,
                Person(row["person_id"]),
                MessageRef(ThreadKey(platform, row["thread"]), row["message"]),
            )
            for row in rows
        ]

    async def is_of(self, plan: str, person: Person, thread: ThreadKey) -> bool:
        """Return whether a person has a copy of a plan's card in a thread."""
        sql = "SELECT 1 FROM plan_copy WHERE plan = ? AND person_id = ? AND thread = ?"
        return await self._one(sql, plan, person.id, thread.id) is not None
