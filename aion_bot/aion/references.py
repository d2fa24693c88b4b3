"""The `[[…]]` markers of an answer: finding them, what they refer to, and the answer with plain text instead. No I/O.

Forms: `[[img:ID|name]]`, `[[doc:ID|name]]` with `|p:5` or `|pp:3-7`, `[[link:ID|title]]`, `[[ref:KEY]]`. An ID is
a prefix of the full one. A name may hold `|`, `]` and balanced brackets; it ends within `MAX_MARKER_LENGTH` characters
and on its line. What does not close that way is left as the text it is. Time is linear in the text, whatever it holds.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aion_bot.aion.serialization import read, read_list

UNKNOWN_COUNT = "some"
"""Text for a `[[ref:KEY]]` whose count is not in the metadata."""

MAX_MARKER_LENGTH = 1_000
"""Characters between a marker's brackets. Our bound, none is published; file names have at most 255."""

_MAX_CLOSINGS = 8
"""Candidates for a marker's end that are tried. With `MAX_MARKER_LENGTH` it bounds the work for one opening, so that hostile
text takes linear time."""
_OPENING = re.compile(r"\[\[(img|doc|link|ref):")
_PAGES = re.compile(r"p:(?P<page>\d{1,6})|pp:(?P<first>\d{1,6})-(?P<last>\d{1,6})")


@dataclass(frozen=True, slots=True)
class Marker:
    """One marker as it stands in the text: `text[start:end]` is `[[kind:id|name|pages]]`."""

    start: int
    end: int
    kind: str
    id: str
    name: str = ""
    page: int | None = None
    page_range: tuple[int, int] | None = None


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


def find_markers(content: str) -> Iterator[Marker]:
    """Yield the markers of a text in order."""
    position = 0
    while opening := _OPENING.search(content, position):
        marker = _read(content, opening)
        # A text that is no marker may contain one: the search goes on right after its opening.
        position = marker.end if marker else opening.end()
        if marker:
            yield marker


def marker_at(content: str, start: int) -> Marker | None:
    """Return the marker that begins at a place; None where none does."""
    opening = _OPENING.match(content, start)
    return _read(content, opening) if opening else None


def _read(content: str, opening: re.Match[str]) -> Marker | None:
    end = _end_of_name(content, opening.end())
    return _marker(content, opening, end) if end is not None else None


def _end_of_name(content: str, start: int) -> int | None:
    """Return where the closing brackets of a marker begin whose id starts at `start`.

    It is the first `]]` that leaves no bracket of the name open, among a few; failing that the first of all, unless
    another marker opens before it.
    """
    line_end = content.find("\n", start, start + MAX_MARKER_LENGTH)
    # A name ends on its line, so that one lost bracket does not take the next paragraph.
    limit = min(start + MAX_MARKER_LENGTH if line_end < 0 else line_end, len(content))
    first = end = content.find("]]", start, limit)
    for _ in range(_MAX_CLOSINGS):
        if end < 0:
            break
        inner = content[start:end]
        still_open = inner.count("[") - inner.count("]")
        if still_open <= 0:
            return end
        # A run of brackets closes inwards first: the name's own, then the marker's.
        end = content.find("]]", end + 1, limit)
    return first if first >= 0 and not _OPENING.search(content, start, first) else None


def _marker(content: str, opening: re.Match[str], end: int) -> Marker | None:
    """Return the marker whose closing brackets begin at `end`; None where no id can be read."""
    kind = opening[1]
    marker_id, _, name = content[opening.end() : end].partition("|")
    marker_id = marker_id.strip()
    # A bracket in an id is the opening of another marker, or of none.
    if not marker_id or "[" in marker_id:
        return None
    page, page_range = None, None
    if kind == "doc":
        # A file name may hold a bar too, so only the last part can be pages.
        rest, _, last = name.rpartition("|")
        pages = _PAGES.fullmatch(last.strip())
        if pages is not None:
            name = rest
            if pages["page"]:
                page = int(pages["page"])
            else:
                page_range = (int(pages["first"]), int(pages["last"]))
    return Marker(opening.start(), end + 2, kind, marker_id, name.strip(), page, page_range)


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
    images, documents, links = (EntryIndex.of(kind, known) for kind in ("img", "doc", "link"))
    for marker in find_markers(content):
        match marker.kind:
            case "img":
                full_id, _ = images.find(marker.id)
                refs.images.append(ImageRef(marker.id, marker.name, full_id))
            case "doc":
                full_id, _ = documents.find(marker.id)
                pages = (marker.page, marker.page_range)
                refs.documents.append(DocumentRef(marker.id, marker.name, full_id, *pages))
            case "link":
                full_id, entry = links.find(marker.id)
                url = read(entry.get("source_url"), str) or read(entry.get("url"), str)
                domain = read(entry.get("domain"), str)
                refs.links.append(LinkRef(marker.id, marker.name, full_id, url, domain))
            case _ if marker.id in counts:
                refs.counts[marker.id] = counts[marker.id]
    return refs


def resolve_content(content: str, metadata: Mapping[str, Any] | None = None) -> str:
    """Return a text with plain text in place of its markers.

    `[[ref:KEY]]` becomes the count, or `UNKNOWN_COUNT`; an image or document its file name, a document with
    ` (p.5)` or ` (pp.3-7)`; a link its title; where a name is missing, the id as it stands.
    """
    counts = parse_result_refs(metadata or {})
    # Joined once: adding to a text for each marker would take quadratic time.
    pieces: list[str] = []
    done = 0
    for marker in find_markers(content):
        pieces += content[done : marker.start], _plain_text(marker, counts)
        done = marker.end
    return "".join((*pieces, content[done:]))


def _plain_text(marker: Marker, counts: Mapping[str, ResultRefData]) -> str:
    if marker.kind == "ref":
        return str(counts[marker.id].count) if marker.id in counts else UNKNOWN_COUNT
    name = marker.name or marker.id
    if marker.page is not None:
        return f"{name} (p.{marker.page})"
    if marker.page_range is not None:
        return f"{name} (pp.{marker.page_range[0]}-{marker.page_range[1]})"
    return name


def parse_result_refs(metadata: Mapping[str, Any]) -> dict[str, ResultRefData]:
    """Return the counts that an answer's metadata explains, by key."""
    return {
        key: ResultRefData(
            count=read(data.get("count"), int) or 0,
            ids=read_list(data.get("ids"), str) or [],
            image_ids=read_list(data.get("image_ids"), str) or [],
            id_type=read(data.get("id_type"), str) or "",
            label=read(data.get("label"), str) or "",
        )
        for key, data in (read(metadata.get("result_refs"), dict) or {}).items()
        if isinstance(data, dict)
    }


def with_images(
    metadata: object, image_context: object, found: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return an answer's metadata with `image_context` from beside it, where the metadata itself has none.

    `found` are images of its search results, which stand behind those.
    """
    known = dict(read(metadata, dict) or {})
    known["image_context"] = known.get("image_context") or image_context
    if found:
        known["image_context"] = [*_entries(known["image_context"]), *map(dict, found)]
    return known


_DATA = {
    "img": ("image_context", "image_id"),
    "doc": ("tool_document_data", "document_id"),
    "link": ("tool_link_data", "link_id"),
}
"""Where an answer's metadata has the entries of each kind of marker, and their field with the id."""


_NOTHING = (None, "")
"""What a field holds that says nothing."""


class EntryIndex:
    """Finds the one entry whose id begins with a prefix, by binary search."""

    @classmethod
    def of(cls, kind: str, metadata: Mapping[str, Any]) -> "EntryIndex":
        """Return the index of what an answer's metadata says about `img`, `doc` or `link` markers."""
        place, id_field = _DATA[kind]
        return cls(_entries(metadata.get(place)), id_field)

    def __init__(self, entries: list[dict[str, Any]], id_field: str) -> None:
        named = ((read(entry.get(id_field), str) or read(entry.get("id"), str), entry) for entry in entries)
        self.entries: dict[str, dict[str, Any]] = {}
        """The entries by their full ids, in the order in which they came; of several with one id, what each says first."""
        for full_id, entry in named:
            if full_id:
                said = {name: value for name, value in entry.items() if value not in _NOTHING}
                self.entries[full_id] = said | self.entries.get(full_id, {})
        self._ids = sorted(self.entries)

    def find(self, prefix: str) -> tuple[str | None, dict[str, Any]]:
        """Return the full id and its entry; None and an empty entry if no id or more than one begins with it."""
        # In a sorted list all ids with a prefix stand together, so two of them tell one from many.
        place = bisect_left(self._ids, prefix)
        fitting = [found for found in self._ids[place : place + 2] if found.startswith(prefix)]
        # A whole id counts although a longer one begins with it.
        if fitting and (len(fitting) == 1 or fitting[0] == prefix):
            return fitting[0], self.entries[fitting[0]]
        return None, {}


def _entries(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, or the lists and objects inside an object: the server sends both."""
    if isinstance(value, dict):
        # An object with a text in it is an entry itself; one without holds lists of entries.
        if any(isinstance(item, str) for item in value.values()):
            return [value]
        found: list[dict[str, Any]] = []
        for item in value.values():
            # An empty object names nothing.
            found += filter(None, [item] if isinstance(item, dict) else read_list(item, dict) or [])
        return found
    return read_list(value, dict) or []
