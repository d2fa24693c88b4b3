"""Erasing what is not needed any more: words, rows, copies, and what of them is left in the files."""

import json
from collections.abc import Iterable, Mapping

from aion_bot.domain.plan import FINISHED, UNDER_WAY, PlanPhase
from aion_bot.domain.turn import KEPT_FOR_RETRY, UNFINISHED, TurnPhase
from aion_bot.storage.serialization import WITHOUT_FILES
from aion_bot.storage.statements import Statements, among

_BATCH = 200
"""Rows of one statement: it takes some milliseconds, and what people do waits no longer for it."""

_EXPIRED_TURNS = f"""
UPDATE turn SET text = '', origin = {WITHOUT_FILES}, erased_at = :now WHERE key IN (
    SELECT key FROM turn
    WHERE erased_at IS NULL AND closed_at < :now - {KEPT_FOR_RETRY} AND NOT ({among("phase", UNFINISHED)})
    LIMIT {_BATCH}
)
"""  # noqa: S608  # literals of ours

_EXPIRED_PLANS = f"""
UPDATE plan SET description = '', steps = '[]', said = '', pending = '[]', erased_at = :now WHERE key IN (
    SELECT key FROM plan
    WHERE erased_at IS NULL AND coalesce(decided_at, created_at) < :now - {KEPT_FOR_RETRY}
    -- A decision that is under way for longer is nobody's to finish: whoever asked may not use the bot any more, or its
    -- platform is not connected. If its buttons come back after all, the card shows nothing of it, and has no Approve.
    AND ({among("phase", FINISHED | UNDER_WAY)} OR (
        -- Nobody can decide a plan that got no card before its question ended.
        phase = '{PlanPhase.PENDING}' AND message IS NULL AND EXISTS (
            SELECT 1 FROM turn WHERE turn.key = plan.turn AND turn.phase IN ('{TurnPhase.SHOWN}', '{TurnPhase.CLEARED}')
        )
    ))
    LIMIT {_BATCH}
)
"""  # noqa: S608  # literals of ours

# Its pictures may change, and its message is one person's alone.
_EXPIRED_SEARCHES = f"""
DELETE FROM search WHERE key IN (SELECT key FROM search WHERE created_at < :now - {KEPT_FOR_RETRY} LIMIT {_BATCH})
"""  # noqa: S608  # literals of ours

# The turn of a plan stays while the plan does. What a platform may deliver once more stays: without its row it would be asked
# again.
_OLD = f"""
DELETE FROM turn WHERE key IN (
    SELECT key FROM turn WHERE {{}} AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.turn = turn.key)
    AND created_at < coalesce((SELECT CAST(value AS BIGINT) FROM json_each(:delivered) AS one WHERE one.key = turn.platform), :before)
    LIMIT {_BATCH}
)
"""  # noqa: S608  # a literal of ours

_SHOWN = among("phase", {TurnPhase.SHOWN, TurnPhase.CLEARED})
_NOT_SHOWN = _SHOWN.replace(" IN ", " NOT IN ")  # as the index says it
_NOT_CONNECTED = "platform NOT IN (SELECT value FROM json_each(:platforms))"

# One condition for each index.
_OLD_TURNS = _OLD.format(f"{_SHOWN} AND closed_at < :before")
_ABANDONED_TURNS = _OLD.format(f"{_NOT_SHOWN} AND created_at < :before AND {_NOT_CONNECTED}")

# The first condition is the one that the index on `created_at` answers; no plan is decided before it is made.
_OLD_PLANS = f"""
DELETE FROM plan WHERE key IN (
    SELECT key FROM plan WHERE created_at < :before AND coalesce(decided_at, created_at) < :before LIMIT {_BATCH}
)
"""  # noqa: S608  # a literal of ours


class Retention(Statements):
    """Times are in seconds since 1970. A method that changes rows does so in one batch and returns how many it changed."""

    async def erase_expired(self, now: float) -> int:
        """Erase the words of questions that nobody retried in time, and of plans that no card can show, has shown or will show.

        What somebody found by a search goes with them.
        """
        values, expired = {"now": int(now)}, (_EXPIRED_TURNS, _EXPIRED_PLANS, _EXPIRED_SEARCHES)
        return sum([await self._change(one, values) for one in expired])

    async def remove_plans(self, before: float) -> int:
        """Remove plans that were proposed, and decided if they were, before a time. Their attempts stay."""
        return await self._change(_OLD_PLANS, {"before": int(before)})

    async def remove_turns(
        self, before: float, platforms: Iterable[str], delivered: Mapping[str, float]
    ) -> int:
        """Remove turns that ended before a time, and those asked before it that nobody will end.

        The latter are of platforms that are not among `platforms`, the connected ones. `delivered`: by platform, from
        when on it may deliver an event again.
        """
        values = {
            "before": int(before),
            "delivered": json.dumps({platform: int(since) for platform, since in delivered.items()}),
        }
        ended = await self._change(_OLD_TURNS, values)
        connected = json.dumps(sorted(platforms))
        return ended + await self._change(_ABANDONED_TURNS, {**values, "platforms": connected})

    def remove_copies(self, before: float) -> int:
        """Remove copies that were made before a time, when the schema changed. Raises `OSError`."""
        return self._database.remove_copies(before)

    async def empty_log(self) -> bool:
        """Empty the database's log; False while somebody else reads it."""
        return await self._database.empty_log()

    async def rewrite(self) -> bool:
        """Write the database anew, so that its free space holds nothing; False where it is too large for that."""
        return await self._database.rewrite()

    async def _change(self, sql: str, values: Mapping[str, object]) -> int:
        cursor = await self._connection.execute(sql, dict(values))  # ends here, as in `_do`
        if cursor.rowcount:
            self._database.erased.set()
        return cursor.rowcount
