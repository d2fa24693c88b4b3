"""The pictures under answers and results: which are still to be shown, and which were."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aion_bot.ports.messages import Action, Person, ThreadKey
from aion_bot.storage.statements import Statements

# Those above a card that the answer ended with are shown under it: the row of its own has the first of them as well.
_MERGED = """EXISTS (
    SELECT 1 FROM gallery AS under, json_each(under.pictures) AS one
    WHERE under.owner = substr(gallery.owner, 1, instr(gallery.owner, '-') - 1) AND under.attempt = gallery.attempt
    AND one.value ->> '$.id' = gallery.pictures ->> '$[0].id'
)"""

# The text above them is shown and recorded as whole, or their card stands.
_READY = f"""(
    EXISTS (SELECT 1 FROM plan WHERE key = owner AND shown = 1)
    OR EXISTS (
        SELECT 1 FROM turn WHERE key = owner AND turn.attempt = gallery.attempt AND reason = 'answered'
        AND phase IN ('shown', 'cleared')
    )
    OR EXISTS (
        SELECT 1 FROM plan WHERE instr(owner, '-') > 0 AND key = substr(owner, instr(owner, '-') + 1) AND message IS NOT NULL
    ) AND NOT {_MERGED}
) ORDER BY rowid"""  # noqa: S608  # literals of ours


@dataclass(frozen=True, slots=True)
class DueGallery:
    """Pictures that are to be shown under the answer of a turn, or under the result of a plan: the `owner`.

    For those above a plan's card while the plan waits `owner` is `turn.above_key`.
    `attempt` counts the retries of a turn. `pictures` is what is known of each, JSON objects with an `id`.
    """

    owner: str
    thread: ThreadKey
    person: Person
    pictures: Sequence[Mapping[str, Any]]
    attempt: int = 0
    of_plan: bool = False

    @property
    def name(self) -> str:
        """What the nonces of its post begin with: the same in every process."""
        turn, _, plan = self.owner.partition("-")
        return f"{plan}a" if plan else f"{turn}g{self.attempt}"


class Galleries(Statements):
    """Each method is one transaction, durable when it returns."""

    async def add(self, gallery: DueGallery, *, again: bool = False) -> bool:
        """Record that pictures are due, before the end of their answer is recorded, or their card is posted.

        Returns whether that was new; `again`: they take the place of those that were due.
        """
        return bool(await self._do(
            "INSERT INTO gallery (owner, attempt, of_plan, platform, thread, person_id, pictures) "
            "VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (owner, attempt) DO UPDATE SET pictures = excluded.pictures WHERE gallery.phase = 'due' AND ? = 1",
            gallery.owner, gallery.attempt, int(gallery.of_plan), gallery.thread.platform, gallery.thread.id,
            gallery.person.id, json.dumps(list(gallery.pictures)), int(again),
        ))  # fmt: skip

    async def due(self, owner: str | None = None) -> list[DueGallery]:
        """Return what is due, of one owner or of all: where the text above it is shown and recorded as whole, or its card stands."""
        sql = f"SELECT * FROM gallery WHERE phase = 'due' AND owner = coalesce(?, owner) AND {_READY}"  # noqa: S608  # literals of ours
        rows = await self._all(sql, owner)
        return [
            DueGallery(
                row["owner"],
                ThreadKey(row["platform"], row["thread"]),
                Person(row["person_id"]),
                json.loads(row["pictures"]),
                row["attempt"],
                bool(row["of_plan"]),
            )
            for row in rows
        ]

    async def above(self, turn: str, attempt: int) -> dict[str, list[str]]:
        """Return the ids of the pictures above the cards of a turn, by their owners, but for those that stand under it instead."""
        rows = await self._all(
            f"SELECT owner, pictures FROM gallery WHERE substr(owner, 1, length(?1) + 1) = ?1 || '-' AND attempt = ?2 AND NOT {_MERGED}",  # noqa: S608  # a literal of ours
            turn, attempt,
        )  # fmt: skip
        return {row["owner"]: [str(one["id"]) for one in json.loads(row["pictures"])] for row in rows}

    async def note_shown(self, gallery: DueGallery) -> None:
        """Record that pictures stand there, or never will; of each only the id is kept."""
        await self._do(
            "UPDATE gallery SET phase = 'shown', pictures = (SELECT json_group_array(json_object('id', value ->> '$.id')) "
            "FROM json_each(pictures)) WHERE owner = ? AND attempt = ?",
            gallery.owner, gallery.attempt,
        )  # fmt: skip

    async def narrowed(self) -> set[str]:
        """Return the sessions in which somebody asked about some pictures alone, or chose them: they may see no others since."""
        # The keys of such questions end like this (`conversation.picture_questions`); their other words are erased.
        sql = (
            "SELECT session_id FROM turn WHERE session_id <> '' AND prompt LIKE '%-' || ? "
            "UNION SELECT session_id FROM thread WHERE session_id <> '' AND pictures IS NOT NULL"
        )
        return {str(row["session_id"]) for row in await self._all(sql, Action.ONLY_THESE)}

    async def picture_ids(self, owner: str) -> list[str]:
        """Return the ids of all pictures of an answer, its newest attempt's, in the order in which they were shown."""
        row = await self._one(
            "SELECT pictures FROM gallery WHERE owner = ? ORDER BY attempt DESC LIMIT 1", owner
        )
        return [] if row is None else [str(one["id"]) for one in json.loads(row["pictures"])]
