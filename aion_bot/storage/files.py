"""The files of questions, and what of each workspace Aion's library has."""

from collections.abc import Iterable

from aion_bot.domain.file_types import FileKind
from aion_bot.domain.uploads import (
    FOLLOWS_WITHIN,
    MOST_OF_A_QUESTION,
    AttachedFile,
    FileEnd,
    FilePhase,
    FileReason,
    file_sources,
)
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import ThreadKey
from aion_bot.storage.engines import Row
from aion_bot.storage.statements import Statements, among

_BEFORE = {phase: among("phase", file_sources(phase)) for phase in FilePhase}
"""SQL for a file whose phase may be followed by the given one."""

# Of ?2, ?3: the thread of the question ?1. The second way is for ?6, a direct message that begins a thread; a question of
# files alone that came before may still be looking at its files, as each thread goes its own way.
_ADOPT = (
    "INSERT INTO file (turn, number, source, name, media_type, size, kind, digest, phase) "
    "SELECT ?1, row_number() OVER (ORDER BY turn.rowid, file.number) - 1, source, file.name, media_type, size, kind, digest, ?4 "
    "FROM file JOIN turn ON turn.key = file.turn JOIN turn AS asked ON asked.key = ?1 "
    "WHERE file.phase = 'held' AND turn.erased_at IS NULL AND turn.rowid < asked.rowid AND turn.rowid IN ("
    "SELECT rowid FROM turn WHERE platform = ?2 AND thread = ?3 UNION ALL "
    "SELECT turn.rowid FROM turn JOIN turn AS asked ON asked.key = ?1 WHERE ?6 = 1 AND turn.platform = ?2 "
    "AND turn.channel = asked.channel AND turn.asked_at >= asked.asked_at - ?7) AND ("
    "(turn.thread = ?3 AND turn.reason = 'held' AND NOT EXISTS ("
    "SELECT 1 FROM turn AS other WHERE other.platform = ?2 AND other.thread = ?3 "
    "AND other.rowid > turn.rowid AND other.rowid < asked.rowid AND other.reason IS NOT 'held')) "
    "OR (?6 = 1 AND turn.thread <> ?3 AND turn.asker_id = asked.asker_id "
    "AND (turn.reason IS 'held' OR (turn.reason IS NULL AND turn.text = '')) AND NOT EXISTS ("
    "SELECT 1 FROM turn AS other WHERE other.platform = ?2 AND other.thread = ?3 AND other.rowid < asked.rowid) "
    "AND NOT EXISTS (SELECT 1 FROM turn AS other WHERE other.platform = ?2 AND other.channel = asked.channel "
    "AND other.asked_at >= turn.asked_at AND other.asker_id = asked.asker_id AND other.rowid > turn.rowid AND other.rowid < asked.rowid "
    "AND other.reason IS NOT 'held' AND NOT (other.reason IS NULL AND other.text = '')))) "
    "ORDER BY turn.rowid, file.number LIMIT ?5 ON CONFLICT DO NOTHING"
)


class Files(Statements):
    """Durable when a method returns. A phase moves along `FILE_TRANSITIONS` only.

    Each method is one transaction, but for `add`, `suggest` and `store`: a process may end between their statements.

    The name of a file goes with the words of its question, or once it is known whether it arrived: a trigger erases it in the
    write that ends `UPLOADING`.
    """

    async def of(self, turn: str) -> list[AttachedFile]:
        """Return the files of a question, in order."""
        rows = await self._all("SELECT * FROM file WHERE turn = ? ORDER BY number", turn)
        return [_file_from(row) for row in rows]

    async def add(self, turn: str, found: Iterable[Attachment], phase: FilePhase) -> None:
        """Write files of a question behind those that it has; one that it has already is passed over."""
        for one in found:
            await self._do(
                "INSERT INTO file (turn, number, source, name, media_type, size, phase) "
                "SELECT ?1, (SELECT count(*) FROM file WHERE turn = ?1), ?2, ?3, ?4, ?5, ?6 "
                "ON CONFLICT (turn, source) DO NOTHING",
                turn, one.id, one.name, one.media_type, one.size, phase,
            )  # fmt: skip

    async def adopt_held(
        self, turn: str, thread: ThreadKey, phase: FilePhase, *, direct: bool = False
    ) -> int:
        """Give a question the files of those just before it in its thread that still wait for words about them.

        `direct`: it is a direct message. One that begins a thread gets those that the same person sent there within
        `FOLLOWS_WITHIN` as well: Slack makes a thread of each message. Returns how many.
        """
        return await self._do(
            _ADOPT, turn, thread.platform, thread.id, phase, MOST_OF_A_QUESTION, direct, FOLLOWS_WITHIN
        )

    async def allow(self, turn: str) -> None:
        """Record that somebody lets the files of a question into the library; only whoever claimed the turn may say so."""
        await self._do("UPDATE file SET phase = 'waiting' WHERE turn = ? AND phase = 'held'", turn)

    async def suggest(self, turn: str, text: str) -> None:
        """Give a question that came without words those that somebody chose for it, and let its files in; as `allow`."""
        await self._do(
            "UPDATE turn SET text = ? WHERE key = ? AND phase = 'queued' AND text = ''", text, turn
        )
        await self.allow(turn)

    async def note_attached(self, turn: str, attached: str) -> None:
        """Record what Aion is told of a question's files; write it before the question is sent."""
        await self._do("UPDATE turn SET attached = ? WHERE key = ?", attached, turn)

    async def retry(self, turn: str) -> None:
        """Let files that failed be tried again; of one that may have arrived the library is asked first."""
        await self._do(
            "UPDATE file SET phase = iif(reason = 'unknown', 'uploading', 'waiting'), reason = '' "
            "WHERE turn = ? AND phase = 'failed'",
            turn,
        )

    async def note_read(self, file: AttachedFile) -> None:
        """Record what a file is, once it was read."""
        await self._do(
            "UPDATE file SET kind = ?, size = ?, digest = ? WHERE turn = ? AND number = ?",
            file.kind or "", file.size, file.digest, file.turn, file.number,
        )  # fmt: skip

    async def start_upload(self, file: AttachedFile) -> None:
        """Record that Aion may have a file from now on; write it before a byte leaves."""
        await self._do(
            f"UPDATE file SET phase = 'uploading', sent_at = ? WHERE turn = ? AND number = ? AND {_BEFORE[FilePhase.UPLOADING]}",  # noqa: S608  # literals of ours
            file.sent_at, file.turn, file.number,
        )  # fmt: skip

    async def restart(self, file: AttachedFile) -> None:
        """Record that the library does not have a file, so that it can be sent."""
        await self._erase(
            f"UPDATE file SET phase = 'waiting' WHERE turn = ? AND number = ? AND {_BEFORE[FilePhase.WAITING]}",  # noqa: S608  # literals of ours
            file.turn, file.number,
        )  # fmt: skip

    async def store(self, file: AttachedFile, workspace: str) -> None:
        """Record that the library has a file, and under which id."""
        await self._erase(
            f"UPDATE file SET phase = 'stored', library_id = ?, known = ? WHERE turn = ? AND number = ? AND {_BEFORE[FilePhase.STORED]}",  # noqa: S608  # literals of ours
            file.library_id, int(file.known), file.turn, file.number,
        )  # fmt: skip
        if file.digest:
            await self._do(
                "INSERT INTO library_file (workspace, digest, library_id) VALUES (?, ?, ?) "
                "ON CONFLICT (workspace, digest) DO UPDATE SET library_id = excluded.library_id",
                workspace, file.digest, file.library_id,
            )  # fmt: skip

    async def note_adding(self, file: AttachedFile, session_id: str, *, all_images: bool) -> None:
        """Record which session a file is added to, and what that could see before; write it before that is changed."""
        await self._do(
            "UPDATE file SET session_id = ?, all_images = ? WHERE turn = ? AND number = ?",
            session_id, int(all_images), file.turn, file.number,
        )  # fmt: skip

    async def note_added(self, file: AttachedFile) -> None:
        """Record that the session can use a file."""
        await self._do(
            f"UPDATE file SET phase = 'added' WHERE turn = ? AND number = ? AND {_BEFORE[FilePhase.ADDED]}",  # noqa: S608  # literals of ours
            file.turn, file.number,
        )  # fmt: skip

    async def end(self, file: AttachedFile, end: FileEnd) -> None:
        """Record that a file is not added, and why."""
        await self._erase(
            f"UPDATE file SET phase = ?, reason = ?, largest = ? WHERE turn = ? AND number = ? AND {_BEFORE[end.phase]}",  # noqa: S608  # literals of ours
            end.phase, end.reason, end.limit, file.turn, file.number,
        )  # fmt: skip

    async def cut_off(self) -> list[AttachedFile]:
        """Return the files of ended questions that may have arrived: nobody has looked into the library since.

        Without those that had no name: nothing tells them from others.
        """
        sql = "SELECT file.* FROM file JOIN turn ON turn.key = file.turn WHERE file.phase = 'uploading' AND file.name <> '' AND erased_at IS NOT NULL ORDER BY file.rowid"
        return [_file_from(row) for row in await self._all(sql)]

    async def of_session(self, session_id: str) -> list[AttachedFile]:
        """Return the files that a session can use, or that were about to be added to it, oldest first."""
        rows = await self._all("SELECT * FROM file WHERE session_id = ? ORDER BY rowid", session_id)
        return [_file_from(row) for row in rows]

    async def narrowed(self) -> set[str]:
        """Return the sessions that could see all images and may not since, as adding files to them did not end well."""
        sql = "SELECT DISTINCT session_id FROM file WHERE session_id <> '' AND all_images = 1 AND phase <> 'added'"
        return {str(row["session_id"]) for row in await self._all(sql)}

    async def library_id(self, workspace: str, digest: str) -> str | None:
        """Return Aion's id of the content that a workspace has uploaded before."""
        sql = "SELECT library_id FROM library_file WHERE workspace = ? AND digest = ?"
        row = await self._one(sql, workspace, digest)
        return None if row is None else str(row["library_id"])

    async def others(self, digest: str, since: float) -> set[str]:
        """Return Aion's ids of other contents that came since a time, in seconds since 1970, in any workspace."""
        sql = "SELECT library_id FROM library_file WHERE digest <> ? AND created_at >= ?"
        return {str(row["library_id"]) for row in await self._all(sql, digest, int(since))}

    async def forget(self, workspace: str, digest: str) -> None:
        """Record that the library does not have a content any more."""
        await self._do("DELETE FROM library_file WHERE workspace = ? AND digest = ?", workspace, digest)


def _file_from(row: Row) -> AttachedFile:
    return AttachedFile(
        turn=row["turn"],
        number=row["number"],
        attachment=Attachment(row["source"], row["name"], row["size"], row["media_type"]),
        phase=FilePhase(row["phase"]),
        reason=FileReason(row["reason"]),
        kind=FileKind(row["kind"]) if row["kind"] else None,
        size=row["size"],
        digest=row["digest"],
        library_id=row["library_id"],
        known=bool(row["known"]),
        limit=row["largest"],
        sent_at=row["sent_at"],
        session_id=row["session_id"],
        all_images=bool(row["all_images"]),
    )
