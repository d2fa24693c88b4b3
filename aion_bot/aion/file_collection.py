"""`FileCollection`: the files of an answer as one value. No I/O.

Names and fields are those of the vendor's public type stubs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, overload

from aion_bot.aion.serialization import Serializable

UNKNOWN = "unknown"


@dataclass(frozen=True)
class FileRef(Serializable):
    """One file: `id` is its full id, `size_bytes` its size in bytes where the server sent it."""

    id: str
    media_type: str = "application/octet-stream"
    filename: str | None = None
    size_bytes: int | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, init=False, repr=False)
class FileCollection:
    """An immutable, ordered collection of files; whatever changes it returns a new one.

    `content_type` is "images", "documents", "mixed" or "unknown"; `source_capability` names what produced it.
    """

    refs: tuple[FileRef, ...]
    content_type: str
    source_capability: str | None

    def __init__(
        self,
        refs: Iterable[FileRef] | None = None,
        content_type: str = UNKNOWN,
        source_capability: str | None = None,
    ) -> None:
        # A frozen dataclass refuses assignments in its own constructor too.
        object.__setattr__(self, "refs", tuple(refs or ()))
        object.__setattr__(self, "content_type", content_type)
        object.__setattr__(self, "source_capability", source_capability)

    @classmethod
    def from_ids(
        cls, ids: Iterable[str], content_type: str = UNKNOWN, source_capability: str | None = None
    ) -> "FileCollection":
        """Make a collection of files of which only the ids are known."""
        return cls((FileRef(file_id) for file_id in ids), content_type, source_capability)

    @property
    def ids(self) -> list[str]:
        """Ids of the files, in order."""
        return [ref.id for ref in self.refs]

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self.refs)

    def __len__(self) -> int:
        return len(self.refs)

    def __iter__(self) -> Iterator[FileRef]:
        return iter(self.refs)

    @overload
    def __getitem__(self, key: int) -> FileRef: ...
    @overload
    def __getitem__(self, key: slice) -> "FileCollection": ...
    def __getitem__(self, key: int | slice) -> "FileRef | FileCollection":
        if isinstance(key, slice):
            return FileCollection(self.refs[key], self.content_type, self.source_capability)
        return self.refs[key]

    def __repr__(self) -> str:
        return f"FileCollection({self.count} {self.content_type})"

    def filter(self, predicate: Callable[[FileRef], bool]) -> "FileCollection":
        """Return the files for which `predicate` holds."""
        return FileCollection(filter(predicate, self.refs), self.content_type, self.source_capability)

    @classmethod
    def merge(cls, *collections: "FileCollection") -> "FileCollection":
        """Return the files of all collections, each once: of two with the same id, the one with more metadata."""
        found: dict[str, FileRef] = {}
        for ref in (ref for collection in collections for ref in collection):
            if ref.id not in found or _detail(ref) > _detail(found[ref.id]):
                found[ref.id] = ref
        # A dictionary, because a set has no order.
        sources = dict.fromkeys(each.source_capability for each in collections if each.source_capability)
        return cls(found.values(), _merged_type(collections), "+".join(sources) or None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return {
            "refs": [ref.to_dict() for ref in self.refs],
            "content_type": self.content_type,
            "source_capability": self.source_capability,
        }


def _detail(ref: FileRef) -> tuple[int, bool]:
    return len(ref.metadata or {}), ref.filename is not None


def _merged_type(collections: Iterable[FileCollection]) -> str:
    types = {each.content_type for each in collections} - {UNKNOWN}
    if not types:
        return UNKNOWN
    return types.pop() if len(types) == 1 else "mixed"
