"""Why people decided plans as they did; the next question of the session takes them to Aion, by a trigger."""

import secrets

from aion_bot.domain.plan import Plan
from aion_bot.domain.reason import Reason
from aion_bot.ports.messages import Action, Person, ThreadKey
from aion_bot.storage.audit_chain import digest
from aion_bot.storage.engines import Row
from aion_bot.storage.statements import Statements

WORDS = "words"
"""What the salted digest of a reason in the audit is of."""

_REASONS = "SELECT reason.*, plan.thread FROM reason JOIN plan ON plan.key = reason.plan"


class Reasons(Statements):
    """Each method is one transaction, durable when it returns. See `migrations/0029_reasons.sql`."""

    async def add(self, plan: Plan, person: Person, action: Action, words: str, told: str) -> bool:
        """Record a reason, once for a person's decision of each kind; False where there is one, or the plan's row is gone.

        `told` is how Aion gets the words.
        """
        platform, salt = plan.thread.platform, secrets.token_hex(16)
        return await self._do(
            "INSERT INTO reason (plan, place, session_id, platform, person_id, person_name, action, words, told, salt, digest) "
            "SELECT key, (SELECT count(*) + 1 FROM reason WHERE plan = plan.key), session_id, platform, ?, ?, ?, ?, ?, ?, ? "
            "FROM plan WHERE key = ? ON CONFLICT DO NOTHING",
            person.id, person.name, action, words, told, salt, digest(salt, WORDS, platform, words), plan.key,
        ) == 1  # fmt: skip

    async def has(self, plan: str, person: Person, action: Action) -> bool:
        """Return whether a person has given a reason for their decision."""
        sql = "SELECT 1 FROM reason WHERE plan = ? AND person_id = ? AND action = ?"
        return await self._one(sql, plan, person.id, action) is not None

    async def due(self, plan: str | None = None) -> list[Reason]:
        """Return the reasons that no thread shows yet, of one plan or of all, in order."""
        sql = f"{_REASONS} WHERE reason.phase = 'due' AND words <> '' AND plan.key = coalesce(?, plan.key) ORDER BY at, place"
        return [_reason(row) for row in await self._all(sql, plan)]

    async def note_posted(self, reason: Reason) -> None:
        """Record that the thread shows a reason, or that nothing can be posted there."""
        sql = "UPDATE reason SET phase = 'posted' WHERE plan = ? AND place = ?"
        await self._do(sql, reason.plan, reason.place)


def _reason(row: Row) -> Reason:
    thread, person = ThreadKey(row["platform"], row["thread"]), Person(row["person_id"], row["person_name"])
    return Reason(row["plan"], row["place"], thread, person, Action(row["action"]), row["words"])
