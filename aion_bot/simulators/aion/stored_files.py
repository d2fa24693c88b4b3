"""The files of a simulated company's library: what is stored, what is refused, and what a session has selected. No I/O."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aion_bot.simulators.aion import library, photos
from aion_bot.simulators.aion.scene import Fault, Shape
from aion_bot.simulators.aion.sessions import Session, stamp

MB = 1024 * 1024
KEPT = MB
"""Bytes of a file's content that are kept, from its beginning."""

_IMAGES = {b"\xff\xd8\xff": b"\xff\xd9", b"\x89PNG\r\n\x1a\n": b"IEND\xaeB`\x82", b"GIF8": b"\x3b"}
"""How a picture begins and ends; one that ends otherwise is damaged."""
_DOCUMENTS = {"application/pdf": "pdf", "text/plain": "txt", "text/markdown": "md"} | {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx"
}


UNLIMITED = 1_000_000
"""More requests a minute than any tier has: the bot believes no such number."""


@dataclass(slots=True)
class Limits:
    """What the plan allows; the defaults are those of the tier PROFESSIONAL. Sizes are bytes."""

    tier: str = "professional"
    image: int = 100 * MB
    document: int = 50 * MB
    storage: int = 100 * 1024 * MB
    uploads: int = 1000
    """Uploads a month."""
    calls: int = 100
    """Requests a minute, as the server tells it; nothing here counts them."""


TIERS = {
    "free": Limits("free", 25 * MB, storage=1024 * MB, uploads=25),
    "starter": Limits("starter", 50 * MB, storage=25 * 1024 * MB, uploads=250),
    "professional": Limits(),
    "enterprise": Limits("enterprise", 200 * MB, storage=10**15, uploads=10_000),
}


@dataclass(slots=True)
class StoredFile:
    """A file. `content` is its beginning. `unread` counts the looks at its status until its text can be searched."""

    id: str
    filename: str
    media_type: str
    content_type: str
    size: int
    digest: str
    content: bytes = field(default=b"", repr=False)
    created_at: str = field(default_factory=stamp)
    damaged: bool = False
    unread: int = 0

    @property
    def reference(self) -> str:
        """Its reference in an answer."""
        return f"[[{'doc' if self.media_type == 'document' else 'img'}:{self.id[:8]}|{self.filename}]]"

    def to_context(self, description: str) -> dict[str, Any]:
        """A picture as the contract's MessageImageInfo."""
        where = f"/pictures/{self.id}"
        return {
            "image_id": self.id,
            "filename": self.filename,
            "title": None,
            "description": description,
            "confidence": 0.9,
            "thumbnail_url": where,
            "stored_url": where,
        }

    @property
    def text_status(self) -> str | None:
        """How far its text is extracted; None of a picture."""
        if self.media_type != "document":
            return None
        return "processing" if self.unread else "failed" if self.damaged else "completed"

    def to_json(self) -> dict[str, Any]:
        """The file as the contract's UserFile."""
        return {
            "id": self.id,
            "filename": self.filename,
            "title": None,
            "size_bytes": self.size,
            "created_at": self.created_at,
            "has_full_description": False,
            "content_type": self.content_type,
            "media_type": self.media_type,
            "text_extraction_status": self.text_status,
        }


class Arriving:
    """A file whose bytes arrive: its size, its digest, its beginning and its end."""

    def __init__(self) -> None:
        self.size = 0
        self.content = b""
        self.tail = b""
        self._hash = sha256()

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self._hash.update(chunk)
        if len(self.content) < KEPT:
            self.content += chunk[: KEPT - len(self.content)]
        self.tail = (self.tail + chunk)[-16:]

    @property
    def digest(self) -> str:
        """The SHA-256 of all bytes so far."""
        return self._hash.hexdigest()

    @property
    def is_image(self) -> bool:
        """Whether it begins like a picture."""
        return self._is_webp or any(self.content.startswith(begin) for begin in _IMAGES)

    @property
    def damaged(self) -> bool:
        """Whether a picture ends otherwise than such a picture does, or a PDF without its last line."""
        if self._is_webp:
            return int.from_bytes(self.content[4:8], "little") + 8 != self.size
        if self.content.startswith(b"%PDF"):
            return not self.tail.rstrip().endswith(b"%%EOF")
        ends = (end for begin, end in _IMAGES.items() if self.content.startswith(begin))
        return any(not self.tail.endswith(end) for end in ends)

    @property
    def _is_webp(self) -> bool:
        return self.content.startswith(b"RIFF") and self.content[8:12] == b"WEBP"


class StoredFiles:
    """Every file of the library, those of `library` among them.

    Attributes:
        limits: What the plan allows.
        unread: How many looks at a new document's status say that it is still processed.
        hides_limits: Whether the key may not see the limits.
        more_left: What is left of other limits, by name.
        lost_selections: How many of the next selections of a session come to nothing.
        month: The chat messages that the month allows, and those that are used; None: it is not told.
    """

    def __init__(self) -> None:
        self.limits = Limits()
        self.unread = 1
        self.hides_limits = False
        self.lost_selections = 0
        self.more_left: dict[str, int] = {}
        self.month: tuple[int, int] | None = None
        self.mark = ""
        """What tells the ids of uploads from those of another company."""
        self._numbers = count(1)
        self._all: dict[str, StoredFile] = {}
        for image in library.IMAGES:
            content = photos.photo(image.filename)
            kind = ("image", photos.MEDIA_TYPE, len(content), sha256(content).hexdigest(), content)
            self._all[image.id] = StoredFile(image.id, image.filename, *kind, "2026-03-02T08:15:00Z")
        for document in library.DOCUMENTS:
            kind = (
                "document",
                "application/pdf",
                40_000,
                sha256(document.filename.encode()).hexdigest(),
                b"",
            )
            self._all[document.id] = StoredFile(document.id, document.filename, *kind, "2026-03-02T08:15:00Z")
        for video in library.VIDEOS:
            kind = ("video", "video/mp4", 9_000_000, sha256(video.filename.encode()).hexdigest(), b"")
            self._all[video.id] = StoredFile(video.id, video.filename, *kind, "2026-03-02T08:15:00Z")

    def __iter__(self) -> Iterator[StoredFile]:
        return iter(self._all.values())

    @property
    def uploaded(self) -> list[StoredFile]:
        """The files that were uploaded, oldest first."""
        known = {one.id for one in (*library.IMAGES, *library.DOCUMENTS, *library.VIDEOS)}
        return [one for one in self if one.id not in known]

    @property
    def image_ids(self) -> list[str]:
        """Ids of all pictures."""
        return [one.id for one in self if one.media_type == "image"]

    def find(self, file_id: str) -> StoredFile | None:
        """Find a file."""
        return self._all.get(file_id)

    def remove(self, file_id: str) -> None:
        """Delete a file, as somebody may do in Aion's own pages."""
        del self._all[file_id]

    def known(self, ids: Iterable[str]) -> list[str]:
        """Those of the ids that are files of the library; none while selections are lost."""
        if self.lost_selections:
            self.lost_selections -= 1
            return []
        return [one for one in ids if one in self._all]

    def with_content(self, digest: str) -> StoredFile | None:
        """Find the file of a digest."""
        return next((one for one in self if one.digest == digest), None)

    def of(self, session: Session) -> list[StoredFile]:
        """The files that a session has selected."""
        return [self._all[one] for one in (*session.images, *session.documents) if one in self._all]

    def add(self, filename: str, content_type: str, arrived: Arriving, *, document: bool) -> StoredFile:
        """Store a file whose bytes have arrived."""
        file_id = str(uuid5(NAMESPACE_URL, f"{self.mark}upload/{next(self._numbers)}"))
        stored = StoredFile(
            file_id, filename, "document" if document else "image", content_type, arrived.size, arrived.digest
        )
        stored.content, stored.damaged = arrived.content, arrived.damaged
        stored.unread = self.unread if document else 0
        self._all[file_id] = stored
        return stored

    def put(self, filename: str, content: bytes) -> StoredFile:
        """Store a picture as an upload does whose answer nobody got."""
        arrived = Arriving()
        arrived.take(content)
        return self.add(filename, "image/png", arrived, document=False)

    def objection(self, size: int, *, document: bool) -> Fault | None:
        """Return why a file of this size is refused."""
        largest = self.limits.document if document else self.limits.image
        if size > largest:
            return Fault(413, "FILE_TOO_LARGE", f"The file is larger than {largest} bytes", Shape.GATEWAY)
        if len(self.uploaded) >= self.limits.uploads:
            return Fault(402, "USAGE_LIMIT_EXCEEDED", "The monthly upload limit is reached", Shape.GATEWAY)
        if sum(one.size for one in self) + size > self.limits.storage:
            return Fault(402, "STORAGE_QUOTA_EXCEEDED", "The storage is full", Shape.GATEWAY)
        return None

    def objection_to_type(self, content_type: str) -> Fault | None:
        """Return why a document of this type is refused."""
        if content_type in _DOCUMENTS:
            return None
        return Fault(415, "UNSUPPORTED_MEDIA_TYPE", "This type of document is not supported", Shape.GATEWAY)

    @staticmethod
    def document_type(content_type: str) -> str:
        """Aion's word for a type of document."""
        return _DOCUMENTS.get(content_type, "txt")

    def to_limits(self) -> dict[str, Any]:
        """The limits as the contract's TenantLimitsResponse."""
        limits = {
            "api_calls_per_minute": self.limits.calls,
            "monthly_uploads": self.limits.uploads,
            "max_image_size_bytes": self.limits.image,
            "max_document_size_bytes": self.limits.document,
            "storage_bytes": self.limits.storage,
        }
        usage = {
            "monthly_uploads": len(self.uploaded),
            "storage_bytes": sum(one.size for one in self),
        }
        if self.month is not None:
            limits["monthly_chat_messages"], usage["monthly_chat_messages"] = self.month
        return {
            "limits": limits,
            "usage": usage,
            "remaining": {name: max(0, limits[name] - used) for name, used in usage.items()} | self.more_left,
            "subscription_tier": self.limits.tier,
        }
