"""The uploads of a simulated company: photos, documents and videos of its building sites. No I/O."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

T = TypeVar("T")


@cache  # each name is of the library, and an answer looks at all of them
def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"library/{name}"))


@dataclass(frozen=True, slots=True)
class Image:
    """A photo."""

    filename: str
    title: str
    description: str
    confidence: float = 0.93

    @property
    def id(self) -> str:
        """Its full id."""
        return _id(self.filename)

    @property
    def reference(self) -> str:
        """Its reference in an answer."""
        return f"[[img:{self.id[:8]}|{self.filename}]]"

    def to_context(self) -> dict[str, Any]:
        """The image as the contract's MessageImageInfo."""
        return {
            "image_id": self.id,
            "filename": self.filename,
            "title": self.title,
            "description": self.description,
            "confidence": self.confidence,
            "thumbnail_url": f"/pictures/{self.id}",
            "stored_url": f"/pictures/{self.id}",
        }

    def to_result(self) -> dict[str, Any]:
        """The image as the contract's ImageSearchResultResponse."""
        return {
            "image_id": self.id,
            "description": self.description,
            "confidence": self.confidence,
            "relevance_score": 0.8,
            "thumbnail_url": f"/pictures/{self.id}",
            "medium_url": None,
            "full_url": f"/pictures/{self.id}",
            "created_at": "2026-03-02T08:15:00Z",
        }


@dataclass(frozen=True, slots=True)
class Document:
    """A report; `passage` is what a search of its text finds."""

    filename: str
    passage: str = ""

    @property
    def id(self) -> str:
        """Its full id."""
        return _id(self.filename)

    def reference(self, pages: str = "") -> str:
        """Its reference in an answer; `pages` like `p:5` or `pp:3-7`."""
        return f"[[doc:{self.id[:8]}|{self.filename}{'|' + pages if pages else ''}]]"

    def to_data(self) -> dict[str, Any]:
        """The document as an entry of `tool_document_data`."""
        return {"document_id": self.id, "filename": self.filename}

    def to_passage(self) -> dict[str, Any]:
        """Its passage as the contract's ChunkResult."""
        return {
            "chunk_id": f"{self.id}-5",
            "document_id": self.id,
            "document_filename": self.filename,
            "chunk_index": 5,
            "content": self.passage,
            "page_numbers": [5],
            "similarity_score": 0.8,
        }


@dataclass(frozen=True, slots=True)
class Video:
    """A film of a site."""

    filename: str
    description: str
    seconds: float = 42.0

    @property
    def id(self) -> str:
        """Its full id."""
        return _id(self.filename)

    def to_result(self) -> dict[str, Any]:
        """The video as the contract's VideoSearchResultItem."""
        return {
            "video_id": self.id,
            "video_filename": self.filename,
            "video_description": self.description,
            "duration_seconds": self.seconds,
            "score": 0.8,
            "matched_scenes": [],
        }


PUMP = Image("site7_pump_04.jpg", "Concrete pump, site 7", "A concrete pump with a torn hydraulic hose")
SCAFFOLD = Image("site7_scaffold_north.jpg", "Scaffold, north face", "Scaffolding with a bent cross brace")
LIFT = Image("site7_lift_gate.jpg", "Hoist gate, site 7", "A hoist whose gate no longer closes")
CRANE = Image("site3_crane_hook.jpg", "Crane hook, site 3", "A crane hook with a worn safety latch")
TRENCH = Image("site3_trench.jpg", "Trench, site 3", "An open trench without edge protection")
FENCE = Image("site1_fence.jpg", "Fence, site 1", "A closed site fence with all signs in place")
IMAGES = (PUMP, SCAFFOLD, LIFT, CRANE, TRENCH, FENCE)

SAFETY = Document("safety_report_march.pdf", "The trench on site 3 has no edge protection.")
INSPECTION = Document("inspection_site7.pdf", "The gate of the hoist on site 7 no longer closes.")
MANUAL = Document("pump_manual.pdf", "How to replace the hose of the concrete pump.")
DOCUMENTS = (SAFETY, INSPECTION, MANUAL)

DRONE = Video("site7_drone.mp4", "A flight around the scaffold and the concrete pump of site 7")
DELIVERY = Video("site3_delivery.mp4", "A crane of site 3 unloads steel beams")
VIDEOS = (DRONE, DELIVERY)


def find_images(query: str) -> list[Image]:
    """The images that share words with a query, best first."""
    return _best(query, IMAGES, lambda one: f"{one.title} {one.description}")


def find_documents(query: str) -> list[Document]:
    """The documents whose passage or name shares words with a query, best first."""
    return _best(query, DOCUMENTS, lambda one: f"{one.filename.replace('_', ' ')} {one.passage}")


def find_videos(query: str) -> list[Video]:
    """The videos whose description shares words with a query, best first."""
    return _best(query, VIDEOS, lambda one: one.description)


def _best(query: str, among: Iterable[T], text: Callable[[T], str]) -> list[T]:
    wanted = _words(query)

    def shared(one: T) -> int:
        return len(wanted & _words(text(one)))

    return sorted((one for one in among if shared(one)), key=shared, reverse=True)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}|\d", text.lower()))
