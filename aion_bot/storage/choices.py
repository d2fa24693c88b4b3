"""What is chosen for a thread and for its session: what the next new thread is about, and what Aion was told of files."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from aion_bot.domain.file_types import FileKind
from aion_bot.domain.turn import Turn
from aion_bot.ports.events import Place
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage.statements import Statements

NEXT_HOLDS = 3_600
"""Seconds for which a person's next new thread in a channel is about what they chose for it."""


class Picked(NamedTuple):
    """Something of the library: Aion's id, its title, and what it is, by `domain.file_types.FileKind`."""

    id: str
    title: str
    kind: str = FileKind.IMAGE


class Binding(NamedTuple):
    """What a question of a thread needs: its session, None for a new one, and what it is about.

    `holds`: the session may have selected documents or videos that somebody chose. `crossed`: something is chosen that
    another key found; it is not in `chosen`.
    """

    session: str | None = None
    chosen: Sequence[Picked] = ()
    holds: bool = False
    crossed: bool = False

    def ids(self, kind: FileKind) -> list[str]:
        """Return what is chosen of one kind."""
        return [one.id for one in self.chosen if one.kind == kind]


class Choices(Statements):
    """Each method is one transaction, durable when it returns."""

    async def binding(self, thread: ThreadKey, key_name: str = "") -> Binding:
        """Return what a thread is bound to, for questions with the key of the variable `key_name`."""
        row = await self._one(
            "SELECT session_id, pictures, files, chosen_key, EXISTS (SELECT 1 FROM session_files WHERE session = session_id) AS holds "
            "FROM thread WHERE platform = ? AND id = ?",
            thread.platform, thread.id,
        )  # fmt: skip
        if row is None:
            return Binding()
        chosen = [one for packed in (row["pictures"], row["files"]) if packed for one in unpacked(packed)]
        crossed = bool(chosen) and row["chosen_key"] != key_name
        return Binding(row["session_id"], [] if crossed else chosen, bool(row["holds"]), crossed)

    async def choose_for_next(self, search: str, place: Place) -> bool:
        """Let the next new thread of a search's person in a channel be about what it found, in place of another search."""
        where = _channel(place)
        await self._do(
            "UPDATE search SET next_in = iif(key = ?1, ?2, NULL), chosen_at = unixepoch() WHERE key = ?1 OR (next_in = ?2 "
            "AND (platform, person_id) = (SELECT platform, person_id FROM search WHERE key = ?1))",
            search, where,
        )  # fmt: skip
        return (
            await self._one("SELECT 1 FROM search WHERE key = ? AND next_in = ?", search, where) is not None
        )

    async def take_next(self, turn: Turn, key_name: str) -> list[Picked]:
        """Return what the asker chose for a new thread in this channel, once; what another key found stays."""
        rows = await self._all(
            "UPDATE search SET next_in = NULL WHERE platform = ? AND person_id = ? AND next_in = ? AND key_name = ? "
            "AND chosen_at >= unixepoch() - ? RETURNING pictures",
            turn.thread.platform, turn.asker.id, _channel(turn.place), key_name, NEXT_HOLDS,
        )  # fmt: skip
        return [one for row in rows for one in unpacked(row["pictures"])]

    async def note_session_files(self, session: str, documents: Sequence[str], videos: Sequence[str]) -> None:
        """Record which chosen documents and videos a session is about to get."""
        await self._do(
            "INSERT INTO session_files VALUES (?, ?, ?) "
            "ON CONFLICT (session) DO UPDATE SET documents = excluded.documents, videos = excluded.videos",
            session, json.dumps(list(documents)), json.dumps(list(videos)),
        )  # fmt: skip

    async def forget_session_files(self, session: str) -> None:
        """Record that a session has no chosen documents or videos any more."""
        await self._do("DELETE FROM session_files WHERE session = ?", session)

    async def session_documents(self, session: str) -> list[str]:
        """Return the chosen documents that a session has."""
        row = await self._one("SELECT documents FROM session_files WHERE session = ?", session)
        return [] if row is None else [str(one) for one in json.loads(row["documents"])]


def _channel(place: Place) -> str:
    return f"{place.home} {place.channel}"


def unpacked(packed: str | None) -> list[Picked]:
    """Read a choice from the database."""
    return [] if packed is None else [Picked(*map(str, one)) for one in json.loads(packed)]
