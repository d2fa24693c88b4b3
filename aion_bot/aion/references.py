"""What the markers in an answer refer to, and the answer with plain text in their place. No I/O."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aion_bot.aion.json_fields import integer, json_object, json_objects, string, string_or_none, strings
from aion_bot.aion.reference_markers import Marker, find_markers

UNKNOWN_COUNT = "some"
"""Text for a `[[ref:KEY]]` whose count is not in the metadata."""


@dataclass(frozen=True)
class ResultRefData:
    """What a `[[ref:KEY]]` counts."""

    count: int
    ids: list[str] = field(default_factory=list)
    image_ids: list[str] = field(default_factory=list)
    id_type: str = ""
    label: str = ""


@dataclass(frozen=True)
class ImageRef:
    """An image named by `[[img:ID|filename]]`; `full_id` is None where the metadata does not have exactly one."""

    id_prefix: str
    filename: str
    full_id: str | None = None


@dataclass(frozen=True)
class DocumentRef:
    """A document named by `[[doc:ID|filename]]`, with its page or its first and last page."""

    id_prefix: str
    filename: str
    full_id: str | None = None
    page: int | None = None
    page_range: tuple[int, int] | None = None


@dataclass(frozen=True)
class LinkRef:
    """A web page named by `[[link:ID|title]]`."""

    id_prefix: str
    title: str
    full_id: str | None = None
    source_url: str | None = None
    domain: str | None = None


@dataclass(frozen=True)
class ParsedReferences:
    """Everything a text refers to, in its order. `counts` holds only keys that the metadata explains."""

    images: list[ImageRef] = field(default_factory=list)
    documents: list[DocumentRef] = field(default_factory=list)
    links: list[LinkRef] = field(default_factory=list)
    counts: dict[str, ResultRefData] = field(default_factory=dict)

    @property
    def has_references(self) -> bool:
        """Whether there is any."""
        return bool(self.images or self.documents or self.links or self.counts)


def parse_references(content: str, metadata: Mapping[str, Any] | None = None) -> ParsedReferences:
    """Return what a text refers to.

    Args:
        content: An answer as Aion wrote it.
        metadata: The answer's metadata. Prefixes are looked up in its `image_context`, `tool_document_data` and
            `tool_link_data`, counts in its `result_refs`.
    """
    known = metadata or {}
    refs = ParsedReferences()
    counts = parse_result_refs(known)
    images = _PrefixIndex(_entries(known.get("image_context")), "image_id")
    documents = _PrefixIndex(_entries(known.get("tool_document_data")), "document_id")
    links = _PrefixIndex(_entries(known.get("tool_link_data")), "link_id")
    for marker in find_markers(content):
        match marker.kind:
            case "img":
                refs.images.append(_image(marker, images))
            case "doc":
                refs.documents.append(_document(marker, documents))
            case "link":
                refs.links.append(_link(marker, links))
            case _ if marker.id in counts:
                refs.counts[marker.id] = counts[marker.id]
    return refs


def resolve_content(content: str, metadata: Mapping[str, Any] | None = None) -> str:
    """Return a text with plain text in place of its markers.

    `[[ref:KEY]]` becomes the count, or `UNKNOWN_COUNT`; an image or document its file name, a document with
    ` (p.5)` or ` (pp.3-7)`; a link its title; where a name is missing, the id as it stands.
    """
    counts = parse_result_refs(metadata or {})
    pieces: list[str] = []
    done = 0
    for marker in find_markers(content):
        pieces += content[done : marker.start], _plain_text(marker, counts)
        done = marker.end
    return "".join((*pieces, content[done:]))


def parse_result_refs(metadata: Mapping[str, Any]) -> dict[str, ResultRefData]:
    """Return the counts that an answer's metadata explains, by key."""
    return {
        key: ResultRefData(
            count=integer(data.get("count")),
            ids=strings(data.get("ids")),
            image_ids=strings(data.get("image_ids")),
            id_type=string(data.get("id_type")),
            label=string(data.get("label")),
        )
        for key, data in json_object(metadata.get("result_refs")).items()
        if isinstance(data, dict)
    }


def with_images(metadata: Mapping[str, Any] | None, image_context: object) -> dict[str, Any]:
    """Return an answer's metadata with `image_context` from beside it, where the metadata itself has none."""
    known = dict(metadata or {})
    known["image_context"] = known.get("image_context") or image_context
    return known


def _plain_text(marker: Marker, counts: Mapping[str, ResultRefData]) -> str:
    if marker.kind == "ref":
        return str(counts[marker.id].count) if marker.id in counts else UNKNOWN_COUNT
    name = marker.name or marker.id
    if marker.page is not None:
        return f"{name} (p.{marker.page})"
    if marker.page_range is not None:
        return f"{name} (pp.{marker.page_range[0]}-{marker.page_range[1]})"
    return name


def _image(marker: Marker, images: "_PrefixIndex") -> ImageRef:
    full_id, _ = images.find(marker.id)
    return ImageRef(marker.id, marker.name, full_id)


def _document(marker: Marker, documents: "_PrefixIndex") -> DocumentRef:
    full_id, _ = documents.find(marker.id)
    return DocumentRef(marker.id, marker.name, full_id, marker.page, marker.page_range)


def _link(marker: Marker, links: "_PrefixIndex") -> LinkRef:
    full_id, entry = links.find(marker.id)
    url = string_or_none(entry.get("source_url")) or string_or_none(entry.get("url"))
    return LinkRef(marker.id, marker.name, full_id, url, string_or_none(entry.get("domain")))


class _PrefixIndex:
    """Finds the one entry whose id begins with a prefix, by binary search."""

    def __init__(self, entries: list[dict[str, Any]], id_field: str) -> None:
        named = ((string(entry.get(id_field)) or string(entry.get("id")), entry) for entry in entries)
        self._entries = {full_id: entry for full_id, entry in named if full_id}
        self._ids = sorted(self._entries)

    def find(self, prefix: str) -> tuple[str | None, dict[str, Any]]:
        """Return the full id and its entry; None and an empty entry if no id or more than one begins with it."""
        place = bisect_left(self._ids, prefix)
        fitting = [found for found in self._ids[place : place + 2] if found.startswith(prefix)]
        if fitting and (len(fitting) == 1 or fitting[0] == prefix):
            return fitting[0], self._entries[fitting[0]]
        return None, {}


def _entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, or the lists and objects inside an object: the server sends both."""
    if isinstance(value, dict):
        if any(isinstance(item, str) for item in value.values()):
            return [value]
        return [
            entry for item in value.values() for entry in (json_objects(item) or [json_object(item)]) if entry
        ]
    return json_objects(value)
