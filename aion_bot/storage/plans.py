"""The plans, and their decisions."""

import json
from collections.abc import Iterable, Sequence

from aion_bot.domain.plan import FINISHED, UNDER_WAY, Plan, PlanPhase, plan_sources
from aion_bot.domain.turn import UNFINISHED
from aion_bot.ports.messages import Action, MessageRef, Person, Step
from aion_bot.storage.serialization import ERASED, pack_pending, pack_steps, plan_from
from aion_bot.storage.statements import Statements, among

# Which of the session's messages is the result of a plan: the first that belongs to nobody, after leaving one to each
# plan that was decided earlier and waits as well. While a turn of the session has an answer that Aion has not named yet,
# any message may be that answer, and none is taken; nor where one ended without a name so late that its answer may have been
# stored after the decision. Its place behind the question would not tell that answer: a result may be stored between the two.
_CLAIM_RESULT = f"""
UPDATE plan SET result = (
    WITH asked AS (SELECT answer_id, phase FROM turn WHERE turn.session_id = plan.session_id),
    others AS (SELECT * FROM plan AS other WHERE other.session_id = plan.session_id AND other.key <> plan.key),
    free AS (
        SELECT value, row_number() OVER (ORDER BY CAST(key AS BIGINT)) AS place FROM json_each(?)
        WHERE value NOT IN (SELECT answer_id FROM asked WHERE answer_id IS NOT NULL)
        AND value NOT IN (SELECT result FROM others WHERE result IS NOT NULL)
        AND value NOT IN (SELECT id FROM spent_message WHERE spent_message.session_id = plan.session_id)
        AND NOT EXISTS (SELECT 1 FROM asked WHERE answer_id IS NULL AND {among("phase", UNFINISHED)})
        AND NOT EXISTS (SELECT 1 FROM turn WHERE unnamed_in = plan.session_id AND unnamed_until > coalesce(plan.decided_at, 0))
    )
    SELECT value FROM free WHERE place = 1 + (
        SELECT count(*) FROM others WHERE others.decision < plan.decision AND others.result IS NULL
        AND others.message IS NOT NULL AND {among("others.phase", UNDER_WAY)}
    )
) WHERE key = ? AND result IS NULL
"""  # noqa: S608  # members of enumerations

# A refusal makes the approvals before it void.
_ROUND = "(SELECT count(*) FROM attempt WHERE attempt.plan = plan.key AND attempt.action = 'cancel')"

_ATTEMPTS = "(SELECT count(*) FROM attempt WHERE attempt.plan = plan.key)"
_IN_ROUND = f"{_ATTEMPTS} = coalesce(?, {_ATTEMPTS})"
"""Condition: so many attempts to decide a plan were made as when a button was offered; with NULL, always."""

# Each plan is read with its attempts and approvals, which its card tells. The number stands first, because they are sorted by it.
_PLAN = f"""
SELECT plan.*, (
    SELECT json_group_array(json_array(
        attempt.number, person_id, person_name, attempt.action, attempt.at, outcome.source, outcome.phase, outcome.answer
    ))
    FROM attempt LEFT JOIN attempt_outcome AS outcome ON outcome.number = (
        SELECT max(number) FROM attempt_outcome WHERE attempt = attempt.number
    ) WHERE attempt.plan = plan.key
) AS attempts, (
    SELECT json_group_array(json_array(number, person_id, person_name)) FROM approval
    WHERE approval.plan = plan.key AND person_id <> '{ERASED}' AND round = {_ROUND}
) AS approvals, (SELECT turn.origin -> '$.place' FROM turn WHERE turn.key = plan.turn) AS place FROM plan
"""  # noqa: S608  # literals of ours


_FINISHED = among("phase", FINISHED)


class Plans(Statements):
    """Each method is one transaction, durable when it returns. A phase moves along `PLAN_TRANSITIONS` only."""

    async def add(self, plan: Plan) -> None:
        """Write a plan before its card can be pressed; its turn is parked by that, and older cards of it are replaced."""
        await self._do(
            "INSERT INTO plan (key, plan_id, session_id, platform, thread, requester_id, requester_name, description, "
            "steps, operations, turn, digest, unreadable) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            plan.key, plan.plan_id, plan.session_id, plan.thread.platform, plan.thread.id, plan.requester.id,
            plan.requester.name, plan.description, pack_steps(plan.steps), plan.operations,
            plan.turn, plan.digest, plan.unreadable,
        )  # fmt: skip

    async def get(self, key: str) -> Plan | None:
        """Find a plan by the key that its buttons carry."""
        row = await self._one(f"{_PLAN} WHERE key = ?", key)
        return None if row is None else plan_from(row)

    async def waiting(self) -> list[Plan]:
        """Plans with a card that wait for a decision, oldest first."""
        rows = await self._all(f"{_PLAN} WHERE phase = 'pending' AND message IS NOT NULL ORDER BY created_at")
        return [plan_from(row) for row in rows]

    async def remind(self, key: str) -> bool:
        """Record that those who may decide a plan are reminded; True once for each plan that waits."""
        return await self._do(
            "UPDATE plan SET reminded_at = unixepoch() WHERE key = ? AND phase = 'pending' AND reminded_at IS NULL",
            key,
        ) == 1  # fmt: skip

    async def note_left(self, key: str, left: bool) -> bool:
        """Record whether the requester of a plan that waits has left; False where that is known, or it does not wait."""
        sql = "UPDATE plan SET requester_left = ?1 WHERE key = ?2 AND phase = 'pending' AND requester_left <> ?1"
        return await self._do(sql, left, key) == 1

    async def not_shown(self) -> list[Plan]:
        """Plans whose cards do not show yet what became of the newest decision, oldest first."""
        rows = await self._all(f"{_PLAN} WHERE shown = 0 ORDER BY plan.rowid")
        return [plan_from(row) for row in rows]

    async def of_turn(self, turn: str) -> list[Plan]:
        """Plans that a turn led to, oldest first."""
        rows = await self._all(f"{_PLAN} WHERE turn = ? ORDER BY plan.rowid", turn)
        return [plan_from(row) for row in rows]

    async def of_plan(self, session_id: str, plan_id: str) -> list[Plan]:
        """Every card of one of Aion's plans, oldest first."""
        rows = await self._all(
            f"{_PLAN} WHERE session_id = ? AND plan_id = ? ORDER BY plan.rowid", session_id, plan_id
        )
        return [plan_from(row) for row in rows]

    async def unseen_results(self, session_id: str) -> int:
        """Count the plans of a session for which Aion may store a result, or has stored one that nobody has seen."""
        sql = (
            "SELECT count(DISTINCT plan_id) AS plans FROM plan "  # noqa: S608  # members of enumerations
            f"WHERE session_id = ?1 AND (doubt = 1 OR {among('phase', UNDER_WAY - {PlanPhase.CLAIMED})}) AND plan_id NOT IN "
            "(SELECT plan_id FROM plan WHERE session_id = ?1 "
            f"AND (result IS NOT NULL OR {among('phase', FINISHED - {PlanPhase.SETTLED, PlanPhase.REPLACED})}))"
        )
        row = await self._one(sql, session_id)
        return 0 if row is None else int(row["plans"])

    async def note_card(self, key: str, message: MessageRef) -> None:
        """Record which message is the plan's card."""
        await self._do("UPDATE plan SET message = ? WHERE key = ?", message.id, key)

    async def note_file(self, key: str) -> None:
        """Record that a file with the whole plan was posted, above the place of its card."""
        await self._do("UPDATE plan SET in_file = 1 WHERE key = ?", key)

    async def approve(self, key: str, person: Person, attempts: int | None = None) -> bool:
        """Record that a person approves a pending plan; False where they have, or it does not wait for anybody.

        False also where so many `attempts` to decide it are not all that were made; None: however many.
        """
        return await self._do(
            "INSERT INTO approval (plan, platform, thread, person_id, person_name, digest, round) "  # noqa: S608  # literals of ours
            f"SELECT key, platform, thread, ?, ?, digest, {_ROUND} FROM plan WHERE key = ? AND phase = 'pending' AND {_IN_ROUND} ON CONFLICT DO NOTHING",
            person.id, person.name, key, attempts,
        ) == 1  # fmt: skip

    async def claim(
        self, key: str, action: Action, decider: Person, approvals: int = 0, attempts: int | None = None
    ) -> bool:
        """Claim the decision of a pending plan, and add the attempt to the record; True for exactly one of all who try.

        False also where fewer than `approvals` different people have approved it since it was refused last. `attempts` as for
        `approve`.
        """
        return await self._do(
            "UPDATE plan SET phase = 'claimed', action = ?, decider_id = ?, decider_name = ?, detail = '', said = '', "  # noqa: S608  # literals of ours
            "answer = '', shown = 0, seen = '[]', decided_at = unixepoch(), "
            # `decision` numbers all decisions: of two plans that wait for a result, the one that was decided first
            # takes it first.
            "decision = (SELECT max(decision) FROM plan) + 1 WHERE key = ? AND phase = 'pending' "
            f"AND (SELECT count(*) FROM approval WHERE approval.plan = plan.key AND round = {_ROUND}) >= ? AND {_IN_ROUND}",
            action, decider.id, decider.name, key, approvals, attempts,
        ) == 1  # fmt: skip

    async def note_sent(self, key: str, seen: Iterable[str]) -> bool:
        """Record that Aion may be told of the decision from now on; write it before the request is sent.

        `seen` are the session's messages before the action, so that a result can be told from them. False where Aion has
        sent the plan again with other content since it was decided: Aion would carry that out, and nobody approved it.
        """
        return await self._do(
            "UPDATE plan SET phase = 'sent', seen = ? WHERE key = ? AND phase = 'claimed' AND NOT EXISTS (SELECT 1 "
            "FROM plan AS newer WHERE newer.session_id = plan.session_id AND newer.plan_id = plan.plan_id "
            "AND newer.rowid > plan.rowid AND newer.digest <> plan.digest)",
            json.dumps(list(seen)), key,
        ) == 1  # fmt: skip

    async def move(
        self,
        key: str,
        to: PlanPhase,
        *,
        detail: str = "",
        said: str = "",
        answer: str = "",
        doubt: bool | None = None,
        steps: tuple[Step, ...] | None = None,
        pending: Sequence[Step | None] = (),
        attempts: int | None = None,
    ) -> bool:
        """Move a plan along `PLAN_TRANSITIONS`, and add the outcome to the record; False where its phase does not lead there.

        False also where so many `attempts` to decide it are not all that were made: a later one is somebody else's. None: however many.

        `doubt` and `steps` None leave them as they are, and what is erased stays so. `CLAIMED` and `SENT` have methods of
        their own. A plan that a newer card has replaced meanwhile becomes `REPLACED` instead of `PENDING`.
        """
        # No source at all for those two: they need more columns, and a claim has to be one of all who try.
        sources = plan_sources(to) if to not in {PlanPhase.CLAIMED, PlanPhase.SENT} else ()
        return await self._do(
            f"UPDATE plan SET phase = ?, detail = ?, said = ?, answer = ?, pending = ?, doubt = coalesce(?, doubt), steps = iif(erased_at IS NULL, coalesce(?, steps), steps) WHERE key = ? AND {_IN_ROUND} AND {among('phase', sources)}",  # noqa: S608  # members of an enumeration
            to, detail, said, answer, pack_pending(pending), doubt, None if steps is None else pack_steps(steps), key, attempts,
        ) == 1  # fmt: skip

    async def note_steps(self, key: str, steps: tuple[Step, ...]) -> None:
        """Record how far the steps of a plan are that is being carried out."""
        sql = f"UPDATE plan SET steps = ? WHERE key = ? AND erased_at IS NULL AND {among('phase', UNDER_WAY)}"  # noqa: S608  # members of an enumeration
        await self._do(sql, pack_steps(steps), key)

    async def note_shown(self, key: str, attempts: int | None = None) -> None:
        """Record that the card shows how the newest decision ended; nothing is recorded while one is under way. `attempts` as for `move`.

        The words of a plan that is over are erased: what was decided is in the digest and in the attempts.
        """
        await self._erase(
            f"UPDATE plan SET shown = 1, description = iif({_FINISHED}, '', description), "  # noqa: S608  # members of an enumeration
            f"steps = iif({_FINISHED}, '[]', steps), said = iif({_FINISHED}, '', said), "
            f"pending = iif({_FINISHED}, '[]', pending), "
            f"erased_at = iif({_FINISHED}, coalesce(erased_at, unixepoch()), NULL) "
            f"WHERE key = ? AND {_IN_ROUND} AND NOT ({among('phase', UNDER_WAY)})",
            key,
            attempts,
        )

    async def claim_result(self, key: str, found: Sequence[str]) -> str | None:
        """Take one of a session's messages, oldest first, for the result of a plan; the one it has taken before, if any.

        Messages of turns, of their earlier attempts and of other plans are passed over, and one is left to each plan of the
        session that was decided earlier, has a card and waits as well. Nothing is taken while a turn may have an answer
        without a name, also one that ended within `turns.UNNAMED_FOR` before the decision, or after it.
        """
        await self._do(_CLAIM_RESULT, json.dumps(list(found)), key)
        row = await self._one("SELECT result FROM plan WHERE key = ?", key)
        return None if row is None else row["result"]
