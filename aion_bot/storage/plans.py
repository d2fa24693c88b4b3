"""The plans, and their decisions."""

import json
from collections.abc import Iterable, Sequence

from aion_bot.domain.turn import PLAN_MOVES, Plan, PlanStatus
from aion_bot.ports.messages import Action, MessageRef, Person
from aion_bot.storage.serialization import pack_steps, plan_from
from aion_bot.storage.statements import Statements

_CLAIM_RESULT = """
UPDATE plan SET result = (
    WITH asked AS (SELECT answer_id, state FROM turn WHERE turn.session_id = plan.session_id),
    others AS (SELECT * FROM plan AS other WHERE other.session_id = plan.session_id AND other.key <> plan.key),
    free AS (
        SELECT value, row_number() OVER (ORDER BY key) AS place FROM json_each(?)
        WHERE value NOT IN (SELECT answer_id FROM asked)
        AND value NOT IN (SELECT result FROM others WHERE result IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM asked WHERE answer_id = '' AND state = 'open')
    )
    SELECT value FROM free WHERE place = 1 + (
        SELECT count(*) FROM others WHERE others.decision < plan.decision AND others.result IS NULL AND others.message IS NOT NULL
        AND others.status IN ('deciding', 'running', 'busy', 'unknown')
    )
) WHERE key = ? AND result IS NULL
"""


class Plans(Statements):
    """Plans that Aion asked approval for, and what became of them."""

    async def add_plan(self, plan: Plan) -> None:
        """Write a plan before its card can be pressed."""
        await self._do(
            "INSERT INTO plan (key, plan_id, session_id, platform, thread, requester_id, requester_name, description, "
            "steps, operations, turn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            plan.key, plan.plan_id, plan.session_id, plan.thread.platform, plan.thread.id, plan.requester.id,
            plan.requester.name, plan.description, pack_steps(plan.steps), plan.operations,
            plan.turn,
        )  # fmt: skip

    async def plan(self, key: str) -> Plan | None:
        """Find a plan by the key that its buttons carry."""
        row = await self._one("SELECT * FROM plan WHERE key = ?", key)
        return None if row is None else plan_from(row)

    async def unsettled_plans(self) -> list[Plan]:
        """Plans whose cards do not show yet what became of the newest decision."""
        return [
            plan_from(row) for row in await self._all("SELECT * FROM plan WHERE settled = 0 ORDER BY rowid")
        ]

    async def plans_of(self, turn: str) -> list[Plan]:
        """Plans that a question led to, oldest first."""
        return [
            plan_from(row)
            for row in await self._all("SELECT * FROM plan WHERE turn = ? ORDER BY rowid", turn)
        ]

    async def settle_plan(self, key: str) -> None:
        """Record that the card shows how the newest decision ended; nothing is recorded while one is under way."""
        await self._do(
            "UPDATE plan SET settled = 1 WHERE key = ? AND status NOT IN ('deciding', 'running', 'busy', 'unknown')",
            key,
        )

    async def note_card(self, key: str, message: MessageRef) -> None:
        """Record which message is the plan's card."""
        await self._do("UPDATE plan SET message = ? WHERE key = ?", message.id, key)

    async def note_seen(self, key: str, seen: Iterable[str]) -> None:
        """Record the session's messages before the action, so that a later one can be told from them."""
        await self._do("UPDATE plan SET seen = ? WHERE key = ?", json.dumps(list(seen)), key)

    async def claim_plan(self, key: str, action: Action, decider: Person) -> bool:
        """Claim the decision of a pending plan; True for exactly one of all who try."""
        return await self._do(
            "UPDATE plan SET status = 'deciding', action = ?, decider_id = ?, decider_name = ?, detail = '', "
            "settled = 0, seen = '[]', decided_at = unixepoch(), "
            "decision = (SELECT max(decision) FROM plan) + 1 WHERE key = ? AND status = 'pending'",
            action, decider.id, decider.name, key,
        ) == 1  # fmt: skip

    async def move_plan(
        self, key: str, to: PlanStatus, *, detail: str = "", doubt: bool | None = None
    ) -> bool:
        """Move a plan along `PLAN_MOVES`; False where its status does not lead there. `doubt` None leaves it as it is."""
        sources = [status for status, targets in PLAN_MOVES.items() if to in targets]
        marks = ", ".join("?" * len(sources))
        return await self._do(
            f"UPDATE plan SET status = ?, detail = ?, doubt = coalesce(?, doubt) WHERE key = ? AND status IN ({marks})",  # noqa: S608  # question marks only
            to, detail, doubt, key, *sources,
        ) == 1  # fmt: skip

    async def claim_result(self, key: str, found: Sequence[str]) -> str | None:
        """Take one of a session's messages, oldest first, for the result of a plan; the one it has taken before, if any.

        Messages of questions and of other plans are passed over, and one is left to each plan of the session that was
        decided earlier, has a card and waits as well. Nothing is taken while a question may have an answer without a name yet.
        """
        await self._do(_CLAIM_RESULT, json.dumps(list(found)), key)
        row = await self._one("SELECT result FROM plan WHERE key = ?", key)
        return None if row is None else row["result"]
