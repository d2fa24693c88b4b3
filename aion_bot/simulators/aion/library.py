"""The uploads of a simulated company: photos and documents of its building sites. No I/O."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5


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
    """A report."""

    filename: str

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


PUMP = Image("site7_pump_04.jpg", "Concrete pump, site 7", "A concrete pump with a torn hydraulic hose")
SCAFFOLD = Image("site7_scaffold_north.jpg", "Scaffold, north face", "Scaffolding with a bent cross brace")
LIFT = Image("site7_lift_gate.jpg", "Hoist gate, site 7", "A hoist whose gate no longer closes")
CRANE = Image("site3_crane_hook.jpg", "Crane hook, site 3", "A crane hook with a worn safety latch")
TRENCH = Image("site3_trench.jpg", "Trench, site 3", "An open trench without edge protection")
FENCE = Image("site1_fence.jpg", "Fence, site 1", "A closed site fence with all signs in place")
IMAGES = (PUMP, SCAFFOLD, LIFT, CRANE, TRENCH, FENCE)

SAFETY = Document("safety_report_march.pdf")
INSPECTION = Document("inspection_site7.pdf")
MANUAL = Document("pump_manual.pdf")
DOCUMENTS = (SAFETY, INSPECTION, MANUAL)


def find_images(query: str) -> list[Image]:
    """The images that share words with a query, best first."""
    wanted = set(re.findall(r"\w{3,}|\d", query.lower()))

    def shared(image: Image) -> int:
        return len(wanted & set(re.findall(r"\w{3,}|\d", f"{image.title} {image.description}".lower())))

    return sorted((image for image in IMAGES if shared(image)), key=shared, reverse=True)
