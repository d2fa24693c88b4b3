"""The questions the bot asks of its database, one method each."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import aiosqlite

from aion_bot.port.messages import Action, MessageRef, Person, Prompt, ThreadKey
from aion_bot.records import PLAN_MOVES, Plan, PlanStatus, Turn, TurnState
from aion_bot.store.database import open_database
from aion_bot.store.rows import pack_origin, pack_refs, pack_steps, plan_from, turn_from

_NOT_BEGUN = "state = 'open' AND session_id = '' AND posted = '[]'"


class Store:
    """The map, the journal and the plans. Each method is one transaction, durable when it returns.

    Every method raises `sqlite3.Error` where the file cannot be read or written.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database. Raises `StoreError` with a sentence for the engineer."""
        return cls(await open_database(path))

    async def close(self) -> None:
        """Close the file; what was written is safe already."""
        await self._connection.close()

    # The map.

    async def knows(self, thread: ThreadKey) -> bool:
        """Tell whether the bot takes part in this thread."""
        return (
            await self._one("SELECT 1 FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id)
            is not None
        )

    async def session(self, thread: ThreadKey) -> str:
        """Return the Aion session of a thread, or "" where it has none yet."""
        row = await self._one(
            "SELECT session_id FROM thread WHERE platform = ? AND id = ?", thread.platform, thread.id
        )
        return "" if row is None else str(row["session_id"])

    async def bind(self, thread: ThreadKey, session_id: str) -> None:
        """Map the thread to a session from now on."""
        await self._do(
            "INSERT INTO thread (platform, id, session_id) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET session_id = excluded.session_id",
            thread.platform, thread.id, session_id,
        )  # fmt: skip

    # The journal.

    async def accept(self, turn: Turn, prompt: Prompt) -> bool:
        """Write a new question and make its thread known; False if this prompt was accepted before."""
        thread = turn.thread
        return await self._do(
            "INSERT INTO turn (key, prompt, platform, thread, asker_id, asker_name, text, origin) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (prompt) DO NOTHING",
            turn.key, prompt.key, thread.platform, thread.id, turn.asker.id, turn.asker.name, turn.text,
            pack_origin(prompt),
        ) == 1  # fmt: skip

    async def accepted(self, prompt: str) -> bool:
        """Tell whether a question was accepted before, by its prompt's key."""
        return await self._one("SELECT 1 FROM turn WHERE prompt = ?", prompt) is not None

    async def turn(self, key: str) -> Turn | None:
        """Find a question by the key that its buttons carry."""
        row = await self._one("SELECT * FROM turn WHERE key = ?", key)
        return None if row is None else turn_from(row)

    async def unsettled_turns(self) -> list[Turn]:
        """Questions whose threads do not show yet how they ended, oldest first."""
        return [
            turn_from(row) for row in await self._all("SELECT * FROM turn WHERE settled = 0 ORDER BY rowid")
        ]

    async def amend(self, prompt: str, text: str) -> bool:
        """Replace the words of a question that nobody has begun to answer; False if there is none."""
        sql = f"UPDATE turn SET text = ? WHERE prompt = ? AND {_NOT_BEGUN}"  # noqa: S608  # a literal of ours
        return await self._do(sql, text, prompt) == 1

    async def withdraw(self, prompt: str) -> bool:
        """Close a question that nobody has begun to answer; False if there is none."""
        sql = f"UPDATE turn SET state = 'done', settled = 1, text = '', closed_at = unixepoch() WHERE prompt = ? AND {_NOT_BEGUN}"  # noqa: S608  # a literal of ours
        return await self._do(sql, prompt) == 1

    async def note_stream(self, key: str, session_id: str, answer_id: str) -> None:
        """Record where the answer to a question can be found again."""
        await self._do(
            "UPDATE turn SET session_id = ?, answer_id = ? WHERE key = ?", session_id, answer_id, key
        )

    async def note_posted(self, key: str, posted: Iterable[MessageRef]) -> None:
        """Record the messages that show the answer so far."""
        await self._do("UPDATE turn SET posted = ? WHERE key = ?", pack_refs(tuple(posted)), key)

    async def close_turn(self, key: str, state: TurnState) -> None:
        """Close an open question. Its text stays only for a retry, that is for `FAILED`."""
        kept = "text" if state is TurnState.FAILED else "''"
        await self._do(
            f"UPDATE turn SET state = ?, text = {kept}, closed_at = unixepoch() WHERE key = ? AND state = 'open'",  # noqa: S608  # two literals of ours
            state, key,
        )  # fmt: skip

    async def settle_turn(self, key: str) -> None:
        """Record that the thread shows how a question ended; one that is still open is closed as answered."""
        await self._do(
            "UPDATE turn SET settled = 1, text = iif(state = 'open', '', text), closed_at = coalesce(closed_at, unixepoch()), "
            "state = iif(state = 'open', 'done', state) WHERE key = ?",
            key,
        )

    async def claim_retry(self, key: str) -> bool:
        """Open a failed question again; True for exactly one of all who try."""
        claim = (
            "UPDATE turn SET state = 'open', settled = 0, attempt = attempt + 1, session_id = '', answer_id = '', "
            "closed_at = NULL WHERE key = ? AND state = 'failed'"
        )
        return await self._do(claim, key) == 1

    async def threads(self, platform: str, most: int) -> list[ThreadKey]:
        """Threads of a platform with the newest questions, newest first."""
        sql = "SELECT thread FROM turn WHERE platform = ? GROUP BY thread ORDER BY max(rowid) DESC LIMIT ?"
        return [ThreadKey(platform, row["thread"]) for row in await self._all(sql, platform, most)]

    async def answers(self, session_id: str) -> set[str]:
        """Aion's ids of the answers in a session that belong to questions asked here."""
        sql = "SELECT answer_id FROM turn WHERE session_id = ? AND answer_id <> ''"
        return {str(row["answer_id"]) for row in await self._all(sql, session_id)}

    async def asks(self, session_id: str) -> bool:
        """Tell whether an open question in a session has an answer that Aion has not named yet."""
        sql = "SELECT 1 FROM turn WHERE session_id = ? AND answer_id = '' AND state = 'open'"
        return await self._one(sql, session_id) is not None

    # The plans.

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
        """Record that the card shows how the newest decision ended."""
        await self._do("UPDATE plan SET settled = 1 WHERE key = ?", key)

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
            "settled = 0, seen = '[]', decided_at = unixepoch() WHERE key = ? AND status = 'pending'",
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

    # Notes of the adapters.

    async def note(self, platform: str, name: str) -> str | None:
        """Read a note."""
        row = await self._one("SELECT value FROM note WHERE platform = ? AND name = ?", platform, name)
        return None if row is None else str(row["value"])

    async def set_note(self, platform: str, name: str, value: str) -> None:
        """Write a note over an earlier one."""
        await self._do(
            "INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            platform,
            name,
            value,
        )

    async def _do(self, sql: str, *values: object) -> int:
        async with self._connection.execute(sql, values) as cursor:
            return cursor.rowcount

    async def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        async with self._connection.execute(sql, values) as cursor:
            return await cursor.fetchone()

    async def _all(self, sql: str, *values: object) -> Iterable[sqlite3.Row]:
        async with self._connection.execute(sql, values) as cursor:
            return await cursor.fetchall()
