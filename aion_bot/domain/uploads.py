"""A file that somebody attached to a question, on its way into Aion's library: how far it has come, and why not further.

A phase is written before the action that it announces. `UPLOADING` says that Aion may have the file; a process that
finds it looks into the library before it sends a byte again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aion_bot.aion.errors import (
    AionvisionError,
    AionvisionPermissionError,
    AuthenticationError,
    DocumentProcessingError,
    QuotaExceededError,
    UploadError,
    UploadProblem,
    ValidationError,
)
from aion_bot.domain.file_types import FileKind, FileType
from aion_bot.ports.errors import FileProblem, FileUnavailable
from aion_bot.ports.files import Attachment

MOST_BYTES = 200 * 1024 * 1024
"""The largest picture of any plan (the vendor's page *Rate Limits*): more is not read, whatever Aion would say."""

MOST_OF_A_QUESTION = 10
"""Files of one question that are taken; the others are named as left out."""

FOLLOWS_WITHIN = 120
"""Seconds after files without words, in a direct message, in which the same person's next message is about them."""


class FilePhase(StrEnum):
    """How far a file has come."""

    HELD = "held"
    """Somebody has to say first that it may go into the library."""
    WAITING = "waiting"
    UPLOADING = "uploading"
    """Written just before its bytes leave: Aion may have it."""
    STORED = "stored"
    """The library has it."""
    ADDED = "added"
    """The session can use it."""
    REFUSED = "refused"
    """It is not added, and another attempt would not change that."""
    FAILED = "failed"
    """It is not added; Retry tries again."""


FILE_TRANSITIONS: Mapping[FilePhase, frozenset[FilePhase]] = {
    FilePhase.HELD: frozenset({FilePhase.WAITING, FilePhase.REFUSED}),
    FilePhase.WAITING: frozenset(
        {FilePhase.UPLOADING, FilePhase.STORED, FilePhase.REFUSED, FilePhase.FAILED}
    ),
    # Back to WAITING where the library does not have it.
    FilePhase.UPLOADING: frozenset(
        {FilePhase.WAITING, FilePhase.STORED, FilePhase.REFUSED, FilePhase.FAILED}
    ),
    # Refused where Aion cannot read its text.
    FilePhase.STORED: frozenset({FilePhase.ADDED, FilePhase.REFUSED, FilePhase.FAILED}),
    # A session that is gone is replaced by one that has no files yet.
    FilePhase.ADDED: frozenset({FilePhase.ADDED, FilePhase.FAILED}),
    FilePhase.REFUSED: frozenset(),
    # Back to UPLOADING where it is not known whether it arrived.
    FilePhase.FAILED: frozenset({FilePhase.WAITING, FilePhase.UPLOADING}),
}
"""From a phase to those that may follow."""


def file_sources(phase: FilePhase) -> frozenset[FilePhase]:
    """Phases from which a file may move to `phase`."""
    return frozenset(source for source, targets in FILE_TRANSITIONS.items() if phase in targets)


class FileReason(StrEnum):
    """Why a file was not added."""

    NONE = ""
    TOO_LARGE = "too large"
    WRONG_TYPE = "wrong type"
    NOT_UTF8 = "not utf-8"
    """Text in an encoding that cannot be told."""
    VIDEO = "video"
    DAMAGED = "damaged"
    EMPTY = "empty"
    TOO_MANY = "too many"
    NOT_TAKEN = "not taken"
    """Aion does not take it, and does not say why in words that are known."""
    OFF = "off"
    """The setting says that no file is added here."""
    DECLINED = "declined"
    """Somebody had the question answered without it."""
    LIMIT = "limit"
    """The plan allows no more."""
    NOT_ALLOWED = "not allowed"
    """Aion lets the bot's key add nothing."""
    GONE = "gone"
    WITHHELD = "withheld"
    ELSEWHERE = "elsewhere"
    NOT_READ = "not read"
    """The platform did not give it out."""
    NO_ROOM = "no room"
    """The bot's own disk is full."""
    NO_ANSWER = "no answer"
    """Aion is down or overloaded."""
    UNKNOWN = "unknown"
    """It is not known whether Aion has it."""
    LOST = "lost"
    """The library had it, and somebody has removed it."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of a question.

    `turn` is the question's key, `number` its place among the question's files. `size` is in bytes, as counted where it
    was read. `digest` is the SHA-256 of its content. `library_id` is Aion's id; `known`: the library had it already.
    `limit` is the most bytes that are taken, where it is too large. `sent_at` is when its upload began, in seconds since
    1970. `session_id` is the session that can use it; `all_images`: that could see all images before.
    """

    turn: str
    number: int
    attachment: Attachment
    phase: FilePhase = FilePhase.WAITING
    reason: FileReason = FileReason.NONE
    kind: FileKind | None = None
    size: int = 0
    digest: str = ""
    library_id: str = ""
    known: bool = False
    limit: int = 0
    sent_at: int = 0
    session_id: str = ""
    all_images: bool = False

    @property
    def in_library(self) -> bool:
        """Whether the library has it."""
        return self.phase in {FilePhase.STORED, FilePhase.ADDED}


@dataclass(frozen=True, slots=True)
class FileEnd:
    """How the way of a file ended that was not added."""

    phase: FilePhase
    reason: FileReason
    limit: int = 0


_REFUSED, _FAILED = FilePhase.REFUSED, FilePhase.FAILED

_UPLOAD_PROBLEMS = {
    UploadProblem.TOO_LARGE: FileEnd(_REFUSED, FileReason.TOO_LARGE),
    UploadProblem.WRONG_TYPE: FileEnd(_REFUSED, FileReason.WRONG_TYPE),
    UploadProblem.DAMAGED: FileEnd(_REFUSED, FileReason.DAMAGED),
}
_FILE_PROBLEMS = {
    FileProblem.GONE: FileEnd(_REFUSED, FileReason.GONE),
    FileProblem.WITHHELD: FileEnd(_REFUSED, FileReason.WITHHELD),
    FileProblem.ELSEWHERE: FileEnd(_REFUSED, FileReason.ELSEWHERE),
    FileProblem.NO_FILE: FileEnd(_REFUSED, FileReason.WRONG_TYPE),
}


def end_of(error: Exception, *, stored: bool = False) -> FileEnd:  # noqa: PLR0911  # a table
    """Return how a file ends whose way raised `error`: the client's, the platform's, or the operating system's.

    `stored`: the library has it, and the conversation could not be given it.
    """
    match error:
        case UploadError():
            end = _UPLOAD_PROBLEMS.get(error.problem, FileEnd(_FAILED, FileReason.NO_ANSWER))
            return FileEnd(end.phase, end.reason, error.limit or 0)
        case DocumentProcessingError():
            return FileEnd(_REFUSED, FileReason.DAMAGED)
        case QuotaExceededError():
            return FileEnd(_FAILED, FileReason.LIMIT)
        case AuthenticationError() | AionvisionPermissionError():
            return FileEnd(_FAILED, FileReason.NOT_ALLOWED)
        case ValidationError():
            return FileEnd(_REFUSED, FileReason.NOT_TAKEN)
        case AionvisionError():
            unknown = error.maybe_acted and not stored
            return FileEnd(_FAILED, FileReason.UNKNOWN if unknown else FileReason.NO_ANSWER)
        case FileUnavailable():
            return _FILE_PROBLEMS.get(error.problem, FileEnd(_FAILED, FileReason.NOT_READ))
        case OSError():
            return FileEnd(_FAILED, FileReason.NO_ROOM)
    return FileEnd(_FAILED, FileReason.NOT_READ)


def objection(kind: FileType | None, size: int, limit: int) -> FileEnd | None:
    """Return how a file ends that cannot be added as it is: Aion's contract has no upload of videos."""
    if not size:
        return FileEnd(_REFUSED, FileReason.EMPTY)  # also of text, whose kind its name alone says
    if kind is None:
        return FileEnd(_REFUSED, FileReason.WRONG_TYPE)
    if kind.kind is FileKind.VIDEO:
        return FileEnd(_REFUSED, FileReason.VIDEO)
    return FileEnd(_REFUSED, FileReason.TOO_LARGE, limit) if size > limit else None


def largest(limits: Mapping[str, int], kind: FileKind) -> int | None:
    """Return the most bytes of a file that Aion's limits name, or None: the contract fixes no names for them."""
    units = {"bytes": 1, "kb": 1024, "mb": 1024 * 1024, "gb": 1024**3}
    found = []
    for name, value in limits.items():
        words = name.lower().split("_")
        if (
            "size" in words
            and words[-1] in units
            and {kind.value, "file", "upload"} & set(words)
            and value > 0
        ):
            found.append((kind.value in words, value * units[words[-1]]))
    # A limit of the kind counts before one of all files.
    own = [value for named, value in found if named]
    return min(own or [value for _, value in found], default=None)
